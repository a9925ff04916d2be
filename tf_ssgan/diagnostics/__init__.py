"""Checks before a run: the machine, the data, and a few steps of each method."""
