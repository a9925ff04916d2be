"""TensorBoard's event files of a run: one curve, even if the run was killed and continued.

Each process of a run writes a file of its own. One that was killed may have written points of steps
after its last checkpoint, which the next process takes again, and a piece of a point. So the next
process removes them from the files. It also begins its own file with a session start: a TensorBoard
that is running has read the points already, and then drops those from that step on. TensorBoard
reads files in the order of their names, which begin with the second in which they were made.
"""

import os
import pathlib
import re
import struct
import time
from collections.abc import Iterator
from typing import BinaryIO

import tensorflow as tf
from google.protobuf import message

from tf_ssgan.common import files

_EVENTS = "events.out.tfevents.*"
_NAME = re.compile(r"events\.out\.tfevents\.(?P<second>[0-9]{10})(?P<rest>\..*)", re.DOTALL)


def open_writer(folder: pathlib.Path, first: int) -> tf.summary.SummaryWriter:
    """Opens a new event file for the steps after a checkpoint.

    Args:
        folder: Folder of the event files; made if missing.
        first: The step of the checkpoint. Points of later steps that are already in the folder are
            removed; those of this step stay.

    Raises:
        OSError, tf.errors.OpError: The files cannot be written.
    """
    _rewind(folder, first)
    _make_room(folder)
    writer = create(folder)
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    event = tf.compat.v1.Event(wall_time=time.time(), step=first + 1, session_log=start)
    tf.raw_ops.ImportEvent(writer=writer._resource, event=event.SerializeToString())
    writer.flush()
    return writer


def open_result_writer(folder: pathlib.Path, step: int) -> tf.summary.SummaryWriter:
    """Opens an event file for the result of a run; that of a killed process at this step goes.

    Args:
        folder: Folder of the event files.
        step: The last step of the run.

    Raises:
        OSError, tf.errors.OpError: No file can be written there.
    """
    suffix = f".result-{step}.v2"
    for old in folder.glob(_EVENTS + suffix):
        old.unlink(missing_ok=True)
    return create(folder, suffix)


def create(folder: pathlib.Path, suffix: str = "") -> tf.summary.SummaryWriter:
    """A writer whose file is there; TensorFlow would make it later, and only log an error.

    Args:
        folder: Folder of the event files; made if missing.
        suffix: The end of the file's name.

    Raises:
        tf.errors.OpError: No file can be written there.
    """
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=suffix or None)
    writer.flush()
    return writer


def _rewind(folder: pathlib.Path, step: int) -> None:
    """Removes the points after a step, and the piece that a killed process wrote last."""
    # Beside the folder: TensorBoard would read it there.
    partial = pathlib.Path(files.partial_name(folder))
    try:
        for path in filter(pathlib.Path.is_file, sorted(folder.glob(_EVENTS))):
            with path.open("rb") as old, partial.open("wb") as new:
                for record, its_step in _records(old):
                    if its_step <= step:
                        new.write(record)
            if partial.stat().st_size < path.stat().st_size:
                partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _records(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The whole records of an event file, and their steps.

    A record is its length as uint64, a checksum of 4 bytes, an `Event`, and another checksum.
    """
    size = os.fstat(file.fileno()).st_size
    while len(head := file.read(12)) == 12:
        (length,) = struct.unpack("<Q", head[:8])
        if not 0 < length <= size - file.tell() - 4:
            return
        rest = file.read(length + 4)
        try:
            yield head + rest, tf.compat.v1.Event.FromString(rest[:-4]).step
        except message.DecodeError:
            return


def _make_room(folder: pathlib.Path) -> None:
    """Makes sure that the name of a new file comes after those of all others.

    Files of this second are waited for. Files of later ones, as a clock leaves that was set back,
    are renamed: the oldest first, so that their order stays even if this is interrupted.
    """
    names = sorted(path.name for path in folder.glob(_EVENTS))
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    if found and int(found[-1]["second"]) > int(time.time()) + 1:
        earliest = min(int(found[0]["second"]), int(time.time()) - len(found) - 1)
        for place, match in enumerate(found):
            renamed = f"events.out.tfevents.{earliest + place:010d}{match['rest']}"
            os.replace(folder / match[0], folder / renamed)
        return
    while found and int(found[-1]["second"]) >= int(time.time()):
        time.sleep(0.05)
