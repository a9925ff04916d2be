"""The steps of FixMatch, FlexMatch and VAT on a wide residual network, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses

XI, EPSILON = 1e-6, 8.0  # the time does not depend on them


def networks(step: steps.WideResNetStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds the classifier."""
    return {"discriminator": classifier(step, size)}


def batch(step: steps.WideResNetStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images, their labels, one or two views of unlabeled images, and places of these."""
    unlabeled = step.ratio * size.batch
    shape = [unlabeled, size.side, size.side, size.channels]
    views = [tf.random.uniform(shape, -1.0, 1.0) for _ in range(step.views)]
    places = [tf.range(unlabeled)] if step.class_thresholds else []
    return [parts.images(size), parts.labels(size), *views, *places]


def classifier(step: steps.WideResNetStep, size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    leaky = step.form == "leaky"
    x = _conv(images, min(16, size.width), 3, leaky)
    for group in range(3):
        channels = size.width * 2**group
        for number in range((size.depth - 4) // 6):
            stride = 2 if group and not number else 1
            active = _activated(x, leaky)
            shortcut = x
            if not number:
                shortcut = _conv(x if leaky and group else active, channels, 1, leaky, stride)
            y = _activated(_conv(active, channels, 3, leaky, stride), leaky)
            x = keras.layers.Add()([shortcut, _conv(y, channels, 3, leaky)])
    features = keras.layers.GlobalAveragePooling2D()(_activated(x, leaky))
    return keras.Model(images, keras.layers.Dense(size.classes)(features))


def train_function(
    step: steps.WideResNetStep, size: steps.Size, discriminator: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, *views of unlabeled images) -> losses.

    With thresholds for the classes, its last argument are the places of the unlabeled images.
    """
    if step.views == 1:
        return _vat(discriminator)
    thresholds = _Thresholds(size) if step.class_thresholds else None
    return _fixmatch(discriminator, thresholds)


class _Thresholds:
    """A threshold for each class, by the latest confident predictions for all images."""

    def __init__(self, size: steps.Size):
        self.latest = tf.Variable(tf.fill([common.POOL_BATCHES * size.batch], -1))
        self.classes = size.classes

    def current(self) -> tf.Tensor:
        known = tf.ones_like(self.latest, tf.float32)
        images = tf.math.unsorted_segment_sum(known, self.latest, self.classes)
        unused = tf.reduce_sum(tf.cast(self.latest < 0, tf.float32))
        learned = images / tf.maximum(tf.reduce_max(images), unused)
        return common.THRESHOLD * learned / (2.0 - learned)

    def remember(self, places: tf.Tensor, logits: tf.Tensor) -> None:
        pseudo_labels, confident = losses.pseudo_labels(logits, common.THRESHOLD)
        before = tf.gather(self.latest, places)
        after = tf.where(confident > 0, tf.cast(pseudo_labels, tf.int32), before)
        self.latest.assign(tf.tensor_scatter_nd_update(self.latest, places[:, None], after))


def _fixmatch(
    network: keras.Model, thresholds: _Thresholds | None
) -> Callable[..., tuple[tf.Tensor, ...]]:
    sgd = keras.optimizers.SGD(0.03, 0.9, nesterov=True)
    kernels = [w for w in network.trainable_weights if w.name == "kernel"]

    @tf.function
    def train(
        images: tf.Tensor, labels: tf.Tensor, weak: tf.Tensor, strong: tf.Tensor, *places: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            logits = network(tf.concat([images, weak, strong], 0), training=True)
            rows = [images.shape[0], weak.shape[0], strong.shape[0]]
            logits_labeled, logits_weak, logits_strong = tf.split(logits, rows)
            pseudo_labels, confident = losses.pseudo_labels(logits_weak, common.THRESHOLD)
            if thresholds:
                likeliest = tf.reduce_max(tf.nn.softmax(logits_weak), -1)
                own = tf.gather(thresholds.current(), pseudo_labels)
                confident = tf.cast(likeliest >= own, tf.float32)
            loss = losses.cross_entropy(labels, logits_labeled)
            loss += losses.masked_cross_entropy(pseudo_labels, logits_strong, confident)
            loss += 5e-4 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
        parts.minimize(tape, loss, network.trainable_weights, sgd)
        if thresholds:
            thresholds.remember(*places, logits_weak)
        return (loss,)

    return train


def _vat(network: keras.Model) -> Callable[..., tuple[tf.Tensor, ...]]:
    adam = parts.adam()

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor) -> tuple[tf.Tensor, ...]:
        clean = network(unlabeled, training=True)

        def predict(perturbation: tf.Tensor) -> tf.Tensor:
            return network(unlabeled + perturbation, training=True)

        start = tf.random.normal(unlabeled.shape)
        direction = losses.adversarial_direction(predict, clean, start, XI, 1)
        with tf.GradientTape() as tape:
            loss = losses.cross_entropy(labels, network(images, training=True))
            loss += losses.kl_divergence(clean, predict(EPSILON * direction))
        parts.minimize(tape, loss, network.trainable_weights, adam)
        return (loss,)

    return train


def _conv(
    x: keras.KerasTensor, channels: int, size: int, leaky: bool, stride: int = 1
) -> keras.KerasTensor:
    return keras.layers.Conv2D(channels, size, stride, "same", use_bias=leaky)(x)


def _activated(x: keras.KerasTensor, leaky: bool) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization()(x)
    return keras.layers.LeakyReLU(common.SMALL_SLOPE)(x) if leaky else keras.layers.ReLU()(x)
