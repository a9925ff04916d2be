"""Images of a run's generator, the same for one seed."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core.sampler import Sampler
from tf_ssgan.evaluation import reference_network
from tf_ssgan.nn import inference, pixels, step_random

_STEP = -2  # training has the steps from 0 on, initialization has -1


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images, and the class of each.

    Attributes:
        images: uint8 [n, h, w, c].
        labels: int64 [n].
    """

    images: np.ndarray
    labels: np.ndarray

    def balanced(self, classes: int, each: int) -> "Samples":
        """The first `each` of each class, or as many as there are, class by class."""
        chosen = [np.flatnonzero(self.labels == k)[:each] for k in range(classes)]
        ids = np.concatenate(chosen)
        return Samples(self.images[ids], self.labels[ids])


def draw_samples(
    sampler: Sampler, count: int, seed: int, reference: reference_network.ReferenceNetwork
) -> Samples:
    """Generates images from latents of the distribution that the method trained with.

    A conditional generator is given the classes; images of other generators are classified by the
    reference network.

    Args:
        sampler: The method's sampler.
        count: How many.
        seed: Decides on the latents.
        reference: One that knows the classes of the data set.
    """
    inputs = sample_latents(sampler, count, seed)
    images = generate(sampler, inputs)
    if sampler.conditional:
        labels = inputs[1]
    else:
        labels = reference.predict(images).probabilities.argmax(axis=-1)
    return Samples(images, labels.astype(np.int64))


def sample_latents(sampler: Sampler, count: int, seed: int) -> list[np.ndarray]:
    """The network's inputs: z [count, latent_size], and perhaps the class [count]."""
    with step_random.at(seed, _STEP):
        return [tensor.numpy() for tensor in tf.nest.flatten(sampler.latents(count))]


def generate(sampler: Sampler, inputs: list[np.ndarray]) -> np.ndarray:
    """Generates uint8 [n, h, w, c] from latents, in inference mode."""
    forward, parts = inference.traced(sampler.network, _images), []
    for start in reference_network.batch_starts(len(inputs[0]), "generating"):
        batch = [tf.constant(array[start : start + inference.BATCH_SIZE]) for array in inputs]
        parts.append(pixels.to_uint8(forward(*batch).numpy()))
    return np.concatenate(parts)


def is_bounded(z: np.ndarray) -> bool:
    """Whether latents fill a cube, as uniform ones do; normal ones lie near a sphere."""
    return bool(np.abs(z).max() <= 1)


def truncate(z: np.ndarray, taus: Sequence[float]) -> np.ndarray:
    """The same latents, closer and closer to the mode: sgn(z) min(|z|, tau).

    Dravid et al. (2022), equation 6.

    Args:
        z: float [n, d].
        taus: The bounds; infinity leaves the latents alone.

    Returns:
        [len(taus), n, d].
    """
    return np.stack([np.clip(z, -tau, tau) for tau in taus])


def interpolate(start: np.ndarray, end: np.ndarray, columns: int, spherical: bool) -> np.ndarray:
    """The latents between pairs of latents.

    A straight line through the middle of a normal distribution passes where hardly any latents
    lie. There the interpolation is along the sphere (White 2016, "Sampling Generative Networks"),

        sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b,   w the angle between a and b.

    Args:
        start: float [n, d].
        end: float [n, d].
        columns: Latents from each start to its end, both included; at least 2.
        spherical: Along the sphere, or straight.

    Returns:
        float32 [n, columns, d].
    """
    a, b = start[:, None].astype(np.float64), end[:, None].astype(np.float64)
    t = np.linspace(0, 1, columns)[None, :, None]
    if not spherical:
        return ((1 - t) * a + t * b).astype(np.float32)
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    angle = np.arccos(np.clip((a * b).sum(-1) / lengths, -1, 1))[..., None]
    angle = np.maximum(angle, 1e-6)  # equal latents: a straight line of length 0
    latents = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return latents.astype(np.float32)


def _images(network: keras.Model, *latents: tf.Tensor) -> tf.Tensor:
    """Images of latents, in inference mode."""
    return network(keras.tree.pack_sequence_as(network.input, latents), training=False)
