"""A training run: configuration, setup, loop, checkpoints, and what it leaves in its folder."""
