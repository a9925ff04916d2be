"""Monitors of a run beside its losses: what its method declares, and samples of its generator."""

import contextlib
import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common import few_images, files
from tf_ssgan.core import monitoring
from tf_ssgan.metrics import classification, plots
from tf_ssgan.nn import step_random
from tf_ssgan.training import build, events

IMAGES_SHOWN = 6  # images in a figure
PSEUDO_LABEL_IMAGES = 2000  # unlabeled images on which pseudo-labels are evaluated


class Monitor(keras.callbacks.Callback):
    """Watches a run: draws a figure at each evaluation, or adds numbers to its metrics."""

    def __init__(self, run: build.Run, writer: tf.summary.SummaryWriter):
        """Takes the run and the writer of TensorBoard events."""
        super().__init__()
        self.run = run
        self.writer = writer

    def scalars(self) -> dict[str, float | None]:
        """Numbers for the metrics, by name."""
        return {}

    def summary(self) -> contextlib.AbstractContextManager:
        """A context whose summaries are written to TensorBoard, at the current step."""
        return self.writer.as_default(step=int(self.run.method.step.numpy()))


class SamplesMonitor(Monitor):
    """A grid of images from fixed latents per evaluation, for TensorBoard and `samples.png`."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the grid."""
        method = self.run.method
        pixels = plots.grid(method.sampler().sample(64).numpy(), columns=8)
        png = tf.io.encode_png(pixels).numpy()
        files.replace(self.run.workdir.figure("samples"), png)
        stages = len(method.stages()) > 1
        with self.summary():
            events.image(f"samples/{method.stage}" if stages else "samples", pixels[None])


class PseudoLabelMonitor(Monitor):
    """Quality of the pseudo-labels that a classifier would give, for the metrics of a run.

    The true labels serve this evaluation alone; the method never gets them.
    """

    def __init__(
        self,
        run: build.Run,
        writer: tf.summary.SummaryWriter,
        declared: monitoring.PseudoLabels,
        predict: Callable[[np.ndarray], np.ndarray],
    ):
        """Selects the images that are watched.

        Args:
            run: The run.
            writer: Writer of TensorBoard events.
            declared: Which predictions are confident.
            predict: Ids of training images, int64 [n] -> the raw weights' logits, [n, classes].
        """
        super().__init__(run, writer)
        self.declared = declared
        self.ids = build.sample_unlabeled_ids(run, PSEUDO_LABEL_IMAGES)
        self.predict = predict

    def scalars(self) -> dict[str, float | None]:
        """Evaluates the pseudo-labels, writes their histogram, prints classes that never occur."""
        names = self.run.info.classes
        quality = classification.pseudo_label_quality(
            self.predict(self.ids),
            self.run.arrays.train_labels[self.ids],
            self.declared.threshold,
            self.declared.strict,
        )
        with self.summary():
            given = np.repeat(np.arange(len(names)), quality["confident"])
            events.histogram("pseudo_labels", given, buckets=len(names))
        never = [name for name, count in zip(names, quality["all"], strict=True) if not count]
        # Labeled images are among them.
        text = few_images.never_predicted(never, len(self.ids), "training image")
        if text:
            print(f"\n{text[0].upper()}{text[1:]}.", flush=True)
        return {k: v for k, v in quality.items() if k.startswith("pseudo_label")}


class ImagePairsMonitor(Monitor):
    """Images beside what the method makes of them, for TensorBoard and `<name>.png`."""

    def __init__(
        self,
        run: build.Run,
        writer: tf.summary.SummaryWriter,
        declared: monitoring.ImagePairs,
    ):
        """Selects the images.

        Args:
            run: The run.
            writer: Writer of TensorBoard events.
            declared: The pairs.
        """
        super().__init__(run, writer)
        self.declared = declared
        self.images = build.initial_images(run, declared.examples)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the figure."""
        name = self.declared.name
        with step_random.at(self.run.method.task.seed, -2):  # the same random start each time
            changed = self.declared.transform(self.images)
        pairs = [images[:IMAGES_SHOWN] for images in (self.images, changed)]
        classes = [self._predict(images) for images in pairs]
        pixels = (images.numpy() for images in pairs)
        png = plots.pairs_figure(*pixels, *classes, self.run.info.classes)
        files.replace(self.run.workdir.figure(name), png)
        with self.summary():
            events.image(name, tf.io.decode_png(png, channels=3)[None])

    def _predict(self, images: tf.Tensor) -> np.ndarray:
        """The classes that the raw weights predict, int [n]."""
        logits = self.run.method.classifier(images, training=False)["logits"]
        return logits.numpy().argmax(axis=-1)


def make(
    run: build.Run,
    writer: tf.summary.SummaryWriter,
    predict: Callable[[np.ndarray], np.ndarray],
) -> list[Monitor]:
    """Makes the monitors that a run's method declares, and last that of its samples.

    Args:
        run: The run.
        writer: Writer of TensorBoard events.
        predict: Ids of training images, int64 [n] -> the raw weights' logits, [n, classes].
    """
    kinds = {
        monitoring.PseudoLabels: functools.partial(PseudoLabelMonitor, predict=predict),
        monitoring.ImagePairs: ImagePairsMonitor,
    }
    made = [kinds[type(one)](run, writer, declared=one) for one in run.method.monitors()]
    return made + ([SamplesMonitor(run, writer)] if run.method.sampler() else [])
