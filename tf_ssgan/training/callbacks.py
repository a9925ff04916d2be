"""Keras callbacks of a run: the guard against divergence, the metrics log and checkpoints."""

import math
import time
from collections.abc import Callable

import keras
import tensorflow as tf

from tf_ssgan.common import errors, few_images
from tf_ssgan.core import method
from tf_ssgan.training import events, metrics_log, signals
from tf_ssgan.training.workdir import Workdir

EXPLODED = 1e6  # training does not recover from a larger reported scalar
STEPS_BETWEEN_POINTS = 10  # of the curves of reported scalars in TensorBoard
_OTHER_UNITS = {"test_bound": "nats per image"}  # of numbers that are no percentages


class DivergenceGuard(keras.callbacks.Callback):
    """Stops at the first reported scalar that is not finite or too large."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks each scalar of the step."""
        for name, value in logs.items():
            number = float(value)
            if not math.isfinite(number) or abs(number) > EXPLODED:
                raise errors.Diverged(int(self.model.step.numpy()) - 1, name, number)


class SignalCheck(keras.callbacks.Callback):
    """Stops after a step, on signals; it comes after the callbacks that log the step."""

    def __init__(self, signals: signals.Signals):
        """Takes the signals, which are checked after each step."""
        super().__init__()
        self.signals = signals

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Raises if a signal has arrived."""
        self.signals.check_all_workers()


class MetricsLogger(keras.callbacks.Callback):
    """Evaluates at the end of each evaluation interval and logs to files and TensorBoard.

    `metrics.jsonl` and `history.csv` get one line per evaluation: the step, the means of the
    reported scalars since the last evaluation, the errors in percent of the exported and the raw
    weights on validation and test images, what the monitors of the method measure, and the share of
    the steps' time spent waiting for batches.
    """

    def __init__(
        self,
        workdir: Workdir,
        evaluate: Callable[[], dict[str, float]],
        speed: Callable[[], float],
        test_images: int,
        writer: tf.summary.SummaryWriter,
    ):
        """Describes the log.

        Args:
            workdir: Folder of the files.
            evaluate: Returns the errors, and what else belongs to a line.
            speed: Returns images per second.
            test_images: Number of images that test errors are of.
            writer: Writer of TensorBoard events.
        """
        super().__init__()
        self.path = workdir.metrics_file
        self.evaluate = evaluate
        self.speed = speed
        self.test_images = test_images
        self.writer = writer
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Writes the scalars of every tenth step to TensorBoard."""
        step = int(self.model.step.numpy())
        if step % STEPS_BETWEEN_POINTS == 0:
            with self.writer.as_default(step=step):
                for name, value in logs.items():
                    events.scalar(f"train/{name}", value)

    def write_missing_line(self, model: method.Method) -> None:
        """Writes the line of the interval at whose end the run was stopped, if it is missing."""
        line = metrics_log.last(self.path)
        if line and line["step"] == int(model.step.numpy()):
            model.reset_means()
        else:
            self.set_model(model)
            self.on_epoch_end(0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Evaluates, writes a line and resets the means."""
        step = int(self.model.step.numpy())
        line = {"step": step, "epoch": step / self.model.task.steps_per_epoch}
        line |= self.model.mean_scalars() | self.evaluate()
        line |= {
            "seconds": round(time.perf_counter() - self.began, 1),
            "images_per_second": round(self.speed(), 1),
            "waiting_percent": round(self.model.waiting_percent(), 2),
        }
        self.model.reset_means()
        metrics_log.append(self.path, line)
        with self.writer.as_default(step=step):
            for name, value in line.items():
                plotted = name == "images_per_second" or _unit(name)
                if plotted and value is not None:
                    described = f"{_OTHER_UNITS.get(name, '')}{self._counted(name, line)}".strip()
                    events.scalar(f"evaluation/{name}", value, description=described or None)
        self.writer.flush()
        shown = [
            f"{k} {v:.2f} {_unit(k)}{self._counted(k, line)}"
            for k, v in line.items()
            if v is not None and _unit(k)
        ]
        print(f"\nstep {step}: {', '.join(shown)}", flush=True)

    def _counted(self, name: str, line: dict[str, float | None]) -> str:
        """The number of images that a percentage of a line is of, if they are few; else empty."""
        if name == "pseudo_label_right_percent":
            return few_images.counted(line["pseudo_label_judged"])
        if name.startswith("validation_"):
            return few_images.counted(self.model.task.held_out)
        return few_images.counted(self.test_images) if name.startswith("test_") else ""


def _unit(name: str) -> str:
    """The unit of a number that is shown at each evaluation; empty for others."""
    percent = name.endswith(("error", "error_raw", "percent"))
    return _OTHER_UNITS.get(name, "%" if percent else "")


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint at the end of each evaluation interval."""

    def __init__(self, save: Callable[[method.Method], None]):
        """Takes the function that saves."""
        super().__init__()
        self.save = save

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Saves; it is the last callback, so the log is already written."""
        self.save(self.model)
