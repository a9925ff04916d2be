"""AC-GAN's step, its variants and its baseline AlexNet, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.ConditionalStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds discriminator and generator, or AlexNet."""
    if not step.adversarial:
        return {"discriminator": alexnet(size)}
    return {"discriminator": discriminator(size), "generator": generator(size)}


def batch(step: steps.ConditionalStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images and their labels."""
    return [parts.images(size), parts.labels(size)]


def alexnet(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    conv = keras.layers.Conv2D(size.width, 3, 2, activation="relu")
    x = _pooled(conv(keras.layers.ZeroPadding2D(1)(images)))
    x = _pooled(keras.layers.Conv2D(3 * size.width, 3, padding="same", activation="relu")(x))
    for widths in (6, 4, 4):
        x = keras.layers.Conv2D(widths * size.width, 3, padding="same", activation="relu")(x)
    x = keras.layers.Flatten()(_pooled(x))
    for _ in range(2):
        x = keras.layers.Dropout(common.HIDDEN_DROPOUT)(x)
        x = keras.layers.Dense(64 * size.width, activation="relu")(x)
    return keras.Model(images, keras.layers.Dense(size.classes)(x))


def _pooled(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.MaxPooling2D(2)(x) if x.shape[1] >= 4 else x


def discriminator(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> source [batch, 1], logits [batch, classes]."""
    images = x = keras.Input((size.side, size.side, size.channels))
    for channels in (size.width, 2 * size.width, 4 * size.width):
        x = keras.layers.ZeroPadding2D(1)(x)
        x = keras.layers.Conv2D(channels, 4, 2, use_bias=False)(x)
        x = keras.layers.LeakyReLU(common.SLOPE)(keras.layers.BatchNormalization()(x))
    source = keras.layers.Conv2D(1, x.shape[1:3], use_bias=False)(x)
    logits = keras.layers.Dense(size.classes)(keras.layers.Flatten()(x))
    return keras.Model(images, [keras.layers.Flatten()(source), logits])


def generator(size: steps.Size) -> keras.Model:
    """Latents and one-hot classes [batch, latent + classes] -> images."""
    first, *sides = steps.conditional_sides(size)
    inputs = keras.Input((size.latent + size.classes,))
    x = keras.layers.Reshape((1, 1, size.latent + size.classes))(inputs)
    widths = [size.width * 2**i for i in reversed(range(len(sides)))]
    x = keras.layers.Conv2DTranspose(widths[0], first, use_bias=False)(x)
    for side, channels in zip(sides, [*widths[1:], size.channels], strict=True):
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
        # With kernel size 3 and no output padding, 4 pixels become 7; with the defaults, 8.
        form = {"kernel_size": 4} if side % 2 == 0 else {"kernel_size": 3, "output_padding": 0}
        x = keras.layers.Conv2DTranspose(
            channels, strides=2, padding="same", use_bias=False, **form
        )(x)
    return keras.Model(inputs, keras.layers.Activation("tanh")(x))


def train_function(
    step: steps.ConditionalStep,
    size: steps.Size,
    discriminator: keras.Model,
    generator: keras.Model | None = None,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (images, labels) -> losses."""
    if generator is None:
        return parts.supervised_function(discriminator)
    return tf.function(_Trainer(step, size, discriminator, generator).train)


class _Trainer:
    """The training step with an adversary."""

    def __init__(
        self,
        step: steps.ConditionalStep,
        size: steps.Size,
        discriminator: keras.Model,
        generator: keras.Model,
    ):
        self.step, self.size = step, size
        self.d, self.g = discriminator, generator
        self.tau = keras.Variable(common.TAU)
        self.d_adam, self.g_adam, self.tau_adam = parts.adam(), parts.adam(), parts.adam()

    def train(self, images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        """(images, labels) -> losses."""
        step_losses = [self._d_step(images, labels), self._g_step()]
        return step_losses + ([self._tau_step()] if self.step.search else [])

    def _d_step(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        z, c = self._latents()
        fakes = self._fakes(z, c)
        with tf.GradientTape() as tape:
            source, logits = self.d(images, training=True)
            fake_source, fake_logits = self._score_fakes(*fakes)
            loss = losses.cross_entropy(labels, logits) + losses.cross_entropy(c, fake_logits)
            if self.step.penalty:
                loss += losses.wasserstein_critic_loss(source, fake_source)
                loss += common.PENALTY_WEIGHT * self._penalty(images, fakes[0])
            else:
                loss += losses.source_loss(source, fake_source)
        parts.minimize(tape, loss, self.d.trainable_weights, self.d_adam)
        return loss

    def _g_step(self) -> tf.Tensor:
        z, c = self._latents()
        with tf.GradientTape() as tape:
            source, logits = self._score_fakes(*self._fakes(z, c))
            generator_loss = (
                losses.wasserstein_generator_loss
                if self.step.penalty
                else losses.source_generator_loss
            )
            loss = generator_loss(source) + losses.cross_entropy(c, logits)
        parts.minimize(tape, loss, self.g.trainable_weights, self.g_adam)
        return loss

    def _tau_step(self) -> tf.Tensor:
        z, c = self._latents()
        with tf.GradientTape() as tape:
            fake = self._generated(self._truncated(z), c, training=False)
            loss = losses.cross_entropy(c, self.d(fake, training=False)[1])
        parts.minimize(tape, loss, [self.tau], self.tau_adam)
        self.tau.assign(tf.clip_by_value(self.tau.value, common.TAU_LOW, common.TAU_HIGH))
        return loss

    def _penalty(self, images: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        mix = tf.random.uniform([self.size.batch, 1, 1, 1])
        return losses.gradient_penalty(lambda x: self.d(x, training=True)[0], images, fake, mix)

    def _score_fakes(self, fake: tf.Tensor, truncated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Source logits of `fake` and class logits of `truncated`, in one pass if identical."""
        source, logits = self.d(fake, training=True)
        return source, logits if truncated is fake else self.d(truncated, training=True)[1]

    def _fakes(self, z: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images for the source head and for the class head."""
        fake = self._generated(z, c)
        return fake, self._generated(self._truncated(z), c) if self.step.truncated else fake

    def _generated(self, z: tf.Tensor, c: tf.Tensor, training: bool = True) -> tf.Tensor:
        return self.g(tf.concat([z, tf.one_hot(c, self.size.classes)], 1), training=training)

    def _truncated(self, z: tf.Tensor) -> tf.Tensor:
        return tf.sign(z) * tf.minimum(tf.abs(z), self.tau.value)

    def _latents(self) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.random.normal([self.size.batch, self.size.latent]), parts.labels(self.size)
