"""Failures of the machine are sentences; those of the program stay as they are."""

import errno
import json
import socket

import pytest
import tensorflow as tf

from tf_ssgan.common import errors, failures

OOM = "OOM when allocating tensor with shape[64,512] and type float on /job:localhost [Op:Mul]"


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(None, None, f"Graph execution error:\n\n{OOM}\n\t [[a]]"),
        tf.errors.InternalError(None, None, "Failed to allocate 2.1GiB (2254857830 bytes)"),
        tf.errors.InternalError(None, None, "CUBLAS_STATUS_ALLOC_FAILED"),
        tf.errors.UnknownError(None, None, "RESOURCE_EXHAUSTED: Out of memory while trying"),
        tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        MemoryError("Unable to allocate 745. GiB for an array with shape (100000, 1000000)"),
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=lambda error: f"{type(error).__name__} {str(error)[:30]!r}",
)
def test_a_lack_of_memory_is_said_with_what_needs_less(error):
    with pytest.raises(errors.UserError) as said, failures.explained("Use a smaller batch."):
        raise error
    text = str(said.value)
    assert text.startswith("Memory ran out: ") and text.endswith("GPU. Use a smaller batch.")
    assert "\n" not in text and said.value.status == 2


def test_the_line_with_the_cause_is_said():
    error = tf.errors.ResourceExhaustedError(None, None, f"Graph execution error:\n\n{OOM}\n a")
    assert OOM in failures.explain(error)
    long = tf.errors.ResourceExhaustedError(None, None, "OOM " * 1000)
    assert len(failures.explain(long)) < 400


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "a/b; No space left on device"),
         "The disk is full: a/b; No space left on device."),
        (tf.errors.InternalError(None, None, "Dnn\nCUDNN_STATUS_INTERNAL_ERROR in x.cc"),
         "A library of the GPU failed: CUDNN_STATUS_INTERNAL_ERROR in x.cc. Often"),
        (tf.errors.InternalError(None, None, "CUDA driver version is insufficient for CUDA"),
         "A library of the GPU failed: CUDA driver version is insufficient for CUDA"),
        (ImportError("cannot import name 'x' from 'keras' (/a/b.py)"),
         "A package cannot be imported: cannot import name 'x' from 'keras' (/a/b.py)."),
    ],
)  # fmt: skip
def test_other_failures_of_the_machine(error, words):
    assert failures.explain(error).startswith(words)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("out of memory"),
        tf.errors.InvalidArgumentError(None, None, "shapes differ"),
        tf.errors.UnavailableError(None, None, "grpc_status, but there is no cluster"),
        errors.UserError("a mistake"),
        FileNotFoundError(errno.ENOENT, "No such file"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_the_program_and_mistakes_stay_as_they_are(error):
    assert failures.explain(error) is None
    with pytest.raises(type(error)) as raised, failures.explained():
        raise error
    assert raised.value is error


# --- Clusters -------------------------------------------------------------------------------------


def config(index, *ports):
    workers = [f"127.0.0.1:{port}" for port in ports]
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})


@pytest.fixture
def open_port():
    with socket.create_server(("", 0)) as server:
        yield server.getsockname()[1]


ABORTED = "Collective ops is aborted by: Deadline Exceeded\nRPC: /tensorflow.CoordinationService"


def test_a_worker_that_ended_is_named(monkeypatch, open_port):
    monkeypatch.setenv("TF_CONFIG", config(0, 1, open_port, 2))
    text = failures.explain(tf.errors.UnavailableError(None, None, ABORTED))
    assert text.startswith("This is worker 0 (127.0.0.1:1): worker 2 (127.0.0.1:2) has ended")


def test_a_worker_that_hangs_is_the_one_that_the_error_names(monkeypatch, open_port):
    monkeypatch.setenv("TF_CONFIG", config(0, 1, open_port))
    error = f"{ABORTED} /job:worker/replica:0/task:1"
    assert "worker 1 (" in failures.explain(tf.errors.DeadlineExceededError(None, None, error))


def test_if_no_worker_is_named_it_is_the_one_that_watches_the_others(monkeypatch, open_port):
    monkeypatch.setenv("TF_CONFIG", config(1, open_port, 1))
    text = failures.explain(tf.errors.DeadlineExceededError(None, None, ABORTED))
    assert f": worker 0 (127.0.0.1:{open_port}) has ended or cannot be reached." in text
