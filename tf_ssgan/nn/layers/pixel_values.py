"""Between images and the values whose distribution a generative model describes: float32."""

import math
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.nn import pixels

Likelihood = Literal["bernoulli", "gaussian"]


class PixelValues(keras.layers.Layer):
    """The values of images as they are judged, without random numbers.

    Intensities for a Bernoulli likelihood; for a Gaussian one the middles of gray levels, divided
    by the standard deviation of their channel. They are the means of what training draws.
    """

    def __init__(self, likelihood: Likelihood, std: tuple[float, ...], **kwargs):
        """Describes the layer.

        Args:
            likelihood: Distribution of the values.
            std: Standard deviation of the intensities in [0, 1], of each channel or one for all; a
                Gaussian likelihood uses it.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.likelihood = likelihood
        self.std = tuple(std)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Maps images [batch, h, w, c] in [-1, 1] to values [batch, h w c]."""
        if self.likelihood == "bernoulli":
            return pixels.intensities(images)
        return pixels.in_deviations(pixels.middles(images), self.std)

    def drawn(self, images: tf.Tensor) -> tf.Tensor:
        """Values as training draws them, from the random numbers of the step.

        Args:
            images: [batch, h, w, c] in [-1, 1].

        Returns:
            float32 [batch, h w c].
        """
        if self.likelihood == "bernoulli":
            return pixels.binarized(images)
        return pixels.in_deviations(pixels.dequantized(images), self.std)

    def judged(self, images: tf.Tensor) -> tf.Tensor:
        """Values whose log-density, less `log_levels`, is at most the images' log-probability.

        In the mean over random numbers. A log-density of intensities is the mean over binary
        images; dequantized pixels are drawn (Theis et al. 2016, section 3.1).

        Args:
            images: [batch, h, w, c] in [-1, 1].

        Returns:
            float32 [batch, h w c].
        """
        return self(images) if self.likelihood == "bernoulli" else self.drawn(images)

    def log_levels(self, values: int) -> float:
        """What the log-density of an image is larger by than that of its gray levels 0 to 256.

        Args:
            values: h w c.
        """
        if self.likelihood == "bernoulli":
            return 0.0
        return pixels.log_deviations(self.std, values) + values * math.log(pixels.LEVELS)


class PixelImages(keras.layers.Layer):
    """Images in [-1, 1] of means of pixel values, the inverse of `PixelValues`; clipped."""

    def __init__(
        self,
        likelihood: Likelihood,
        std: tuple[float, ...],
        shape: tuple[int, int, int],
        **kwargs,
    ):
        """Describes the layer.

        Args:
            likelihood: Distribution of the values.
            std: As of `PixelValues`.
            shape: h, w, c.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.likelihood = likelihood
        self.std = tuple(std)
        self.shape = tuple(shape)

    def call(self, means: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h w c] to [batch, h, w, c]."""
        if self.likelihood == "bernoulli":
            return pixels.to_images(means, self.shape)
        return pixels.to_images_of_levels(pixels.from_deviations(means, self.std), self.shape)
