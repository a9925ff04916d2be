"""What happens around the steps of a run: Keras callbacks, each with one job."""

import math
import pathlib
import time
from collections.abc import Callable

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import method
from tf_ssgan.training import metrics_log, signals

EXPLODED = 1e6  # a reported scalar beyond it will not come back


class DivergenceGuard(keras.callbacks.Callback):
    """Stops on the first reported scalar that is not finite or has exploded; hears signals."""

    def __init__(self, signals: signals.Signals):
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


class MetricsLogger(keras.callbacks.Callback):
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
        lines = metrics_log.history(self.path)
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
        metrics_log.append(self.path, line)
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


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves at the end of each lap."""

    def __init__(self, save: Callable[[method.Method], None]):
        """Takes what saves."""
        super().__init__()
        self.save = save

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Saves, once everything of the lap is written."""
        self.save(self.model)
