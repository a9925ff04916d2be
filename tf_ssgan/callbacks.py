"""What happens around the steps of a run: Keras callbacks, each with one job."""

import contextlib
import math
import os
import pathlib
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan import draws, errors, evaluation, figures, journal, method, replicas

PERTURBED = 6  # images in a figure
EXPLODED = 1e6  # a reported scalar beyond it will not come back


class Signals:
    """Turns SIGTERM and the first Ctrl-C into a wish to stop, asked at safe places.

    The second Ctrl-C does what Ctrl-C does.
    """

    def __init__(self):
        """Nothing has been asked yet."""
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        """Listens; only a process's main thread can."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception) -> None:
        """Gives the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: Any) -> None:
        del frame
        self.received = number
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # Not print: the handler may have interrupted one, whose lock is not reentrant.
        os.write(2, b"\nStopping after this step; the same command continues.\n")

    def check(self) -> None:
        """Raises if a signal has come; for places that this process reaches alone.

        In a cluster it waits for the next step, where all workers stop together: one that left
        alone would leave the others waiting for it.

        Raises:
            Interrupted: With the exit status that the signal stands for.
        """
        if self.received is not None and replicas.cluster() is None:
            raise errors.Interrupted(self.received)

    def check_together(self) -> None:
        """Raises if a signal has come to any worker; for places that all reach at the same step.

        Raises:
            Interrupted: With the exit status that the signal stands for.
        """
        if number := replicas.agreed(self.received or 0):
            raise errors.Interrupted(number)


