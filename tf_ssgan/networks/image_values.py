"""Images as vectors of values for a variational autoencoder, and back.

    bernoulli   intensities of the pixels in [0, 1]: probabilities that binary pixels are 1
    gaussian    whitened principal components: Kingma et al. (2014) on SVHN, public code

Both are float32. The components are those of the unlabeled pool, settled before the first step
(`nn.layers.Whiten`). Images of components are clipped to [-1, 1].
"""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.networks import image_normalization, vae
from tf_ssgan.nn import layers, losses

LEAST_LOG_VARIANCE = -10.0  # of components


def values_of(
    images: keras.KerasTensor, likelihood: layers.Likelihood, components: int = 0
) -> tuple[keras.KerasTensor, layers.Whiten | None]:
    """Makes values of images.

    Args:
        images: [batch, h, w, c] in [-1, 1].
        likelihood: Distribution of the values.
        components: Largest number of principal components; an image of fewer values has as many as
            values.

    Returns:
        float32 [batch, values], and what whitened them; None of pixels.

    Raises:
        UserError: The images are too large to be whitened.
    """
    flat = keras.layers.Flatten(dtype="float32")(images)
    if likelihood == "bernoulli":
        return keras.layers.Rescaling(0.5, 0.5, dtype="float32")(flat), None
    height, width, channels = images.shape[1:]
    pixels, most = flat.shape[1], image_normalization.MOST_WHITENED
    if pixels > most:
        raise errors.UserError(
            f"--likelihood=gaussian whitens images of at most {most:,} values, and these have "
            f"{pixels:,} ({height}x{width}x{channels}). Give --likelihood=bernoulli, or smaller "
            "images (--image_size, for image files)."
        )
    whitening = layers.Whiten(image_normalization.FLOORS["zca"], "pca", min(components, pixels))
    return whitening(flat), whitening


def images_of(
    outputs: dict[str, keras.KerasTensor],
    image_shape: tuple[int, int, int],
    whitening: layers.Whiten | None,
) -> keras.KerasTensor:
    """Makes images of what a decoder says of their values: of their means.

    Args:
        outputs: {"logits": [batch, pixels]} or {"mean": [batch, components]}.
        image_shape: [h, w, c].
        whitening: What whitened them; None of pixels.

    Returns:
        float32 [batch, h, w, c] in [-1, 1].
    """
    if whitening is not None:
        images = layers.Unwhiten(image_shape, whitening)(outputs["mean"])
        return keras.layers.Activation("hard_tanh", dtype="float32", name="image")(images)
    # 2 sigmoid(l) - 1 = tanh(l / 2)
    half = keras.layers.Rescaling(0.5, dtype="float32")(outputs["logits"])
    pixels = keras.layers.Activation("tanh", dtype="float32")(half)
    return keras.layers.Reshape(image_shape, dtype="float32", name="image")(pixels)


@dataclasses.dataclass(frozen=True)
class ImageAutoencoder:
    """M1 between images and codes.

    Attributes:
        values: Images [batch, h, w, c] in [-1, 1] -> x, float32 [batch, values].
        posterior: q(z | x), see `vae.m1_posterior`.
        features: Both: images -> the outputs of `posterior`.
        decoder: p(x | z), see `vae.m1_decoder`.
        images: z [batch, latent_size] -> the images of the means of `decoder`, float32
            [batch, h, w, c] in [-1, 1].
    """

    values: keras.Model
    posterior: keras.Model
    features: keras.Model
    decoder: keras.Model
    images: keras.Model

    def terms(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Density log p(x | z), z ~ q(z | x), and KL(q(z | x) || N(0, I)): float32 [batch] each.

        The bound of log p(x) is the first less the second.

        Args:
            x: [batch, values].
        """
        code = self.posterior(x)
        latents = layers.sample_gaussian(**code)
        return self.log_likelihood(x, latents), losses.gaussian_divergence(**code)

    def bound(self, images: tf.Tensor) -> tf.Tensor:
        """The bound of images without binary pixels: [batch, h, w, c] -> float32 [batch]."""
        log_likelihood, divergence = self.terms(self.values(images))
        return log_likelihood - divergence

    def log_likelihood(self, x: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
        """The density log p(x | z) of each image, in nats: float32 [batch].

        Log variances of components are at least -10: that of a component which is constant would
        fall without end.

        Args:
            x: [batch, values].
            latents: z, [batch, latent_size].
        """
        found = self.decoder(latents)
        if "logits" in found:
            return losses.bernoulli_log_density(x, **found)
        log_variance = tf.maximum(found["log_variance"], LEAST_LOG_VARIANCE)
        return losses.gaussian_log_density(x, found["mean"], log_variance)

    def reconstructed(self, images: tf.Tensor) -> tf.Tensor:
        """What the mean code of an image makes again: [batch, h, w, c] -> float32, the same."""
        return self.images(self.features(images)["mean"])


def autoencoder(
    task: task.Task, likelihood: layers.Likelihood, components: int, latent_size: int, width: int
) -> ImageAutoencoder:
    """Builds M1 of images.

    Args:
        task: Image shape; and the number of unlabeled images, which span one component less.
        likelihood: Distribution of the values.
        components: Largest number of principal components.
        latent_size: Length of z.
        width: Units of each of the two hidden layers of both networks.

    Raises:
        UserError: The images are too large to be whitened.
    """
    images = keras.Input(task.image_shape, name="images")
    latents = keras.Input((latent_size,), name="latents")
    x, whitening = values_of(images, likelihood, max(1, min(components, task.unlabeled - 1)))
    sizes = x.shape[1], latent_size, (width, width)
    posterior, decoder = vae.m1_posterior(*sizes), vae.m1_decoder(*sizes, likelihood)
    made = images_of(decoder(latents), task.image_shape, whitening)
    return ImageAutoencoder(
        keras.Model(images, x, name="values"),
        posterior,
        keras.Model(images, posterior(x), name="features"),
        decoder,
        keras.Model(latents, made, name="images_of_codes"),
    )
