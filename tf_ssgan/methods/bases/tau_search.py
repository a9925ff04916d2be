"""Conditional GANs with truncated latents: where their truncation factor tau comes from.

It is fixed, or one of three searches finds it (`--tau_search`), see `methods.acgan_trunc`.
"""

import functools

import keras
import tensorflow as tf

from tf_ssgan.common import errors, few_images
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import auxiliary_classifier, hypergradient, latent_truncation
from tf_ssgan.nn import layers, losses, step_random

# The searches in which tau is a trainable scalar -> learning rate of its Adam. The slope of a
# held-out loss is mostly noise: with 1e-3, tau went from 1 to 1.1 in 1,800 steps, still rising.
LEARNING_RATES = {"gradient": 1e-3, "validation": 5e-3}
TAU_DIFFERENCE = 0.1  # A search by validation compares steps with tau more and less this much.


class TauSearch(auxiliary_classifier.AuxiliaryClassifierGAN):
    """What a method adds that trains with latents truncated at tau; put it before the method.

    Attributes:
        d: The player of the discriminator; the method makes it.
        g: The player of the generator; the method makes it.
        factor: The trainable tau of a search by gradient or by validation.
        t: Its player.
        grid: The trials of a grid search.
    """

    @property
    def reports(self) -> tuple[str, ...]:
        """The scalars of the method, and tau if it is searched for."""
        return super().reports + self.searched

    @property
    def searched(self) -> tuple[str, ...]:
        """Tau, if it is searched for."""
        return ("tau",) if self.hp.tau_search != "none" else ()

    @property
    def search_images(self) -> int:
        """The labeled images that a grid search holds out."""
        return int(self.grid.held_out.sum()) if self.hp.tau_search == "grid" else 0

    def setup(self) -> None:
        """Makes the networks of the method, and the variables of the search for tau."""
        super().setup()
        few = few_images.too_few(self.task.held_out, "for that")
        if self.hp.tau_search == "validation" and few:
            raise errors.UserError(
                f"--tau_search=validation finds tau by the loss of held-out images, and {few}: "
                f"hold out {few_images.ENOUGH_HELD_OUT} or more (--validation, or more labeled "
                "images), or give another --tau_search."
            )
        if self.hp.tau_search in LEARNING_RATES:
            self.factor = latent_truncation.LearnedTruncation(self.hp.tau)
            rate = LEARNING_RATES[self.hp.tau_search]
            self.t = self.player("tau", self.factor, self.adam(rate))
        if self.hp.tau_search == "grid":
            self.grid = latent_truncation.TruncationSearch(
                self.task, [self.discriminator, self.generator]
            )

    def streams(self) -> dict[str, Stream]:
        """The streams of the method, and held-out images for a search by validation."""
        if self.hp.tau_search != "validation":
            return super().streams()
        held_out = Stream("held_out", self.hp.batch_size, {"image": "plain"})
        return super().streams() | {"held_out": held_out}

    def truncate(self, z: tf.Tensor) -> tf.Tensor:
        """The latents z_tau, with the tau of this step."""
        return latent_truncation.truncate_latents(z, self.tau(), self.hp.trunc_mode)

    def tau(self) -> tf.Tensor | float:
        """The truncation factor of this step."""
        if self.hp.tau_search in LEARNING_RATES:
            return self.factor.tau.value
        if self.hp.tau_search == "grid":
            return self.grid.tau(self.step.value)
        return self.hp.tau

    def update_tau(self, batch: dict) -> dict[str, tf.Tensor]:
        """Takes one step of tau on new latents, if tau is trainable; reports tau."""
        if self.hp.tau_search == "none":
            return {}
        if self.hp.tau_search in LEARNING_RATES:
            z, c = self.latents(batch["labeled"]["label"].shape[0] // self.critic_steps)
            with tf.GradientTape() as tape:
                if self.hp.tau_search == "gradient":
                    loss = self.truncated_loss(z, c)
                else:
                    loss = self.held_out_slope(z, c, batch["held_out"]) * self.tau()
            self.t.minimize(loss, tape)
            self.factor.clip_to_range()
        return {"tau": self.tau()}

    def truncated_loss(self, z: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        """CE(p(G(z_tau, c)), c), equation 4 of Dravid et al. (2022), in inference mode."""
        truncated = self.generator([self.truncate(z), c], training=False)
        logits = self.discriminator(truncated, training=False)["logits"]
        return losses.cross_entropy(c, logits)

    def held_out_slope(
        self, z: tf.Tensor, c: tf.Tensor, held_out: dict[str, tf.Tensor]
    ) -> tf.Tensor:
        """The slope in tau of the held-out loss after D's next step, by a central difference.

        The networks change their slope abruptly at the kinks of their rectifiers. A difference
        counts these changes; a second derivative of the loss of a batch would leave them out.

        Args:
            z: Latents, the same for both values of tau.
            c: Their classes.
            held_out: Images and labels.

        Returns:
            A float32 scalar, for each unit of D's learning rate, the same on all replicas.
        """

        def held_out_loss() -> tf.Tensor:
            logits = self.discriminator(held_out["image"], training=False)["logits"]
            return losses.cross_entropy(held_out["label"], logits)

        taus = (self.tau() - TAU_DIFFERENCE, self.tau() + TAU_DIFFERENCE)
        steps = [functools.partial(self.step_loss, z, c, tau) for tau in taus]
        low, high = hypergradient.changes_by_step(self.d, held_out_loss, steps)
        return tf.stop_gradient(high - low) / (2.0 * TAU_DIFFERENCE)

    def step_loss(self, z: tf.Tensor, c: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
        """D's class loss on G(z_tau, c), in the mode of its step; nothing is recorded.

        Dropout drops the same units in every call of a step.
        """
        truncated = latent_truncation.truncate_latents(z, tau, self.hp.trunc_mode)
        with layers.frozen_statistics(), step_random.at(self.task.seed, self.step.value):
            images = self.generator([truncated, c], training=True)
            return losses.cross_entropy(c, self.score_fake(images)["logits"])

    def apply_grid_search(self, labeled: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Resets the networks if a trial begins, scores it, and sets held-out labels to -1."""
        if self.hp.tau_search != "grid":
            return labeled
        step, label = self.step.value, labeled["label"]
        optimizers = [player.optimizer for player in (self.d, self.g)]
        self.grid.reset_at_trial_start(step, optimizers)
        self.restart_averages(self.grid.starts_again(step))
        held_out = self.grid.is_held_out(step, labeled["index"])
        logits = self.discriminator(labeled["image"], training=False)["logits"]
        self.grid.record(step, held_out, tf.argmax(logits, axis=-1) == label)
        return labeled | {"label": tf.where(held_out, tf.constant(-1, tf.int64), label)}

    def labeled_fraction(self, y: tf.Tensor) -> tf.Tensor | float:
        """Fraction of the batch that has a label, which weights the supervised loss in a trial.

        The loss is a mean over the labeled images of a replica. With this weight, its mean over
        replicas does not depend on how many images each of them holds out.
        """
        if self.hp.tau_search != "grid":
            return 1.0
        return tf.reduce_mean(tf.cast(y >= 0, tf.float32))

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a run saves, and with them the state of a grid search."""
        return super().networks() | ({"grid": self.grid} if self.hp.tau_search == "grid" else {})
