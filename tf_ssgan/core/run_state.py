"""The variables of a run by owner, as checkpoints save them."""

from collections.abc import Callable, Iterable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import averages, player, scalar_means
from tf_ssgan.nn import distribution


class RunState(keras.Model):
    """A model that makes its variables through owners: players, averages, buffers.

    Attributes:
        step: int64 scalar, the number of steps taken; the only clock.
        scalar_means: The means of the scalars that steps report.
        averages: The averages of networks over the steps.
    """

    scalar_means: scalar_means.ScalarMeans

    def __init__(self, name: str):
        """Makes the clock of a model with this name."""
        super().__init__(name=name)
        self.step = self._state_variable("step", (), "int64")
        self._players: list[player.Player] = []
        self.averages: list[averages.Average] = []
        self._buffers: list[keras.Variable] = []

    def make_scalar_means(self, most: int) -> None:
        """Makes the variable of `scalar_means`, for steps that report at most so many scalars."""
        sums = self._state_variable("sums", (most + 1,), "float32")
        self.scalar_means = scalar_means.ScalarMeans(sums)

    def player(
        self,
        name: str,
        networks: keras.Model | Iterable[keras.Model],
        optimizer: keras.optimizers.Optimizer,
        rate: Callable[[], tf.Tensor] | None = None,
        beta_1: Callable[[], tf.Tensor] | None = None,
        beta_2: Callable[[], tf.Tensor] | None = None,
        clip: player.Clip | None = None,
    ) -> player.Player:
        """Makes a player: networks and the optimizer that trains them, and no other weights.

        Args:
            name: Its name in checkpoints.
            networks: The networks that it trains, that is, the weights now trainable in them.
            optimizer: A Keras optimizer, which is built here.
            rate: Returns the learning rate at the current step; None keeps the optimizer's.
            beta_1: Returns Adam's beta_1 at the current step; None keeps the optimizer's.
            beta_2: Returns Adam's beta_2 at the current step; None keeps the optimizer's.
            clip: Limits of its gradients; None for none.
        """
        networks = [networks] if isinstance(networks, keras.Model) else networks
        made = player.Player(name, networks, optimizer, rate, beta_1, beta_2, clip)
        self._players.append(made)
        return made

    def average(
        self,
        network: keras.Model,
        decay: averages.Decay,
        statistics: averages.Statistics = "averaged",
    ) -> keras.Model:
        """A copy of a network whose weights are an average of its own, updated by `end_step`.

        Args:
            network: A functional network.
            decay: That of an EMA, or a function that returns the decay of the current step, see
                `averages.Average`.
            statistics: Whether moving statistics are averaged too, or the copy's own.
        """
        copy = averages.frozen_clone(network)
        self.averages.append(averages.Average(copy, network, decay, statistics))
        return copy

    def restart_averages(self, when: tf.Tensor) -> None:
        """Starts the averages again from their networks.

        Args:
            when: bool scalar; if it is false, nothing changes.
        """
        averages.reset(self.averages, when)

    def per_example_buffer(
        self, name: str, rows: int, *shape: int, initial: float = 0, dtype: str = "int64"
    ) -> keras.Variable:
        """A per-example buffer, a row for each example, saved in checkpoints: [rows, *shape].

        Steps write it by `write`. Declare the stream whose indices they write `distinct`.

        Args:
            name: Name of the variable.
            rows: Number of examples.
            *shape: Shape of a row.
            initial: Initial value of every number.
            dtype: "int64" or "float32".
        """
        self._buffers.append(self._state_variable(name, (rows, *shape), dtype, initial))
        return self._buffers[-1]

    def write(self, buffer: keras.Variable, index: tf.Tensor, values: tf.Tensor) -> None:
        """Writes rows of a per-example buffer, those of all replicas on each of them.

        Read before you write: which of two steps wrote a row must not depend on the replicas.

        Args:
            buffer: A per-example buffer [n, ...].
            index: int64 [rows], places in the buffer, each at most once over all replicas.
            values: [rows, ...], their new values.
        """
        index = distribution.gather_over_replicas(tf.cast(index, tf.int32))
        values = distribution.gather_over_replicas(tf.cast(values, buffer.dtype))
        buffer.assign(tf.tensor_scatter_nd_update(buffer.value, index[:, tf.newaxis], values))

    def buffer(self, name: str, initial: np.ndarray) -> keras.Variable:
        """A buffer of any other numbers, saved in checkpoints: float32, the shape of `initial`.

        Every replica must assign the same values.

        Args:
            name: Name of the variable.
            initial: Its initial values.
        """
        self._buffers.append(self._state_variable(name, initial.shape, "float32", initial))
        return self._buffers[-1]

    def networks(self) -> dict[str, keras.Model]:
        """The networks that are trained, by player; by their own names if a player has several."""
        return {
            player.name if len(player.networks) == 1 else network.name: network
            for player in self._players
            for network in player.networks
        }

    def state(self) -> dict[str, list[tf.Variable]]:
        """Every variable that a run needs to be resumed, by owner, in a fixed order.

        Raises:
            ValueError: A variable of this model has no owner; the message names it.
        """
        owners = {"clock": [self.step], "curve": [self.scalar_means.sums]}
        owners |= {f"network/{name}": net.variables for name, net in self.networks().items()}
        owners |= {f"optimizer/{p.name}": p.optimizer.variables for p in self._players}
        owners |= {"buffers": self._buffers} if self._buffers else {}
        owners |= {f"ema/{i}": one.copy.variables for i, one in enumerate(self.averages)}
        known: dict[int, str] = {}  # id of a variable -> its first owner, if networks share it
        for owner, variables in owners.items():
            known = {id(v): owner for v in variables} | known
        missing = [v.path for v in self.variables if id(v) not in known]
        if missing:
            raise ValueError(f"state() misses {', '.join(missing)}")
        return {
            owner: [v.value for v in variables if known[id(v)] == owner]
            for owner, variables in owners.items()
        }

    def _state_variable(
        self, name: str, shape: tuple[int, ...], dtype: str, initial: float | np.ndarray = 0
    ) -> keras.Variable:
        # Every replica assigns the same value, so the first one's is right.
        return self.add_weight(
            shape=shape,
            dtype=dtype,
            initializer=keras.initializers.Constant(initial),
            trainable=False,
            name=name,
            aggregation="only_first_replica",
            autocast=False,
        )
