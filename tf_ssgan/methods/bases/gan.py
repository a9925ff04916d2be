"""What the GAN methods share: latents, generated images, batches of the discriminator steps."""

import dataclasses
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core.sampler import Sampler
from tf_ssgan.methods.bases import optimizers
from tf_ssgan.nn import layers


@dataclasses.dataclass(frozen=True)
class GeneratorHParams(optimizers.AdamHParams):
    """Hyperparameters of everything that has a generator."""

    latent_size: int = option(100, "Length of the generator's latent vector.", low=1, high=10_000)


@dataclasses.dataclass(frozen=True)
class GANHParams(GeneratorHParams):
    """Hyperparameters of a GAN: several discriminator steps may precede a generator step."""

    critic_steps: int = option(
        1, "Discriminator steps per generator step; 5 in Gulrajani et al. 2017.", low=1, high=100
    )

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images per step."""
        return self.batch_size * self.critic_steps


@dataclasses.dataclass(frozen=True)
class SemiSupervisedGANHParams(GANHParams, optimizers.LinearDecayHParams):
    """Hyperparameters of a GAN whose discriminator is the classifier, with one class more."""

    unlabeled_weight: float = option(
        1.0,
        "Weight of the real-or-fake loss in its full form (1 in Jiang et al. 2019 and Park et al. "
        "2020); 0.5 is the half form of the public code of Salimans et al. 2016.",
        low=0,
    )
    width: int = option(
        64,
        "Channels of the discriminator's first convolutions at 32 pixels (Jiang et al. 2019: 64; "
        "public code of Salimans et al. 2016: 64 for SVHN, 96 for CIFAR-10).",
        low=1,
        high=WIDEST,
    )
    input_dropout: float = option(
        0.0, "Dropout rate on the images, 0 to 0.99; 0.2 in Salimans et al. 2016.", low=0, high=0.99
    )
    dropout: float = option(
        0.2,
        "Dropout rate of the hidden layers, 0 to 0.99 (0.2 in Jiang et al. 2019, 0.5 in Salimans "
        "et al. 2016).",
        low=0,
        high=0.99,
    )


class GAN(optimizers.AdamMethod):
    """A method with a generator in `self.generator`."""

    generator: keras.Model

    @property
    def critic_steps(self) -> int:
        """Discriminator steps per generator step."""
        return self.hp.critic_steps

    def latents(self, rows: int) -> tf.Tensor:
        """Inputs of the generator: z ~ U[-1, 1]^latent_size, for this replica.

        Args:
            rows: Number of latent vectors.

        Returns:
            float32 [rows, latent_size].
        """
        return self.step_random().uniform(rows, self.hp.latent_size, low=-1.0)

    def fake_images(self, rows: int) -> tf.Tensor:
        """Images G(z) of new latents, for this replica.

        Args:
            rows: Number of images.

        Returns:
            float32 [rows, h, w, c] in (-1, 1).
        """
        return self.generator(self.latents(rows), training=True)

    def sampler(self) -> Sampler:
        """The generator, and its latents."""
        return Sampler(self.generator, self.latents, self._fixed_latents)

    def _fixed_latents(self, rows: int) -> tf.Tensor:
        seed = [self.task.seed, 1]
        return tf.random.stateless_uniform([rows, self.hp.latent_size], seed, -1.0, 1.0)

    def critic_batches(
        self, stream: dict[str, tf.Tensor], *views: str
    ) -> Iterator[tuple[tf.Tensor, ...]]:
        """Splits a stream into one batch for each of the `critic_steps` discriminator steps.

        Step i takes every critic_steps-th row, beginning with row i. Replicas hold contiguous parts
        of a stream, so their batches together do not depend on the number of replicas.

        Args:
            stream: A stream of `batch_size * critic_steps` examples.
            *views: Names of the views to return.

        Yields:
            One tensor [rows / critic_steps, ...] for each view.
        """
        for i in range(self.critic_steps):
            yield tuple(stream[view][i :: self.critic_steps] for view in views)

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes D from images, and the output layer of G from latents: gains and biases."""
        latents = self._fixed_latents(images.shape[0])
        for inputs, network in ((images, self.classifier), (latents, self.generator)):
            layers.initialize_from_data(network, inputs)


class NormalGAN(GAN):
    """A method whose latents are normal, z ~ N(0, I)."""

    def latents(self, rows: int) -> tf.Tensor:
        """Inputs of the generator, for this replica.

        Args:
            rows: Number of latent vectors.

        Returns:
            float32 [rows, latent_size].
        """
        return self.step_random().normal(rows, self.hp.latent_size)

    def _fixed_latents(self, rows: int) -> tf.Tensor:
        return tf.random.stateless_normal([rows, self.hp.latent_size], [self.task.seed, 1])


class ConditionalGAN(NormalGAN):
    """A method whose generator is conditioned on the class: images G(z, c), z ~ N(0, I)."""

    def latents(self, rows: int) -> list[tf.Tensor]:
        """Inputs of the generator, for this replica; all classes have the same probability.

        Args:
            rows: Number of latent vectors.

        Returns:
            z, float32 [rows, latent_size], and c, int64 [rows].
        """
        z = super().latents(rows)
        c = self.step_random().integers(rows, low=0, high=self.task.classes)
        return [z, tf.cast(c, tf.int64)]

    def sampler(self) -> Sampler:
        """The generator, its latents and their classes."""
        return dataclasses.replace(super().sampler(), conditional=True)

    def _fixed_latents(self, rows: int) -> list[tf.Tensor]:
        z = super()._fixed_latents(rows)
        return [z, tf.range(rows, dtype=tf.int64) % self.task.classes]
