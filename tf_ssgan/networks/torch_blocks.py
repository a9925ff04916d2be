"""What the networks of AC-GAN's authors are built of: torch's layers and DCGAN's initial weights.

The public code (avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION) is written in torch: its padding is the
same on all sides, where "same" in Keras pads right and below, and its batch normalization has a
scale. Kernels start from N(0, 0.02^2) and scales from N(1, 0.02^2) (Radford et al. 2016); its
README says N(1, 0.02^2) of both, which saturates a convolution at once.
"""

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.nn import layers

MIN_SIDE = 8  # pixels; smaller images leave less than two halvings
STDDEV = 0.02  # of initial kernels and scales
SLOPE = 0.2  # of leaky ReLUs


def check_task(task: task.Task, network: str) -> None:
    """Refuses a task that a network cannot be built for.

    Args:
        task: Image shape and number of classes.
        network: What the network is called.

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    if min(task.height, task.width) < MIN_SIDE:
        raise errors.UserError(
            f"{network} takes images of at least {MIN_SIDE}x{MIN_SIDE} pixels, these have "
            f"{task.height}x{task.width}. Enlarge them (--image_size, for pictures of your own)."
        )
    if task.classes < 2:
        raise errors.UserError(
            f"{network} tells classes apart and needs at least two, the data have {task.classes}."
        )


def normal_kernel(deviation: float = STDDEV) -> keras.initializers.Initializer:
    """A new N(0, deviation^2): an initializer that is shared gives its layers equal numbers."""
    return keras.initializers.RandomNormal(0.0, deviation)


class TorchBatchNorm(layers.BatchNorm):
    """Batch normalization with a scale: scale (normalized + shift).

    The usual form's offset is the product of scale and shift.
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the scale, [channels], and what the layer without it has."""
        super().build(input_shape)
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.RandomNormal(1.0, STDDEV),
            name="scale",
            autocast=False,
        )

    def affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The scale, and its product with the shift."""
        return self.scale.value, self.scale.value * self.shift.value


def layer_norm(dtype: str | None) -> keras.layers.Layer:
    """Normalization of each image by itself, with a scale and an offset a channel."""
    return keras.layers.GroupNormalization(
        1,
        epsilon=1e-5,
        gamma_initializer=keras.initializers.RandomNormal(1.0, STDDEV),
        dtype=dtype,
    )
