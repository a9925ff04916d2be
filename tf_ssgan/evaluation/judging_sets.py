"""The images that judge one or two runs, without those that one of them knows."""

import dataclasses

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import datasets, judging
from tf_ssgan.evaluation import error_lines, learned_images, reference_network
from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference
from tf_ssgan.training import build


@dataclasses.dataclass(frozen=True, eq=False)
class JudgingSet:
    """Images that judge runs.

    Attributes:
        name: Name of the data set.
        judged: The images, in the form of the first run, and their labels.
        images: For each run, the images uint8 [n, h, w, c] in its form.
        found: What the runs have used them for.
        own: Whether they are the first run's own test images.
    """

    name: str
    judged: judging.JudgedImages
    images: tuple[np.ndarray, ...]
    found: learned_images.Sorted
    own: bool = False

    @property
    def labels(self) -> np.ndarray:
        """int64, the labels of those that judge."""
        return self.judged.labels[self.found.new]

    @property
    def is_own_test_set(self) -> bool:
        """Whether all of those that judge are test images of the runs."""
        return self.found.test == len(self.labels)

    def image_name(self, index: int) -> str:
        """The file of an image, or its number if it is no file of its own."""
        return self.judged.files[index] if self.judged.files else f"image {index}"

    def predict(
        self, run: build.Run, index: int = 0, raw: bool = False
    ) -> classification.Predictions:
        """The predictions of a run for the images that judge.

        Args:
            run: The run.
            index: Its place among the runs.
            raw: Whether its raw weights predict, not the exported ones.
        """
        images, classes = self.images[index][self.found.new], len(run.info.classes)
        network = run.method.classifier if raw else run.method.exported_classifier
        predict = inference.predictor(network)
        with reference_network.batch_starts(len(images), "classifying") as bar:
            return classification.evaluate(
                predict, images, self.labels, classes, lambda: bar.update()
            )


def load(source: datasets.DataSource, runs: list[build.Run]) -> JudgingSet:
    """Loads the images of another data set that judge runs.

    Raises:
        UserError: They have another size than the first run's, or a class that it does not know, or
            the runs know all of them.
    """
    judged = load_judging(source, runs[0])
    images = [
        judged.images if form(run) == form(runs[0]) else load_judging(source, run).images
        for run in runs
    ]
    return _sorted_out(source.name, judged, images, runs)


def own_test_set(runs: list[build.Run]) -> JudgingSet:
    """The first run's own test images, as images that judge all of the runs.

    Args:
        runs: Runs whose images have one form.

    Raises:
        UserError: They are gone or have changed, or the runs know all of them.
    """
    arrays = runs[0].arrays
    judged = judging.JudgedImages(arrays.test_images, arrays.test_labels)
    images = [judged.images] * len(runs)
    return _sorted_out(runs[0].config.dataset, judged, images, runs, own=True)


def form(run: build.Run) -> datasets.ImageSpec:
    """The form of a run's images, in which others judge it."""
    info = run.info
    return datasets.ImageSpec(info.height, str(info.channels), info.fit, info.bits)


def load_judging(source: datasets.DataSource, run: build.Run) -> judging.JudgedImages:
    """Loads the images of a data set that judge a run, in its form, those that it knows included.

    Raises:
        UserError: They have another size than the run's, or a class that it does not know.
    """
    judged = source.load_judging(form(run), run.info.classes)
    if judged.images.shape[1:] != run.info.shape:
        raise errors.UserError(
            f"--dataset={source.name} has images {judged.images.shape[1:]}, the run learned "
            f"{run.info.shape}. Give one with the same image size."
        )
    return judged


def _sorted_out(
    name: str,
    judged: judging.JudgedImages,
    images: list[np.ndarray],
    runs: list[build.Run],
    own: bool = False,
) -> JudgingSet:
    """Leaves out what the runs know; refuses if nothing is left."""
    print("".join(f"{note}\n" for note in judged.notes), end="", flush=True)
    found = learned_images.sort_out(runs, images, judged.labels)
    if not found.new.any():
        who = "the run knows" if len(runs) == 1 else "one of the runs knows"
        uses = error_lines.describe_left_out(found.counts())
        raise errors.UserError(
            f"Nothing is left to judge by: {who} all {len(found.uses):,} {judged.part} images of "
            f"{name} ({uses}). Give images that were neither learned nor held out: "
            "--dataset=folder:DIR."
        )
    return JudgingSet(name, judged, tuple(images), found, own)
