"""Reports of many runs: read, put into tables, compared, and written in four formats."""
