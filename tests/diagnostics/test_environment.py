"""Checks of the machine: versions, devices, memory and folders."""

import collections
import importlib
import importlib.metadata

import pytest
import tensorflow as tf

from tf_ssgan.common import cpu
from tf_ssgan.data import memory_limit
from tf_ssgan.diagnostics import environment

BOUNDS = ["numpy>=2", 'requests>=99; extra == "serving"']


@pytest.fixture
def require(monkeypatch):
    """A function that sets the requirements in the metadata of tf_ssgan."""

    def set_requirements(requires, python=">=3.11"):
        monkeypatch.setattr(importlib.metadata, "requires", lambda name: requires)
        known = {"Requires-Python": python}
        monkeypatch.setattr(importlib.metadata, "metadata", lambda name: known)

    return set_requirements


@pytest.fixture
def unseen(monkeypatch):
    """An NVIDIA GPU that TensorFlow does not see."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(environment, "has_nvidia_gpu", lambda: True)
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


def test_versions_within_bounds(require, texts):
    require(BOUNDS)
    text = texts(environment.check_versions())
    assert f"TensorFlow {tf.__version__}" in text and "Pillow " in text and "Python 3." in text
    assert text.endswith("ok: all packages have versions that tf_ssgan supports")


def test_versions_out_of_bounds(require, finding_with):
    require([*BOUNDS, "keras>=77,<78", "no-such-package>=1"], python="<3.2")
    findings = list(environment.check_versions())
    for words in (
        "keras ",
        "no-such-package is not installed, but tf_ssgan requires >=1",
        "Python 3",
    ):
        bad = [f for f in findings if words in f.text and f.level == "warning"]
        assert len(bad) == 1 and "pip install" in bad[0].advice
    assert not [f for f in findings if "requests" in f.text], "that is for an extra"


def test_without_metadata_nothing_is_compared(monkeypatch, finding_with):
    def not_installed(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", not_installed)
    assert finding_with(environment.check_versions(), "is not installed").level == "note"


def test_libraries_that_are_imported_late_are_required(monkeypatch, finding_with):
    assert [f.level for f in environment.check_libraries()] == ["ok"]
    real = importlib.import_module

    def broken(name, *rest):
        if name == "importlib_resources":
            raise ImportError("gone")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", broken)
    (finding,) = environment.check_libraries()
    assert finding.level == "error" and finding.advice == "pip install importlib_resources"


# --- Devices --------------------------------------------------------------------------------------


def test_gpus_by_name(monkeypatch, texts):
    gpus(monkeypatch, (9, 0), (7, 5))
    assert texts(environment.check_devices()).startswith("ok: 2 GPU(s): Card 0, Card 1; ")


def test_a_gpu_that_tensorflow_does_not_see(unseen, finding_with):
    finding = finding_with(environment.check_devices(), "does not see it")
    assert finding.level == "warning" and "pip install '.[gpu]'" in finding.advice


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_gpu_that_is_hidden(unseen, finding_with, monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert finding_with(environment.check_devices(), "hides it").level == "note"


def test_a_machine_without_a_gpu_is_ok(unseen, monkeypatch, texts):
    monkeypatch.setattr(environment, "has_nvidia_gpu", lambda: False)
    text = texts(environment.check_devices())
    assert text.startswith("ok: no GPU; ") and "\n" not in text


@pytest.mark.parametrize(
    "script, has_gpu",
    [("echo 'GPU 0: Card'", True), ("echo 'No devices were found'", False), ("exit 9", False)],
)
def test_nvidia_smi_is_asked_for_gpus(tmp_path, monkeypatch, script, has_gpu):
    monkeypatch.setattr(environment, "_DRIVER", tmp_path / "none")
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.has_nvidia_gpu() == has_gpu


def test_the_driver_shows_a_gpu_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "_DRIVER", tmp_path)
    assert environment.has_nvidia_gpu()


@pytest.mark.parametrize(
    "units, text",
    [
        ({"amx_bf16"}, "uses mixed_bfloat16 here: the CPU has AMX"),
        ({"avx512_bf16"}, "uses float32 here: the CPU has no AMX, and AVX-512's bfloat16 alone"),
        (set(), "uses float32 here: the CPU has no AMX"),
    ],
)
def test_the_number_format_of_a_cpu(unseen, monkeypatch, texts, units, text):
    monkeypatch.setattr(cpu, "flags", lambda: units)
    assert text in texts(environment.check_number_format())


def test_the_number_format_of_gpus(monkeypatch, texts):
    gpus(monkeypatch, (8, 6))
    text = texts(environment.check_number_format())
    assert "uses mixed_bfloat16 here: compute capability 8.6" in text
    gpus(monkeypatch, (8, 6), (7, 5))
    assert "uses float32 here: compute capability 8.6, 7.5" in texts(
        environment.check_number_format()
    )


# --- Memory and disk ------------------------------------------------------------------------------


def test_little_memory(monkeypatch):
    for free, level in ((5e9, "ok"), (1e9, "warning")):
        monkeypatch.setattr(memory_limit, "available", lambda free=free: free)
        (finding,) = environment.check_free_memory()
        assert finding.level == level and f"{free / 1e9:.1f} GB" in finding.text


def test_a_writable_folder_is_not_changed(tmp_path):
    (finding,) = environment.check_folder("--workdir", tmp_path / "not/yet", "error")
    assert finding.level == "ok" and not list(tmp_path.iterdir())


def test_a_file_instead_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    (finding,) = environment.check_folder("--workdir", tmp_path / "file" / "below", "error")
    assert finding.level == "error" and "--workdir=FOLDER" in finding.advice
    (finding,) = environment.check_folder("the cache folder", tmp_path / "file", "warning")
    assert finding.level == "warning" and "XDG_CACHE_HOME" in finding.advice


def test_a_cache_without_a_home_folder(monkeypatch, texts, tmp_path):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(environment.cache, "folder", homeless)
    text = texts(environment.check_environment(tmp_path))
    assert "Nothing is cached, because the home folder of this user is unknown: set XDG" in text


def test_a_cache_folder_that_others_can_write_to(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "tf_ssgan").mkdir(0o700)
    assert [finding.level for finding in environment.check_cache_folder()] == ["ok"]
    (tmp_path / "tf_ssgan").chmod(0o777)
    (finding,) = environment.check_cache_folder()
    assert finding.level == "warning" and f"chmod go-w {tmp_path / 'tf_ssgan'}" in finding.text


def test_a_full_disk(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "free")(int(5e8))
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda folder: usage)
    (finding,) = environment.check_folder("--workdir", tmp_path, "error")
    assert finding.level == "warning" and "0.5 GB" in finding.text
    assert "free some space" in finding.advice


def test_a_check_that_fails_does_not_stop_the_others(tmp_path, monkeypatch, texts):
    def broken():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(memory_limit, "available", broken)
    text = texts(environment.check_environment(tmp_path))
    assert "error: memory: could not be checked (RuntimeError: no such counter)" in text
    assert f"--workdir {tmp_path}: is writable" in text and "CPU core(s)" in text
