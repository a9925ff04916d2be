"""What is watched beside the losses of a run: samples, pseudo-labels, perturbations."""

import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import method
from tf_ssgan.metrics import classification, plots
from tf_ssgan.nn import step_random

IMAGES_SHOWN = 6  # images in a figure


class SamplesMonitor(keras.callbacks.Callback):
    """A grid of images from fixed latents, each lap: for TensorBoard, and as `samples.png`."""

    def __init__(self, workdir: pathlib.Path, writer: tf.summary.SummaryWriter):
        """Says where the pictures go."""
        super().__init__()
        self.path = workdir / "samples.png"
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the grid."""
        pixels = plots.grid(self.model.sample(64).numpy(), columns=8)
        self.path.write_bytes(tf.io.encode_png(pixels).numpy())
        stages = len(self.model.stages()) > 1
        with self.writer.as_default(step=int(self.model.step.numpy())):
            tf.summary.image(f"samples/{self.model.stage}" if stages else "samples", pixels[None])


class PseudoLabelMonitor:
    """How good the labels are that a classifier would give, for the curves of a run.

    The method never hears of it: true labels are for the evaluation.
    """

    def __init__(
        self,
        model: method.Method,
        logits: Callable[[], np.ndarray],
        labels: np.ndarray,
        names: tuple[str, ...],
        writer: tf.summary.SummaryWriter,
    ):
        """Describes what is looked at.

        Args:
            model: Whose knob `threshold` says where it is sure.
            logits: Those of some unlabeled images, [n, classes].
            labels: int64 [n], their true labels, -1 where nobody knows.
            names: Class names.
            writer: Of TensorBoard events.
        """
        self.model = model
        self.logits = logits
        self.labels = labels
        self.names = names
        self.writer = writer

    def scalars(self) -> dict[str, float | None]:
        """Judges them, draws their histogram, and says which classes never occur."""
        found = classification.pseudo_label_quality(
            self.logits(), self.labels, self.model.hp.threshold
        )
        with self.writer.as_default(step=int(self.model.step.numpy())):
            given = np.repeat(np.arange(len(self.names)), found["sure"])
            tf.summary.histogram("pseudo_labels", given, buckets=len(self.names))
        never = [name for name, count in zip(self.names, found["all"], strict=True) if not count]
        if never:
            print(
                f"\nOf {len(self.labels):,} unlabeled images none is taken for "
                f"{', '.join(never[:10])}{', ...' if len(never) > 10 else ''}.",
                flush=True,
            )
        return {k: v for k, v in found.items() if k.startswith("pseudo_label")}


class PerturbationMonitor(keras.callbacks.Callback):
    """Images and what perturbs them worst, each lap: for TensorBoard, and as `perturbed.png`."""

    def __init__(
        self,
        workdir: pathlib.Path,
        images: tf.Tensor,
        names: tuple[str, ...],
        writer: tf.summary.SummaryWriter,
    ):
        """Describes the figure.

        Args:
            workdir: Where the picture goes.
            images: float32 [n, h, w, c] in [-1, 1]: a batch, as large as a step's, because batch
                statistics are those of all of it; the first few are drawn.
            names: Class names.
            writer: Of TensorBoard events.
        """
        super().__init__()
        self.path = workdir / "perturbed.png"
        self.images = images
        self.names = names
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the figure."""
        step = int(self.model.step.numpy())
        with step_random.at(self.model.task.seed, -2):  # the same start at every lap
            perturbed = self.images + self.model.perturbation(self.images)
        pairs = [images[:IMAGES_SHOWN] for images in (self.images, perturbed)]
        names = [[self.names[place] for place in self._given(images)] for images in pairs]
        picture = plots.perturbed_figure(*(images.numpy() for images in pairs), *names)
        self.path.write_bytes(picture)
        with self.writer.as_default(step=step):
            tf.summary.image("perturbed", tf.io.decode_png(picture, channels=3)[None])

    def _given(self, images: tf.Tensor) -> np.ndarray:
        """What the raw weights take images for."""
        return self.model.classifier(images, training=False)["logits"].numpy().argmax(axis=-1)
