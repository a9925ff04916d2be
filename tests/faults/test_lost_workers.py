"""Two workers on this machine, of which one ends, stops, does not come, or finds its port in use."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
from support.programs import python_path

ROOT = pathlib.Path(__file__).parents[2]
WITH_LIMIT = """
import runpy, sys
from tf_ssgan.common import rendezvous
rendezvous.LIMIT = float(sys.argv.pop(1))
runpy.run_path("train_main.py", run_name="__main__")
"""


@pytest.fixture
def ports():
    sockets = [socket.create_server(("", 0)) for _ in range(2)]
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return numbers


@pytest.fixture
def begin(ports, tmp_path):
    """Starts a worker of a long run."""
    started = []

    def start(index, limit=60):
        workers = [f"127.0.0.1:{port}" for port in ports]
        task = {"type": "worker", "index": index}
        surroundings = {
            "TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": task}),
            "PYTHONPATH": python_path(ROOT),
            "CUDA_VISIBLE_DEVICES": "",
        }
        words = ["--method=supervised", "--max_steps=1000000", "--width=4", "--batch_size=16",
                 f"--workdir={tmp_path}/run"]  # fmt: skip
        command = [sys.executable, "-c", WITH_LIMIT, str(limit), *words]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | surroundings, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def last_line(process, limit=60):
    """The last line of a process that ends by itself, with status 2 and no traceback."""
    _, err = process.communicate(timeout=limit)
    assert process.returncode == 2 and "Traceback" not in err, err[-2000:]
    return err.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("lost", [0, 1])
def test_the_other_worker_ends_with_the_name_of_the_lost_one(begin, ports, tmp_path, number, lost):
    workers = [begin(0), begin(1)]
    metrics, deadline = tmp_path / "run/metrics.jsonl", time.monotonic() + 200
    while not metrics.exists() or not list((tmp_path / "run/checkpoints").glob("step-*")):
        assert time.monotonic() < deadline and all(p.poll() is None for p in workers)
        time.sleep(0.2)
    workers[lost].send_signal(number)
    line = last_line(workers[1 - lost])
    assert f": worker {lost} (127.0.0.1:{ports[lost]}) has ended or cannot be reached." in line
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_worker_that_does_not_come_is_named(begin, ports, tmp_path, index):
    line = last_line(begin(index, limit=1))
    other = 1 - index
    assert f"it waited 1 s for worker {other} (127.0.0.1:{ports[other]}) (" in line
    assert not (tmp_path / "run/config.json").exists()


@pytest.mark.slow
def test_a_port_in_use_is_named(begin, ports):
    with socket.create_server(("", ports[1])):
        line = last_line(begin(1))
    assert line.startswith(f"Port {ports[1]}, which TF_CONFIG gives to worker 1 (127.0.0.1:")
