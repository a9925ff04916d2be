"""The effect of a training step on another loss, whose gradient tunes hyperparameters.

Luketina et al. (2016), "Scalable gradient-based tuning of continuous regularization
hyperparameters", and Liu et al. (2019), "DARTS", equations 5 to 7, in the limit of small steps. A
step theta' = theta - eta grad L(theta, h) changes a loss M to first order by -eta <grad M, grad L>.
The derivative of this with respect to a hyperparameter h of L is the hypergradient of M.
"""

from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.nn import distribution


def change_by_step(
    outer: Callable[[], tf.Tensor], inner: Callable[[], tf.Tensor], variables: list[tf.Tensor]
) -> tf.Tensor:
    """How a gradient step on one loss changes another loss, for each unit of its learning rate.

    It is -<grad M, grad L>, with M the mean of `outer` over all replicas and L this replica's
    `inner`. Its mean over the replicas is that of the mean of `inner`. It is differentiable in
    everything that `inner` depends on. The gradient of `outer` is a constant, because a
    hyperparameter of the step acts on `outer` through the step alone.

    Args:
        outer: Returns the loss that is watched: a scalar, the mean over this replica's examples.
        inner: Returns the loss of the step: a scalar, the mean over this replica's examples.
        variables: The weights that the step moves; some may be in one of the losses only.

    Returns:
        A float32 scalar, negative if the step lowers the outer loss.
    """
    direction = [
        tf.stop_gradient(distribution.mean_over_replicas(slope))
        for slope in _gradients(outer, variables)
    ]
    steps = _gradients(inner, variables)
    return -tf.add_n([tf.reduce_sum(a * b) for a, b in zip(direction, steps, strict=True)])


def _gradients(loss: Callable[[], tf.Tensor], variables: list[tf.Tensor]) -> list[tf.Tensor]:
    """Gradients of a loss; zeros for variables that it does not depend on."""
    with tf.GradientTape() as tape:
        value = loss()
    return tape.gradient(value, variables, unconnected_gradients="zero")
