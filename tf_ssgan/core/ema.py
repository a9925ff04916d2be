"""Exponential moving averages (EMA) of the weights of networks.

A pair is (copy, network, decay): the copy's variables, moving statistics included, are the EMA of
the network's.
"""

from collections.abc import Iterable

import keras
import tensorflow as tf

from tf_ssgan.nn import schedules

EmaPair = tuple[keras.Model, keras.Model, float]


def frozen_clone(network: keras.Model) -> keras.Model:
    """A copy of a functional network with variables of its own, none of them trainable."""
    copy = keras.models.clone_model(network)
    copy.trainable = False
    return copy


def reset(pairs: Iterable[EmaPair], when: tf.Tensor | bool = True) -> None:
    """Sets every copy to its network's current values.

    Args:
        pairs: The copies and their networks.
        when: bool scalar; if it is false, nothing changes.
    """
    for copy, network, _ in pairs:
        for slow, fast in zip(copy.variables, network.variables, strict=True):
            slow.assign(tf.where(when, fast.value, slow.value))


def update(pairs: Iterable[EmaPair], steps: tf.Tensor) -> None:
    """Moves every copy toward its network: copy <- d copy + (1 - d) network.

    Args:
        pairs: The copies and their networks.
        steps: int64 scalar, the updates before this one; d warms up with it, see
            `schedules.ema_decay`.
    """
    for copy, network, decay in pairs:
        keep = schedules.ema_decay(steps, decay)
        for slow, fast in zip(copy.variables, network.variables, strict=True):
            slow.assign(keep * slow.value + (1.0 - keep) * fast.value)
