"""Samples of Gaussian latents: from the step's random numbers, or the same ones for every image."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import step_random
from tf_ssgan.nn.layers import fixed


def sample_gaussian(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """A sample of N(mean, exp(log_variance)) from the random numbers of the current step.

    mean + exp(log_variance / 2) e with e ~ N(0, I), through which gradients pass (Kingma and
    Welling 2014, section 2.4).

    Args:
        mean: [rows, ...].
        log_variance: Likewise.

    Returns:
        float32 [rows, ...].
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    return mean + tf.exp(0.5 * log_variance) * step_random.current().normal(*mean.shape)


class GaussianSample(fixed.FixedLayer):
    """Several samples of each image's Gaussian latents, for a mean prediction over them: float32.

    In training they come from the random numbers of the step. In inference the standard normal
    numbers are weights, drawn from the global seed when the layer is built, and the same for every
    image: so a classifier answers alike twice, whatever else is in the batch. They are saved and
    exported with the network, and its averages have the same ones.
    """

    def __init__(self, training: int, inference: int, **kwargs):
        """Describes the layer.

        Args:
            training: Samples of an image in training.
            inference: Samples of an image in inference.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.training_samples = training
        self.inference_samples = inference

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the numbers of inference, [inference, width]."""
        # Without a seed, because Method sets the global seed before it builds its networks.
        self.noise = self.add_weight(
            shape=(self.inference_samples, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            name="noise",
        )

    def call(self, mean: tf.Tensor, log_variance: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps two tensors [rows, width] to [rows, samples, width]."""
        noise = self.noise.value
        if training:
            rows, width = mean.shape
            noise = step_random.current().normal(rows, self.training_samples, width)
        return mean[:, tf.newaxis] + tf.exp(0.5 * log_variance)[:, tf.newaxis] * noise

    def compute_output_shape(
        self, mean_shape: tuple[int, ...], log_variance_shape: tuple[int, ...]
    ) -> tuple[int | None, ...]:
        """[rows, None, width], because the number of samples differs between the modes."""
        return (mean_shape[0], None, mean_shape[-1])

    def settle(self, blocks: Iterable[np.ndarray]) -> None:
        """Keeps the numbers; they do not depend on the images."""
