"""The effect of a player's next step on another loss, by which hyperparameters are tuned.

Luketina et al. (2016), "Scalable gradient-based tuning of continuous regularization
hyperparameters": a hyperparameter h of a training loss L acts on a held-out loss M through the
steps on L. A step of Adam on L, to first order in its learning rate r, changes M by
-r <grad M, a(grad L)>, with a of `Player.adam_directions`. The difference of two such changes, of
two values of h, says which value lowers M more.
"""

from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.core import player

Loss = Callable[[], tf.Tensor]  # returns the mean over this replica's examples


def changes_by_step(mover: player.Player, held_out: Loss, training: list[Loss]) -> list[tf.Tensor]:
    """How a step of a player on each of several losses changes another loss.

    The momentum of the step is left out. A momentum spreads the effect of a gradient over later
    steps.

    Args:
        mover: The player, trained by Adam.
        held_out: The loss that changes.
        training: The losses of the steps.

    Returns:
        float32 scalars, for each unit of the learning rate, the same on all replicas; negative if
        the step lowers the loss.
    """
    slopes = _gradients(mover, held_out)
    directions = [mover.adam_directions(_gradients(mover, loss)) for loss in training]
    return [
        -tf.add_n([tf.reduce_sum(a * b) for a, b in zip(slopes, moves, strict=True)])
        for moves in directions
    ]


def _gradients(mover: player.Player, loss: Loss) -> list[tf.Tensor]:
    with tf.GradientTape() as tape:
        value = loss()
    return mover.gradients(value, tape)
