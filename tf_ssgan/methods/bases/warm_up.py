"""A first stage that learns from labels alone."""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method, stages


@dataclasses.dataclass(frozen=True)
class WarmUpHParams(hparams.HParams):
    """Hyperparameters of a method that learns from labels alone at first."""

    warm_up_epochs: int = option(
        0,
        "Passes over the labeled images at the start of the run, which learns from them alone; "
        f"at most {stages.LONGEST_WARM_UP:.0%} of its steps.",
        low=0,
    )


class WarmUpMethod(method.Method):
    """A method that learns from labels alone at first.

    An epoch of the warm-up is a pass over the labeled images (`HParams.labeled_pass`).
    """

    def stages(self) -> dict[str, int]:
        """A warm-up on labels alone, if warm_up_epochs is not 0."""
        warm_up_steps = self.hp.warm_up_epochs * self.hp.labeled_pass(self.task.labeled)
        return stages.warm_up_stages(warm_up_steps, self.task.steps)

    def epoch(self) -> tf.Tensor:
        """Number of the epoch, from 0: float32 scalar. Those of the warm-up count too."""
        begin = self.stages()["train"]
        passes = tf.minimum(self.step, begin) // self.hp.labeled_pass(self.task.labeled)
        epochs = tf.maximum(self.step - begin, 0) // self.task.steps_per_epoch
        return tf.cast(passes + epochs, tf.float32)
