"""The machine: versions, devices, memory, and folders that can be written to."""

import contextlib
import importlib
import importlib.metadata
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from tf_ssgan.common import cache, cpu, version
from tf_ssgan.data import memory_limit
from tf_ssgan.diagnostics.findings import Finding, guarded

SECTION = "Environment"
LEAST_MEMORY = 2e9  # bytes; TensorFlow and a small run take about one
LEAST_DISK = 1e9  # bytes; checkpoints, events and decoded pictures

_PACKAGES = {
    "TensorFlow": "tensorflow", "Keras": "keras", "TensorBoard": "tensorboard",
    "TFDS": "tensorflow-datasets", "NumPy": "numpy", "Pillow": "pillow",
}  # fmt: skip
_DRIVER = pathlib.Path("/proc/driver/nvidia")


def examine(workdir: pathlib.Path) -> list[Finding]:
    """Looks at everything that does not depend on data.

    Args:
        workdir: where runs would be written; it may not exist yet.
    """
    return [
        *guarded(SECTION, "versions", versions),
        *guarded(SECTION, "libraries", libraries),
        *guarded(SECTION, "devices", devices),
        *guarded(SECTION, "the number format", number_format),
        *guarded(SECTION, "memory", free_memory),
        *guarded(SECTION, "--workdir", place, "--workdir", workdir, "error"),
        *guarded(SECTION, "the cache folder", cache_folder),
    ]


# --- Packages -------------------------------------------------------------------------------------


def versions() -> Iterator[Finding]:
    """Versions, and those outside the bounds of our own metadata."""
    told = [f"Python {platform.python_version()}", f"tf_ssgan {version.__version__}"]
    told += [f"{word} {_installed(name) or '(none)'}" for word, name in _PACKAGES.items()]
    yield Finding(SECTION, "ok", ", ".join(told))
    try:
        wanted = importlib.metadata.requires("tf_ssgan") or []
        python = importlib.metadata.metadata("tf_ssgan")["Requires-Python"]
    except importlib.metadata.PackageNotFoundError:
        text = "tf_ssgan is not installed: no versions are compared with the ones that it asks for"
        yield Finding(SECTION, "note", text, "pip install -e . in its folder")
        return
    outside = list(_outside(wanted, python))
    for text in outside:
        yield Finding(SECTION, "warning", text, "pip install -e . in the folder of tf_ssgan")
    if not outside:
        yield Finding(SECTION, "ok", "all packages have versions that tf_ssgan was run with")


def _outside(wanted: list[str], python: str | None) -> Iterator[str]:
    """What is not as asked for; nothing where Keras did not bring `packaging`."""
    try:
        from packaging import requirements, specifiers
    except ImportError:
        return
    if python and platform.python_version() not in specifiers.SpecifierSet(python):
        yield f"Python {platform.python_version()} is here, tf_ssgan asks for {python}"
    for line in wanted:
        asked = requirements.Requirement(line)
        if asked.marker and not asked.marker.evaluate({"extra": ""}):
            continue  # of an extra
        here = _installed(asked.name)
        if here is None:
            yield f"{asked.name} is not installed, tf_ssgan asks for {asked.specifier}"
        elif not asked.specifier.contains(here, prereleases=True):
            yield f"{asked.name} {here} is here, tf_ssgan asks for {asked.specifier}"


def _installed(name: str) -> str | None:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(name)
    return None


def libraries() -> Iterator[Finding]:
    """What is imported late: a run of hours must not end with an ImportError."""
    late = {"tensorboard.plugins.hparams.api": "at the end of each run",
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


def devices() -> Iterator[Finding]:
    """GPUs that TensorFlow sees, and one that it does not."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
             for gpu in gpus]  # fmt: skip
    told = f"{len(gpus)} GPU(s): {', '.join(names)}" if gpus else "no GPU"
    yield Finding(SECTION, "ok", f"{told}; {len(cpu.usable())} CPU core(s)")
    if gpus or not nvidia():
        return
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        text = "an NVIDIA GPU is there, and CUDA_VISIBLE_DEVICES hides it"
        yield Finding(SECTION, "note", text, "unset CUDA_VISIBLE_DEVICES to train on it")
    else:
        text = "an NVIDIA GPU is there, and TensorFlow does not see it: it finds no CUDA libraries"
        yield Finding(SECTION, "warning", text, "pip install '.[gpu]' in the folder of tf_ssgan")


def nvidia() -> bool:
    """Returns whether the machine has an NVIDIA GPU, whatever TensorFlow says."""
    if _DRIVER.exists():
        return True
    program = shutil.which("nvidia-smi")
    if not program:
        return False
    try:
        asked = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and "GPU" in asked.stdout


def number_format() -> Iterator[Finding]:
    """What --precision=auto takes, and why."""
    import tensorflow as tf

    from tf_ssgan.nn import precision

    chosen = precision.resolve("auto")
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        found = [".".join(map(str, d.get("compute_capability", ("?",)))) for d in details]
        why = f"compute capability {', '.join(found)}, bfloat16 is fast from 8.0 on"
    else:
        why = _units(precision.cpu_flags())
    yield Finding(SECTION, "ok", f"--precision=auto takes {chosen} here: {why}")


def _units(flags: set[str]) -> str:
    """Which bfloat16 units a CPU has."""
    if "amx_bf16" in flags:
        return "the CPU has AMX, whose bfloat16 is fast"
    slow = ", and AVX-512's bfloat16 alone is slower than float32" if "avx512_bf16" in flags else ""
    return f"the CPU has no AMX{slow}"


# --- Room -----------------------------------------------------------------------------------------


def free_memory() -> Iterator[Finding]:
    """Memory that a run could take."""
    free = memory_limit.available()
    text = f"{free / 1e9:.1f} GB of memory are free"
    if free < LEAST_MEMORY:
        advice = "close other programs: TensorFlow and a small run take about 1 GB"
        yield Finding(SECTION, "warning", text, advice)
    else:
        yield Finding(SECTION, "ok", text)


def cache_folder() -> Iterator[Finding]:
    """Whether decoded pictures can be kept."""
    yield from place("the cache folder", cache.folder(), "warning")


def place(what: str, folder: pathlib.Path, level: str) -> Iterator[Finding]:
    """Whether a file can be made in a folder, or in the nearest above it, and how much has room.

    Args:
        what: the folder's name for people.
        folder: it may not exist yet, and is not made.
        level: of the finding where nothing can be written.
    """
    above = folder.absolute()
    while not os.path.exists(above):
        above = above.parent
    try:
        with tempfile.NamedTemporaryFile(dir=above, prefix=".tf_ssgan-") as file:
            file.write(b"written")
            file.flush()
    except OSError as error:
        text = f"{what} {folder}: nothing can be written in {above} ({error.strerror or error})"
        yield Finding(SECTION, level, text, _elsewhere(what))
        return
    free = shutil.disk_usage(above).free
    text = f"{what} {folder}: can be written, {free / 1e9:.1f} GB are free"
    if free < LEAST_DISK:
        yield Finding(SECTION, "warning", text, f"make room, or {_elsewhere(what)}")
    else:
        yield Finding(SECTION, "ok", text)


def _elsewhere(what: str) -> str:
    if what.startswith("--"):
        return f"give another folder with {what}=FOLDER"
    return "set XDG_CACHE_HOME to another folder; without one, pictures are decoded at each run"
