"""TensorBoard's event files: sorted, rewound, and begun with a session start."""

import time

import pytest
import tensorflow as tf

from tf_ssgan.training import event_files


def write(folder, first, steps):
    writer = event_files.open_writer(folder, first)
    for step in steps:
        with writer.as_default(step=step):
            tf.summary.scalar("a", float(step))
    writer.close()


def events(folder):
    """The events of each file in the order of the names: steps, and that of the session start."""
    found = []
    for path in sorted(folder.iterdir()):
        read = [
            tf.compat.v1.Event.FromString(record.numpy())
            for record in tf.data.TFRecordDataset(str(path))
        ]
        found.append([f"start {e.step}" if e.HasField("session_log") else e.step for e in read[1:]])
    return found


def test_points_after_the_restored_step_and_cut_ones_are_removed(tmp_path):
    folder = tmp_path / "tensorboard"
    write(folder, 0, [10, 20, 30])
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    write(folder, 20, [30, 40])
    assert events(folder) == [["start 1", 10, 20], ["start 21", 30, 40]]
    assert [p.name for p in tmp_path.iterdir()] == ["tensorboard"]


def test_a_file_in_which_nothing_is_to_be_removed_stays_the_same_file(tmp_path):
    write(tmp_path, 0, [10])
    (path,) = tmp_path.iterdir()
    before = path.stat().st_ino
    write(tmp_path, 10, [20])
    assert path.stat().st_ino == before


@pytest.mark.parametrize("piece", [b"", b"\0" * 40, b"\xff" * 40, b"x"])
def test_bytes_that_are_no_record_end_a_file(tmp_path, piece):
    write(tmp_path, 0, [10])
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole + piece)
    event_files._rewind(tmp_path, 10)
    assert path.read_bytes() == whole


def test_files_of_one_second_and_of_a_clock_that_was_set_back_stay_in_order(tmp_path):
    write(tmp_path, 0, [1])
    write(tmp_path, 1, [2])
    for path in sorted(tmp_path.iterdir()):
        second = path.name.split(".")[3]
        path.rename(path.with_name(path.name.replace(second, str(int(second) + 10**8))))
    write(tmp_path, 2, [3])
    assert events(tmp_path) == [["start 1", 1], ["start 2", 2], ["start 3", 3]]
    assert max(path.name.split(".")[3] for path in tmp_path.iterdir()) <= str(int(time.time()))


def test_the_result_of_a_killed_process_is_written_anew(tmp_path):
    for step in (5, 5, 8):
        writer = event_files.open_result_writer(tmp_path, step)
        with writer.as_default(step=step):
            tf.summary.scalar("a", 1.0)
        writer.close()
    assert events(tmp_path) == [[5], [8]]


def test_a_folder_that_cannot_be_written_is_an_error_at_once(tmp_path):
    (tmp_path / "tensorboard").touch()
    with pytest.raises((OSError, tf.errors.OpError)):
        event_files.open_writer(tmp_path / "tensorboard", 0)
