"""Asks a served classifier about picture files.

    python -m export.client --model=digits IMAGE...                        (REST)
    python -m export.client --model=digits --grpc=127.0.0.1:8500 IMAGE...  (gRPC)

Prints a line for each file: its name, the class and its probability, the next likely ones with
--top; or the reason why there is no answer. The status is 0 if all files were answered, 1 if some
were not, 2 after a mistake that concerns all of them.
"""

import io
import itertools
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from absl import flags as absl_flags

from export import server_clients
from flags import program
from tf_ssgan.common import errors, startup
from tf_ssgan.data import image_decoding

# Sent as they are. Other formats are sent as PNG, for TensorFlow lacks some of their variants: it
# takes the colors of a BMP with a palette for gray, and what is transparent in a GIF for black.
MAX_IMAGES = ("PNG", "JPEG")

_FLAGS = absl_flags.FlagValues()
absl_flags.DEFINE_string(
    "url", "http://127.0.0.1:8501", "Address of the REST interface.", flag_values=_FLAGS
)
absl_flags.DEFINE_string("grpc", "", "host:port of gRPC, instead of REST.", flag_values=_FLAGS)
absl_flags.DEFINE_string("model", "", "Name of the served model.", flag_values=_FLAGS)
absl_flags.DEFINE_integer("top", 1, "Classes to print a file.", 1, flag_values=_FLAGS)
absl_flags.DEFINE_integer("batch", 32, "Files a request.", 1, flag_values=_FLAGS)
absl_flags.DEFINE_float("timeout", 30.0, "Seconds to wait for an answer.", 0.01, flag_values=_FLAGS)


def read(path: pathlib.Path) -> bytes:
    """Reads a picture file, and makes sure that it is one.

    The server refuses a whole request if one file in it cannot be decoded, so each is decoded here
    first. A server accepts some that the rule of `tf_ssgan.data.pictures` refuses; none is sent.

    Args:
        path: A file in a format of `pictures.FORMATS`.

    Returns:
        A whole PNG or JPEG file, of which the server makes the pixels of that rule.

    Raises:
        UserError: It cannot be read, or is not a whole picture, or is too large or too small.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise errors.UserError(f"cannot be read: {error.strerror}") from error
    # To the smallest image: a JPEG is decoded at an eighth of its size.
    looks, _ = image_decoding.read_header_and_image(content, 1, 1, "resize")
    return content if looks.format in MAX_IMAGES else _png(content, 1 if looks.gray else 3)


def request(
    service: server_clients.Rest | server_clients.Grpc,
    paths: Iterable[pathlib.Path],
    batch: int = 32,
) -> Iterator[tuple[pathlib.Path, server_clients.Answer | str]]:
    """Classifies files, so that a bad one fails alone.

    Args:
        service: The server.
        paths: The files.
        batch: Files a request.

    Yields:
        Each path, in order, with its answer or the reason why there is none.

    Raises:
        UserError: The server cannot be reached, or has no such model.
    """
    paths = iter(paths)
    while some := list(itertools.islice(paths, batch)):
        found = [_read_or_reason(path) for path in some]
        answers = iter(_answers(service, [f for f in found if isinstance(f, bytes)]))
        for path, content in zip(some, found, strict=True):
            yield path, next(answers) if isinstance(content, bytes) else content


def format_answer(
    path: pathlib.Path, answer: server_clients.Answer, names: Sequence[str] | None, top: int
) -> str:
    """The line of a file: its path, and class and probability of the likeliest classes.

    Args:
        path: The file.
        answer: What the server says.
        names: Names of all classes; needed for more than one.
        top: How many classes.
    """
    order = sorted(range(len(answer.probabilities)), key=lambda k: -answer.probabilities[k])
    labels = [answer.label, *(k for k in order if k != answer.label)][:top]
    pairs = [f"{names[k] if names else answer.name}\t{answer.probabilities[k]:.4f}" for k in labels]
    return "\t".join([str(path), *pairs])


def parse(argv: list[str]) -> list[str]:
    """Reads the command line; to be handed to `flags.main`.

    Returns:
        The program's name and the files.

    Raises:
        SystemExit: Status 2 and a sentence for a person's mistake; 0 after help.
    """
    with program.exit_on_user_error():
        rest = program.read_flags(_FLAGS, argv, __doc__)
        if not _FLAGS.model:
            raise errors.UserError("--model is missing. It takes the name of the served model.")
        if len(rest) < 2:
            raise errors.UserError("No files. Give the paths of pictures after the flags.")
    return rest


def main(argv: list[str]) -> None:
    """Asks about the files, and prints what is answered."""
    service = _service()
    names, missing = None, 0
    for path, answer in request(service, map(pathlib.Path, argv[1:]), _FLAGS.batch):
        if isinstance(answer, str):
            missing += 1
            print(f"{path}\t{answer}", flush=True)
            continue
        if _FLAGS.top > 1 and names is None:
            names = service.classes(read(path))
        print(format_answer(path, answer, names, _FLAGS.top), flush=True)
    if missing:
        raise SystemExit(1)


def _service() -> server_clients.Rest | server_clients.Grpc:
    if not _FLAGS.grpc:
        return server_clients.Rest(_FLAGS.url, _FLAGS.model, _FLAGS.timeout)
    with startup.start_up():  # gRPC's protocol buffers bring TensorFlow
        return server_clients.Grpc(_FLAGS.grpc, _FLAGS.model, _FLAGS.timeout)


def _png(content: bytes, channels: int) -> bytes:
    """The picture upright, in 8 bits and over white, by the very steps of `pictures`."""
    buffer = io.BytesIO()
    image_decoding.plain(content, channels).save(buffer, "PNG")
    return buffer.getvalue()


def _read_or_reason(path: pathlib.Path) -> bytes | str:
    try:
        return read(path)
    except errors.UserError as error:
        return str(error)


def _answers(
    service: server_clients.Rest | server_clients.Grpc, files: list[bytes]
) -> list[server_clients.Answer | str]:
    """Asks at once; one by one if the server refuses a file that looked good here."""
    try:
        return list(service.predict(files)) if files else []
    except server_clients.Refused as refusal:
        if len(files) == 1:
            return [str(refusal)]
    return [answer for file in files for answer in _answers(service, [file])]


if __name__ == "__main__":
    program.main(main, flags_parser=parse)
