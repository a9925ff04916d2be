"""Classifies pictures with an exported classifier, without a server.

    python -m export.predict --model=served/pets PATH...
    python -m export.predict --model=served/pets/3 --to=pets.html --top=3 'pets/**/*.jpg'
    find pets -newer yesterday | python -m export.predict --model=served/pets -

A PATH is a file, a folder, a pattern that the shell left as it is, or - for paths from standard
input, one a line. Every file gets a row: class and probability, or the reason why there is none.
The status is 0 if all files were answered, 1 if some were not, 2 after a mistake that concerns all
of them. A SavedModel is a program: ask only models whose maker you trust.
"""

import collections
import concurrent.futures
import dataclasses
import itertools
import json
import os
import pathlib
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

import numpy as np
import tqdm
from absl import flags as absl_flags

import export
from export import input_files, prediction_writers, predictions, publishing, thumbnails
from flags import program
from tf_ssgan.common import errors, startup
from tf_ssgan.data import image_decoding

_AHEAD = 3  # batches that may be decoded while TensorFlow predicts one
_GIVE = (
    "Give a folder that export.export_main wrote, say served/pets, or a version in it, "
    "say served/pets/1."
)

_FLAGS = absl_flags.FlagValues()
absl_flags.DEFINE_string(
    "model", "", "Folder of the exported model, or of one version.", flag_values=_FLAGS
)
absl_flags.DEFINE_enum(
    "format",
    None,
    list(prediction_writers.WRITERS),
    "What to write; by the ending of --to where not said, else csv.",
    flag_values=_FLAGS,
)
absl_flags.DEFINE_string("to", "", "File to write, instead of printing.", flag_values=_FLAGS)
absl_flags.DEFINE_integer("top", 1, "Classes to name a picture.", 1, flag_values=_FLAGS)
absl_flags.DEFINE_float(
    "abstain_below", 0.0, "Probability below which there is no label.", 0, 1, flag_values=_FLAGS
)
absl_flags.DEFINE_integer("batch", 64, "Pictures predicted at once.", 1, flag_values=_FLAGS)

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 [n, h, w, c] -> float32 [n, K], for any n
ReadImage = tuple[
    predictions.Prediction, np.ndarray | None
]  # without an image the row has a reason


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """What an exported classifier says of itself.

    Attributes:
        folder: Its SavedModel.
        classes: Names; label k is classes[k].
        shape: Height, width and channels of its images.
        fit: How a picture becomes such an image, see `pictures`.
        facts: What a person wants to know of it.
    """

    folder: pathlib.Path
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    fit: str
    facts: dict[str, str]


