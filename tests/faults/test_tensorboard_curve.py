"""TensorBoard shows one curve of a run that was killed and continued, in both of its readers."""

import contextlib
import functools
import json
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import pytest
from tensorboard.backend.event_processing import event_multiplexer
from tensorboard.util import tensor_util

from tf_ssgan.common import files
from tf_ssgan.training import callbacks, event_files, loop, metrics_log

pytestmark = pytest.mark.xdist_group("finished run")
SHOWN = ("evaluation/test_error", "evaluation/validation_error_raw", "train/supervised")


class Killed(BaseException):
    """Stands for SIGKILL: nothing is saved or tidied up."""


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    """The scalars of every step go to TensorBoard, not of every tenth."""
    monkeypatch.setattr(callbacks, "STEPS_BETWEEN_POINTS", 1)


def kill_at(monkeypatch, step, owner, name):
    """Ends the next training when a callback is called after a step."""
    original = getattr(owner, name)

    def killed(callback, *args, **kwargs):
        if int(callback.model.step.numpy()) == step:
            raise Killed
        return original(callback, *args, **kwargs)

    monkeypatch.setattr(owner, name, killed)


def kill_before_the_result(monkeypatch):
    """Ends the next training when everything but `result.json` is written."""
    original = files.replace

    def killed(path, content):
        if path.name == "result.json":
            raise Killed
        original(path, content)

    monkeypatch.setattr(files, "replace", killed)


@pytest.fixture
def folders(toy, tmp_path, monkeypatch):
    """Folders of a run that was killed in every way and continued, and of one that was not."""
    writers, create = [], event_files.open_writer
    monkeypatch.setattr(
        event_files, "open_writer", lambda *args: writers.append(create(*args)) or writers[-1]
    )
    loop.train(toy.run(tmp_path / "whole"))
    in_step = callbacks.SignalCheck, "on_train_batch_end"
    before_saving = callbacks.SaveCheckpoint, "on_epoch_end"
    for kill in (
        functools.partial(kill_at, step=5, owner=in_step[0], name=in_step[1]),
        functools.partial(kill_at, step=6, owner=before_saving[0], name=before_saving[1]),
        functools.partial(kill_at, step=9, owner=before_saving[0], name=before_saving[1]),
        kill_before_the_result,
    ):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            kill(patch)
            loop.train(toy.run(tmp_path / "killed"))
        writers[-1].flush()  # the worst: all its points are on the disk, and a piece of one more
        newest = max((tmp_path / "killed/tensorboard").iterdir())
        piece = newest.read_bytes()[:37]
        with newest.open("ab") as file:
            file.write(piece)
    loop.train(toy.run(tmp_path / "killed"))
    return tmp_path / "killed", tmp_path / "whole"


def curves(folder):
    """Tag -> (step, value) of each point, by TensorBoard's reader in Python."""
    reader = event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    points = {}
    for run, tags in reader.Runs().items():
        for tag in tags["tensors"]:
            events = reader.Tensors(run, tag)
            points[tag] = [(e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in events]
    return points


def test_the_curve_of_a_killed_run_is_that_of_one_that_was_not(folders):
    killed, whole = map(curves, folders)
    assert set(killed) == set(whole)
    for tag, points in whole.items():
        steps = [step for step, _ in points]
        assert steps == sorted(set(steps)) == [step for step, _ in killed[tag]], tag
        if not tag.endswith(("images_per_second", "waiting_percent")) and "hparams" not in tag:
            pairs = zip(points, killed[tag], strict=True)
            assert all(one[1].tolist() == two[1].tolist() for one, two in pairs), tag
    assert [step for step, _ in killed["train/supervised"]] == list(range(1, 10))
    logged = metrics_log.history(folders[0] / "metrics.jsonl")
    for name in ("test_error", "validation_error_raw"):
        expected = [(line["step"], pytest.approx(line[name])) for line in logged]
        assert [(s, float(v)) for s, v in killed[f"evaluation/{name}"]] == expected


@contextlib.contextmanager
def served(folder, fast):
    """The address of a TensorBoard, which is stopped at the end."""
    words = [sys.executable, "-m", "tensorboard.main", f"--logdir={folder}", "--host=127.0.0.1"]
    words += ["--port=0", f"--load_fast={fast}"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        found = None
        while not found:
            line = process.stderr.readline()
            assert line, "it ended"
            found = re.search(r"http://127.0.0.1:\d+/", line)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield found[0]
    finally:
        process.terminate()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("fast", ["true", "false"])
def test_the_server_shows_the_curve_of_a_run_that_was_not_killed(folders, fast):
    shown = []
    for folder in folders:
        with served(folder, fast) as address:
            query = "data/plugin/timeseries/timeSeries"
            requests = [{"plugin": "scalars", "tag": tag} for tag in SHOWN]
            body = urllib.parse.urlencode({"requests": json.dumps(requests)}).encode()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with urllib.request.urlopen(address + query, body) as answer:
                    answers = json.load(answer)
                series = [list(a.get("runToSeries", {}).values()) for a in answers]
                if all(len(s) == 1 and s[0][-1]["step"] == 9 for s in series):
                    break
                time.sleep(0.5)
        shown.append([[(p["step"], p["value"]) for p in s[0]] for s in series])
    assert shown[0] == shown[1]
    assert [[step for step, _ in points] for points in shown[0]] == [
        [3, 6, 9], [3, 6, 9], list(range(1, 10))
    ]  # fmt: skip
