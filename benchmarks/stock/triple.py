"""Triple-GAN's step, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.TripleStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds discriminator, generator and classifier."""
    return {
        "discriminator": discriminator(size),
        "generator": generator(size),
        "classifier": classifier(size),
    }


def batch(step: steps.TripleStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images, their labels, unlabeled images, and others that D takes for real."""
    return [parts.images(size), parts.labels(size), parts.images(size), parts.images(size)]


def classifier(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = keras.layers.Dropout(common.DROPOUT)(images)
    for channels in (size.width, 2 * size.width):
        for _ in range(3):
            x = _normalized(x, channels, 3)
        x = keras.layers.MaxPooling2D(2, padding="same")(x)
        x = keras.layers.Dropout(common.HIDDEN_DROPOUT)(x)
    x = _normalized(x, 4 * size.width, 3, "valid" if size.side >= 24 else "same")
    x = _normalized(x, 2 * size.width, 1)
    x = _normalized(x, size.width, 1)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(size.classes, use_bias=False)(x)
    return keras.Model(images, keras.layers.BatchNormalization()(x))


def _normalized(
    x: keras.KerasTensor, channels: int, kernel: int, padding: str = "same"
) -> keras.KerasTensor:
    """A convolution, batch normalization and a leaky ReLU."""
    x = keras.layers.Conv2D(channels, kernel, padding=padding, use_bias=False)(x)
    return keras.layers.LeakyReLU(common.SLOPE)(keras.layers.BatchNormalization()(x))


def generator(size: steps.Size) -> keras.Model:
    """Latents [batch, latent], one-hot classes [batch, classes] -> images."""
    latents, classes = keras.Input((size.latent,)), keras.Input((size.classes,))
    side, width = size.side // 8, steps.triple_widths(size)["generator"]
    x = keras.layers.Concatenate()([latents, classes])
    x = keras.layers.Dense(side * side * 8 * width, use_bias=False)(x)
    x = keras.layers.Reshape((side, side, 8 * width))(parts.normalized(x))
    for channels in (4 * width, 2 * width):
        x = _joined(x, classes)
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = parts.normalized(x)
    x = _joined(x, classes)
    images = keras.layers.Conv2DTranspose(size.channels, 5, 2, "same", activation="tanh")(x)
    return keras.Model([latents, classes], images)


def discriminator(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels], one-hot classes [batch, classes] -> [batch, 1]."""
    images = keras.Input((size.side, size.side, size.channels))
    classes, width = keras.Input((size.classes,)), steps.triple_widths(size)["discriminator"]
    x = keras.layers.Dropout(common.DROPOUT)(images)
    for channels in (width, 2 * width):
        x = parts.conv(_joined(x, classes), channels, 3)
        x = parts.conv(_joined(x, classes), channels, 3, stride=2)
        x = keras.layers.Dropout(common.DROPOUT)(x)
    for _ in range(2):
        padding = "valid" if size.side >= 24 else "same"
        x = parts.conv(_joined(x, classes), 4 * width, 3, padding=padding)
    x = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(x), classes])
    return keras.Model([images, classes], keras.layers.Dense(1)(x))


def _joined(x: keras.KerasTensor, classes: keras.KerasTensor) -> keras.KerasTensor:
    """A map with the classes as further channels, the same at every position."""
    _, height, width, _ = x.shape
    spread = keras.layers.RepeatVector(height * width)(classes)
    spread = keras.layers.Reshape((height, width, classes.shape[-1]))(spread)
    return keras.layers.Concatenate()([x, spread])


def train_function(
    step: steps.TripleStep,
    size: steps.Size,
    discriminator: keras.Model,
    generator: keras.Model,
    classifier: keras.Model,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, unlabeled images, others) -> losses."""
    return tf.function(_Trainer(size, discriminator, generator, classifier).train)


class _Trainer:
    """The training step."""

    def __init__(
        self,
        size: steps.Size,
        discriminator: keras.Model,
        generator: keras.Model,
        classifier: keras.Model,
    ):
        self.size = size
        self.d, self.g, self.c = discriminator, generator, classifier
        self.d_adam, self.g_adam, self.c_adam = parts.adam(), parts.adam(), parts.adam()
        self.wanted = tf.range(size.batch) % size.classes

    def train(
        self, images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor, others: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """(labeled images, labels, unlabeled images, others) -> losses."""
        d_loss = self._d_step(images, labels, unlabeled, others)
        g_loss, fake = self._g_step()
        return d_loss, g_loss, self._c_step(images, labels, unlabeled, fake)

    def _d_step(
        self, images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor, others: tf.Tensor
    ) -> tf.Tensor:
        guesses = self._both(unlabeled, others)
        guessed, pseudo = (tf.argmax(logits, -1) for logits in guesses)
        pairs = (
            (images, labels), (others, pseudo), (self._fake(), self.wanted), (unlabeled, guessed)
        )  # fmt: skip
        with tf.GradientTape() as tape:
            one, two, three, four = (self._score(*pair) for pair in pairs)
            loss = losses.pair_discriminator_loss(one, two, common.PSEUDO_SHARE, three, four)
        parts.minimize(tape, loss, self.d.trainable_weights, self.d_adam)
        return loss

    def _g_step(self) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            fake = self._fake()
            loss = 0.5 * losses.source_generator_loss(self._score(fake, self.wanted))
        parts.minimize(tape, loss, self.g.trainable_weights, self.g_adam)
        return loss, fake

    def _c_step(
        self, images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor, fake: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            labeled, guesses = self._both(images, unlabeled)
            score = self._score(unlabeled, tf.argmax(guesses, -1))
            loss = losses.cross_entropy(labels, labeled)
            loss += common.PAIR_WEIGHT * losses.pair_classifier_loss(guesses, score)
            loss += common.PAIR_WEIGHT * losses.entropy(guesses)
            loss += common.PAIR_WEIGHT * losses.uniform_cross_entropy(guesses)
            generated = losses.cross_entropy(self.wanted, self.c(fake, training=True))
            loss += common.PAIR_WEIGHT * generated
        parts.minimize(tape, loss, self.c.trainable_weights, self.c_adam)
        return loss

    def _both(self, one: tf.Tensor, other: tf.Tensor) -> list[tf.Tensor]:
        """The classifier's logits of two batches, whose statistics are common, as in ours."""
        return tf.split(self.c(tf.concat([one, other], 0), training=True), 2)

    def _fake(self) -> tf.Tensor:
        return self.g([parts.latents(self.size), self._one_hot(self.wanted)], training=True)

    def _score(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return self.d([images, self._one_hot(labels)], training=True)

    def _one_hot(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(labels, self.size.classes)