class Guard(keras.callbacks.Callback):
    """Stops on the first reported scalar that is not finite or has exploded; hears signals."""

    def __init__(self, signals: Signals):
        """Takes the signals to ask after each step."""
        super().__init__()
        self.signals = signals

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at each scalar of the step."""
        for name, value in logs.items():
            number = float(value)
            if not math.isfinite(number) or abs(number) > EXPLODED:
                raise errors.Diverged(int(self.model.step.numpy()) - 1, name, number)
        self.signals.check_together()


class Progress(keras.callbacks.Callback):
    """One bar over the whole run: its stage, every scalar, images per second, time left."""

    def __init__(self, first: int, steps: int, images_per_step: Callable[[], int]):
        """Describes the bar.

        Args:
            first: The step from which this process goes on.
            steps: Length of the run.
            images_per_step: Images read a step, of the current stage.
        """
        super().__init__()
        self.images_per_step = images_per_step
        self.done = first
        self.each = 0  # images of a step of the current stage
        self.images = 0  # since `began`
        self.began: float | None = None
        self.stage: str | None = None
        # A terminal redraws its line; a file gets a new one, so seldom.
        self.bar = _Bar(steps, interval=0.5 if sys.stdout.isatty() else 20.0)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Says which stage begins, of methods that have several."""
        if self.model.stage == self.stage:
            return
        self.stage, self.each = self.model.stage, self.images_per_step()
        self.bar.begin(self.done)
        stages = self.model.stages()
        if len(stages) > 1:
            place = list(stages).index(self.stage)
            last = [*stages.values(), self.bar.target][place + 1]
            told = f"{self.stage} ({place + 1} of {len(stages)})"
            self.bar.unit_name = f"step of {told}"
            print(f"\nStage {told}: steps {stages[self.stage]:,} to {last:,}", flush=True)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar."""
        self.done += 1
        # The first step traces; it says nothing of the speed.
        if self.began is None:
            self.began = time.perf_counter()
        else:
            self.images += self.each
        values = [(name, float(value)) for name, value in logs.items()]
        if rate := self.images_per_second():
            values.append(("images_per_second", rate))
        self.bar.update(self.done, values, finalize=False)

    def images_per_second(self) -> float:
        """Images read per second since the second step of this process, evaluations included."""
        return self.images / (time.perf_counter() - self.began) if self.images else 0.0


class _Bar(keras.utils.Progbar):
    """Keras' bar, whose estimate counts from where this process, or a stage, began.

    The steps of another stage take another time: what is left is estimated from this one's.
    """

    first = 0

    def begin(self, step: int) -> None:
        """A stage begins, or the process goes on, at a step."""
        self.first = step
        self._start = self._time_at_epoch_start = time.time()
        self._time_after_first_step = None
        self._values, self._values_order = {}, []

    def update(
        self, current: int, values: list | None = None, finalize: bool | None = None
    ) -> None:
        self.stateful_metrics = {name for name, _ in values or ()}
        super().update(current, values, finalize)

    def _estimate_step_duration(self, current: int, now: float) -> float:
        return super()._estimate_step_duration(max(current - self.first, 1), now)


class Journal(keras.callbacks.Callback):
    """Evaluates at the end of each lap and writes it down, in files and for TensorBoard.

    `metrics.jsonl` and `history.csv` get one line an evaluation: the step, the means of the
    reported scalars since the last one, errors in percent of the shipped and the raw weights on
    validation and test images, and the share of the steps' time spent waiting for batches.
    """

    def __init__(
        self,
        workdir: pathlib.Path,
        judge: Callable[[], dict[str, float]],
        speed: Callable[[], float],
        writer: tf.summary.SummaryWriter,
    ):
        """Describes the journal.

        Args:
            workdir: Where the files lie.
            judge: Measures the errors.
            speed: Images per second.
            writer: Of TensorBoard events.
        """
        super().__init__()
        self.path = workdir / "metrics.jsonl"
        self.judge = judge
        self.speed = speed
        self.writer = writer
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Every tenth step's scalars go to TensorBoard, over the step."""
        step = int(self.model.step.numpy())
        if step % 10 == 0:
            with self.writer.as_default(step=step):
                for name, value in logs.items():
                    tf.summary.scalar(f"train/{name}", value)

    def catch_up(self, model: method.Method) -> None:
        """Writes the line of the lap at whose end the run was stopped, if it is missing."""
        lines = journal.history(self.path)
        if lines and lines[-1]["step"] == int(model.step.numpy()):
            model.start_curve()
        else:
            self.set_model(model)
            self.on_epoch_end(0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Evaluates, writes a line, begins the means anew."""
        step = int(self.model.step.numpy())
        line = {"step": step, "epoch": step / self.model.task.steps_per_epoch}
        line |= self.model.curve() | self.judge()
        line |= {
            "seconds": round(time.perf_counter() - self.began, 1),
            "images_per_second": round(self.speed(), 1),
            "waiting_percent": round(self.model.waiting(), 2),
        }
        self.model.start_curve()
        journal.append(self.path, line)
        with self.writer.as_default(step=step):
            for name, value in line.items():
                told = name.endswith(("error", "error_raw", "images_per_second", "percent"))
                if told and value is not None:
                    tf.summary.scalar(f"evaluation/{name}", value)
        self.writer.flush()
        shown = [
            f"{k} {v:.2f} %"
            for k, v in line.items()
            if v is not None and ("error" in k or "percent" in k)
        ]
        print(f"\nstep {step}: {', '.join(shown)}", flush=True)


class Samples(keras.callbacks.Callback):
    """A grid of images from fixed latents, each lap: for TensorBoard, and as `samples.png`."""

    def __init__(self, workdir: pathlib.Path, writer: tf.summary.SummaryWriter):
        """Says where the pictures go."""
        super().__init__()
        self.path = workdir / "samples.png"
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draws the grid."""
        pixels = figures.grid(self.model.sample(64).numpy(), columns=8)
        self.path.write_bytes(tf.io.encode_png(pixels).numpy())
        stages = len(self.model.stages()) > 1
        with self.writer.as_default(step=int(self.model.step.numpy())):
            tf.summary.image(f"samples/{self.model.stage}" if stages else "samples", pixels[None])


class Guesses:
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
        found = evaluation.guesses(self.logits(), self.labels, self.model.hp.threshold)
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


class Perturbed(keras.callbacks.Callback):
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
        with draws.at(self.model.task.seed, -2):  # the same start at every lap
            perturbed = self.images + self.model.perturbation(self.images)
        pairs = [images[:PERTURBED] for images in (self.images, perturbed)]
        names = [[self.names[place] for place in self._given(images)] for images in pairs]
        picture = figures.perturbed_figure(*(images.numpy() for images in pairs), *names)
        self.path.write_bytes(picture)
        with self.writer.as_default(step=step):
            tf.summary.image("perturbed", tf.io.decode_png(picture, channels=3)[None])

    def _given(self, images: tf.Tensor) -> np.ndarray:
        """What the raw weights take images for."""
        return self.model.classifier(images, training=False)["logits"].numpy().argmax(axis=-1)


class Save(keras.callbacks.Callback):
    """Saves at the end of each lap."""

    def __init__(self, save: Callable[[method.Method], None]):
        """Takes what saves."""
        super().__init__()
        self.save = save

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Saves, once everything of the lap is written."""
        self.save(self.model)
