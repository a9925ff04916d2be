"""Classifies image files with an exported classifier, without a server.

    python -m export.predict --model=served/pets PATH...
    python -m export.predict --model=served/pets/3 --to=pets.html --top=3 'pets/**/*.jpg'
    find pets -newer yesterday | python -m export.predict --model=served/pets -

A PATH is a file, a folder, a pattern that the shell did not expand, or - for paths from standard
input, one a line. Every file gets a row: class and probability, or the reason why there is none.
The exit status is 0 if all files were answered, 1 if some were not, 2 after a mistake that concerns
all of them. A SavedModel is a program: use only models whose author you trust.
"""

import collections
import concurrent.futures
import dataclasses
import itertools
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TextIO

import numpy as np
import tqdm

import export
from export import (
    digests,
    input_files,
    model_info,
    prediction_writers,
    predictions,
    publishing,
    thumbnails,
)
from flags import program
from tf_ssgan.common import errors, library_folders, options, plain_text, startup
from tf_ssgan.common.options import option
from tf_ssgan.data import image_decoding, image_files

_AHEAD = 3  # batches that may be decoded while TensorFlow predicts one
_ADVICE = (
    "Give a folder that export.export_main wrote, say served/pets, or a version in it, "
    "say served/pets/1."
)

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 [n, h, w, c] -> float32 [n, K], for any n
ReadImage = tuple[
    predictions.Prediction, np.ndarray | None
]  # without an image the row has a reason


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """The flags of this program."""

    model: str = option("", "Folder of the exported model, or of one version.", path="folder")
    format: Literal["", "csv", "jsonl", "html"] = option(
        "", "Format of the output; by default the one that the suffix of --to names, else csv."
    )
    to: str = option("", "File to write, instead of printing.", path="file")
    top: int = option(1, "How many classes to name for each image, at least 1.", low=1)
    abstain_below: float = option(
        0.0, "Probability from 0 to 1 below which there is no label.", low=0, high=1
    )
    batch: int = option(
        64, "How many images to classify at once, from 1 to 4096.", low=1, high=4096
    )

    @property
    def writer(self) -> type[prediction_writers.Writer]:
        """The class that writes the rows."""
        ending = pathlib.PurePath(self.to).suffix[1:]
        by_ending = ending if ending in prediction_writers.WRITERS else "csv"
        return prediction_writers.WRITERS[self.format or by_ending]


def read_model_info(model: str) -> model_info.ModelInfo:
    """Finds an exported classifier and reads its model_info.json; without TensorFlow.

    Args:
        model: Folder of a version, or the folder above, whose highest version is used.

    Raises:
        UserError: There is none, or it was not exported by this project.
    """
    return model_info.read(_version_folder(model))


def load_classifier(info: model_info.ModelInfo) -> Predict:
    """Imports TensorFlow and loads a classifier, if its files are those that were exported.

    Raises:
        UserError: A file is damaged, it cannot be loaded, or does not fit its model_info.json.
    """
    digests.check(info.folder)
    with startup.start_up():
        import tensorflow as tf
    try:
        loaded = tf.saved_model.load(os.fspath(info.folder))
        signature = loaded.signatures[export.DEFAULT]
        shape = tuple(signature.structured_input_signature[1]["image"].shape[1:])
        classes = signature.structured_outputs["probabilities"].shape[-1]
    except Exception as error:  # of another version of TensorFlow, say
        raise errors.UserError(
            f"{info.folder} cannot be loaded ({errors.first_line(error)}). Export it again."
        ) from error
    if (shape, classes) != (info.shape, len(info.classes)):
        raise errors.UserError(
            f"{info.folder}: model_info.json describes images {info.shape} and "
            f"{len(info.classes)} classes, the network has {shape} and {classes}. Export it again."
        )

    def predict(images: np.ndarray) -> np.ndarray:
        try:  # uses `loaded`, because a signature does not keep its model alive
            outputs = loaded.signatures[export.DEFAULT](image=tf.constant(images))
        except tf.errors.OpError as error:
            raise errors.UserError(f"The model fails: {errors.first_line(error)}.") from error
        return outputs["probabilities"].numpy()

    return predict


def map_ahead(work: Callable, items: Iterable, limit: int) -> Iterator:
    """Maps in threads, in order, and keeps at most `limit` results that nobody has taken yet.

    Args:
        work: What is done with an item.
        items: Taken one by one.
        limit: How many results may wait, finished or not.
    """
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= limit:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def read_image(
    row: predictions.Prediction, info: model_info.ModelInfo, thumbnail: bool = False
) -> ReadImage:
    """Reads a file as an image, or finds the reason why that fails.

    Args:
        row: A path; if it has a reason, it is not opened.
        info: Of the classifier.
        thumbnail: Whether to make a thumbnail for the row.
    """
    if row.reason:
        return row, None
    try:
        content = image_files.read_file(row.path)
        header, image = image_decoding.read_info_and_image(
            content, info.shape[0], info.shape[2], info.fit, info.bits
        )
        small = thumbnails.make_thumbnail(content, info.bits) if thumbnail else b""
        clipped = header.peak >= 2**info.bits  # 0 for files of 8 bits
        return dataclasses.replace(row, thumbnail=small, clipped=clipped), image
    except image_decoding.ImageFileError as error:
        reason = str(error)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except Exception as error:  # one odd file must not stop the others
        reason = f"cannot be read: {type(error).__name__}: {error}"
    return dataclasses.replace(row, reason=reason), None


