"""The version of the project, in a module that imports nothing."""

__version__ = "0.4.0"


def is_other(theirs: object) -> bool:
    """Whether something is a version whose files this one cannot read: not just the last number.

    Args:
        theirs: What a file says; if it is no version, the file is damaged, and this is False.
    """
    if not isinstance(theirs, str) or not theirs.replace(".", "").replace("+", "").isalnum():
        return False
    return len(theirs) <= 40 and theirs.split(".")[:2] != __version__.split(".")[:2]
