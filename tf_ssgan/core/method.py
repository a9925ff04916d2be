"""The base class of all methods.

A method is a `keras.Model` with `setup`, `streams` and `train_step`; calling it classifies with the
exported weights. Its hyperparameters are a frozen dataclass, whose fields become flags.
"""

from collections.abc import Callable
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import averages, hparams, looks, monitoring, run_state, train_function
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.core.sampler import Sampler
from tf_ssgan.core.task import Stream, Task
from tf_ssgan.nn import distribution, layers, step_random


class Method(run_state.RunState):
    """A way to train a classifier from labeled and unlabeled images.

    A subclass makes its networks in `setup`, names the images that it reads in `streams`, and
    defines one step in `train_step`.

    Attributes:
        hp: Its hyperparameters.
        task: Sizes of the problem.
        classifier: The network that learns to classify; set by `setup`.
        exported_classifier: The classifier that is evaluated and exported, see `exported`.
        reports: Names of the scalars that a step reports, in the order to read them.
        reports_in: Stage -> its names, for stages whose steps report other scalars.
        trains_in: Stage -> names of the networks that it changes, as in `networks`; for stages that
            do not change all of them.
        searched: The reported scalars that are results of the run, such as a hyperparameter that
            the method searches.
        search_images: How many labeled images it sets aside to score what it searches.
        needs_labels: Whether it cannot train without labels.
        needs_noisy: Whether it needs both clean and noisy labels.
        prefers_clean: Whether it makes a difference between labels that are known to be right and
            others, but does without.
        weighs_classes: Whether it weighs classes by a rule of its own, so that `--class_weight` is
            refused.
        reads_pools: Whether it looks at whole pools between steps, see `look_at_pools`.
        steps_differ: Whether the steps of its stages differ. If not, all stages have one trace: the
            step must not read `stage`.
        stage: The current stage, one of `stages`.
        step_times: How long this process took for its steps, and how long it waited for batches.
    """

    reports: tuple[str, ...] = ()
    reports_in: ClassVar[dict[str, tuple[str, ...]]] = {}
    trains_in: ClassVar[dict[str, tuple[str, ...]]] = {}
    searched: tuple[str, ...] = ()
    search_images: int = 0
    needs_labels: bool = False
    needs_noisy: bool = False
    prefers_clean: bool = False
    weighs_classes: bool = False
    reads_pools: bool = False
    steps_differ: bool = True

    def __init__(self, hp: hparams.HParams, task: Task):
        """Builds networks, optimizers and averages; call it inside the strategy's scope.

        Args:
            hp: Hyperparameters.
            task: Sizes of the problem; its seed fixes the initial weights.
        """
        super().__init__(name=type(self).__module__.rsplit(".", 1)[-1])
        keras.utils.set_random_seed(task.seed)
        self.hp = hp
        self.task = task
        self.make_scalar_means(max(map(len, (self.reports, *self.reports_in.values()))))
        self.step_times = train_function.StepTimes()
        self.stage = next(iter(self.stages()))
        self.setup()
        self.exported_classifier = self.exported()
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

    def exported(self) -> keras.Model:
        """Optional: the network that is evaluated and exported, called once after `setup`.

        By default it is the EMA of `classifier`. With `average_decay` 0 it is `classifier` itself.
        """
        if self.hp.average_decay > 0:
            return self.average(self.classifier, self.hp.average_decay)
        return self.classifier

    @staticmethod
    def most_values(hp: hparams.HParams) -> int:
        """Optional: the most values that an image may have with some hyperparameters; 0 for any.

        Args:
            hp: The hyperparameters.
        """
        return 0

    def recalibrates(self) -> Recalibration | None:
        """Optional: the network whose batch statistics are estimated anew at each evaluation."""
        return None

    @property
    def tunes_on_held_out(self) -> bool:
        """Whether it learns from held-out labels, so that they are no measure of it any more."""
        return any(stream.pool == "held_out" for stream in self.streams().values())

    def stages(self) -> dict[str, int]:
        """Optional: parts of the run whose steps differ, name -> first step; the first is at 0."""
        return {"train": 0}

    def pretrained(self) -> dict[str, keras.Model]:
        """Optional: networks to save as files at the end of the current stage, by name."""
        return {}

    def look_at_pools(self, look: looks.Look) -> None:
        """Optional: computes what needs all images at once, if it is time in the current stage.

        Called if `reads_pools`, at the beginning of each stage and of each evaluation interval
        (whole epochs). What it finds goes into per-example buffers, which checkpoints save. Then
        `pseudo_labels` and `subsets` are read again.

        Args:
            look: Predicts pools.
        """

    def subsets(self) -> dict[str, np.ndarray]:
        """Optional: parts of the labeled pool that streams read as pools.

        Returns:
            Name of the pool -> places in the labeled pool, int64 [size], at least one. Indices in
            batches are these places.
        """
        return {}

    def pseudo_labels(self) -> np.ndarray | None:
        """Optional: the pseudo-labels of unlabeled images, which join the labeled in pool "merged".

        Returns:
            int64 [unlabeled], -1 for images without one; None if the method does not read "merged".
        """
        return None

    def sampler(self) -> Sampler | None:
        """Optional: how images are drawn from its generator; None without a generator."""
        return None

    def monitors(self) -> tuple[monitoring.Monitored, ...]:
        """Optional: what is to be watched at each evaluation, beside errors and samples."""
        return ()

    def initialize(self, images: tf.Tensor) -> None:
        """Optional: data-dependent initialization; runs eagerly, once, before the first step.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], unaugmented training images.
        """

    # What a subclass uses, beside what makes variables (`run_state.RunState`).

    def step_random(self) -> step_random.StepRandom:
        """The random numbers of the current step."""
        return step_random.current()

    def label_weights(self, labels: tf.Tensor) -> tf.Tensor | None:
        """The weights of labels in the labeled loss (`--class_weight`).

        Every loss of labeled images takes them. A generator's losses do not: the classes that it is
        asked for are drawn evenly.

        Args:
            labels: int64 [rows]; -1 for images without a label of their own, which weigh 1.

        Returns:
            float32 [rows]; None if all labels weigh the same.
        """
        if not self.task.class_weights:
            return None
        weights = tf.gather(tf.constant(self.task.class_weights), tf.maximum(labels, 0))
        return tf.where(labels < 0, 1.0, weights)

    def forward_concat(
        self, network: keras.Model, *batches: tf.Tensor | list[tf.Tensor]
    ) -> list[dict[str, tf.Tensor]]:
        """Runs a network on several batches in one training pass, which is faster than several.

        Batch normalization sees all batches as one. Every row has dropout and noise of its own.

        Args:
            network: images -> {name: output}; or a list of inputs, such as images and labels.
            *batches: Images, float32 [rows, h, w, c] each; or such a list each.

        Returns:
            The outputs for each batch.
        """
        rows = [tf.nest.flatten(batch)[0].shape[0] for batch in batches]
        joined = tf.nest.map_structure(lambda *parts: tf.concat(parts, 0), *batches)
        with self.step_random().concatenated(rows):
            outputs = network(joined, training=True)
        split = {name: tf.split(output, rows) for name, output in outputs.items()}
        return [{name: split[name][i] for name in split} for i in range(len(rows))]

    def progress(self) -> tf.Tensor:
        """The fraction of the run that is done, float32 in [0, 1]."""
        return tf.cast(self.step, tf.float32) / self.task.steps

    def epoch(self) -> tf.Tensor:
        """Number of the epoch, from 0: float32 scalar."""
        return tf.cast(self.step // self.task.steps_per_epoch, tf.float32)

    def epoch_progress(self) -> tf.Tensor:
        """The fraction of the run that was done when the epoch began, float32 in [0, 1]."""
        return self.epoch() * self.task.steps_per_epoch / self.task.steps

    def end_step(self, **scalars: tf.Tensor) -> dict[str, tf.Tensor]:
        """Ends a step: updates the averages, sums the scalars, advances the clock.

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
        averages.update(self.averages, self._steps_in_stage())
        values = distribution.mean_over_replicas(
            tf.stack([tf.cast(scalars[name], tf.float32) for name in names])
        )
        self.scalar_means.add(values)
        self.step.assign_add(1)
        return dict(zip(names, tf.unstack(values), strict=True))

    def _steps_in_stage(self) -> tf.Tensor:
        """Number of the step in its stage, from 0: int64 scalar."""
        firsts = tf.constant(list(self.stages().values()), tf.int64)
        return self.step.value - tf.reduce_max(tf.where(firsts <= self.step.value, firsts, 0))

    # What the training loop calls.

    def begin(self, images: tf.Tensor, unlabeled: layers.Blocks) -> None:
        """Prepares a new run: fixed layers are settled, then weights initialized from data.

        The averages start from these weights.

        Args:
            images: float32 [some hundred, h, w, c] in [-1, 1], unaugmented training images.
            unlabeled: Gives all unlabeled images, likewise, in blocks [some, h, w, c].
        """
        layers.settle_fixed_layers(self.networks().values(), unlabeled)
        with step_random.at(self.task.seed, -1):  # no training step has this number
            self.initialize(images)
        averages.reset(self.averages)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Classifies with the exported weights.

        Args:
            images: float32 [batch, h, w, c] in [-1, 1].
            training: Ignored: this classifies in inference mode always.

        Returns:
            Logits, float32 [batch, classes].
        """
        return self.exported_classifier(images, training=False)["logits"]

    def one_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """`train_step`, with the random numbers of this step."""
        with step_random.at(self.task.seed, self.step.value):
            return self.train_step(batch)

    def set_stage(self, step: int) -> None:
        """Sets the stage to that of a step; if its steps differ, the next one is traced anew."""
        stage = [name for name, first in self.stages().items() if first <= step][-1]
        if stage != self.stage:
            self.stage = stage
            if self.steps_differ:
                self.train_function = None

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

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the networks that the current stage changes."""
        return self.trains_in.get(self.stage, tuple(self.networks()))

    def mean_scalars(self) -> dict[str, float]:
        """Means of the reported scalars over the steps since the last `reset_means`."""
        return self.scalar_means.means(self.reported)

    def reset_means(self) -> None:
        """Starts the means of `mean_scalars` anew."""
        self.scalar_means.reset()
