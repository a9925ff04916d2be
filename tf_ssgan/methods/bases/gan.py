"""What the GAN methods share: latents, generated images, rounds of the discriminator."""

import dataclasses
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.nn import layers, schedules


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """Hyper-parameters of a GAN."""

    latent_size: int = option(100, "Length of the generator's latent vector.", low=1)
    critic_steps: int = option(1, "Discriminator steps a generator step.", low=1)
    beta_1: float = option(
        0.5, "Adam's first-moment decay (public code of Salimans et al. 2016).", low=0, high=1
    )
    decay_start: float = option(
        2 / 3,
        "Share of the run after which the step size falls linearly to 0 "
        "(public code of Salimans et al. 2016).",
        low=0,
        high=0.999,
    )

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step."""
        return self.batch_size * self.critic_steps


class GAN(method.Method):
    """A method with a generator in `self.generator`."""

    generator: keras.Model

    def adam(self) -> keras.optimizers.Optimizer:
        """An Adam with the knobs' values (Salimans et al. 2016, public code: epsilon 1e-8)."""
        return keras.optimizers.Adam(self.hp.learning_rate, beta_1=self.hp.beta_1, epsilon=1e-8)

    def rate(self) -> tf.Tensor:
        """The step size at this step."""
        return self.hp.learning_rate * schedules.hold_then_linear_decay(
            self.progress(), self.hp.decay_start
        )

    @property
    def critic_steps(self) -> int:
        """Discriminator steps a generator step."""
        return self.hp.critic_steps

    def latents(self, rows: int) -> tf.Tensor:
        """What the generator is given: z ~ U[-1, 1]^latent_size, for this replica.

        Args:
            rows: How many.

        Returns:
            float32 [rows, latent_size].
        """
        return self.step_random().uniform(rows, self.hp.latent_size, low=-1.0)

    def fake(self, rows: int) -> tf.Tensor:
        """Images G(z) of fresh latents, for this replica.

        Args:
            rows: How many.

        Returns:
            float32 [rows, h, w, c] in (-1, 1).
        """
        return self.generator(self.latents(rows), training=True)

    def sample(self, images: int) -> tf.Tensor:
        """Images from latents that are the same at every call; nothing is recorded.

        Args:
            images: How many.

        Returns:
            float32 [images, h, w, c] in (-1, 1).
        """
        return self.generator(self._fixed_latents(images), training=False)

    def _fixed_latents(self, rows: int) -> tf.Tensor:
        seed = [self.task.seed, 1]
        return tf.random.stateless_uniform([rows, self.hp.latent_size], seed, -1.0, 1.0)

    def critic_batches(
        self, stream: dict[str, tf.Tensor], *views: str
    ) -> Iterator[tuple[tf.Tensor, ...]]:
        """Fresh images for each of the `critic_steps` discriminator steps.

        The rows of a stream are contiguous over replicas, so the rounds lie inside the rows:
        round i takes every critic_steps-th row from i on.

        Args:
            stream: A stream of `batch_size * critic_steps` examples.
            *views: Names of its views.

        Yields:
            One tensor [rows / critic_steps, ...] for each view.
        """
        for i in range(self.critic_steps):
            yield tuple(stream[view][i :: self.critic_steps] for view in views)

    def initialize(self, images: tf.Tensor) -> None:
        """Sets gains and biases of D from images, of G's output layer from latents."""
        latents = self._fixed_latents(images.shape[0])
        for inputs, network in ((images, self.classifier), (latents, self.generator)):
            layers.initialize_from_data(network, inputs)


class ConditionalGAN(GAN):
    """A method whose generator is told the class too: images G(z, c), z ~ N(0, I)."""

    def latents(self, rows: int) -> list[tf.Tensor]:
        """What the generator is given, for this replica; every class is as likely.

        Args:
            rows: How many.

        Returns:
            z, float32 [rows, latent_size], and c, int64 [rows].
        """
        z = self.step_random().normal(rows, self.hp.latent_size)
        c = self.step_random().integers(rows, low=0, high=self.task.classes)
        return [z, tf.cast(c, tf.int64)]

    def _fixed_latents(self, rows: int) -> list[tf.Tensor]:
        z = tf.random.stateless_normal([rows, self.hp.latent_size], [self.task.seed, 1])
        return [z, tf.range(rows, dtype=tf.int64) % self.task.classes]
