"""The steps of ImprovedGAN and its successors, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.MatchingStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds discriminator and generator."""
    return {"discriminator": discriminator(size), "generator": parts.generator(size)}


def batch(step: steps.MatchingStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images, their labels, unlabeled images, and images whose features are matched."""
    return [parts.images(size), parts.labels(size), parts.images(size), parts.images(size)]


def discriminator(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> features, logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = keras.layers.Dropout(common.DROPOUT)(images)
    x = parts.first_blocks(x, size, common.HIDDEN_DROPOUT)
    x = parts.conv(x, 2 * size.width, 3, padding="valid" if size.side >= 24 else "same")
    for _ in range(2):
        x = parts.conv(x, 2 * size.width, 1)
    features = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, [features, keras.layers.Dense(size.classes)(features)])


def train_function(
    step: steps.MatchingStep, size: steps.Size, discriminator: keras.Model, generator: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, unlabeled images, matched images) -> losses."""
    d_adam, g_adam = parts.adam(), parts.adam()

    @tf.function
    def train(
        images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor, matched: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        generated = generator(parts.latents(size), training=True)
        with tf.GradientTape() as tape:
            _, labeled = discriminator(images, training=True)
            _, real = discriminator(unlabeled, training=True)
            _, fake = discriminator(generated, training=True)
            d_loss = losses.cross_entropy(labels, labeled) + losses.real_or_fake(real, fake)
        parts.minimize(tape, d_loss, discriminator.trainable_weights, d_adam)
        features, _ = discriminator(matched, training=True)
        with tf.GradientTape() as tape:
            generated = generator(parts.latents(size, step.fake_ratio), training=True)
            fake_features, _ = discriminator(generated, training=True)
            g_loss = losses.feature_matching(features, fake_features)
        parts.minimize(tape, g_loss, generator.trainable_weights, g_adam)
        return d_loss, g_loss

    return train
