"""Files and folders that programs put among a person's files: thumbnails, trash, hidden files.

Listing a data set and predicting pass over the same ones.
"""

HIDDEN = "hidden"

_NAMES = {
    name.casefold(): name
    for name in (
        "@eaDir",  # thumbnails, by Synology
        "@tmp",  # by Synology, like the next ones
        "@sharesnap",
        "@sharebin",
        "#recycle",
        "#snapshot",
        "@Recycle",  # by QNAP, like the next ones
        "@Recently-Snapshot",
        "@Snapshot",
        "~snapshot",  # copies of before, by NetApp
        "RECYCLER",  # trash, by older Windows
        "RECYCLED",
        "lost+found",  # made by a check of the disk
        "$RECYCLE.BIN",
        "System Volume Information",
        "Thumbs.db",  # thumbnails, by Windows
        "ehthumbs.db",
        "desktop.ini",
        "__MACOSX",  # in archives that macOS made
        "Network Trash Folder",  # by macOS on file servers, like the next one
        "Temporary Items",
        "Icon\r",  # the picture of a folder, by macOS
    )
}

_SYNOLOGY = ("SYNOPHOTO_THUMB_", "SYNOFILE_THUMB_")  # thumbnails that were copied out of @eaDir


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
    if name.startswith(_SYNOLOGY):
        return "SYNOPHOTO_THUMB"
    return _NAMES.get(name.casefold(), "")
