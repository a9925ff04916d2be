"""The packages that every program needs: whether they are there, and why an import failed."""

import importlib
import importlib.util
import platform
import re
import sys

from tf_ssgan.common import cpu, errors

# Module -> the package that holds it. TensorBoard and TensorFlow Datasets are missing here: runs do
# without them if they must.
MODULES = {
    "absl": "absl-py",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
    "PIL": "pillow",
    "psutil": "psutil",
    "tqdm": "tqdm",
    "jinja2": "jinja2",
    "pydantic": "pydantic",
    "h5py": "h5py",
    "google.protobuf": "protobuf",
    "threadpoolctl": "threadpoolctl",
    "tensorflow": "tensorflow",
    "keras": "keras",
}
# What a run imports at its end: if that fails, it should do so before hours of training.
LATE = ("sklearn.metrics", "matplotlib.figure", "scipy.optimize")
EXTRAS = "run pip install '.[{}]' in the folder of tf_ssgan"  # packages that are not needed
ADVICE = "run pip install -e . again in the folder of tf_ssgan"


def check() -> None:
    """Looks for the packages, without importing them.

    Raises:
        UserError: One is missing, or the folder of the code cannot be read by TensorFlow.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in __file__):
        raise errors.UserError(
            f"The folder of tf_ssgan, {ascii(__file__)}, has letters that Python does not know in "
            "this language setting, and TensorFlow cannot read code there. Set PYTHONUTF8=1."
        )
    missing = [package for module, package in MODULES.items() if not is_there(module)]
    if missing:
        raise errors.UserError(
            f"{sys.executable} lacks {', '.join(missing)}, which tf_ssgan needs. Use the Python in "
            f"which tf_ssgan was installed, or {ADVICE}."
        )


def check_cpu() -> None:
    """Looks for what TensorFlow needs of the CPU; other programs do without it.

    Raises:
        UserError: TensorFlow would end the process on this CPU without a word.
    """
    flags = cpu.flags()
    if flags and "avx" not in flags and platform.machine().lower() in ("x86_64", "amd64"):
        raise errors.UserError(
            "TensorFlow needs a CPU with AVX, which this one, or the virtual machine on it, does "
            "not offer. Use another machine, or set the CPU type of the virtual machine to host."
        )


def exit_if_missing() -> None:
    """Ends a program with one sentence and status 2 if a package is missing."""
    try:
        check()
    except errors.UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.status) from None


def is_there(module: str) -> bool:
    """Whether a module could be found; a broken finder counts as none."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def import_late() -> None:
    """Imports what a run needs at its end; an `ImportError` comes now."""
    for module in LATE:
        importlib.import_module(module)


def explain(error: ImportError) -> str:
    """One sentence on an import that failed: the cause, other versions, what to do."""
    other = f" {'; '.join(outside())}." if outside() else ""
    return f"A package cannot be imported: {cause(error)}.{other} {ADVICE.capitalize()}."


def cause(error: BaseException) -> str:
    """The cause of a failed import in a line; TensorFlow reports it with a whole traceback."""
    lines = str(error).strip().splitlines()
    named = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    text = (named or lines or [type(error).__name__])[-1 if named else 0]
    return " ".join(text.split()).rstrip(".")


def outside() -> list[str]:
    """What does not meet the requirements of tf_ssgan, a phrase each.

    Nothing if tf_ssgan or `packaging` is not installed.
    """
    try:  # here, as it takes a hundredth of a second
        from importlib import metadata

        from packaging import requirements, specifiers

        required = metadata.requires("tf_ssgan") or []
        python = metadata.metadata("tf_ssgan")["Requires-Python"]
    except ImportError:
        return []
    found = []
    if python and platform.python_version() not in specifiers.SpecifierSet(python):
        found.append(f"Python {platform.python_version()} is used, but tf_ssgan requires {python}")
    for line in required:
        package = requirements.Requirement(line)
        if package.marker and not package.marker.evaluate({"extra": ""}):
            continue  # it belongs to an extra
        name, theirs = package.name, installed(package.name)
        if theirs is None:
            found.append(f"{name} is not installed, but tf_ssgan requires {package.specifier}")
        elif not package.specifier.contains(theirs, prereleases=True):
            found.append(f"{name} {theirs} is installed, but tf_ssgan requires {package.specifier}")
    return found


def installed(name: str) -> str | None:
    """The version of a package; None if it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except ImportError:
        return None
