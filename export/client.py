"""Classifies image files with a served classifier.

    python -m export.client --model=digits IMAGE...                        (REST)
    python -m export.client --model=digits --grpc=127.0.0.1:8500 IMAGE...  (gRPC)

Prints a line for each file: its path, the class and its probability, and with --top the next most
likely classes; or the reason why there is no answer. The exit status is 0 if all files were
answered, 1 if some were not, 2 after a mistake that concerns all of them.
"""

import dataclasses
import io
import itertools
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from export import server_answers, server_clients
from flags import program
from tf_ssgan.common import errors, options, plain_text, startup
from tf_ssgan.common.options import option
from tf_ssgan.data import image_decoding, image_files

# Sent as they are. Other formats are sent as PNG, because TensorFlow lacks some of their variants:
# it reads the colors of a BMP with a palette as gray, and transparent pixels of a GIF as black.
SENT_FORMATS = ("PNG", "JPEG")


@dataclasses.dataclass(frozen=True)
class ClientOptions:
    """The flags of this program."""

    url: str = option("http://127.0.0.1:8501", "Address of the REST interface.")
    grpc: str = option("", "Address of the gRPC interface, host:port; if given, REST is not used.")
    model: str = option("", "Name of the served model.")
    top: int = option(1, "How many classes to print for each file, at least 1.", low=1)
    batch: int = option(32, "Number of files in each request, from 1 to 1024.", low=1, high=1024)
    timeout: float = option(
        30.0,
        "Seconds for each request and its whole answer, from 0.01 to 86400.",
        low=0.01,
        high=86400,
    )


def read_image_file(path: pathlib.Path) -> bytes:
    """Reads an image file, and checks that it can be decoded.

    The server refuses a whole request if one file in it cannot be decoded, so each file is decoded
    here first. A server accepts some files that `tf_ssgan.data.image_decoding` refuses; they are
    not sent either.

    Args:
        path: A file in a format of `image_formats.FORMATS`.

    Returns:
        A whole PNG or JPEG file. The server decodes it to the pixels of `image_decoding`.

    Raises:
        UserError: It cannot be read, is not a whole image, or is too large or too small.
    """
    try:
        content = image_files.read_file(path)
    except OSError as error:
        raise errors.UserError(f"cannot be read: {error.strerror}") from error
    # To the smallest image: a JPEG is decoded at an eighth of its size.
    header, _ = image_decoding.read_info_and_image(content, 1, 1, "resize")
    return content if header.format in SENT_FORMATS else _png(content, 1 if header.gray else 3)


def classify_files(
    client: server_clients.RestClient | server_clients.GrpcClient,
    paths: Iterable[pathlib.Path],
    batch: int = 32,
) -> Iterator[tuple[pathlib.Path, server_answers.ServerPrediction | str]]:
    """Classifies files; a bad file does not affect the others.

    Args:
        client: Of the server.
        paths: The files.
        batch: Files in each request.

    Yields:
        Each path, in order, with its prediction or the reason why there is none.

    Raises:
        UserError: The server cannot be reached, or has no such model.
    """
    paths = iter(paths)
    while some := list(itertools.islice(paths, batch)):
        contents = [_read_or_reason(path) for path in some]
        predictions = iter(_predict(client, [c for c in contents if isinstance(c, bytes)]))
        for path, content in zip(some, contents, strict=True):
            yield path, next(predictions) if isinstance(content, bytes) else content


def format_prediction(
    path: pathlib.Path,
    prediction: server_answers.ServerPrediction,
    names: Sequence[str] | None,
    top: int,
) -> str:
    """The line of a file: its path, and the most likely classes with their probabilities.

    Args:
        path: The file.
        prediction: What the server returned for it.
        names: Names of all classes; needed if `top` is more than 1.
        top: How many classes.
    """
    probabilities = prediction.probabilities
    order = sorted(range(len(probabilities)), key=lambda k: -probabilities[k])
    labels = [prediction.label, *(k for k in order if k != prediction.label)][:top]
    shown = {k: plain_text.escape(names[k] if names else prediction.name) for k in labels}
    pairs = [f"{name}\t{probabilities[k]:.4f}" for k, name in shown.items()]
    return "\t".join([plain_text.escape(str(path)), *pairs])


def parse_args(argv: list[str]) -> tuple[ClientOptions, list[pathlib.Path]]:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The options and the files.

    Raises:
        UserError: An option is missing or out of range, or no files are given.
    """
    chosen, words = program.read_options(ClientOptions, argv, __doc__)
    options.check(chosen)
    if not chosen.model:
        raise errors.UserError("--model is missing. It takes the name of the served model.")
    if not chosen.model.isprintable():  # nor is what is not UTF-8
        raise errors.UserError(f"--model={chosen.model!r} is no name of a model: it is no text.")
    if not words:
        raise errors.UserError("There are no files. Give the paths of image files after the flags.")
    return chosen, [pathlib.Path(word) for word in words]


def main(argv: list[str]) -> None:
    """Classifies the files, and prints a line for each."""
    chosen, paths = parse_args(argv)
    client = _client(chosen)
    names, missing = None, 0
    for path, prediction in classify_files(client, paths, chosen.batch):
        if isinstance(prediction, str):
            missing += 1
            print("\t".join(map(plain_text.escape, (str(path), prediction))), flush=True)
            continue
        if chosen.top > 1:
            names = names or client.classes(read_image_file(path))
            _check_count(prediction, names)
        print(format_prediction(path, prediction, names, chosen.top), flush=True)
    if missing:
        raise SystemExit(1)


def _check_count(prediction: server_answers.ServerPrediction, names: Sequence[str]) -> None:
    """Checks that there are as many names as probabilities: a server may load another version."""
    count = len(prediction.probabilities)
    if count != len(names):
        raise errors.UserError(
            f"The server predicts {count:,} classes and names {len(names):,}. If it just loaded "
            "another version, run the same command again."
        )


def _client(chosen: ClientOptions) -> server_clients.RestClient | server_clients.GrpcClient:
    if not chosen.grpc:
        return server_clients.RestClient(chosen.url, chosen.model, chosen.timeout)
    with startup.start_up():  # gRPC's protocol buffers import TensorFlow
        return server_clients.GrpcClient(chosen.grpc, chosen.model, chosen.timeout)


def _png(content: bytes, channels: int) -> bytes:
    """The image as PNG: upright, in 8 bits and over white, by the code of `image_decoding`."""
    buffer = io.BytesIO()
    image_decoding.decode_full_size(content, channels).save(buffer, "PNG")
    return buffer.getvalue()


def _read_or_reason(path: pathlib.Path) -> bytes | str:
    try:
        return read_image_file(path)
    except errors.UserError as error:
        return str(error)


def _predict(
    client: server_clients.RestClient | server_clients.GrpcClient, files: list[bytes]
) -> list[server_answers.ServerPrediction | str]:
    """Sends all files in one request, or one by one if the server refuses one of them."""
    try:
        return list(client.predict(files)) if files else []
    except server_answers.RefusedRequest as refusal:
        if len(files) == 1:
            return [str(refusal)]
    return [prediction for file in files for prediction in _predict(client, [file])]


if __name__ == "__main__":
    program.main(main)
