"""The version of the project, in a module that imports nothing."""

__version__ = "0.2.0"


def is_compatible(theirs: str) -> bool:
    """Whether files of a run of another version can be read: only the last number may differ."""
    return theirs.split(".")[:2] == __version__.split(".")[:2]
