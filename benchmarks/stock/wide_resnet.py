"""The steps of FixMatch and VAT on a wide residual network, from stock Keras layers."""

from collections.abc import Callable

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
    """Labeled images, their labels, and one or two views of unlabeled images."""
    shape = [step.ratio * size.batch, size.side, size.side, size.channels]
    views = [tf.random.uniform(shape, -1.0, 1.0) for _ in range(step.views)]
    return [parts.images(size), parts.labels(size), *views]


def classifier(step: steps.WideResNetStep, size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = _conv(images, min(16, size.width), 3)
    for group in range(3):
        channels = size.width * 2**group
        for number in range((size.depth - 4) // 6):
            stride = 2 if group and not number else 1
            active = _activated(x)
            shortcut = _conv(active, channels, 1, stride) if not number else x
            y = _conv(active, channels, 3, stride)
            x = keras.layers.Add()([shortcut, _conv(_activated(y), channels, 3)])
    features = keras.layers.GlobalAveragePooling2D()(_activated(x))
    return keras.Model(images, keras.layers.Dense(size.classes)(features))


def train_function(
    step: steps.WideResNetStep, size: steps.Size, discriminator: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, *views of unlabeled images) -> losses."""
    return _fixmatch(discriminator) if step.views == 2 else _vat(discriminator)


def _fixmatch(network: keras.Model) -> Callable[..., tuple[tf.Tensor, ...]]:
    sgd = keras.optimizers.SGD(0.03, 0.9, nesterov=True)
    kernels = [w for w in network.trainable_weights if w.name == "kernel"]

    @tf.function
    def train(
        images: tf.Tensor, labels: tf.Tensor, weak: tf.Tensor, strong: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            logits = network(tf.concat([images, weak, strong], 0), training=True)
            rows = [images.shape[0], weak.shape[0], strong.shape[0]]
            logits_labeled, logits_weak, logits_strong = tf.split(logits, rows)
            pseudo_labels, confident = losses.pseudo_labels(logits_weak, 0.95)
            loss = losses.cross_entropy(labels, logits_labeled)
            loss += losses.masked_cross_entropy(pseudo_labels, logits_strong, confident)
            loss += 5e-4 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
        parts.minimize(tape, loss, network.trainable_weights, sgd)
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


def _conv(x: keras.KerasTensor, channels: int, size: int, stride: int = 1) -> keras.KerasTensor:
    return keras.layers.Conv2D(channels, size, stride, "same", use_bias=False)(x)


def _activated(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
