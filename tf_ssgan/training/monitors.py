"""Monitors of a run beside its losses: samples, pseudo-labels and perturbations."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import method
from tf_ssgan.metrics import classification, plots
from tf_ssgan.nn import step_random
from tf_ssgan.training.workdir import Workdir

IMAGES_SHOWN = 6  # images in a figure


class SamplesMonitor(keras.callbacks.Callback):
    """A grid of images from fixed latents per evaluation, for TensorBoard and `samples.png`."""

    def __init__(self, workdir: Workdir, writer: tf.summary.SummaryWriter):
        """Takes the folder of the file and the writer of TensorBoard events."""
        super().__init__()
        self.path = workdir.figure("samples")
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the grid."""
        pixels = plots.grid(self.model.sample(64).numpy(), columns=8)
        self.path.write_bytes(tf.io.encode_png(pixels).numpy())
        stages = len(self.model.stages()) > 1
        with self.writer.as_default(step=int(self.model.step.numpy())):
            tf.summary.image(f"samples/{self.model.stage}" if stages else "samples", pixels[None])


class PseudoLabelMonitor:
    """Quality of the pseudo-labels that a classifier would give, for the metrics of a run.

    The true labels serve this evaluation alone; the method never gets them.
    """

    def __init__(
        self,
        model: method.Method,
        logits: Callable[[], np.ndarray],
        labels: np.ndarray,
        names: tuple[str, ...],
        writer: tf.summary.SummaryWriter,
    ):
        """Describes the images that are watched.

        Args:
            model: The method; its hyperparameter `threshold` is the least confidence.
            logits: Returns the logits of some unlabeled images, [n, classes].
            labels: int64 [n], their true labels, -1 if unknown.
            names: Class names.
            writer: Writer of TensorBoard events.
        """
        self.model = model
        self.logits = logits
        self.labels = labels
        self.names = names
        self.writer = writer

    def scalars(self) -> dict[str, float | None]:
        """Evaluates the pseudo-labels, writes their histogram, prints classes that never occur."""
        quality = classification.pseudo_label_quality(
            self.logits(), self.labels, self.model.hp.threshold
        )
        with self.writer.as_default(step=int(self.model.step.numpy())):
            given = np.repeat(np.arange(len(self.names)), quality["confident"])
            tf.summary.histogram("pseudo_labels", given, buckets=len(self.names))
        never = [name for name, count in zip(self.names, quality["all"], strict=True) if not count]
        if never:
            print(
                f"\nNone of {len(self.labels):,} unlabeled images is predicted as "
                f"{', '.join(never[:10])}{', ...' if len(never) > 10 else ''}.",
                flush=True,
            )
        return {k: v for k, v in quality.items() if k.startswith("pseudo_label")}


class PerturbationMonitor(keras.callbacks.Callback):
    """Images and their adversarial perturbation, for TensorBoard and `perturbed.png`."""

    def __init__(
        self,
        workdir: Workdir,
        images: tf.Tensor,
        names: tuple[str, ...],
        writer: tf.summary.SummaryWriter,
    ):
        """Describes the figure.

        Args:
            workdir: Folder of the file.
            images: float32 [n, h, w, c] in [-1, 1], as many as in a training step, because batch
                statistics depend on the whole batch; the first few are shown.
            names: Class names.
            writer: Writer of TensorBoard events.
        """
        super().__init__()
        self.path = workdir.figure("perturbed")
        self.images = images
        self.names = names
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the figure."""
        step = int(self.model.step.numpy())
        with step_random.at(self.model.task.seed, -2):  # the same random start each time
            perturbed = self.images + self.model.perturbation(self.images)
        pairs = [images[:IMAGES_SHOWN] for images in (self.images, perturbed)]
        names = [[self.names[k] for k in self._predict(images)] for images in pairs]
        png = plots.perturbed_figure(*(images.numpy() for images in pairs), *names)
        self.path.write_bytes(png)
        with self.writer.as_default(step=step):
            tf.summary.image("perturbed", tf.io.decode_png(png, channels=3)[None])

    def _predict(self, images: tf.Tensor) -> np.ndarray:
        """Classes that the raw weights predict, int64 [n]."""
        return self.model.classifier(images, training=False)["logits"].numpy().argmax(axis=-1)
