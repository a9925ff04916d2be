"""The progress bar of a run."""

import sys
import time
from collections.abc import Callable

import keras


class Progress(keras.callbacks.Callback):
    """One bar over the whole run: stage, scalars, images per second, time left."""

    def __init__(self, first: int, steps: int, images_per_step: Callable[[], int]):
        """Describes the bar.

        Args:
            first: The step from which this process continues.
            steps: Length of the run.
            images_per_step: Returns the images read per step of the current stage.
        """
        super().__init__()
        self.images_per_step = images_per_step
        self.done = first
        self.step_images = 0  # images per step of the current stage
        self.images = 0  # since `began`
        self.began: float | None = None
        self.stage: str | None = None
        # A terminal redraws its line; a file gets a new line each time, so more rarely.
        self.bar = _Bar(steps, interval=0.5 if sys.stdout.isatty() else 20.0)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Prints which stage begins and what it trains, if the method has several."""
        if self.model.stage == self.stage:
            return
        self.stage, self.step_images = self.model.stage, self.images_per_step()
        self.bar.restart(self.done)
        stages = self.model.stages()
        if len(stages) > 1:
            place = list(stages).index(self.stage)
            last = [*stages.values(), self.bar.target][place + 1]
            name = f"{self.stage} ({place + 1} of {len(stages)})"
            self.bar.unit_name = f"step of {name}"
            trained = ", ".join(self.model.trained)
            print(
                f"\nStage {name}: steps {stages[self.stage]:,} to {last:,}; trains {trained}",
                flush=True,
            )

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar."""
        self.done += 1
        # The first step traces the function, so it is not timed.
        if self.began is None:
            self.began = time.perf_counter()
        else:
            self.images += self.step_images
        values = [(name, float(value)) for name, value in logs.items()]
        if rate := self.images_per_second():
            values.append(("images_per_second", rate))
        self.bar.update(self.done, values, finalize=False)

    def images_per_second(self) -> float:
        """Images read per second since the second step of this process, evaluations included."""
        return self.images / (time.perf_counter() - self.began) if self.images else 0.0


class _Bar(keras.utils.Progbar):
    """Keras' bar with a time estimate from the steps of this process and stage alone.

    Steps of other stages take another time.
    """

    first = 0

    def restart(self, step: int) -> None:
        """Starts timing at a step, where a stage begins or the process continues."""
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
