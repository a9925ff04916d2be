"""The version of the project, for whoever must name it without importing the whole package."""

__version__ = "0.2.0"
