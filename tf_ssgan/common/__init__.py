"""Errors, options, files and CPU cores, shared by all folders; imports nothing of the project."""
