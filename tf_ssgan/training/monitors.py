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
from tf_ssgan.nn import pixels, step_random
from tf_ssgan.training import build, events, run_file_contents, unlabeled_images

IMAGES_SHOWN = 6  # images in a figure
PSEUDO_LABEL_IMAGES = 2000  # images on which pseudo-labels are counted, or judged
BOUND_IMAGES = 2000  # test images whose bound is measured
BOUND_BATCH = 100  # of them at a time: a bound may take a pass for each class
_RANDOM_STEP = -2  # whose random numbers monitors have: the same at each evaluation


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

    "pseudo_label_percent" counts them on images of `counted_ids`, "pseudo_label_right_percent"
    judges them on those of `judged_ids`, which the run has not learned, and "pseudo_label_judged"
    is the number of pseudo-labels that this is a percentage of. The true labels serve this
    evaluation alone; the method never gets them.
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
        self.ids = counted_ids(run)
        self.judged_ids = judged_ids(run)
        self.predict = predict

    def scalars(self) -> dict[str, float | None]:
        """Evaluates the pseudo-labels, writes their histogram, prints classes that never occur."""
        names = self.run.info.classes
        threshold = self.declared.threshold
        rule = threshold() if callable(threshold) else threshold, self.declared.strict
        logits, judged_logits = self._logits()
        labels = self.run.arrays.train_labels[self.judged_ids]
        quality = classification.pseudo_label_quality(logits, *rule)
        judgment = classification.judge_pseudo_labels(judged_logits, labels, *rule)
        with self.summary():
            given = np.repeat(np.arange(len(names)), quality["confident"])
            events.histogram("pseudo_labels", given, buckets=len(names))
        never = [name for name, count in zip(names, quality["all"], strict=True) if not count]
        if text := few_images.never_predicted(never, len(self.ids), "training image"):
            print(f"\n{text[0].upper()}{text[1:]}.", flush=True)
        return {"pseudo_label_percent": quality["pseudo_label_percent"]} | judgment

    def _logits(self) -> list[np.ndarray]:
        """Logits, as the method takes them, for the images that are counted and for those judged.

        Most images are both and are predicted once.
        """
        ids = np.union1d(self.ids, self.judged_ids)
        logits = self.predict(ids)
        if self.declared.aligned:
            logits = np.asarray(self.declared.aligned(logits))
        return [logits[np.searchsorted(ids, part)] for part in (self.ids, self.judged_ids)]


class NoisyLabelsMonitor(Monitor):
    """How many labels the method takes as noisy, for the metrics of a run, and how many are.

    The true labels serve this evaluation alone; the method never gets them. Without label noise
    that was added, nobody knows which labels are wrong.
    """

    def __init__(
        self,
        run: build.Run,
        writer: tf.summary.SummaryWriter,
        declared: monitoring.NoisyLabels,
    ):
        """Takes what the method declares; the other arguments are those of `Monitor`."""
        super().__init__(run, writer)
        self.declared = declared

    def scalars(self) -> dict[str, float | None]:
        """The share of labels that are detected, and how that agrees with the truth."""
        detected, protocol = self.declared.detected(), self.run.protocol
        shares = {"noisy_label_percent": 100.0 * float(detected.mean())}
        if protocol.noise == "none":
            return shares
        wrong = protocol.labels != self.run.arrays.train_labels[protocol.labeled_ids]
        return shares | classification.judge_noisy_labels(detected, wrong)


class BoundMonitor(Monitor):
    """The bound of test images, "test_bound" of the metrics: the mean, in nats per image.

    The images are those of `bound_ids`, and the random numbers are those of one step, so what
    differs between two evaluations is the model.
    """

    def __init__(
        self,
        run: build.Run,
        writer: tf.summary.SummaryWriter,
        declared: monitoring.Bound,
    ):
        """Takes what the method declares; the other arguments are those of `Monitor`."""
        super().__init__(run, writer)
        self.declared = declared
        self.ids = bound_ids(len(run.arrays.test_images))

    def scalars(self) -> dict[str, float | None]:
        """The mean bound; None if it is not finite, or larger than a file may hold."""
        batches = range(0, len(self.ids), BOUND_BATCH)
        with step_random.at(self.run.method.task.seed, _RANDOM_STEP):
            bounds = [self._bounds(self.ids[first : first + BOUND_BATCH]) for first in batches]
        with np.errstate(invalid="ignore"):  # infinities of both signs
            mean = float(np.concatenate(bounds).mean(dtype=np.float64))
        return {"test_bound": mean if abs(mean) <= run_file_contents.LARGEST else None}

    def _bounds(self, ids: np.ndarray) -> np.ndarray:
        """The bounds of some test images, float32 [n]."""
        images = pixels.to_float32(self.run.arrays.test_images[ids])
        return self.declared.of(images).numpy()


