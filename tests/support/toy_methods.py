"""Toy problems and toy-sized methods, shared by the tests."""

import contextlib
import dataclasses
from collections.abc import Iterator
from unittest import mock

import numpy as np
import tensorflow as tf

from tf_ssgan import methods
from tf_ssgan.core.task import Task
from tf_ssgan.data import pipeline
from tf_ssgan.data.pools import Pool, merged
from tf_ssgan.networks import resnet18, wsgan_classifier
from tf_ssgan.nn import distribution, layers

CLASSES, SIZE, LABELED, UNLABELED, STEPS = 3, 8, 12, 40, 12
CLEAN = LABELED // 3  # known to be right
# xi: vat's direction multiplies the rounding by 1 / xi, and other devices round otherwise.
# The fractions: stages of two steps, so that six steps are in all of them.
SMALL = {"width": 4, "latent_size": 8, "batch_size": 8, "depth": 10, "xi": 1.0,
         "contrast_fraction": 2 / STEPS, "generate_fraction": 2 / STEPS, "nr_ratio": 0.5}  # fmt: skip


def images(
    count: int = UNLABELED, size: int = SIZE, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy gray squares, one brightness a class: uint8 [count, size, size, 1], int64 [count]."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    clean = 40 + 80 * labels[:, None, None, None]
    return (clean + chance.integers(-30, 30, (count, size, size, 1))).astype(np.uint8), labels


def pools(pseudo_labels: np.ndarray | None = None) -> dict[str, Pool]:
    """The toy data as labeled, clean, noisy and unlabeled pools, and what a method labeled."""
    pixels, labels = images()
    ids = np.arange(LABELED)
    parts = {"labeled": ids, "clean": ids[:CLEAN], "noisy": ids[CLEAN:]}
    made = {k: Pool(pixels, part, labels[part]) for k, part in parts.items()}
    labeled = made["labeled"]
    made["unlabeled"] = unlabeled = Pool(pixels, np.arange(UNLABELED))
    if pseudo_labels is not None:
        made["merged"] = merged(labeled, unlabeled, pseudo_labels)
    return made


def task(seed: int = 0, steps: int = STEPS, **sizes) -> Task:
    """The toy task."""
    known = dict(classes=CLASSES, height=SIZE, width=SIZE, channels=1)
    return Task(
        **(known | sizes),
        labeled=LABELED,
        unlabeled=UNLABELED,
        steps=steps,
        steps_per_epoch=5,
        seed=seed,
        clean=CLEAN,
        noisy=LABELED - CLEAN,
    )


def hparams(name: str, **knobs):
    """A method's hyper-parameters at toy size."""
    kind = methods.find(name).HParams
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**({k: v for k, v in SMALL.items() if k in names} | knobs))


@contextlib.contextmanager
def short() -> Iterator[None]:
    """Networks built within have less layers of the same kinds: each takes long to trace.

    Of ResNet-18's twenty the first three, for batch statistics of a few images of one pixel also
    multiply the rounding; of the two convolutions of each block of WSGAN's branches one.
    """

    def convolved(x, channels, padding):
        return layers.SpectralConv(channels, 2, padding=padding)(x)

    with (
        mock.patch.multiple(resnet18, WIDTHS=(1,), BLOCKS=1),
        mock.patch.object(wsgan_classifier, "_convolved", convolved),
    ):
        yield


class Toy:
    """A method built for the toy task, its step traced once, its start remembered."""

    def __init__(self, name: str, devices: int = 1, **knobs):
        self.strategy = distribution.strategy(devices)
        with self.strategy.scope(), short():
            self.method = methods.find(name).Method(hparams(name, **knobs), task())
        self.method.jit_compile = False
        self.traced = {}
        self.method.begin(centered(images()[0]))
        self.start = self.values()

    def values(self) -> dict[str, list[np.ndarray]]:
        """Every variable of the state."""
        return {k: [v.numpy() for v in owned] for k, owned in self.method.state().items()}

    def load(self, values: dict[str, list[np.ndarray]]) -> None:
        """Sets every variable of the state."""
        for owner, variables in self.method.state().items():
            for variable, value in zip(variables, values[owner], strict=True):
                variable.assign(value)

    def stages(self):
        """Goes to the start, but for the clock, which it puts to the first step of each stage."""
        for first in self.method.stages().values():
            self.load(self.start)
            self.method.step.assign(first)
            self.method.set_stage(first)
            yield first

    def batches(self, step: int = 0):
        """An iterator over the batches from a step on, as `fit` gets them."""
        wanted, seed = self.method.streams(), self.method.task.seed
        there = pools(self.method.pseudo_labels())

        def rows(context):
            local = context.num_replicas_in_sync
            return pipeline.dataset(there, wanted, seed, step, pipeline.Host(local, local, 0))

        if self.strategy.num_replicas_in_sync == 1:
            return iter(pipeline.dataset(there, wanted, seed, step))
        return iter(self.strategy.distribute_datasets_from_function(rows))

    def run(self, steps: int, first: int = 0) -> list[dict[str, float]]:
        """Takes steps, each in its stage; the scalars of each."""
        found, cuts = [], {first, *self.method.stages().values()}
        for at in range(first, first + steps):
            if at in cuts:
                self.method.set_stage(at)
                self._keep_trace()
                batches = self.batches(at)
            found.append({k: float(v) for k, v in self.method.train_function(batches).items()})
        return found

    def _keep_trace(self) -> None:
        """Each stage is traced once, however often it is entered."""
        stage = self.method.stage
        self.method.train_function = self.traced.get(stage)
        self.traced[stage] = self.method.make_train_function()


class Eager(Toy):
    """The same, its steps taken as they are: of a few the trace takes longer than they do.

    That traced steps equal these is a question that the conformance suite asks of every method.
    Equalities to the bit are of traced ones: which gradient is added first is not fixed here.
    """

    def _keep_trace(self) -> None:
        self.method.train_function = lambda batches: self.method.one_step(next(batches))


def centered(pixels: np.ndarray) -> tf.Tensor:
    """uint8 images as networks see them."""
    return (tf.cast(pixels, tf.float32) - 127.5) / 127.5
