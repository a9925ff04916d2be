"""Many training runs as processes: which to start, and how they go."""
