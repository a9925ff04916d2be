"""The contract of a method, and what every method is given.

A method is a `keras.Model` with `setup`, `streams` and `train_step`; calling it classifies with
the weights that are shipped. Its hyper-parameters are a frozen dataclass that becomes its flags.
"""

import time
from collections.abc import Callable, Iterable
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import hparams, player
from tf_ssgan.core.task import Stream, Task
from tf_ssgan.nn import distribution, schedules, step_random


class Method(keras.Model):
    """A way to train a classifier from labeled and unlabeled images.

    A subclass says in `setup` what it is made of, in `streams` what it reads, and in `train_step`
    what one step does. Calling a method classifies with the shipped weights.

    Attributes:
        hp: Its hyper-parameters.
        task: Sizes of the problem.
        step: int64 scalar, the only clock.
        classifier: The network that learns to classify; set by `setup`.
        shipped: The classifier that is evaluated and exported: its average, or itself.
        reports: Names of the scalars of a step, in the order to read them.
        reports_in: The same of stages whose steps report something else, by their names.
        searched: Those of them that are results of the run, as a knob that it searches.
        needs_labels: Whether it is nothing without labels.
        needs_noisy: Whether it learns from clean and from noisy labels, and needs both.
        stage: The stretch of the run, of `stages`, whose steps are taken.
        waited: Seconds that this process has waited for batches, but for the first of a trace.
        worked: Seconds of its steps, the waiting included.
    """

    reports: tuple[str, ...] = ()
    reports_in: ClassVar[dict[str, tuple[str, ...]]] = {}
    searched: tuple[str, ...] = ()
    needs_labels: bool = False
    needs_noisy: bool = False
    waited: float = 0.0
    worked: float = 0.0

    def __init__(self, hp: hparams.HParams, task: Task):
        """Builds networks, optimizers and averages; call it inside the strategy's scope.

        Args:
            hp: Hyper-parameters.
            task: Sizes of the problem; its seed fixes the initial weights.
        """
        super().__init__(name=type(self).__module__.rsplit(".", 1)[-1])
        keras.utils.set_random_seed(task.seed)
        self.hp = hp
        self.task = task
        self.step = self._number("step", (), "int64")
        most = max(map(len, (self.reports, *self.reports_in.values())))
        self.sums = self._number("sums", (most + 1,), "float32")
        self._players: list[player.Player] = []
        self._ema_pairs: list[tuple[keras.Model, keras.Model, float]] = []
        self._example_buffers: list[keras.Variable] = []
        self.stage = next(iter(self.stages()))
        self.setup()
        self.exported_classifier = self.classifier
        if hp.average_decay > 0:
            self.exported_classifier = self.ema_copy(self.classifier, hp.average_decay)
        self.built = True
        # Keras' default would be a silent RMSprop; players have their own optimizers.
        self.compile(optimizer=None)

    # What a subclass says.

    def setup(self) -> None:
        """Sets `self.classifier` and makes the players."""
        raise NotImplementedError(f"{type(self).__module__} does not say what it is made of")

    def streams(self) -> dict[str, Stream]:
        """The streams of a batch, by name."""
        raise NotImplementedError(f"{type(self).__module__} does not say what it reads")

    def stages(self) -> dict[str, int]:
        """Optional: stretches of the run whose steps differ, name -> first step, the first at 0."""
        return {"train": 0}

    def pretrained(self) -> dict[str, keras.Model]:
        """Optional: networks that the stage that ends now leaves as files, by name."""
        return {}

    def refresh_pseudo_labels(self, logits: np.ndarray) -> None:
        """Optional: takes note of what the classifier says of all unlabeled images.

        Called at the beginning of stage "train" and of each of its laps (whole epochs), of methods
        that have `pseudo_labels`.

        Args:
            logits: float32 [unlabeled, classes], of the raw weights, images as they are.
        """

    def pseudo_labels(self) -> np.ndarray | None:
        """Optional: labels that the method gave, for the pool "merged" of these and the labeled.

        Returns:
            int64 [unlabeled], -1 where it gave none; None for methods that read no such pool.
        """
        return None

    def initialize(self, images: tf.Tensor) -> None:
        """Optional: data-dependent initialization, eager, once, before the first step.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], training images as they are.
        """

    # What a subclass is given.

    def player(
        self,
        name: str,
        networks: keras.Model | Iterable[keras.Model],
        optimizer: keras.optimizers.Optimizer,
        rate: Callable[[], tf.Tensor] | None = None,
        beta_1: Callable[[], tf.Tensor] | None = None,
    ) -> player.Player:
        """Makes a player; its weights are fixed here, so no other player's step moves them.

        Args:
            name: What it is called in checkpoints.
            networks: What it moves.
            optimizer: A Keras optimizer; it will be built.
            rate: Step size as a function of the method's clock; None keeps the optimizer's.
            beta_1: Adam's first-moment decay as a function of the clock; None likewise.
        """
        networks = [networks] if isinstance(networks, keras.Model) else networks
        self._players.append(player.Player(name, networks, optimizer, rate, beta_1))
        return self._players[-1]

    def ema_copy(self, network: keras.Model, decay: float) -> keras.Model:
        """A twin that follows a network slowly, moving statistics included.

        Args:
            network: A functional network.
            decay: Its decay once warmed up; see `schedules.average_decay`.
        """
        twin = keras.models.clone_model(network)
        twin.trainable = False
        self._ema_pairs.append((twin, network, decay))
        return twin

    def per_example_buffer(self, name: str, rows: int, initial: int) -> keras.Variable:
        """A number for each of some examples, which a run saves: int64 [rows].

        Args:
            name: What it is called.
            rows: How many examples.
            initial: What each row starts from.
        """
        self._example_buffers.append(self._number(name, (rows,), "int64", initial))
        return self._example_buffers[-1]

    def step_random(self) -> step_random.StepRandom:
        """This step's random numbers."""
        return step_random.current()

    def forward_concat(
        self, network: keras.Model, *batches: tf.Tensor
    ) -> list[dict[str, tf.Tensor]]:
        """Trains a network on several batches in one pass, which is faster than one after another.

        For networks in which images do not see each other, or shall share their batch statistics.
        Every row has its own dropout and noise.

        Args:
            network: images -> {name: output}.
            *batches: Images, float32 [rows, h, w, c] each.

        Returns:
            The outputs for each batch.
        """
        rows = [batch.shape[0] for batch in batches]
        with self.step_random().laid_out(rows):
            outputs = network(tf.concat(batches, 0), training=True)
        split = {name: tf.split(output, rows) for name, output in outputs.items()}
        return [{name: split[name][i] for name in split} for i in range(len(rows))]

    def progress(self) -> tf.Tensor:
        """The share of the run that is done, float32 in [0, 1]."""
        return tf.cast(self.step, tf.float32) / self.task.steps

    def end_step(self, **scalars: tf.Tensor) -> dict[str, tf.Tensor]:
        """Ends a step: averages follow, the scalars are summed, the clock advances.

        Averages begin anew with each stage: before it, the network was another.

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
        for twin, network, decay in self._ema_pairs:
            keep = schedules.ema_decay(self.step.value - self.stages()[self.stage], decay)
            for slow, fast in zip(twin.variables, network.variables, strict=True):
                slow.assign(keep * slow.value + (1.0 - keep) * fast.value)
        values = distribution.mean_over_replicas(
            tf.stack([tf.cast(scalars[name], tf.float32) for name in names])
        )
        unused = tf.zeros([self.sums.shape[0] - 1 - len(names)])
        self.sums.assign_add(tf.concat([values, unused, [1.0]], 0))
        self.step.assign_add(1)
        return dict(zip(names, tf.unstack(values), strict=True))

    # What the house calls.

    def begin(self, images: tf.Tensor) -> None:
        """Prepares a new run: data-dependent initialization, then averages that start from it.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], training images as they are.
        """
        with step_random.at(self.task.seed, -1):  # no training step has this number
            self.initialize(images)
        for twin, network, _ in self._ema_pairs:
            for slow, fast in zip(twin.variables, network.variables, strict=True):
                slow.assign(fast)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Classifies with the shipped weights.

        Args:
            images: float32 [batch, h, w, c] in [-1, 1].
            training: Ignored: the shipped weights are never trained through.

        Returns:
            Logits, float32 [batch, classes].
        """
        return self.exported_classifier(images, training=False)["logits"]

    def one_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """`train_step` with this step's random numbers at hand."""
        with step_random.at(self.task.seed, self.step.value):
            return self.train_step(batch)

    def set_stage(self, step: int) -> None:
        """Makes the stage of a step the current one; the next step is traced if it is another."""
        stage = [name for name, first in self.stages().items() if first <= step][-1]
        if stage != self.stage:
            self.stage, self.train_function = stage, None

    def waiting(self) -> float:
        """Share of the time of this process's steps spent waiting for batches, in percent."""
        return 100.0 * self.waited / self.worked if self.worked else 0.0

    def make_train_function(self, force: bool = False) -> Callable:
        """One traced step on every replica, and a clock of what it waits for.

        Keras' own fails on several workers, where it reduces scalars over an axis they lack.
        """
        if self.train_function is None or force:
            strategy = self.distribute_strategy
            # Steps have no loops or branches of tensors: to look for them takes a third of a trace.
            step = tf.function(
                self.one_step,
                jit_compile=self.jit_compile,
                reduce_retracing=True,
                autograph=False,
            )

            @tf.function(autograph=False)
            def take(batch):
                logs = strategy.run(step, args=(batch,))
                # finish() has averaged over the replicas: any one of them tells.
                return tf.nest.map_structure(
                    lambda value: strategy.experimental_local_results(value)[0], logs
                )

            def train_function(iterator):
                began, traces = time.perf_counter(), take.experimental_get_tracing_count()
                batch = next(iterator)
                waited = time.perf_counter() - began
                logs = take(batch)
                if traces and traces == take.experimental_get_tracing_count():
                    self.waited += waited
                    self.worked += time.perf_counter() - began
                return logs

            self.train_function = train_function
        return self.train_function

    def _maybe_symbolic_build(self, *args, **kwargs) -> None:
        """Nothing: all is built, and Keras' own reads a batch and fails on several workers."""

    @property
    def metrics(self) -> list:
        """None of Keras': its `loss` tracker would report 0."""
        return []

    @property
    def reported(self) -> tuple[str, ...]:
        """Names of the scalars of a step of the current stage."""
        return self.reports_in.get(self.stage, self.reports)

    def curve(self) -> dict[str, float]:
        """Means of the reported scalars since the last `start_curve`."""
        *sums, count = self.sums.numpy().tolist()
        return {
            name: value / max(count, 1.0) for name, value in zip(self.reported, sums, strict=False)
        }

    def start_curve(self) -> None:
        """Begins the means anew."""
        self.sums.assign(tf.zeros(self.sums.shape))

    def networks(self) -> dict[str, keras.Model]:
        """The networks that are trained, by player; by their names where a player has several."""
        return {
            player.name if len(player.networks) == 1 else network.name: network
            for player in self._players
            for network in player.networks
        }

    def state(self) -> dict[str, list[tf.Variable]]:
        """Every variable that a run needs to go on, by owner, in a fixed order.

        Raises:
            ValueError: A variable of this model belongs to no owner; it is named.
        """
        owners = {"clock": [self.step], "curve": [self.sums]}
        owners |= {f"network/{name}": net.variables for name, net in self.networks().items()}
        owners |= {f"optimizer/{p.name}": p.optimizer.variables for p in self._players}
        owners |= {"buffers": self._example_buffers} if self._example_buffers else {}
        owners |= {f"ema/{i}": twin.variables for i, (twin, _, _) in enumerate(self._ema_pairs)}
        known: dict[int, str] = {}  # of weights that several networks share, the first one's
        for owner, variables in owners.items():
            known = {id(v): owner for v in variables} | known
        lost = [v.path for v in self.variables if id(v) not in known]
        if lost:
            raise ValueError(f"state() misses {', '.join(lost)}")
        return {
            owner: [v.value for v in variables if known[id(v)] == owner]
            for owner, variables in owners.items()
        }

    def _number(
        self, name: str, shape: tuple[int, ...], dtype: str, initial: int = 0
    ) -> keras.Variable:
        # Every replica assigns the same value: whichever is kept is right.
        return self.add_weight(
            shape=shape,
            dtype=dtype,
            initializer=keras.initializers.Constant(initial),
            trainable=False,
            name=name,
            aggregation="only_first_replica",
            autocast=False,
        )
