"""A player: networks and their optimizer."""

from collections.abc import Callable, Iterable

import keras
import tensorflow as tf

from tf_ssgan.nn import distribution


class Player:
    """One or more networks and the optimizer that trains their weights alone.

    Attributes:
        name: Its name in checkpoints.
        networks: The networks.
        optimizer: The optimizer.
        rate: Returns the learning rate at the current step, or None for the optimizer's own.
        beta_1: Returns Adam's beta_1 at the current step, or None for the optimizer's own.
        variables: The trainable variables of the networks.
    """

    def __init__(
        self,
        name: str,
        networks: Iterable[keras.Model],
        optimizer: keras.optimizers.Optimizer,
        rate: Callable[[], tf.Tensor] | None,
        beta_1: Callable[[], tf.Tensor] | None = None,
    ):
        """Lists the weights and builds the optimizer; call it inside the strategy's scope."""
        self.name = name
        self.networks = list(networks)
        self.optimizer = optimizer
        self.rate = rate
        self.beta_1 = beta_1
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
        if self.rate is not None:
            self.optimizer.learning_rate.assign(self.rate())
        # Keras' optimizers sum gradients over replicas; the mean does not depend on their number.
        share = 1.0 / distribution.num_replicas()
        if self.beta_1 is not None:
            # Keras reads it while tracing, so it may be a tensor instead of a number.
            self.optimizer.beta_1 = self.beta_1()
        self.optimizer.apply([g * share for g in gradients], self.variables)
