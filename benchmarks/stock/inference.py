"""ALI's step, from stock Keras layers."""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.InferenceStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds discriminator, generator and encoder."""
    return {
        "discriminator": discriminator(size),
        "generator": generator(size),
        "encoder": encoder(size),
    }


def batch(step: steps.InferenceStep, size: steps.Size) -> list[tf.Tensor]:
    """Labeled images, their labels, and unlabeled images."""
    return [parts.images(size), parts.labels(size), parts.images(size)]


def encoder(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> means, log scales [batch, 2 latent]."""
    images = x = keras.Input((size.side, size.side, size.channels))
    for kernel, stride, channels in steps.inference_convolutions(size):
        x = keras.layers.Conv2D(channels, kernel, stride, _padding(size), use_bias=False)(x)
        x = _normalized(x)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = _normalized(keras.layers.Dense(16 * size.width, use_bias=False)(x))
    return keras.Model(images, keras.layers.Dense(2 * size.latent)(x))


def generator(size: steps.Size) -> keras.Model:
    """Latents [batch, latent] -> images [batch, side, side, channels]."""
    inputs = keras.Input((size.latent,))
    x = keras.layers.Dense(4 * 4 * 8 * size.width, use_bias=False)(inputs)
    x = _normalized(keras.layers.Reshape((4, 4, 8 * size.width))(x))
    convolutions = steps.inference_convolutions(size)
    widths = [size.width, *(channels for _, _, channels in convolutions)]
    for (kernel, stride, _), channels in reversed(list(zip(convolutions, widths, strict=False))):
        x = keras.layers.Conv2DTranspose(channels, kernel, stride, _padding(size), use_bias=False)(
            x
        )
        x = _normalized(x)
    x = _normalized(keras.layers.Conv2D(size.width, 1, use_bias=False)(x))
    # A 1x1 convolution with a bias of its own for each pixel.
    shape = (size.side, size.side, size.channels)
    x = keras.layers.EinsumDense("bhwi,io->bhwo", shape, "tanh", bias_axes="hwo")(x)
    return keras.Model(inputs, x)


def discriminator(size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels], codes [batch, latent] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    codes = keras.Input((size.latent,))
    x = images
    for place, (kernel, stride, channels) in enumerate(steps.inference_convolutions(size)):
        x = keras.layers.Dropout(common.DROPOUT)(x)
        conv = keras.layers.Conv2D(channels, kernel, stride, _padding(size), use_bias=not place)
        x = _normalized(conv(x)) if place else _leaky(conv(x))
    x = keras.layers.Dropout(common.DROPOUT)(keras.layers.Flatten()(x))
    x = _normalized(keras.layers.Dense(16 * size.width, use_bias=False)(x))
    z = codes
    for _ in range(2):
        z = _hidden(z, 16 * size.width, bias=False)
    x = keras.layers.Concatenate()([x, z])
    for _ in range(2):
        x = _hidden(x, 32 * size.width)
    x = keras.layers.Dropout(common.DROPOUT)(x)
    return keras.Model([images, codes], keras.layers.Dense(size.classes)(x))


def train_function(
    step: steps.InferenceStep,
    size: steps.Size,
    discriminator: keras.Model,
    generator: keras.Model,
    encoder: keras.Model,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (labeled images, labels, unlabeled images) -> losses."""
    d_adam, g_adam = parts.adam(), parts.adam()

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor) -> tuple[tf.Tensor, ...]:
        z, real = tf.random.normal([size.batch, size.latent]), tf.concat([images, unlabeled], 0)
        with tf.GradientTape(persistent=True) as tape:
            mean, log_scale = tf.split(encoder(real, training=True), 2, axis=-1)
            codes = mean + tf.exp(log_scale) * tf.random.normal(mean.shape)
            labeled, encoded = tf.split(discriminator([real, codes], training=True), 2)
            decoded = discriminator([generator(z, training=True), z], training=True)
            d_loss = losses.cross_entropy(labels, labeled) + losses.real_or_fake(encoded, decoded)
            g_loss = losses.real_or_fake(decoded, encoded)
        d_weights = discriminator.trainable_weights
        g_weights = encoder.trainable_weights + generator.trainable_weights
        # Both gradients are those at the same weights.
        d_gradients, g_gradients = (
            tape.gradient(d_loss, d_weights),
            tape.gradient(g_loss, g_weights),
        )
        d_adam.apply_gradients(zip(d_gradients, d_weights, strict=True))
        g_adam.apply_gradients(zip(g_gradients, g_weights, strict=True))
        return d_loss, g_loss

    return train


def _padding(size: steps.Size) -> str:
    return "valid" if size.side == 32 else "same"


def _hidden(x: keras.KerasTensor, units: int, bias: bool = True) -> keras.KerasTensor:
    """Dropout, a dense layer and a leaky ReLU."""
    x = keras.layers.Dropout(common.DROPOUT)(x)
    return _leaky(keras.layers.Dense(units, use_bias=bias)(x))


def _normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    return _leaky(keras.layers.BatchNormalization()(x))


def _leaky(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.LeakyReLU(common.ALI_SLOPE)(x)
