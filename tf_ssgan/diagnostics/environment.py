"""Checks the machine: versions, devices, memory, and whether folders are writable."""

import importlib
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from tf_ssgan.common import cache, cpu, requirements, version
from tf_ssgan.data import memory_limit
from tf_ssgan.diagnostics.findings import Finding, run_check

SECTION = "Environment"
MIN_MEMORY = 2e9  # bytes; TensorFlow and a small run take about 1e9
MIN_DISK = 1e9  # bytes; for checkpoints, events and decoded images

_PACKAGES = {
    "TensorFlow": "tensorflow", "Keras": "keras", "TensorBoard": "tensorboard",
    "TFDS": "tensorflow-datasets", "NumPy": "numpy", "Pillow": "pillow",
}  # fmt: skip
_DRIVER = pathlib.Path("/proc/driver/nvidia")


def check_environment(workdir: pathlib.Path) -> list[Finding]:
    """Runs all checks that do not depend on data.

    Args:
        workdir: folder of the runs; it may not exist yet.
    """
    return [
        *run_check(SECTION, "versions", check_versions),
        *run_check(SECTION, "libraries", check_libraries),
        *run_check(SECTION, "devices", check_devices),
        *run_check(SECTION, "the number format", check_number_format),
        *run_check(SECTION, "memory", check_free_memory),
        *run_check(SECTION, "--workdir", check_folder, "--workdir", workdir, "error"),
        *run_check(SECTION, "the cache folder", check_cache_folder),
    ]


# --- Packages -------------------------------------------------------------------------------------


def check_versions() -> Iterator[Finding]:
    """Versions of packages, and those that tf_ssgan does not support."""
    versions = [f"Python {platform.python_version()}", f"tf_ssgan {version.__version__}"]
    versions += [
        f"{title} {requirements.installed(name) or '(none)'}" for title, name in _PACKAGES.items()
    ]
    yield Finding(SECTION, "ok", ", ".join(versions))
    if requirements.installed("tf_ssgan") is None:
        text = "tf_ssgan is not installed: versions are not compared with those that it requires"
        yield Finding(SECTION, "note", text, "pip install -e . in its folder")
        return
    outside = requirements.outside()
    for text in outside:
        yield Finding(SECTION, "warning", text, "pip install -e . in the folder of tf_ssgan")
    if not outside:
        yield Finding(SECTION, "ok", "all packages have versions that tf_ssgan supports")


def check_libraries() -> Iterator[Finding]:
    """Modules that are imported late: a run of hours must not end with an ImportError."""
    late = {"tensorboard.plugins.hparams.api": "to show runs in TensorBoard",
            "importlib_resources": "by TensorFlow Datasets"}  # fmt: skip
    missing = False
    for module, when in late.items():
        try:
            importlib.import_module(module)
        except Exception as error:  # a broken package may raise anything
            missing = True
            text = f"{module}, needed {when}, cannot be imported: {error}"
            yield Finding(SECTION, "error", text, f"pip install {module.split('.')[0]}")
    if not missing:
        yield Finding(SECTION, "ok", "TensorBoard and importlib_resources can be imported")


# --- Devices --------------------------------------------------------------------------------------


def check_devices() -> Iterator[Finding]:
    """CPU cores, the GPUs that TensorFlow sees, and whether there is one that it does not see."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
             for gpu in gpus]  # fmt: skip
    text = f"{len(gpus)} GPU(s): {', '.join(names)}" if gpus else "no GPU"
    yield Finding(SECTION, "ok", f"{text}; {len(cpu.usable())} CPU core(s)")
    if gpus or not has_nvidia_gpu():
        return
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        text = "there is an NVIDIA GPU, but CUDA_VISIBLE_DEVICES hides it"
        yield Finding(SECTION, "note", text, "unset CUDA_VISIBLE_DEVICES to train on it")
    else:
        text = "there is an NVIDIA GPU, but TensorFlow does not see it: it finds no CUDA libraries"
        yield Finding(SECTION, "warning", text, "pip install '.[gpu]' in the folder of tf_ssgan")


def has_nvidia_gpu() -> bool:
    """Returns whether the machine has an NVIDIA GPU, without asking TensorFlow."""
    if _DRIVER.exists():
        return True
    program = shutil.which("nvidia-smi")
    if not program:
        return False
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "GPU" in done.stdout


def check_number_format() -> Iterator[Finding]:
    """Which number format --precision=auto uses, and why."""
    import tensorflow as tf

    from tf_ssgan.nn import precision

    chosen = precision.resolve("auto")
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        versions = [".".join(map(str, d.get("compute_capability", ("?",)))) for d in details]
        reason = f"compute capability {', '.join(versions)}, bfloat16 is fast from 8.0 on"
    else:
        reason = _bfloat16_units(cpu.flags())
    yield Finding(SECTION, "ok", f"--precision=auto uses {chosen} here: {reason}")


def _bfloat16_units(flags: set[str]) -> str:
    """Which bfloat16 units a CPU has."""
    if "amx_bf16" in flags:
        return "the CPU has AMX, with fast bfloat16"
    some = ", and AVX-512's bfloat16 alone pays on some processors only"
    return f"the CPU has no AMX{some if 'avx512_bf16' in flags else ''}"


# --- Memory and disk ------------------------------------------------------------------------------


def check_free_memory() -> Iterator[Finding]:
    """How much memory is free."""
    free = memory_limit.available()
    text = f"{free / 1e9:.1f} GB of memory are free"
    if free < MIN_MEMORY:
        advice = "close other programs: TensorFlow and a small run take about 1 GB"
        yield Finding(SECTION, "warning", text, advice)
    else:
        yield Finding(SECTION, "ok", text)


def check_cache_folder() -> Iterator[Finding]:
    """Whether decoded images can be cached."""
    problem = cache.problem()
    if problem:
        yield Finding(SECTION, "warning", problem, "every run decodes the images again until then")
    else:
        yield from check_folder("the cache folder", cache.folder(), "warning")


def check_folder(what: str, folder: pathlib.Path, level: str) -> Iterator[Finding]:
    """Whether a folder, or the nearest folder above it, is writable, and its free space.

    Args:
        what: how the findings call the folder.
        folder: the folder; it may not exist yet, and is not made.
        level: level of the finding if the folder is not writable.
    """
    above = folder.absolute()
    while not os.path.exists(above):
        above = above.parent
    try:
        with tempfile.NamedTemporaryFile(dir=above, prefix=".tf_ssgan-") as file:
            file.write(b"written")
            file.flush()
    except OSError as error:
        text = f"{what} {folder}: {above} is not writable ({error.strerror or error})"
        yield Finding(SECTION, level, text, _other_folder(what))
        return
    free = shutil.disk_usage(above).free
    text = f"{what} {folder}: is writable, {free / 1e9:.1f} GB are free"
    if free < MIN_DISK:
        yield Finding(SECTION, "warning", text, f"free some space, or {_other_folder(what)}")
    else:
        yield Finding(SECTION, "ok", text)


def _other_folder(what: str) -> str:
    if what.startswith("--"):
        return f"give another folder with {what}=FOLDER"
    return "set XDG_CACHE_HOME to another folder; without one, every run decodes the images again"
