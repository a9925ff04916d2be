"""The discriminators of the public code of Salimans et al. (2016), which are also its classifiers.

`w` is the width: 64 for SVHN, 96 for CIFAR-10.

    input                                          32 x 32 x 3
    dropout .2
    conv3 w, conv3 w, conv3 w stride 2             16 x 16 x w
    dropout .5
    conv3 2w, conv3 2w, conv3 2w stride 2          8 x 8 x 2w
    dropout .5
    conv3 2w VALID                                 6 x 6 x 2w
    conv1 2w, conv1 2w                             6 x 6 x 2w
    global mean = features                         2w
    dense                                          classes

All linear layers are weight-normalized. All except the last are followed by a leaky ReLU of slope
0.2. With 10 classes, there are 626,570 kernel and bias parameters at w = 64, and 1,406,794 at
w = 96.

CatGAN has the same network with batch normalization, scale and shift, in place of the weight
normalization and biases of convolutions: 627,530 and 1,408,234 parameters. Bad GAN adds Gaussian
noise to the images, drops whole color channels, and on SVHN whole maps.

Images of other sizes are treated as in `frgan_cnn`: under 24 pixels, the last 3x3 convolution uses
padding; over 48 pixels, further stages (three convolutions and a dropout) precede the others, until
the last stage's map has at most 12 pixels per side.
"""

from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages
from tf_ssgan.nn import layers


def classifier(
    task: task.Task,
    width: int = 64,
    dropout: float = 0.5,
    input_dropout: float = 0.2,
    head_bias: bool = True,
    norm: Literal["weight", "batch"] = "weight",
    noise: float = 0.0,
    drop_colors: bool = False,
    drop_maps: bool = False,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the stage before the last (of the first stage for up to 48 pixels).
        dropout: Rate of the dropout after each stage.
        input_dropout: Rate of the dropout on the images.
        head_bias: Whether the logits have a bias; without it they are products of features and
            class weight vectors.
        norm: Normalization: of the weights, or of the outputs of convolutions over the batch.
        noise: Standard deviation of Gaussian noise on the images.
        drop_colors: Whether the dropout on the images sets whole color channels to 0.
        drop_maps: Whether the dropout after a stage sets whole maps to 0.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": [batch, 2 width],
        "logits": float32 [batch, classes]}.
    """
    padding = conv_stages.last_padding(task)
    images = keras.Input(task.image_shape, name="images")
    x = layers.GaussianNoise(noise)(images) if noise else images
    x = layers.Dropout(input_dropout, drop_colors)(x)
    x = conv_stages.apply_stages(x, task, width, dropout, norm, drop_maps)
    x = conv_stages.convolution(x, 2 * width, 3, norm, padding=padding)
    x = conv_stages.convolution(x, 2 * width, 1, norm)
    x = conv_stages.convolution(x, 2 * width, 1, norm)
    dense = layers.Dense if head_bias else _DenseWithoutBias
    outputs = conv_stages.apply_head(x, task, norm, dense)
    return keras.Model(images, outputs, name="discriminator")


def class_weight_vectors(network: keras.Model) -> tf.Tensor:
    """The vectors w_j whose products with the features are the logits, apart from the bias.

    Args:
        network: A network that `classifier` built.

    Returns:
        float32 [2 width, classes].
    """
    head = network.get_layer("logits")
    return head.gain.value * tf.math.l2_normalize(head.kernel.value, axis=0)


class _DenseWithoutBias(layers.Dense):
    """A weight-normalized dense layer whose bias stays 0: [batch, in] -> [batch, units]."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        self.bias.trainable = False

    def _initialize(self, inputs: tf.Tensor) -> None:
        super()._initialize(inputs)
        self.bias.assign(tf.zeros_like(self.bias))
