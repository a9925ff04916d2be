"""The same networks and the same step from stock Keras layers, with Keras' defaults.

What a Keras user gets from the GAN guides: Conv2D, Dense, Dropout, GaussianNoise, LeakyReLU,
BatchNormalization and Conv2DTranspose in float32, one pass for each batch (labeled, first branch,
second branch, generated), a plain `tf.function` with gradient tapes, `keras.optimizers.Adam`.
Keras has no weight normalization, so there is none; nor is there a weight average or an input
pipeline: the batch is in memory, ready made. The step does less than ours, never more.
"""

from collections.abc import Callable
from typing import Any

import common
import keras
import tensorflow as tf

from tf_ssgan import losses


def measure(name: str, size: common.Size, repeats: int) -> dict[str, Any]:
    """Times the step of a method.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Steps that count.

    Returns:
        Seconds of each step, the number format, and the kernels and biases of each network.
    """
    step = common.STEPS[name]
    networks = {"discriminator": discriminator(size, step.recalibrate)}
    if step.adversarial:
        networks["generator"] = generator(size)
    train = _train_function(step, size, **networks)
    labeled, *unlabeled = [_images(size) for _ in range(1 + step.branches)]
    labels = tf.random.uniform([size.batch], 0, size.classes, tf.int64)

    def wait() -> list[float]:
        return [float(loss) for loss in train(labeled, labels, *unlabeled)]

    return {
        "seconds": common.timed(wait, repeats),
        "format": keras.config.dtype_policy().name,
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "parameters": {
            k: sum(int(tf.size(w.value)) for w in network.trainable_variables)
            for k, network in networks.items()
        },
    }


def discriminator(size: common.Size, recalibrate: bool) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = keras.layers.GaussianNoise(common.NOISE)(images)
    for channels in (size.width, 2 * size.width):
        for stride in (1, 1, 2):
            x = _conv(x, channels, 3, stride)
        x = keras.layers.Dropout(common.DROPOUT)(x)
    if recalibrate:
        x = _recalibrated(x)
    x = _conv(x, 4 * size.width, 3, padding="valid" if size.side >= 24 else "same")
    x = _conv(x, 2 * size.width, 1)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(size.classes)(x))


def generator(size: common.Size) -> keras.Model:
    """Latents [batch, latent] -> images [batch, side, side, channels]."""
    latents = keras.Input((size.latent,))
    side, width = size.side // 8, size.width
    x = keras.layers.Dense(side * side * 8 * width, use_bias=False)(latents)
    x = _rectified(x)
    x = keras.layers.Reshape((side, side, 8 * width))(x)
    for channels in (4 * width, 2 * width):
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = _rectified(x)
    images = keras.layers.Conv2DTranspose(size.channels, 5, 2, "same", activation="tanh")(x)
    return keras.Model(latents, images)


def _conv(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int = 1, padding: str = "same"
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(channels, kernel, stride, padding)(x)
    return keras.layers.LeakyReLU(common.SLOPE)(x)


def _rectified(x: keras.KerasTensor) -> keras.KerasTensor:
    # As in ours: a shift and no scale.
    return keras.layers.ReLU()(keras.layers.BatchNormalization(scale=False)(x))


def _recalibrated(x: keras.KerasTensor) -> keras.KerasTensor:
    channels = x.shape[-1]
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = keras.layers.Dense(max(1, channels // 16), activation="relu", use_bias=False)(gate)
    gate = keras.layers.Dense(channels, activation="sigmoid", use_bias=False)(gate)
    return keras.layers.Multiply()([x, gate])


def _adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(common.LEARNING_RATE, beta_1=common.BETA_1, epsilon=common.EPSILON)


def _train_function(
    step: common.Step,
    size: common.Size,
    discriminator: keras.Model,
    generator: keras.Model | None = None,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, *unlabeled images) -> losses."""
    d_adam, g_adam = _adam(), _adam()

    def fake() -> tf.Tensor:
        shape = [size.batch, size.latent]
        latents = tf.random.uniform(shape, common.LATENT_LOW, common.LATENT_HIGH)
        return generator(latents, training=True)

    def descend(tape: tf.GradientTape, loss: tf.Tensor, network: keras.Model, adam) -> None:
        weights = network.trainable_weights
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    @tf.function
    def supervised_step(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            loss = losses.cross_entropy(labels, discriminator(images, training=True))
        descend(tape, loss, discriminator, d_adam)
        return (loss,)

    @tf.function
    def gan_step(
        images: tf.Tensor, labels: tf.Tensor, *unlabeled: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        generated = fake()
        with tf.GradientTape() as tape:
            d_loss = losses.cross_entropy(labels, discriminator(images, training=True))
            real = [discriminator(branch, training=True) for branch in unlabeled]
            d_loss += losses.real_or_fake(real[0], discriminator(generated, training=True))
            if step.branches == 2:
                one, two = (tf.nn.softmax(logits) for logits in real)
                d_loss += common.CONSISTENCY_WEIGHT * losses.squared_distance(one, two)
        descend(tape, d_loss, discriminator, d_adam)
        with tf.GradientTape() as tape:
            g_loss = losses.fool(discriminator(fake(), training=True))
        descend(tape, g_loss, generator, g_adam)
        return d_loss, g_loss

    return gan_step if step.adversarial else supervised_step


def _images(size: common.Size) -> tf.Tensor:
    shape = [size.batch, size.side, size.side, size.channels]
    return tf.random.uniform(shape, -1.0, 1.0)
