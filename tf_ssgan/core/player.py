"""A player: networks and their optimizer."""

import dataclasses
from collections.abc import Callable, Iterable

import keras
import tensorflow as tf

from tf_ssgan.nn import distribution


@dataclasses.dataclass(frozen=True)
class Clip:
    """Limits of the gradients of a player: first of the norm of all of them, then of each number.

    Attributes:
        norm: Longer gradients are scaled to this length, all by the same factor; None for no limit.
        value: Numbers beyond -value and value are set to these; None for no limit.
    """

    norm: float | None = None
    value: float | None = None

    def clipped(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients within the limits; what is not finite stays so, and stops the run.

        Args:
            gradients: One for each weight, means over all replicas.
        """
        if self.norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self.norm)
        if self.value is not None:
            gradients = [tf.clip_by_value(g, -self.value, self.value) for g in gradients]
        return gradients


class Player:
    """One or more networks and the optimizer that trains their weights alone.

    Attributes:
        name: Its name in checkpoints.
        networks: The networks.
        optimizer: The optimizer.
        rate: Returns the learning rate at the current step, or None for the optimizer's own.
        beta_1: Returns Adam's beta_1 at the current step, or None for the optimizer's own.
        beta_2: Returns Adam's beta_2 at the current step, or None for the optimizer's own.
        clip: Limits of its gradients, or None for none.
        variables: The trainable variables of the networks.
    """

    def __init__(
        self,
        name: str,
        networks: Iterable[keras.Model],
        optimizer: keras.optimizers.Optimizer,
        rate: Callable[[], tf.Tensor] | None,
        beta_1: Callable[[], tf.Tensor] | None = None,
        beta_2: Callable[[], tf.Tensor] | None = None,
        clip: Clip | None = None,
    ):
        """Lists the weights and builds the optimizer; call it inside the strategy's scope."""
        self.name = name
        self.networks = list(networks)
        self.optimizer = optimizer
        self.rate = rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.clip = clip
        self.variables = [v for network in self.networks for v in network.trainable_variables]
        optimizer.build(self.variables)

    def minimize(self, loss: tf.Tensor, tape: tf.GradientTape) -> None:
        """Takes one optimizer step.

        Args:
            loss: Scalar, the mean over this replica's examples.
            tape: The tape that recorded it.

        Raises:
            ValueError: Some weights get no gradient; the message names them.
        """
        variables = [v.value for v in self.variables]
        gradients = tape.gradient(loss, variables)
        dead = [v.path for v, g in zip(self.variables, gradients, strict=True) if g is None]
        if dead:
            raise ValueError(f"player {self.name}: no gradient reaches {', '.join(dead)}")
        if self.clip is not None:
            # The length of a mean over replicas is not the mean of their lengths.
            gradients = self.clip.clipped([distribution.mean_over_replicas(g) for g in gradients])
        if self.rate is not None:
            self.optimizer.learning_rate.assign(self.rate())
        if (replicas := distribution.num_replicas()) > 1:
            # Keras' optimizers sum over replicas; the mean does not depend on their number.
            gradients = [g * (1.0 / replicas) for g in gradients]
        # Keras reads them while tracing, so they may be tensors instead of numbers.
        if self.beta_1 is not None:
            self.optimizer.beta_1 = self.beta_1()
        if self.beta_2 is not None:
            self.optimizer.beta_2 = self.beta_2()
        self.optimizer.apply(gradients, self.variables)

    def gradients(self, loss: tf.Tensor, tape: tf.GradientTape) -> list[tf.Tensor]:
        """Gradients of a loss in the weights, without a step: means over all replicas.

        Args:
            loss: Scalar, the mean over this replica's examples.
            tape: The tape that recorded it.

        Returns:
            One for each of `variables`; zeros for a weight that the loss does not depend on.
        """
        variables = [v.value for v in self.variables]
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        return [distribution.mean_over_replicas(g) for g in gradients]

    def adam_directions(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Adam's next step for some gradients, without momentum, for a learning rate of -1.

        It is g / (sqrt(v) + epsilon), where v is Adam's mean of squared gradients, these ones
        included, with the correction of Keras for the first steps. The optimizer does not change.

        Args:
            gradients: One for each of `variables`, means over all replicas.
        """
        adam = self.optimizer
        squares = [v.value for v in adam.variables if v.name.endswith("_velocity")]
        correction = tf.sqrt(1.0 - adam.beta_2 ** tf.cast(adam.iterations + 1, tf.float32))
        means = [
            adam.beta_2 * v + (1.0 - adam.beta_2) * tf.square(g)
            for v, g in zip(squares, gradients, strict=True)
        ]
        return [
            correction * g / (tf.sqrt(v) + adam.epsilon)
            for v, g in zip(means, gradients, strict=True)
        ]


class SharedGradient:
    """The gradient of one loss in the weights of several players, taken once.

    It stands for the tape in `Player.minimize`. A persistent tape that each player asks makes the
    terms that their gradients have in common twice, and TensorFlow merges them. Where such a term
    is one of three or more in a sum, the sum begins with a term that nobody else still reads, which
    depends on timing: equal steps then differ in their last bits.
    """

    def __init__(self, loss: tf.Tensor, tape: tf.GradientTape, *players: Player):
        """Takes the gradient.

        Args:
            loss: Scalar, the mean over this replica's examples.
            tape: The tape that recorded it.
            *players: Those that minimize it.
        """
        variables = [v.value for player in players for v in player.variables]
        gradients = tape.gradient(loss, variables)
        self._loss = loss
        self._of = {id(v): gradient for v, gradient in zip(variables, gradients, strict=True)}

    def gradient(self, loss: tf.Tensor, variables: list[tf.Variable]) -> list[tf.Tensor | None]:
        """The gradient in some of the weights; None where the loss does not depend on them.

        Args:
            loss: The same loss.
            variables: Weights of the players.

        Raises:
            ValueError: It is another loss.
        """
        if loss is not self._loss:
            raise ValueError("this is the gradient of another loss")
        return [self._of[id(v)] for v in variables]
