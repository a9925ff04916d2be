"""Averages of the weights of networks over the steps of a run, held by copies of the networks."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.nn import layers, schedules

Decay = float | Callable[[], tf.Tensor]
Statistics = Literal["averaged", "own"]


@dataclasses.dataclass(frozen=True)
class Average:
    """A copy of a network whose weights are an average of the network's.

    Attributes:
        copy: The copy.
        network: The network.
        decay: d in copy <- d copy + (1 - d) network, after each step. A number is the decay of an
            exponential moving average (EMA), which warms up, see `schedules.ema_decay`. A function
            returns the decay of this step, which is taken as it is.
        statistics: "averaged": moving statistics are averaged like weights. "own": the copy records
            those of its own training passes; they are the network's only while d is 0.
    """

    copy: keras.Model
    network: keras.Model
    decay: Decay
    statistics: Statistics = "averaged"

    def pairs(self) -> Iterator[tuple[keras.Variable, keras.Variable]]:
        """Each variable of the copy beside the network's; those that they share are left out."""
        for slow, fast in zip(self.copy.variables, self.network.variables, strict=True):
            if slow is not fast:
                yield slow, fast


def frozen_clone(network: keras.Model) -> keras.Model:
    """A copy of a functional network with variables of its own, none of them trainable.

    Fixed layers are not copied: the copy has the same ones.
    """

    def clone(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, layers.FixedLayer):
            return layer
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone, recursive=True)
    copy.trainable = False
    return copy


def reset(averages: Iterable[Average], when: tf.Tensor | bool = True) -> None:
    """Sets every copy to its network's current values, moving statistics included.

    Args:
        averages: The averages.
        when: bool scalar; if it is false, nothing changes.
    """
    for average in averages:
        for slow, fast in average.pairs():
            slow.assign(tf.where(when, fast.value, slow.value))


def update(averages: Iterable[Average], steps: tf.Tensor) -> None:
    """Moves every copy toward its network: copy <- d copy + (1 - d) network.

    Args:
        averages: The averages.
        steps: int64 scalar, the updates before this one; the decay of an EMA warms up with it.
    """
    for average in averages:
        decay = average.decay
        keep = decay() if callable(decay) else schedules.ema_decay(steps, decay)
        for slow, fast in average.pairs():
            if average.statistics == "averaged" or fast.trainable:
                slow.assign(keep * slow.value + (1.0 - keep) * fast.value)
            elif callable(decay):
                slow.assign(tf.where(keep > 0.0, slow.value, fast.value))
