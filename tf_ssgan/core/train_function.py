"""The function that `fit` calls for every step, and the time that it spends waiting for batches."""

import dataclasses
import time
from collections.abc import Callable, Iterator

import tensorflow as tf


@dataclasses.dataclass
class StepTimes:
    """Seconds that this process has spent in steps, without the first step of each trace.

    Attributes:
        waiting: Seconds of waiting for batches.
        total: Seconds of the steps, the waiting included.
    """

    waiting: float = 0.0
    total: float = 0.0

    def waiting_percent(self) -> float:
        """Share of the time that was spent waiting, in percent; 0 before the first step."""
        return 100.0 * self.waiting / self.total if self.total else 0.0


def traced_train_function(
    one_step: Callable[[dict], dict[str, tf.Tensor]],
    strategy: tf.distribute.Strategy,
    jit_compile: bool,
    times: StepTimes,
) -> Callable[[Iterator], dict[str, tf.Tensor]]:
    """Traces a step on every replica.

    Keras' own train function fails on several workers, because it reduces scalars over an axis that
    they lack.

    Args:
        one_step: Batch of a replica -> scalars, each already the mean over the replicas.
        strategy: Runs the step on the replicas.
        jit_compile: Whether XLA compiles the step.
        times: The time of each step is added here.

    Returns:
        Iterator over batches -> scalars of a step on the next batch.
    """
    # Without XLA the step is traced as part of `replicated_step`: a function of its own took 24 s
    # instead of 14 to trace for WSGAN on two replicas, and TensorFlow would never free it.
    step = one_step
    if jit_compile:
        step = tf.function(one_step, jit_compile=jit_compile, autograph=False)

    # Steps have no loops or branches of tensors; looking for them would take a third of a trace.
    @tf.function(autograph=False)
    def replicated_step(batch):
        logs = strategy.run(step, args=(batch,))
        # end_step() has averaged over the replicas, so all of them hold the same values.
        return tf.nest.map_structure(
            lambda value: strategy.experimental_local_results(value)[0], logs
        )

    def train_function(iterator):
        start, traces = time.perf_counter(), replicated_step.experimental_get_tracing_count()
        batch = next(iterator)
        waited = time.perf_counter() - start
        logs = replicated_step(batch)
        if traces and traces == replicated_step.experimental_get_tracing_count():
            times.waiting += waited
            times.total += time.perf_counter() - start
        return logs

    return train_function
