"""The step of the localized GAN, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import matching, parts
from tf_ssgan.nn import losses, tangents


def networks(step: steps.LocalStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds discriminator and generator."""
    return {"discriminator": matching.discriminator(size), "generator": generator(size)}


def batch(step: steps.LocalStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images and their labels; unlabeled, matched ones, and some near which G draws."""
    others = [parts.images(size) for _ in range(3)]
    return [parts.images(size), parts.labels(size), *others]


def generator(size: steps.Size) -> keras.Model:
    """Latents [batch, latent], images [batch, side, side, channels] -> images near them."""
    latents = keras.Input((size.latent,))
    images = x = keras.Input((size.side, size.side, size.channels))
    side, width = size.side // 8, size.width
    for channels in (width // 2, width, 2 * width):
        x = keras.layers.Conv2D(channels, 5, 2, "same", use_bias=False)(x)
        x = _normalized(x)
    x = keras.layers.Concatenate()([latents, keras.layers.GlobalAveragePooling2D()(x)])
    x = keras.layers.BatchNormalization(scale=False)(x)
    x = keras.layers.Dense(side * side * 8 * width, use_bias=False)(x)
    x = keras.layers.Reshape((side, side, 8 * width))(parts.normalized(x))
    for channels in (4 * width, 2 * width):
        x = _refined(x)
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = parts.normalized(x)
    last = keras.layers.Conv2DTranspose(size.channels, 5, 2, "same", activation="tanh")
    return keras.Model([latents, images], last(_refined(x)))


def _refined(x: keras.KerasTensor) -> keras.KerasTensor:
    """A convolution to half of the channels, and one that mixes them."""
    channels = x.shape[-1]
    x = _normalized(keras.layers.Conv2D(channels // 2, 3, padding="same", use_bias=False)(x))
    return _normalized(keras.layers.Conv2D(channels, 1, use_bias=False)(x), scale=True)


def _normalized(x: keras.KerasTensor, scale: bool = False) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(scale=scale)(x)
    return keras.layers.LeakyReLU(common.SLOPE)(x)


def train_function(
    step: steps.LocalStep, size: steps.Size, discriminator: keras.Model, generator: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, unlabeled, matched, near images) -> losses."""
    return tf.function(_Trainer(step, size, discriminator, generator).train)


class _Trainer:
    """The training step; derivatives are gradients of gradients, as in ours."""

    def __init__(
        self,
        step: steps.LocalStep,
        size: steps.Size,
        discriminator: keras.Model,
        generator: keras.Model,
    ):
        self.step, self.size = step, size
        self.d, self.g = discriminator, generator
        self.d_adam, self.g_adam = parts.adam(), parts.adam()

    def train(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        unlabeled: tf.Tensor,
        matched: tf.Tensor,
        near: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        """(labeled images, labels, unlabeled, matched, near images) -> losses."""
        axes = tf.random.shuffle(tf.range(self.size.latent))[: self.step.tangents]
        axes = tangents.axis_directions(axes, self.size.batch, self.size.latent)
        d_loss = self._d_step(images, labels, unlabeled, near, axes)
        return d_loss, self._g_step(images, labels, matched, near, axes)

    def _d_step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        unlabeled: tf.Tensor,
        near: tf.Tensor,
        axes: list[tf.Tensor],
    ) -> tf.Tensor:
        generated = self.g([self._latents(), near], training=False)
        at, others_at = (self._tangents_at(x, axes) for x in (images, unlabeled))
        with tf.GradientTape() as tape:
            _, labeled = self.d(images, training=True)
            _, real = self.d(unlabeled, training=True)
            _, fake = self.d(generated, training=True)
            loss = losses.cross_entropy(labels, labeled) + losses.real_or_fake(real, fake)
            slopes = tangents.tangents(self._log_p, *at)[1]
            other_slopes = tangents.tangents(self._log_p, *others_at)[1]
            flatness = losses.steepness(slopes, labels) + losses.steepness(other_slopes)
            loss += common.FLATNESS_WEIGHT * flatness
        parts.minimize(tape, loss, self.d.trainable_weights, self.d_adam)
        return loss

    def _g_step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        matched: tf.Tensor,
        near: tf.Tensor,
        axes: list[tf.Tensor],
    ) -> tf.Tensor:
        features, _ = self.d(matched, training=True)
        with tf.GradientTape() as tape:
            z = self._latents()
            codes = tf.concat([z, tf.zeros_like(z), tf.zeros_like(z)], 0)
            # One pass, in which batch normalization sees all three kinds, as in ours.
            generated = self.g([codes, tf.concat([near, near, images], 0)], training=True)
            fake, rebuilt, labeled = tf.split(generated, 3)
            fake_features, _ = self.d(fake, training=True)
            _, logits = self.d(labeled, training=True)
            loss = losses.feature_matching(features, fake_features)
            loss += common.REBUILT_WEIGHT * tf.reduce_mean(tf.square(near - rebuilt))
            loss += losses.cross_entropy(labels, logits)
            columns = self._tangents_at(near, axes)[1]
            loss += common.FLATNESS_WEIGHT * losses.orthonormality(columns)
        parts.minimize(tape, loss, self.g.trainable_weights, self.g_adam)
        return loss

    def _tangents_at(
        self, images: tf.Tensor, axes: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """G(0, x) and its derivatives along axes of the latents, in inference mode."""
        corner = tf.zeros([self.size.batch, self.size.latent])
        return tangents.tangents(lambda z: self.g([z, images], training=False), corner, axes)

    def _log_p(self, images: tf.Tensor) -> tf.Tensor:
        return tf.nn.log_softmax(self.d(images, training=True)[1])

    def _latents(self) -> tf.Tensor:
        return tf.random.uniform([self.size.batch, self.size.latent])