def classify_images(
    read_images: Iterator[ReadImage],
    predict: Predict,
    info: model_info.ModelInfo,
    top: int,
    abstain_below: float,
    batch: int,
) -> Iterator[predictions.Prediction]:
    """Classifies images in batches.

    Args:
        read_images: From `read_image`.
        predict: From `load_classifier`.
        info: Of the classifier.
        top: Classes in each row.
        abstain_below: If the best probability is lower, there is no label.
        batch: How many paths to take at once.

    Yields:
        A row for each path, in order.
    """
    while some := list(itertools.islice(read_images, batch)):
        images = [image for _, image in some if image is not None]
        probabilities = iter(predict(np.stack(images)) if images else ())
        for row, image in some:
            if image is not None:
                row = row.with_probabilities(next(probabilities), info.classes, top, abstain_below)
            yield row


def parse_args(argv: list[str]) -> tuple[PredictOptions, list[str]]:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The options and the paths.

    Raises:
        UserError: An option is missing or out of range, or no paths are given.
    """
    chosen, paths = program.read_options(PredictOptions, argv, __doc__)
    options.check(chosen)
    if not chosen.model:
        raise errors.UserError("--model is missing. It takes the folder of an exported model.")
    if not paths:
        raise errors.UserError(
            "There are no paths. Give files or folders, or - to read paths from standard input."
        )
    return chosen, paths


def main(argv: list[str]) -> None:
    """Classifies the files of the command line, and prints a summary."""
    began = time.perf_counter()
    chosen, paths = parse_args(argv)
    info = read_model_info(chosen.model)
    with prediction_writers.open_output(chosen.to, paths) as (file, written):
        listing = input_files.list_files(paths, written)
        first = next(listing, None)
        if first is None:
            raise errors.UserError(f"There is no file in {' '.join(paths)}. Nothing was written.")
        if chosen.to:
            library_folders.fall_back([os.path.dirname(os.path.abspath(chosen.to))])
        predict = load_classifier(info)
        ready = time.perf_counter()
        total = None
        if _shows_progress(chosen) and "-" not in paths:
            total = sum(1 for _ in input_files.list_files(paths, written))
        listing = itertools.chain([first], listing)
        counts = _write_rows(file, chosen, info, predict, listing, total)
    print(counts.summary(time.perf_counter() - ready, ready - began), file=sys.stderr)
    if counts.unread:
        raise SystemExit(1)


def _write_rows(
    file: TextIO,
    chosen: PredictOptions,
    info: model_info.ModelInfo,
    predict: Predict,
    listing: Iterator[predictions.Prediction],
    total: int | None,
) -> predictions.PredictionCounts:
    """Writes the rows of a listing, with a progress bar on a terminal."""
    batch, top, kind = chosen.batch, min(chosen.top, len(info.classes)), chosen.writer
    writer, counts = kind(file, info.facts, top), predictions.PredictionCounts()
    images = map_ahead(lambda row: read_image(row, info, kind.thumbnails), listing, _AHEAD * batch)
    rows = classify_images(images, predict, info, top, chosen.abstain_below, batch)
    hidden = not _shows_progress(chosen)
    with tqdm.tqdm(total=total, unit=" images", disable=hidden, leave=False) as bar:
        for row in rows:
            writer.add(row)
            counts.count(row)
            bar.update()
    writer.end(counts)
    return counts


def _shows_progress(chosen: PredictOptions) -> bool:
    """Whether a progress bar is visible and does not mix with rows that are printed."""
    return sys.stderr.isatty() and (bool(chosen.to) or not sys.stdout.isatty())


def _version_folder(model: str) -> pathlib.Path:
    folder = pathlib.Path(model)
    try:
        if (folder / "saved_model.pb").is_file():
            return folder
        versions = publishing.find_versions(folder)
    except OSError as error:
        raise errors.UserError(
            f"--model={plain_text.escape(model)} cannot be read ({error.strerror}). {_ADVICE}"
        ) from error
    highest = versions[max(versions)] if versions else folder
    if not (highest / "saved_model.pb").is_file():
        raise errors.UserError(
            f"--model={plain_text.escape(model)} holds no exported classifier. {_ADVICE}"
        )
    return highest


def command() -> None:
    """The console command `tf-ssgan-predict`."""
    program.main(main)


if __name__ == "__main__":
    command()
