"""The variables of a run by owner, as checkpoints save them."""

from collections.abc import Callable, Iterable

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import ema, player, scalar_means


class RunState(keras.Model):
    """A model that makes its variables through owners: players, EMA copies, buffers.

    Attributes:
        step: int64 scalar, the number of steps taken; the only clock.
        scalar_means: The means of the scalars that steps report.
        ema_pairs: The EMA copies that follow networks: (copy, network, decay) each.
    """

    scalar_means: scalar_means.ScalarMeans

    def __init__(self, name: str):
        """Makes the clock of a model with this name."""
        super().__init__(name=name)
        self.step = self._state_variable("step", (), "int64")
        self._players: list[player.Player] = []
        self.ema_pairs: list[ema.EmaPair] = []
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
    ) -> player.Player:
        """Makes a player: networks and the optimizer that trains them, and no other weights.

        Args:
            name: Its name in checkpoints.
            networks: The networks that it trains, that is, the weights now trainable in them.
            optimizer: A Keras optimizer, which is built here.
            rate: Returns the learning rate at the current step; None keeps the optimizer's.
            beta_1: Returns Adam's beta_1 at the current step; None keeps the optimizer's.
        """
        networks = [networks] if isinstance(networks, keras.Model) else networks
        self._players.append(player.Player(name, networks, optimizer, rate, beta_1))
        return self._players[-1]

    def ema_copy(self, network: keras.Model, decay: float) -> keras.Model:
        """An EMA copy of a network, which `end_step` updates, moving statistics included.

        Args:
            network: A functional network.
            decay: Decay after the warm-up, see `schedules.ema_decay`.
        """
        copy = ema.frozen_clone(network)
        self.ema_pairs.append((copy, network, decay))
        return copy

    def restart_ema(self, when: tf.Tensor) -> None:
        """Starts the EMA copies again from their networks.

        Args:
            when: bool scalar; if it is false, nothing changes.
        """
        ema.reset(self.ema_pairs, when)

    def per_example_buffer(self, name: str, rows: int, initial: int) -> keras.Variable:
        """A per-example buffer, one number for each example, saved in checkpoints: int64 [rows].

        Args:
            name: Name of the variable.
            rows: Number of examples.
            initial: Initial value of every row.
        """
        self._buffers.append(self._state_variable(name, (rows,), "int64", initial))
        return self._buffers[-1]

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
        owners |= {f"ema/{i}": copy.variables for i, (copy, *_) in enumerate(self.ema_pairs)}
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
        self, name: str, shape: tuple[int, ...], dtype: str, initial: int | np.ndarray = 0
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
