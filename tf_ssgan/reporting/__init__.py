"""What many runs say together: read, put into cells, compared, and told in four forms."""
