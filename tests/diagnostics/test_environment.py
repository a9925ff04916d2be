"""The machine: versions, devices, and folders that can be written to."""

import collections
import importlib
import importlib.metadata

import pytest
import tensorflow as tf

from tf_ssgan.data import memory_limit
from tf_ssgan.diagnostics import environment
from tf_ssgan.nn import precision

BOUNDS = ["numpy>=2", 'requests>=99; extra == "serving"']


@pytest.fixture
def installed(monkeypatch):
    """A function that says what the metadata of tf_ssgan ask for."""

    def asks(requires, python=">=3.11"):
        monkeypatch.setattr(importlib.metadata, "requires", lambda name: requires)
        known = {"Requires-Python": python}
        monkeypatch.setattr(importlib.metadata, "metadata", lambda name: known)

    return asks


@pytest.fixture
def unseen(monkeypatch):
    """An NVIDIA GPU that TensorFlow does not see."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(environment, "nvidia", lambda: True)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def gpus(monkeypatch, *capabilities):
    details = {
        str(n): {"device_name": f"Card {n}", "compute_capability": one}
        for n, one in enumerate(capabilities)
    }
    gpu = collections.namedtuple("gpu", "name")
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind=None: [gpu(n) for n in details]
    )
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda device: details[device.name]
    )


# --- Packages -------------------------------------------------------------------------------------


def test_versions_within_bounds(installed, texts):
    installed(BOUNDS)
    told = texts(environment.versions())
    assert f"TensorFlow {tf.__version__}" in told and "Pillow " in told and "Python 3." in told
    assert told.endswith("ok: all packages have versions that tf_ssgan was run with")


def test_versions_out_of_bounds(installed, the):
    installed([*BOUNDS, "keras>=77,<78", "no-such-package>=1"], python="<3.2")
    found = list(environment.versions())
    for words in ("keras ", "no-such-package is not installed, tf_ssgan asks for >=1", "Python 3"):
        bad = [f for f in found if words in f.text and f.level == "warning"]
        assert len(bad) == 1 and "pip install" in bad[0].advice
    assert not [f for f in found if "requests" in f.text], "that is for an extra"


def test_without_metadata_nothing_is_compared(monkeypatch, the):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", none)
    assert the(environment.versions(), "is not installed").level == "note"


def test_a_library_that_is_imported_late_must_be_there(monkeypatch, the):
    assert [f.level for f in environment.libraries()] == ["ok"]
    real = importlib.import_module

    def broken(name, *rest):
        if name == "importlib_resources":
            raise ImportError("gone")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", broken)
    (found,) = environment.libraries()
    assert found.level == "error" and found.advice == "pip install importlib_resources"


# --- Devices --------------------------------------------------------------------------------------


def test_gpus_by_name(monkeypatch, texts):
    gpus(monkeypatch, (9, 0), (7, 5))
    assert texts(environment.devices()).startswith("ok: 2 GPU(s): Card 0, Card 1; ")


def test_a_gpu_that_tensorflow_does_not_see(unseen, the):
    found = the(environment.devices(), "does not see it")
    assert found.level == "warning" and "pip install '.[gpu]'" in found.advice


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_gpu_that_is_hidden(unseen, the, monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert the(environment.devices(), "hides it").level == "note"


def test_no_gpu_is_no_news(unseen, monkeypatch, texts):
    monkeypatch.setattr(environment, "nvidia", lambda: False)
    told = texts(environment.devices())
    assert told.startswith("ok: no GPU; ") and "\n" not in told


@pytest.mark.parametrize(
    "script, there",
    [("echo 'GPU 0: Card'", True), ("echo 'No devices were found'", False), ("exit 9", False)],
)
def test_what_nvidia_smi_says(tmp_path, monkeypatch, script, there):
    monkeypatch.setattr(environment, "_DRIVER", tmp_path / "none")
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.nvidia() == there


def test_the_driver_says_it_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "_DRIVER", tmp_path)
    assert environment.nvidia()


@pytest.mark.parametrize(
    "units, told",
    [
        ({"amx_bf16"}, "takes mixed_bfloat16 here: the CPU has AMX"),
        ({"avx512_bf16"}, "takes float32 here: the CPU has no AMX, and AVX-512's bfloat16 alone"),
        (set(), "takes float32 here: the CPU has no AMX"),
    ],
)
def test_the_number_format_of_a_cpu(unseen, monkeypatch, texts, units, told):
    monkeypatch.setattr(precision, "cpu_flags", lambda: units)
    assert told in texts(environment.number_format())


def test_the_number_format_of_gpus(monkeypatch, texts):
    gpus(monkeypatch, (8, 6))
    told = texts(environment.number_format())
    assert "takes mixed_bfloat16 here: compute capability 8.6" in told
    gpus(monkeypatch, (8, 6), (7, 5))
    assert "takes float32 here: compute capability 8.6, 7.5" in texts(environment.number_format())


# --- Room -----------------------------------------------------------------------------------------


def test_little_memory(monkeypatch):
    for free, level in ((5e9, "ok"), (1e9, "warning")):
        monkeypatch.setattr(memory_limit, "available", lambda free=free: free)
        (found,) = environment.free_memory()
        assert found.level == level and f"{free / 1e9:.1f} GB" in found.text


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path):
    (found,) = environment.place("--workdir", tmp_path / "not/yet", "error")
    assert found.level == "ok" and not list(tmp_path.iterdir())


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    (found,) = environment.place("--workdir", tmp_path / "file" / "below", "error")
    assert found.level == "error" and "--workdir=FOLDER" in found.advice
    (found,) = environment.place("the cache folder", tmp_path / "file", "warning")
    assert found.level == "warning" and "XDG_CACHE_HOME" in found.advice


def test_no_home_for_the_cache(monkeypatch, texts, tmp_path):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(environment.kept, "folder", homeless)
    told = texts(environment.examine(tmp_path))
    assert "the cache folder: could not be looked at (RuntimeError: Could not determine" in told


def test_a_full_disk(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "free")(int(5e8))
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda folder: usage)
    (found,) = environment.place("--workdir", tmp_path, "error")
    assert found.level == "warning" and "0.5 GB" in found.text and "make room" in found.advice


def test_a_check_that_fails_stops_no_other(tmp_path, monkeypatch, texts):
    def broken():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(memory_limit, "available", broken)
    told = texts(environment.examine(tmp_path))
    assert "error: memory: could not be looked at (RuntimeError: no such counter)" in told
    assert f"--workdir {tmp_path}: can be written" in told and "CPU core(s)" in told
