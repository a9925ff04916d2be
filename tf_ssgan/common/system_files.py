"""Files and folders that programs put among a person's files: thumbnails, trash, hidden files.

Listing a data set and predicting pass over the same ones.
"""

HIDDEN = "hidden"

_NAMES = {
    name.casefold(): name
    for name in (
        "@eaDir",  # thumbnails, by Synology
        "#recycle",  # trash, by Synology
        "#snapshot",
        "@Recycle",  # trash, by QNAP
        "lost+found",  # made by a check of the disk
        "$RECYCLE.BIN",
        "System Volume Information",
        "Thumbs.db",  # thumbnails, by Windows
        "ehthumbs.db",
        "desktop.ini",
        "__MACOSX",  # in archives that macOS made
        "Icon\r",  # the picture of a folder, by macOS
    )
}


def kind(name: str) -> str:
    """Returns what a file or a folder is if no person made it.

    Args:
        name: its name, without the folders above.

    Returns:
        `HIDDEN` for a name that begins with a period, such as ".git" and "._1.png"; otherwise the
        name as the program writes it, such as "@eaDir"; empty for a person's files.
    """
    if name.startswith("."):
        return HIDDEN
    return _NAMES.get(name.casefold(), "")
