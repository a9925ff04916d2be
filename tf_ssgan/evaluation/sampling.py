"""What a run's generator draws, the same for one seed."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import method
from tf_ssgan.evaluation import reference_network
from tf_ssgan.methods.bases import gan
from tf_ssgan.nn import inference, step_random

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
    made: gan.GAN, count: int, seed: int, judge: reference_network.ReferenceNetwork
) -> Samples:
    """Draws images from the latents that the method learned with.

    Their classes are those that a conditional generator was told, else the judge's opinion.

    Args:
        made: A method with a generator.
        count: How many.
        seed: Decides on the latents.
        judge: One that knows the classes of the data set.
    """
    inputs = latents(made, count, seed)
    images = generate(made, inputs)
    told = inputs[1] if conditional(made) else judge.look(images).probabilities.argmax(axis=-1)
    return Samples(images, told.astype(np.int64))


def conditional(made: method.Method) -> bool:
    """Whether a method's generator is told the class."""
    return isinstance(made, gan.ConditionalGAN)


def latents(made: gan.GAN, count: int, seed: int) -> list[np.ndarray]:
    """What the generator is given: z [count, latent_size], and perhaps the class [count]."""
    with step_random.at(seed, _STEP):
        return [given.numpy() for given in tf.nest.flatten(made.latents(count))]


def generate(made: gan.GAN, inputs: list[np.ndarray]) -> np.ndarray:
    """Draws uint8 [n, h, w, c] from latents, in inference mode."""
    answer, parts = _traced(made.generator), []
    for start in reference_network.starts(len(inputs[0]), "drawing"):
        batch = [tf.constant(given[start : start + inference.BATCH_SIZE]) for given in inputs]
        pixels = np.rint(answer(*batch).numpy() * 127.5 + 127.5)
        parts.append(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.concatenate(parts)


def bounded(z: np.ndarray) -> bool:
    """Whether latents fill a cube, as uniform ones do, and not a sphere's shell."""
    return bool(np.abs(z).max() <= 1)


def truncated(z: np.ndarray, taus: Sequence[float]) -> np.ndarray:
    """The same latents nearer and nearer to the mode: sgn(z) min(|z|, tau).

    Dravid et al. (2022), equation 6.

    Args:
        z: float [n, d].
        taus: The bounds; infinity leaves the latents alone.

    Returns:
        [len(taus), n, d].
    """
    return np.stack([np.clip(z, -tau, tau) for tau in taus])


def between(start: np.ndarray, end: np.ndarray, columns: int, spherical: bool) -> np.ndarray:
    """The latents on the way from some to others.

    Straight ways through a normal distribution's middle pass where hardly any latents lie: there
    the way is along the sphere (White 2016, "Sampling Generative Networks"),

        sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b,   w the angle between a and b.

    Args:
        start: float [n, d].
        end: float [n, d].
        columns: Latents of each way, both ends included; at least 2.
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
    angle = np.maximum(angle, 1e-6)  # a way to itself is straight
    way = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return way.astype(np.float32)


def _traced(generator: keras.Model):
    """The generator's traced forward pass, made once."""
    if not hasattr(generator, "traced_drawing"):

        @tf.function(reduce_retracing=True)
        def answer(*given: tf.Tensor) -> tf.Tensor:
            return generator(keras.tree.pack_sequence_as(generator.input, given), training=False)

        generator.traced_drawing = answer
    return generator.traced_drawing
