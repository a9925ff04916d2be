"""Many training runs as processes: their commands, and a scheduler that runs them."""
