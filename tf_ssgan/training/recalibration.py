"""Batch statistics of a network that no step records, estimated anew before it is evaluated.

Moving statistics belong to the weights that recorded them. An average of weights has seen no image,
so its statistics are estimated here: means over the batch statistics of `BATCHES` fixed batches, in
training mode. They depend on the seed and on the weights of the network alone, so estimating them
twice changes nothing, and a run that was interrupted goes on exactly. Checkpoints between the ends
of evaluation intervals keep the statistics of the last end.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import method
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.data import pipeline
from tf_ssgan.data.pools import Pool
from tf_ssgan.nn import layers, step_random

# Athiwaratkun et al. (2019), public code: 101, with a decay of .9, so that the last ones decide.
BATCHES = 100
# Of the random numbers, downward; initialization has step -1, and training steps have 0 and more.
_FIRST_STEP = -2

Record = Callable[[tf.Tensor, tf.Tensor], None]


class Recalibrator(keras.callbacks.Callback):
    """Estimates the statistics at the end of each evaluation interval and stage.

    Each worker does so by itself, on whole batches, outside of the strategy's scope: all replicas
    get the same values, without waiting for each other.
    """

    def __init__(
        self,
        trained: method.Method,
        make_pools: Callable[[], dict[str, Pool]],
        check: Callable[[], None] = lambda: None,
    ):
        """Describes the passes; nothing is computed yet.

        Args:
            trained: The method; if it does not recalibrate, nothing is ever done.
            make_pools: Returns the pools, by name.
            check: Called before each batch; may raise to stop.
        """
        super().__init__()
        self.trained = trained
        self.make_pools = make_pools
        self.check = check
        self._passes: dict[str, tuple[tf.data.Dataset, Record]] = {}  # by stage

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Estimates the statistics; the callbacks that evaluate and save come later."""
        self.estimate()

    def estimate(self) -> bool:
        """Sets the statistics of the network to their means over the batches.

        Returns:
            Whether the method has such a network in this stage.
        """
        recalibrated = self.trained.recalibrates()
        if recalibrated is None:
            return False
        stage = self.trained.stage
        if stage not in self._passes:
            self._passes = {stage: self._prepare(recalibrated)}
        batches, record = self._passes[stage]
        for number, images in enumerate(batches):
            self.check()
            record(images, tf.constant(number, tf.int64))
        return True

    def _prepare(self, recalibrated: Recalibration) -> tuple[tf.data.Dataset, Record]:
        """The batches of a stage, and the traced pass over one of them."""
        stream = self.trained.streams()[recalibrated.stream]
        seed = self.trained.task.seed
        pools = {stream.pool: _sample(self.make_pools()[stream.pool], stream.examples, seed)}
        views = {"images": stream.views[recalibrated.view]}
        streams = {"fixed": dataclasses.replace(stream, views=views, distinct=False)}
        batches = pipeline.dataset(pools, streams, seed, 0).take(BATCHES)
        return batches.map(lambda batch: batch["fixed"]["images"]), _pass(
            recalibrated.network, seed
        )


def _sample(pool: Pool, examples: int, seed: int) -> Pool:
    """The images of the batches alone, selected by the seed, as a pool without labels."""
    ids = np.random.default_rng(seed).permutation(pool.ids)[: BATCHES * examples]
    return Pool(pool.images[ids], np.arange(len(ids)))


def _pass(network: keras.Model, seed: int) -> Record:
    """A function (images, number of the batch) that records the statistics of a batch.

    The n-th batch, from 1, is recorded with the momentum (n - 1) / n: the result is the mean.
    """

    @tf.function(autograph=False)
    def record(images: tf.Tensor, number: tf.Tensor) -> None:
        before = tf.cast(number, tf.float32)
        with (
            step_random.at(seed, _FIRST_STEP - number),
            layers.recalibration(before / (before + 1.0)),
        ):
            network(images, training=True)

    return record
