"""How images are drawn from a network that a method trains."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

Latents = tf.Tensor | list[tf.Tensor]  # the inputs of a network, in their order


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A network that makes images from latents, such as a generator or a decoder.

    Attributes:
        network: Latents -> images, float32 [n, h, w, c] in [-1, 1].
        latents: n -> latents for n images, as in training: from the step's random numbers.
        fixed_latents: n -> latents for n images that are the same in every call.
        conditional: Whether the network's second input is the class, int64 [n].
        near_images: Whether it is an image, float32 [n, h, w, c] in [-1, 1], near which it draws.
    """

    network: keras.Model
    latents: Callable[[int], Latents]
    fixed_latents: Callable[[int], Latents]
    conditional: bool = False
    near_images: bool = False

    def sample(self, rows: int) -> tf.Tensor:
        """Images of the fixed latents, in inference mode.

        Args:
            rows: Number of images.

        Returns:
            float32 [rows, h, w, c] in [-1, 1].
        """
        return self.network(self.fixed_latents(rows), training=False)