def read_model_info(model: str) -> ModelInfo:
    """Finds an exported classifier, and reads what it says of itself; without TensorFlow.

    Args:
        model: Folder of a version, or the one above, of which the highest version is taken.

    Raises:
        UserError: There is none, or it is not of this project.
    """
    folder = _version(model)
    try:
        content = json.loads((folder / "assets" / "model_info.json").read_text(encoding="utf-8"))
        return _card(folder, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.UserError(
            f"--model={model}: {folder} holds no assets/model_info.json such as export.export_main "
            "writes. A SavedModel is a program, and those of others are not run."
        ) from error


def load(card: ModelInfo) -> Predict:
    """Imports TensorFlow and loads a classifier.

    Raises:
        UserError: It cannot be loaded, or is not what its card says.
    """
    with startup.start_up():
        import tensorflow as tf
    try:
        loaded = tf.saved_model.load(os.fspath(card.folder))
        signature = loaded.signatures[export.DEFAULT]
        shape = tuple(signature.structured_input_signature[1]["image"].shape[1:])
        classes = signature.structured_outputs["probabilities"].shape[-1]
    except Exception as error:  # a file that is cut short gives an IndexError, and so on
        raise errors.UserError(
            f"{card.folder} cannot be loaded ({_first_line(error)}). Export it again."
        ) from error
    if (shape, classes) != (card.shape, len(card.classes)):
        raise errors.UserError(
            f"{card.folder}: the card tells of images {card.shape} and {len(card.classes)} "
            f"classes, the network has {shape} and {classes}. Export it again."
        )

    def predict(images: np.ndarray) -> np.ndarray:
        try:  # `loaded` is named, for a signature dies with it
            answer = loaded.signatures[export.DEFAULT](image=tf.constant(images))
        except tf.errors.OpError as error:
            raise errors.UserError(f"The model fails: {_first_line(error)}.") from error
        return answer["probabilities"].numpy()

    return predict


def map_ahead(work: Callable, items: Iterable, limit: int) -> Iterator:
    """Maps in threads, in order, never further ahead of whoever takes the results than a limit.

    Args:
        work: What is done with an item.
        items: Taken one by one.
        limit: Results that may wait, whether made or being made.
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


def read(row: predictions.Prediction, card: ModelInfo, thumbnail: bool = False) -> ReadImage:
    """Makes an image of a file, or finds the reason why not.

    Args:
        row: A path; one that has a reason is not opened.
        card: Of the classifier.
        thumbnail: Whether the row is to have a small picture.
    """
    if row.reason:
        return row, None
    try:
        if not stat.S_ISREG(os.stat(row.path).st_mode):  # a pipe would be waited for
            raise image_decoding.Unusable("is a device or a pipe, no file")
        image = image_decoding.decode(row.path, card.shape[0], card.shape[2], card.fit)
        small = thumbnails.thumbnail(row.path) if thumbnail else b""
        return dataclasses.replace(row, thumbnail=small), image
    except image_decoding.Unusable as error:
        reason = str(error)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except Exception as error:  # one odd file must not stop the others
        reason = f"cannot be read: {type(error).__name__}: {error}"
    return dataclasses.replace(row, reason=reason), None


def answers(
    readings: Iterator[ReadImage],
    predict: Predict,
    card: ModelInfo,
    top: int,
    below: float,
    batch: int,
) -> Iterator[predictions.Prediction]:
    """Classifies what was read.

    Args:
        readings: From `read`.
        predict: From `load`.
        card: Of the classifier.
        top: Classes a row.
        below: Where the best probability is lower, there is no label.
        batch: Paths taken at once.

    Yields:
        A row a path, in order.
    """
    while some := list(itertools.islice(readings, batch)):
        images = [image for _, image in some if image is not None]
        found = iter(predict(np.stack(images)) if images else ())
        for row, image in some:
            yield row if image is None else row.answered(next(found), card.classes, top, below)


def parse(argv: list[str]) -> list[str]:
    """Reads the command line; to be handed to `flags.main`.

    Returns:
        The program's name and the paths.

    Raises:
        SystemExit: Status 2 and a sentence for a person's mistake; 0 after help.
    """
    with program.exit_on_user_error():
        rest = program.read_flags(_FLAGS, argv, __doc__)
        if not _FLAGS.model:
            raise errors.UserError("--model is missing. It takes the folder of an exported model.")
        if len(rest) < 2:
            raise errors.UserError("No paths. Give files or folders, or - to read their names.")
    return rest


def main(argv: list[str]) -> None:
    """Classifies what the command line names, and says how it went."""
    began, given = time.perf_counter(), argv[1:]
    card = read_model_info(_FLAGS.model)
    with prediction_writers.output(_FLAGS.to, given) as (file, own):
        listing = input_files.found(given, own)
        first = next(listing, None)
        if first is None:
            raise errors.UserError(f"There is no file in {' '.join(given)}. Nothing was written.")
        predict = load(card)
        ready = time.perf_counter()
        total = None
        if _watched() and "-" not in given:
            total = sum(1 for _ in input_files.found(given, own))
        tally = _write(file, card, predict, itertools.chain([first], listing), total)
    print(tally.told(time.perf_counter() - ready, ready - began), file=sys.stderr)
    if tally.unread:
        raise SystemExit(1)


def _write(
    file: TextIO,
    card: ModelInfo,
    predict: Predict,
    listing: Iterator[predictions.Prediction],
    total: int | None,
) -> predictions.PredictionCounts:
    """Writes the rows of a listing, behind a progress bar where somebody watches it."""
    batch, top = _FLAGS.batch, min(_FLAGS.top, len(card.classes))
    ending = pathlib.PurePath(_FLAGS.to).suffix[1:]
    kind = prediction_writers.WRITERS[
        _FLAGS.format or (ending if ending in prediction_writers.WRITERS else "csv")
    ]
    writer, tally = kind(file, card.facts, top), predictions.PredictionCounts()
    readings = map_ahead(lambda row: read(row, card, kind.thumbnails), listing, _AHEAD * batch)
    with tqdm.tqdm(total=total, unit=" pictures", disable=not _watched(), leave=False) as bar:
        for row in answers(readings, predict, card, top, _FLAGS.abstain_below, batch):
            writer.add(row)
            tally.count(row)
            bar.update()
    writer.end(tally)
    return tally


def _watched() -> bool:
    """Whether a progress bar is seen, and is not between rows that are printed beside it."""
    return sys.stderr.isatty() and (bool(_FLAGS.to) or not sys.stdout.isatty())


def _version(model: str) -> pathlib.Path:
    folder = pathlib.Path(model)
    try:
        if (folder / "saved_model.pb").is_file():
            return folder
        numbers = publishing.versions(folder)
    except OSError as error:
        raise errors.UserError(
            f"--model={model} cannot be read ({error.strerror}). {_GIVE}"
        ) from error
    if not numbers or not (folder / str(numbers[-1]) / "saved_model.pb").is_file():
        raise errors.UserError(f"--model={model} holds no exported classifier. {_GIVE}")
    return folder / str(numbers[-1])


def _card(folder: pathlib.Path, content: dict[str, Any]) -> ModelInfo:
    height, width, channels = content["image_shape"]
    fit = content.get("fit", "resize")
    if height != width or channels not in (1, 3) or fit not in image_decoding.FITS:
        raise errors.UserError(
            f"{folder} takes images {height} x {width} x {channels}, fitted by {fit!r}. Files "
            f"become squares of 1 or 3 channels, fitted by {', '.join(image_decoding.FITS)}."
        )
    facts = {"model": str(folder)} | {k: str(content[k]) for k in ("method", "dataset")}
    known = content.get("calibration")
    if known and known.get("images", 1):  # on none, nothing was fitted
        facts["calibrated"] = f"at temperature {known['temperature']:.3g}"
    return ModelInfo(
        folder, tuple(map(str, content["classes"])), (height, width, channels), fit, facts
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


if __name__ == "__main__":
    program.main(main, flags_parser=parse)
