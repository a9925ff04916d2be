"""Which number format "auto" means, and the context in which layers are built for it."""

import os
import pathlib
import subprocess
import sys

import keras
import pytest
import tensorflow as tf
from support.programs import python_path

from tf_ssgan.common import cpu
from tf_ssgan.nn import precision

ROOT = pathlib.Path(__file__).parents[2]


def pretend_gpus(monkeypatch, *capabilities):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(capabilities))
    monkeypatch.setattr(
        tf.config.experimental,
        "get_device_details",
        lambda gpu: {} if gpu is None else {"compute_capability": gpu},
    )


@pytest.mark.parametrize("name", ["float32", "mixed_bfloat16"])
def test_a_named_format_is_kept(name):
    assert precision.resolve(name) == name


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        ([(8, 0)], "mixed_bfloat16"),
        ([(9, 0), (8, 6)], "mixed_bfloat16"),
        ([(7, 5)], "float32"),
        ([(9, 0), (7, 5)], "float32"),
        ([None], "float32"),  # a GPU that does not tell its compute capability
    ],
)
def test_auto_is_bfloat16_if_every_gpu_is_fast(monkeypatch, capabilities, name):
    pretend_gpus(monkeypatch, *capabilities)
    assert precision.resolve("auto") == name


@pytest.mark.parametrize(
    ("flags", "name"),
    [({"avx512_bf16"}, "float32"), ({"amx_bf16", "fma"}, "mixed_bfloat16"), (set(), "float32")],
)
def test_auto_without_a_gpu_is_bfloat16_on_a_cpu_with_amx(monkeypatch, flags, name):
    pretend_gpus(monkeypatch)
    monkeypatch.setattr(cpu, "flags", lambda: flags)
    assert precision.resolve("auto") == name


def test_the_policy_holds_within_its_context_alone():
    before = keras.config.dtype_policy().name
    with precision.policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    with pytest.raises(KeyError), precision.policy("mixed_bfloat16"):
        raise KeyError
    assert keras.config.dtype_policy().name == before == "float32"


def test_the_test_option_makes_auto_mean_bfloat16_in_programs_too():
    """`--auto=mixed_bfloat16` puts this folder on Python's path."""
    folder = pathlib.Path(__file__).parents[1] / "support/auto_bfloat16"
    code = "from tf_ssgan.nn import precision; print(precision.resolve('auto'))"
    surroundings = os.environ | {
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": python_path(folder, ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=surroundings
    )
    assert done.stdout == "mixed_bfloat16\n", done.stderr


def test_auto_means_what_the_test_option_says(pytestconfig):
    detected = "mixed_bfloat16" if "amx_bf16" in cpu.flags() else "float32"
    if pytestconfig.getoption("auto") == "mixed_bfloat16":
        assert detected == "mixed_bfloat16"
    if not tf.config.list_physical_devices("GPU"):
        assert precision.resolve("auto") == detected


def test_a_network_is_rebuilt_in_float32_with_the_same_weights():
    with precision.policy("mixed_bfloat16"):
        images = keras.Input((4,))
        hidden = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu")])(images)
        network = keras.Model(images, {"logits": keras.layers.Dense(2)(hidden)})
    rebuilt = precision.rebuild_in_float32(network)
    assert [layer.compute_dtype for layer in rebuilt.layers] == ["float32"] * 3
    for new, old in zip(rebuilt.variables, network.variables, strict=True):
        assert new is not old and bool(tf.reduce_all(new.value == old.value))
    assert rebuilt(tf.ones((1, 4)))["logits"].dtype == tf.float32
    assert network.layers[-1].compute_dtype == "bfloat16"
