"""Training runs: evaluation intervals, replicas and workers."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest
from PIL import Image
from support.programs import python_path

from tf_ssgan.data import datasets
from tf_ssgan.training import build, config, loop, manifests, unlabeled_images

ROOT = pathlib.Path(__file__).parents[2]
SMALL = {"width": 4, "latent_size": 8, "batch_size": 16, "precision": "float32"}

# Runs train_main.py and also writes the scalars of each step of the chief to a file.
STEPS = """
import json, runpy, sys
from tf_ssgan.common import startup
with startup.start_up():
    from tf_ssgan.nn import distribution
    from tf_ssgan.training import callbacks
path, *sys.argv = sys.argv[1:]
original, scalars = callbacks.DivergenceGuard.on_train_batch_end, []

def record(guard, batch, logs):
    scalars.append({k: float(v) for k, v in logs.items()})
    original(guard, batch, logs)

callbacks.DivergenceGuard.on_train_batch_end = record
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    if distribution.is_chief():
        with open(path, "w") as file:
            json.dump(scalars, file)
"""


def step_scalars(run):
    """The scalars of every step, taken without the training loop."""
    some = unlabeled_images.initial_images(run)
    run.method.begin(some, lambda: unlabeled_images.blocks(run))
    batches = iter(build.batches(run, 0))
    step = run.method.make_train_function()
    return [{k: float(v) for k, v in step(batches).items()} for _ in range(run.method.task.steps)]


def build_on_devices(count):
    """A run of 20 steps on a number of devices."""
    given = SMALL | {"max_steps": 20, "devices": count, "workdir": "unused"}
    return build.build(config.configure("frgan", "digits", **given))


def close(some, others):
    return max(abs(a[k] - b[k]) for a, b in zip(some, others, strict=True) for k in a) < 1e-4


def environment(**more):
    return os.environ | {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""} | more


def cluster(index, ports):
    workers = [f"127.0.0.1:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return environment(TF_CONFIG=json.dumps({"cluster": {"worker": workers}, "task": task}))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def run_together(commands, environments, **options):
    """Runs processes side by side, to their ends."""
    running = [
        subprocess.Popen(
            c, env=e, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        for c, e in zip(commands, environments, strict=True)
    ]
    outputs = [process.communicate(timeout=300) for process in running]
    for process, (_, err) in zip(running, outputs, strict=True):
        assert process.returncode == 0, err[-3000:]


@pytest.fixture(scope="module")
def one_device():
    """The scalars of a run on one device."""
    return step_scalars(build_on_devices(1))


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """Folder of a run of 20 steps by two workers, and the scalars of each step."""
    folder = tmp_path_factory.mktemp("workers")
    command = [
        *(sys.executable, "-c", STEPS, f"{folder}/scalars.json", "train_main.py"),
        *("--method=frgan", "--max_steps=20", f"--workdir={folder}/run"),
        *(f"--{name}={value}" for name, value in SMALL.items()),
    ]
    ports = free_ports(2)
    run_together([command] * 2, [cluster(0, ports), cluster(1, ports)], cwd=ROOT)
    return folder / "run", json.loads((folder / "scalars.json").read_text())


@pytest.mark.xdist_group("workers")
def test_two_devices_give_the_losses_of_one(one_device):
    assert close(step_scalars(build_on_devices(2)), one_device)


@pytest.mark.xdist_group("workers")
def test_two_workers_give_the_losses_of_one_device(two_workers, one_device):
    assert close(two_workers[1], one_device)


@pytest.mark.xdist_group("workers")
def test_two_workers_leave_one_set_of_files_that_one_device_can_continue(two_workers):
    folder, _ = two_workers
    result = json.loads((folder / "result.json").read_text())
    assert result["devices"] == 2 and result["steps"] == 20
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 1
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["step-0000000020"]
    longer = loop.run(config.configure("frgan", max_steps=24, **SMALL, workdir=str(folder)))
    assert longer["steps"] == 24 and longer["devices"] == 1


@pytest.mark.xdist_group("workers")
def test_a_signal_to_one_worker_stops_and_saves_them_all(tmp_path):
    command = [sys.executable, "train_main.py", "--method=supervised", "--max_steps=100000",
               "--width=4", "--batch_size=16", "--precision=float32",
               f"--workdir={tmp_path}/run"]  # fmt: skip
    ports = free_ports(2)
    running = [
        subprocess.Popen(command, env=cluster(i, ports), cwd=ROOT, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
        for i in range(2)
    ]  # fmt: skip
    metrics, deadline = tmp_path / "run/metrics.jsonl", time.monotonic() + 240
    while not metrics.exists() or not metrics.read_text():
        assert time.monotonic() < deadline and all(p.poll() is None for p in running)
        time.sleep(0.5)
    running[1].terminate()  # not the chief
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 143 and "Traceback" not in err, err[-2000:]
    saved = max((tmp_path / "run/checkpoints").glob("step-*"))
    assert manifests.verified(saved)["step"] >= 50


@pytest.mark.parametrize(
    ("first", "last", "interval", "expected"),
    [
        (0, 100, 50, [(0, 50, 2)]),
        (0, 120, 50, [(0, 50, 2), (100, 20, 1)]),
        (30, 120, 50, [(30, 20, 1), (50, 50, 1), (100, 20, 1)]),
        (30, 40, 50, [(30, 10, 1)]),
        (100, 100, 50, []),
    ],
)
def test_segments_end_at_multiples_of_the_interval(first, last, interval, expected):
    assert loop.segments(first, last, interval) == expected
    assert sum(steps * count for _, steps, count in expected) == last - first


@pytest.mark.parametrize(
    ("first", "last", "stages", "single", "expected"),
    [
        (0, 150, [0], True, [(0, 50, 1), (50, 50, 1), (100, 50, 1)]),
        (30, 120, [0], True, [(30, 20, 1), (50, 50, 1), (100, 20, 1)]),
        (0, 250, [0, 120], False, [(0, 50, 2), (100, 20, 1), (120, 30, 1), (150, 50, 2)]),
        (0, 200, [0, 100], False, [(0, 50, 2), (100, 50, 2)]),
        (0, 150, [0, 70, 80], True,
         [(0, 50, 1), (50, 20, 1), (70, 10, 1), (80, 20, 1), (100, 50, 1)]),
        (130, 250, [0, 120], False, [(130, 20, 1), (150, 50, 2)]),
        (0, 40, [0, 12], False, [(0, 12, 1), (12, 28, 1)]),
        (0, 40, [0, 60], False, [(0, 40, 1)]),
    ],
)  # fmt: skip
def test_segments_end_where_a_stage_begins_too(first, last, stages, single, expected):
    segments = loop.segments(first, last, 50, stages, single)
    assert segments == expected
    covered = [
        step for start, steps, count in segments for step in range(start, start + steps * count)
    ]
    assert covered == list(range(first, last))


def test_digits_as_files_train_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    digits = datasets.find("digits").load()
    parts = {
        "labeled": (digits.train_images, digits.train_labels),
        "test": (digits.test_images, digits.test_labels),
    }
    for part, (images, labels) in parts.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = tmp_path / "d" / part / str(label) / f"{number * 7919 % 1797}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(path)
    results = []
    for name in ("digits", f"folder:{tmp_path}/d"):
        settings = config.configure(
            "frgan",
            name,
            labels=50,
            max_steps=3,
            width=4,
            precision="float32",
            workdir="unused",
        )
        run = build.build(settings)
        scalars = step_scalars(run)
        state = [v.numpy().tobytes() for owned in run.method.state().values() for v in owned]
        tests = zip(run.arrays.test_images, run.arrays.test_labels, strict=True)
        tests = sorted((image.tobytes(), int(label)) for image, label in tests)
        results.append((scalars, state, tests, run.protocol.sha256, settings.hparams))
    for one, two in zip(*results, strict=True):
        assert one == two
