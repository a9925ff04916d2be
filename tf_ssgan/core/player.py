"""A player: networks and their optimizer."""

from collections.abc import Callable, Iterable

import keras
import tensorflow as tf

from tf_ssgan.nn import distribution


class Player:
    """A network, or several, and the optimizer that moves just their weights."""

    def __init__(
        self,
        name: str,
        networks: Iterable[keras.Model],
        optimizer: keras.optimizers.Optimizer,
        rate: Callable[[], tf.Tensor] | None,
        beta_1: Callable[[], tf.Tensor] | None = None,
    ):
        """Fixes the weights and builds the optimizer; call it inside the strategy's scope."""
        self.name = name
        self.networks = list(networks)
        self.optimizer = optimizer
        self.rate = rate
        self.beta_1 = beta_1
        self.variables = [v for network in self.networks for v in network.trainable_variables]
        optimizer.build(self.variables)

    def minimize(self, loss: tf.Tensor, tape: tf.GradientTape) -> None:
        """Takes one step down the loss.

        Args:
            loss: Scalar, the mean over this replica's examples.
            tape: A tape that recorded it.

        Raises:
            ValueError: Some weights get no gradient; they are named.
        """
        variables = [v.value for v in self.variables]
        gradients = tape.gradient(loss, variables)
        dead = [v.path for v, g in zip(self.variables, gradients, strict=True) if g is None]
        if dead:
            raise ValueError(f"player {self.name}: no gradient reaches {', '.join(dead)}")
        if self.rate is not None:
            self.optimizer.learning_rate.assign(self.rate())
        # Keras' optimizers sum over replicas; the mean is what does not depend on their number.
        share = 1.0 / distribution.num_replicas()
        if self.beta_1 is not None:
            # Keras reads it while it traces: a tensor of this step, and no number any more.
            self.optimizer.beta_1 = self.beta_1()
        self.optimizer.apply([g * share for g in gradients], self.variables)