def bound_ids(count: int) -> np.ndarray:
    """Which of `count` test images have their bound measured, int64 [n]: all of them, or 2,000.

    They are the same whatever the seed, so that runs can be compared, and drawn at random, because
    many data sets are sorted by class.
    """
    return np.random.default_rng(0).permutation(count)[:BOUND_IMAGES]


def counted_ids(run: build.Run) -> np.ndarray:
    """Ids of the images on which pseudo-labels are counted, int64 [n], selected by the seed.

    They are images of the unlabeled pool that are not labeled too; of the whole pool if every image
    is labeled.
    """
    pool = unlabeled_images.sample_unlabeled_ids(run, len(run.protocol.unlabeled_ids))
    unlabeled = pool[~np.isin(pool, run.protocol.labeled_ids)]
    return (unlabeled if len(unlabeled) else pool)[:PSEUDO_LABEL_IMAGES]


def judged_ids(run: build.Run) -> np.ndarray:
    """Ids of the images on which pseudo-labels are judged, int64 [n], selected by the seed.

    Their classes are known, and no image of the same pixels is labeled in the run: images of the
    unlabeled pool, or held-out images if there is none; n is 0 if there are none either.
    """
    keys, labels = run.arrays.train_keys, run.arrays.train_labels
    may_judge = (labels >= 0) & ~np.isin(keys, keys[run.protocol.labeled_ids])
    pool = unlabeled_images.sample_unlabeled_ids(run, len(run.protocol.unlabeled_ids))
    pool, held_out = (ids[may_judge[ids]] for ids in (pool, run.protocol.validation_ids))
    return (pool if len(pool) else held_out)[:PSEUDO_LABEL_IMAGES]


class PictureMonitor(Monitor):
    """What the method makes of some training images, for TensorBoard and `<name>.png`."""

    def __init__(
        self,
        run: build.Run,
        writer: tf.summary.SummaryWriter,
        declared: monitoring.ImagePairs | monitoring.ImageRows,
    ):
        """Selects the images.

        Args:
            run: The run.
            writer: Writer of TensorBoard events.
            declared: The picture.
        """
        super().__init__(run, writer)
        self.declared = declared
        self.images = unlabeled_images.initial_images(run, declared.examples)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the picture."""
        with step_random.at(self.run.method.task.seed, _RANDOM_STEP):
            png = self.picture()
        files.replace(self.run.workdir.figure(self.declared.name), png)
        with self.summary():
            pixels = tf.io.decode_png(png)[..., :3]  # without the opacity of figures
            events.image(self.declared.name, pixels[None])

    def picture(self) -> bytes:
        """The content of the PNG file."""
        raise NotImplementedError(f"{type(self).__name__} does not define picture()")


class ImagePairsMonitor(PictureMonitor):
    """Images beside what the method makes of them, and the classes of both."""

    def picture(self) -> bytes:
        """Draws the figure."""
        changed = self.declared.transform(self.images)
        pairs = [images[:IMAGES_SHOWN] for images in (self.images, changed)]
        classes = [self._predict(images) for images in pairs]
        pixels = (images.numpy() for images in pairs)
        return plots.pairs_figure(*pixels, *classes, self.run.info.classes)

    def _predict(self, images: tf.Tensor) -> np.ndarray:
        """The classes that the raw weights predict, int [n]."""
        logits = self.run.method.classifier(images, training=False)["logits"]
        return logits.numpy().argmax(axis=-1)


class ImageRowsMonitor(PictureMonitor):
    """Rows of images that the method makes from training images."""

    def picture(self) -> bytes:
        """Draws the rows."""
        rows = self.declared.draw(self.images).numpy()
        return plots.rows_figure(rows, self.declared.titles)


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
        monitoring.NoisyLabels: NoisyLabelsMonitor,
        monitoring.ImagePairs: ImagePairsMonitor,
        monitoring.ImageRows: ImageRowsMonitor,
        monitoring.Bound: BoundMonitor,
    }
    made = [kinds[type(one)](run, writer, declared=one) for one in run.method.monitors()]
    return made + ([SamplesMonitor(run, writer)] if run.method.sampler() else [])
