"""What the families share: images, Adam, the supervised step, and a generator."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from tf_ssgan.nn import losses


def images(size: steps.Size) -> tf.Tensor:
    """A batch of random images in [-1, 1]."""
    shape = [size.batch, size.side, size.side, size.channels]
    return tf.random.uniform(shape, -1.0, 1.0)


def labels(size: steps.Size) -> tf.Tensor:
    """A batch of random labels, int64 [batch]."""
    return tf.random.uniform([size.batch], 0, size.classes, tf.int64)


def latents(size: steps.Size, batches: int = 1) -> tf.Tensor:
    """Uniform latents [batches * batch, latent]."""
    shape = [batches * size.batch, size.latent]
    return tf.random.uniform(shape, common.LATENT_LOW, common.LATENT_HIGH)


def adam() -> keras.optimizers.Optimizer:
    """A new Adam optimizer."""
    return keras.optimizers.Adam(common.LEARNING_RATE, beta_1=common.BETA_1, epsilon=common.EPSILON)


def minimize(
    tape: tf.GradientTape,
    loss: tf.Tensor,
    weights: list[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> None:
    """Takes one optimizer step on the loss."""
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def supervised_function(classifier: keras.Model) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The supervised training step: (images, labels) -> losses."""
    optimizer = adam()

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            loss = losses.cross_entropy(labels, classifier(images, training=True))
        minimize(tape, loss, classifier.trainable_weights, optimizer)
        return (loss,)

    return train


def conv(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int = 1, padding: str = "same"
) -> keras.KerasTensor:
    """A convolution and a leaky ReLU."""
    x = keras.layers.Conv2D(channels, kernel, stride, padding)(x)
    return keras.layers.LeakyReLU(common.SLOPE)(x)


def first_blocks(x: keras.KerasTensor, size: steps.Size, dropout: float) -> keras.KerasTensor:
    """The first two blocks of FR-GAN's and ImprovedGAN's discriminators."""
    for channels in (size.width, 2 * size.width):
        for stride in (1, 1, 2):
            x = conv(x, channels, 3, stride)
        x = keras.layers.Dropout(dropout)(x)
    return x


def generator(size: steps.Size) -> keras.Model:
    """Latents [batch, latent] -> images [batch, side, side, channels]."""
    inputs = keras.Input((size.latent,))
    side, width = size.side // 8, size.width
    x = keras.layers.Dense(side * side * 8 * width, use_bias=False)(inputs)
    x = normalized(x)
    x = keras.layers.Reshape((side, side, 8 * width))(x)
    for channels in (4 * width, 2 * width):
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = normalized(x)
    outputs = keras.layers.Conv2DTranspose(size.channels, 5, 2, "same", activation="tanh")(x)
    return keras.Model(inputs, outputs)


def normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    """Batch normalization with a shift and no scale, as in ours, and a ReLU."""
    return keras.layers.ReLU()(keras.layers.BatchNormalization(scale=False)(x))
