"""What fails on a machine though nobody made a mistake, as a sentence instead of a traceback.

TensorFlow's errors are known by their names, so that this needs no TensorFlow.
"""

import contextlib
import errno
import re
import socket
from collections.abc import Iterator

from tf_ssgan.common import cluster, errors, requirements

_NO_MEMORY = re.compile(
    r"out of memory|\bOOM\b|failed to allocate|unable to allocate|cannot allocate memory"
    r"|OUT_OF_MEMORY|RESOURCE_EXHAUSTED|ALLOC_FAILED|bad_alloc",
    re.IGNORECASE,
)
_GPU_LIBRARY = re.compile(
    r"CUDNN_STATUS|CUBLAS_STATUS|CUDA_ERROR|cudaError|CUDA driver|DNN library|libdevice"
    r"|no kernel image is available"
)
_NO_PEER = re.compile(
    r"Collective ops is aborted|failed to connect to all addresses|CoordinationService|grpc_status"
)
_TASK = re.compile(r"/job:worker/replica:0/task:(\d+)")
_OWN = ("tf_ssgan", "export", "flags")  # a fault of ours is not one of the installation
_LONGEST = 200  # characters of a cause in the sentence
_ANSWER = 2.0  # seconds for a worker to answer


@contextlib.contextmanager
def explained(advice: str = "") -> Iterator[None]:
    """Turns failures of the machine within the block into a `UserError`.

    Args:
        advice: What needs less memory here, as a sentence.

    Raises:
        UserError: Memory ran out, a library of the GPU failed, another worker of the cluster is
            gone, or a package cannot be imported.
    """
    try:
        yield
    except Exception as error:
        sentence = explain(error, advice)
        if sentence is None:
            raise
        raise errors.UserError(sentence) from error


def explain(error: Exception, advice: str = "") -> str | None:
    """The sentence on a failure of the machine.

    Args:
        error: What was raised.
        advice: What needs less memory here, as a sentence.

    Returns:
        The sentence; None for mistakes of users, and for errors of the program.
    """
    if isinstance(error, errors.UserError):
        return None
    if isinstance(error, ImportError):
        own = (error.name or "").split(".")[0] in _OWN
        return None if own else requirements.explain(error)
    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if isinstance(error, MemoryError) or no_memory:
        return _no_memory(errors.first_line(error), advice)
    if not _is_tensorflow(error):
        return None
    text = str(error)
    if here := cluster.read() if _NO_PEER.search(text) else None:
        return _no_peer(here, text)
    if "No space left on device" in text:
        return f"The disk is full: {_line(text, 'No space left')}. Make room."
    if type(error).__name__ == "ResourceExhaustedError" or _NO_MEMORY.search(text):
        return _no_memory(_line(text, _NO_MEMORY), advice)
    if _GPU_LIBRARY.search(text):
        return (
            f"A library of the GPU failed: {_line(text, _GPU_LIBRARY)}. Often its memory is full, "
            "which nvidia-smi shows, or its driver is too old; python -m tf_ssgan.doctor checks "
            "the machine, and CUDA_VISIBLE_DEVICES=-1 computes on the CPU."
        )
    return None


def _is_tensorflow(error: Exception) -> bool:
    """Whether it is an error of TensorFlow's runtime or of XLA."""
    return any(
        kind.__name__ in ("OpError", "XlaRuntimeError", "JaxRuntimeError")
        or kind.__module__.startswith("tensorflow.")
        for kind in type(error).__mro__
    )


def _no_memory(cause: str, advice: str) -> str:
    return (
        f"Memory ran out: {cause}. End other programs that use this machine or its GPU. {advice}"
    ).strip()


def _line(text: str, wanted: str | re.Pattern) -> str:
    """The line of a message that names the cause, shortened."""
    pattern = re.compile(wanted)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if pattern.search(line)), lines[0] if lines else "")
    return (line if len(line) <= _LONGEST else line[:_LONGEST] + "...").rstrip(".")


def _no_peer(here: cluster.Cluster, text: str) -> str:
    """The sentence on a worker that ended, or does not answer any more."""
    gone = [index for index in here.others() if not _answers(*here.address(index))]
    named = [int(k) for k in _TASK.findall(text) if int(k) in here.others()]
    # Worker 0 keeps the list of those that are alive: what else can fail is its answer.
    index = (gone or named or [0])[0]
    return (
        f"This is {here.name(here.index)}: {here.name(index)} has ended or cannot be reached. See "
        "what it printed. The last checkpoint is kept; the same command on every host continues "
        "from it."
    )


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _ANSWER):
            return True
    except OSError:
        return False
