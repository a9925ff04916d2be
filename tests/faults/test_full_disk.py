"""A disk that fills up while a run saves or writes: a sentence, and the last checkpoint stays."""

import errno
import resource

import pytest
import tensorflow as tf
from support.file_contents import manifest_metadata, metrics_line

from flags import program
from tf_ssgan.common import errors, files
from tf_ssgan.training import checkpoints, loop, manifests, metrics_log

FULL = OSError(errno.ENOSPC, "No space left on device")
EXHAUSTED = tf.errors.ResourceExhaustedError(None, None, "state.data; No space left on device")


def state(value):
    return {"clock": [tf.Variable(value)], "network": [tf.Variable(tf.fill([50_000], value))]}


def failing_after(good, original, error):
    calls = []

    def wrapper(*args, **kwargs):
        calls.append(args)
        if len(calls) > good:
            raise error
        return original(*args, **kwargs)

    return wrapper


@pytest.fixture
def small_files():
    """The system refuses to let a file grow beyond 64 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_save_that_does_not_fit_leaves_no_partial_file(tmp_path, small_files):
    checkpoints.save(tmp_path, state(1.0), 1, manifest_metadata())
    small_files()
    with pytest.raises(errors.UserError, match="Make room") as refused:
        checkpoints.save(tmp_path, state(2.0), 2, manifest_metadata())
    assert refused.value.status == 2 and "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000001"]
    loaded = state(0.0)
    found = manifests.find(tmp_path)
    checkpoints.load(found.folder, loaded)
    assert found.manifest["step"] == 1
    assert float(loaded["network"][0][-1]) == 1.0


@pytest.mark.parametrize("error", [FULL, EXHAUSTED], ids=["OSError", "ResourceExhaustedError"])
def test_a_run_whose_disk_fills_up_while_it_saves(
    toy, tmp_path, monkeypatch, capsys, verified_steps, curves, error
):
    settings = toy.settings(tmp_path / "run")
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit) as exited,
        program.exit_on_user_error(),
    ):
        write = failing_after(1, tf.train.Checkpoint.write, error)
        patch.setattr(tf.train.Checkpoint, "write", write)
        loop.run(settings)
    assert exited.value.code == 2
    text = capsys.readouterr().err
    assert "No space left" in text and "Make room" in text and text.count("\n") == 1
    assert verified_steps(tmp_path / "run") == [3]
    assert not list((tmp_path / "run" / "checkpoints").glob("*.partial"))
    assert loop.run(settings)["steps"] == 9
    assert [line["step"] for line in curves(tmp_path / "run")] == [3, 6, 9]


@pytest.mark.parametrize("place", ["append", "samples", "beginnings"])
def test_a_run_whose_disk_fills_up_while_it_writes_anything_else(
    toy, tmp_path, monkeypatch, capsys, verified_steps, curves, place
):
    settings = toy.settings(tmp_path / "run")
    owner, name, good = {
        "append": (metrics_log, "append", 1),
        "samples": (tf.io, "encode_png", 1),
        "beginnings": (files, "replace", 2),
    }[place]
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit) as exited,
        program.exit_on_user_error(),
    ):
        patch.setattr(owner, name, failing_after(good, getattr(owner, name), FULL))
        loop.run(settings)
    assert exited.value.code == 2
    text = capsys.readouterr().err
    assert "No space left" in text and "Make room" in text and text.count("\n") == 1
    assert verified_steps(tmp_path / "run") == ([] if place == "beginnings" else [3])
    assert loop.run(settings)["steps"] == 9
    assert [line["step"] for line in curves(tmp_path / "run")] == [3, 6, 9]


def test_cutting_back_the_metrics_loses_nothing_when_the_disk_is_full(tmp_path, small_files):
    path = tmp_path / "metrics.jsonl"
    for step in range(1, 2_001):
        metrics_log.append(path, metrics_line(step, step / 70))
    before = path.read_bytes(), (tmp_path / "history.csv").read_bytes()
    small_files()
    with pytest.raises(OSError):
        metrics_log.rewind(path, 1_998)
    assert (path.read_bytes(), (tmp_path / "history.csv").read_bytes()) == before


def test_a_line_cut_short_is_written_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for step in (3, 6):
        metrics_log.append(path, metrics_line(step, 1.5))
    whole = path.read_bytes(), (tmp_path / "history.csv").read_bytes()
    for file in (path, tmp_path / "history.csv"):
        with file.open("a") as end:
            end.write('{"step": 9, "tes')
    metrics_log.rewind(path, 6)
    assert (path.read_bytes(), (tmp_path / "history.csv").read_bytes()) == whole
