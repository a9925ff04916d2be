"""The base class of all methods.

A method is a `keras.Model` with `setup`, `streams` and `train_step`; calling it classifies with the
exported weights. Its hyperparameters are a frozen dataclass, whose fields become flags.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import ema, hparams, player, train_function
from tf_ssgan.core.task import Stream, Task
from tf_ssgan.nn import distribution, step_random


class Method(keras.Model):
    """A way to train a classifier from labeled and unlabeled images.

    A subclass makes its networks in `setup`, names the images that it reads in `streams`, and
    defines one step in `train_step`.

    Attributes:
        hp: Its hyperparameters.
        task: Sizes of the problem.
        step: int64 scalar, the number of steps taken; the only clock.
        classifier: The network that learns to classify; set by `setup`.
        exported_classifier: The classifier that is evaluated and exported: the EMA of `classifier`,
            or `classifier` itself if `average_decay` is 0.
        reports: Names of the scalars that a step reports, in the order to read them.
        reports_in: Stage -> its names, for stages whose steps report other scalars.
        searched: The reported scalars that are results of the run, such as a hyperparameter that
            the method searches.
        needs_labels: Whether it cannot train without labels.
        needs_noisy: Whether it needs both clean and noisy labels.
        stage: The current stage, one of `stages`.
        ema_pairs: The EMA copies that follow networks: (copy, network, decay) each.
        step_times: How long this process took for its steps, and how long it waited for batches.
    """

    reports: tuple[str, ...] = ()
    reports_in: ClassVar[dict[str, tuple[str, ...]]] = {}
    searched: tuple[str, ...] = ()
    needs_labels: bool = False
    needs_noisy: bool = False

    def __init__(self, hp: hparams.HParams, task: Task):
        """Builds networks, optimizers and EMA copies; call it inside the strategy's scope.

        Args:
            hp: Hyperparameters.
            task: Sizes of the problem; its seed fixes the initial weights.
        """
        super().__init__(name=type(self).__module__.rsplit(".", 1)[-1])
        keras.utils.set_random_seed(task.seed)
        self.hp = hp
        self.task = task
        self.step = self._state_variable("step", (), "int64")
        longest = max(map(len, (self.reports, *self.reports_in.values())))
        self.scalar_sums = self._state_variable("sums", (longest + 1,), "float32")
        self.step_times = train_function.StepTimes()
        self._players: list[player.Player] = []
        self.ema_pairs: list[ema.EmaPair] = []
        self._example_buffers: list[keras.Variable] = []
        self.stage = next(iter(self.stages()))
        self.setup()
        self.exported_classifier = self.classifier
        if hp.average_decay > 0:
            self.exported_classifier = self.ema_copy(self.classifier, hp.average_decay)
        self.built = True
        # Keras' default would be a silent RMSprop; players have their own optimizers.
        self.compile(optimizer=None)

    # What a subclass defines.

    def setup(self) -> None:
        """Sets `self.classifier` and makes the players."""
        raise NotImplementedError(f"{type(self).__module__} does not define setup()")

    def streams(self) -> dict[str, Stream]:
        """The streams of a batch, by name."""
        raise NotImplementedError(f"{type(self).__module__} does not define streams()")

    def stages(self) -> dict[str, int]:
        """Optional: parts of the run whose steps differ, name -> first step; the first is at 0."""
        return {"train": 0}

    def pretrained(self) -> dict[str, keras.Model]:
        """Optional: networks to save as files at the end of the current stage, by name."""
        return {}

    def refresh_pseudo_labels(self, logits: np.ndarray) -> None:
        """Optional: makes new pseudo-labels from predictions for all unlabeled images.

        Called for methods that have `pseudo_labels`, at the beginning of stage "train" and of each
        of its evaluation intervals (whole epochs).

        Args:
            logits: float32 [unlabeled, classes], of the raw weights, for unaugmented images.
        """

    def pseudo_labels(self) -> np.ndarray | None:
        """Optional: the pseudo-labels of unlabeled images, which join the labeled in pool "merged".

        Returns:
            int64 [unlabeled], -1 for images without one; None if the method does not read "merged".
        """
        return None

    def initialize(self, images: tf.Tensor) -> None:
        """Optional: data-dependent initialization; runs eagerly, once, before the first step.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], unaugmented training images.
        """

    # What a subclass uses.

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
        self._example_buffers.append(self._state_variable(name, (rows,), "int64", initial))
        return self._example_buffers[-1]

    def step_random(self) -> step_random.StepRandom:
        """The random numbers of the current step."""
        return step_random.current()

    def forward_concat(
        self, network: keras.Model, *batches: tf.Tensor
    ) -> list[dict[str, tf.Tensor]]:
        """Runs a network on several batches in one training pass, which is faster than several.

        Batch normalization sees all batches as one. Every row has dropout and noise of its own.

        Args:
            network: images -> {name: output}.
            *batches: Images, float32 [rows, h, w, c] each.

        Returns:
            The outputs for each batch.
        """
        rows = [batch.shape[0] for batch in batches]
        with self.step_random().concatenated(rows):
            outputs = network(tf.concat(batches, 0), training=True)
        split = {name: tf.split(output, rows) for name, output in outputs.items()}
        return [{name: split[name][i] for name in split} for i in range(len(rows))]

    def progress(self) -> tf.Tensor:
        """The fraction of the run that is done, float32 in [0, 1]."""
        return tf.cast(self.step, tf.float32) / self.task.steps

    def end_step(self, **scalars: tf.Tensor) -> dict[str, tf.Tensor]:
        """Ends a step: updates the EMA copies, sums the scalars, advances the clock.

        The decay of the EMA warms up again in each stage, which trains the network in another way.

        Args:
            **scalars: This replica's value of each of `reported`.

        Returns:
            The scalars, each the mean over the replicas.

        Raises:
            ValueError: The scalars are not exactly `reported`.
        """
        names = self.reported
        if set(scalars) != set(names):
            raise ValueError(f"{self.name} reports {names}, its step gave {tuple(scalars)}")
        ema.update(self.ema_pairs, self.step.value - self.stages()[self.stage])
        values = distribution.mean_over_replicas(
            tf.stack([tf.cast(scalars[name], tf.float32) for name in names])
        )
        unused = tf.zeros([self.scalar_sums.shape[0] - 1 - len(names)])
        self.scalar_sums.assign_add(tf.concat([values, unused, [1.0]], 0))
        self.step.assign_add(1)
        return dict(zip(names, tf.unstack(values), strict=True))

    # What the training loop calls.

    def begin(self, images: tf.Tensor) -> None:
        """Prepares a new run: data-dependent initialization, from which the EMA copies start.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], unaugmented training images.
        """
        with step_random.at(self.task.seed, -1):  # no training step has this number
            self.initialize(images)
        ema.reset(self.ema_pairs)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Classifies with the exported weights.

        Args:
            images: float32 [batch, h, w, c] in [-1, 1].
            training: Ignored; no training pass goes through the exported weights.

        Returns:
            Logits, float32 [batch, classes].
        """
        return self.exported_classifier(images, training=False)["logits"]

    def one_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """`train_step`, with the random numbers of this step."""
        with step_random.at(self.task.seed, self.step.value):
            return self.train_step(batch)

    def set_stage(self, step: int) -> None:
        """Sets the stage to that of a step; if it changes, the next step is traced anew."""
        stage = [name for name, first in self.stages().items() if first <= step][-1]
        if stage != self.stage:
            self.stage, self.train_function = stage, None

    def waiting_percent(self) -> float:
        """Share of the time of this process's steps spent waiting for batches, in percent."""
        return self.step_times.waiting_percent()

    def make_train_function(self, force: bool = False) -> Callable:
        """The traced step that `fit` calls, see `core.train_function`."""
        if self.train_function is None or force:
            self.train_function = train_function.traced_train_function(
                self.one_step, self.distribute_strategy, self.jit_compile, self.step_times
            )
        return self.train_function

    def _maybe_symbolic_build(self, *args, **kwargs) -> None:
        """Does nothing: all is built. Keras' own reads a batch and fails on several workers."""

    @property
    def metrics(self) -> list:
        """No Keras metrics: Keras' `loss` tracker would report 0."""
        return []

    @property
    def reported(self) -> tuple[str, ...]:
        """Names of the scalars that a step of the current stage reports."""
        return self.reports_in.get(self.stage, self.reports)

    def mean_scalars(self) -> dict[str, float]:
        """Means of the reported scalars over the steps since the last `reset_means`."""
        *sums, count = self.scalar_sums.numpy().tolist()
        return {
            name: value / max(count, 1.0) for name, value in zip(self.reported, sums, strict=False)
        }

    def reset_means(self) -> None:
        """Starts the means of `mean_scalars` anew."""
        self.scalar_sums.assign(tf.zeros(self.scalar_sums.shape))

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
        owners = {"clock": [self.step], "curve": [self.scalar_sums]}
        owners |= {f"network/{name}": net.variables for name, net in self.networks().items()}
        owners |= {f"optimizer/{p.name}": p.optimizer.variables for p in self._players}
        owners |= {"buffers": self._example_buffers} if self._example_buffers else {}
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
        self, name: str, shape: tuple[int, ...], dtype: str, initial: int = 0
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
