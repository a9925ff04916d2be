"""The steps of FR-GAN and the methods it is compared with, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.RecalibrationStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds the discriminator and, if there is one, the generator."""
    d = {"discriminator": discriminator(size, step.recalibrate)}
    return d | ({"generator": parts.generator(size)} if step.adversarial else {})


def batch(step: steps.RecalibrationStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images, their labels, and the unlabeled images of each branch."""
    branches = [parts.images(size) for _ in range(step.branches)]
    return [parts.images(size), parts.labels(size), *branches]


def discriminator(size: steps.Size, recalibrate: bool) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = keras.layers.GaussianNoise(common.NOISE)(images)
    x = parts.first_blocks(x, size, common.DROPOUT)
    if recalibrate:
        x = _recalibrated(x)
    x = parts.conv(x, 4 * size.width, 3, padding="valid" if size.side >= 24 else "same")
    x = parts.conv(x, 2 * size.width, 1)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(size.classes)(x))


def _recalibrated(x: keras.KerasTensor) -> keras.KerasTensor:
    channels = x.shape[-1]
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = keras.layers.Dense(max(1, channels // 16), activation="relu", use_bias=False)(gate)
    gate = keras.layers.Dense(channels, activation="sigmoid", use_bias=False)(gate)
    return keras.layers.Multiply()([x, gate])


def train_function(
    step: steps.RecalibrationStep,
    size: steps.Size,
    discriminator: keras.Model,
    generator: keras.Model | None = None,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, *unlabeled images) -> losses."""
    if generator is None:
        return parts.supervised_function(discriminator)
    d_adam, g_adam = parts.adam(), parts.adam()

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor, *unlabeled: tf.Tensor) -> tuple[tf.Tensor, ...]:
        generated = generator(parts.latents(size), training=True)
        with tf.GradientTape() as tape:
            d_loss = losses.cross_entropy(labels, discriminator(images, training=True))
            real = [discriminator(branch, training=True) for branch in unlabeled]
            d_loss += losses.real_or_fake(real[0], discriminator(generated, training=True))
            if step.branches == 2:
                one, two = (tf.nn.softmax(logits) for logits in real)
                d_loss += common.CONSISTENCY_WEIGHT * losses.squared_distance(one, two)
        parts.minimize(tape, d_loss, discriminator.trainable_weights, d_adam)
        with tf.GradientTape() as tape:
            fake = generator(parts.latents(size), training=True)
            g_loss = losses.generator_loss(discriminator(fake, training=True))
        parts.minimize(tape, g_loss, generator.trainable_weights, g_adam)
        return d_loss, g_loss

    return train
