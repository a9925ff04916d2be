"""Toy problems and toy-sized methods, shared by the tests.

No method or network is named here. What else a method needs to be small is in a file beside its
test: `TOY` in tests/methods/toy_METHOD.py, or in tests/methods/bases/toy_BASE.py for all methods
whose HParams inherit from that base. Networks that take long to trace although they are narrow are
made shorter by `short` in tests/networks/toy_NETWORK.py.
"""

import contextlib
import dataclasses
import pathlib
import runpy
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ssgan import methods
from tf_ssgan.common import few_images
from tf_ssgan.core.task import Task
from tf_ssgan.data import pipeline
from tf_ssgan.data.pools import Pool, merge_pools, mix_pools, subset
from tf_ssgan.nn import distribution, pixels

CLASSES, SIZE, LABELED, UNLABELED, STEPS = 3, 8, 12, 40, 12
CLEAN = LABELED // 3  # known to be right
HELD_OUT = 9  # in the pool; tasks say 100, which a search by validation needs
# Hyperparameters with these names mean the same in every method that has them.
SMALL = {"width": 4, "latent_size": 8, "batch_size": 8, "depth": 10}
TESTS = pathlib.Path(__file__).parents[1]


def images(
    count: int = UNLABELED, size: int = SIZE, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy gray squares, one brightness a class: uint8 [count, size, size, 1], int64 [count]."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    clean = 40 + 80 * labels[:, None, None, None]
    return (clean + chance.integers(-30, 30, (count, size, size, 1))).astype(np.uint8), labels


def pools(method=None) -> dict[str, Pool]:
    """The toy data as pools, with other images as held-out ones, and what a method makes of them."""
    squares, labels = images()
    ids = np.arange(LABELED)
    parts = {"labeled": ids, "clean": ids[:CLEAN], "noisy": ids[CLEAN:]}
    made = {k: Pool(squares, part, labels[part]) for k, part in parts.items()}
    labeled = made["labeled"]
    made["unlabeled"] = unlabeled = Pool(squares, np.arange(UNLABELED))
    others, their_labels = images(HELD_OUT, seed=1)
    made["held_out"] = Pool(others, np.arange(HELD_OUT), their_labels)
    made["mixed"] = mix_pools(labeled, unlabeled)
    if method is None:
        return made
    if (pseudo_labels := method.pseudo_labels()) is not None:
        made["merged"] = merge_pools(labeled, unlabeled, pseudo_labels)
    return made | {name: subset(labeled, places) for name, places in method.subsets().items()}


def task(seed: int = 0, steps: int = STEPS, class_weights: tuple[float, ...] = (), **sizes) -> Task:
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
        held_out=few_images.ENOUGH_HELD_OUT,
        class_frequencies=(1 / CLASSES,) * CLASSES,
    )


def hparams(name: str, **hyperparameters):
    """The hyperparameters of a method at toy size."""
    kind = methods.find(name).HParams
    names = {field.name for field in dataclasses.fields(kind)}
    small = {k: v for k, v in SMALL.items() if k in names}
    for base in reversed(kind.__mro__):
        small |= toy_values(base.__module__)
    return kind(**(small | hyperparameters))


def toy_values(module: str, kind: str = "TOY") -> dict[str, Any]:
    """The toy values of a module of hyperparameters, from the file beside its test."""
    return _beside_test(module).get(kind, {})


def steps_until_all_move(name: str) -> int:
    """Steps of a stage after which every weight of a method has moved; 1 unless its file says it.

    A method whose losses have no gradient in some weights at their initial values needs more:
    `STEPS_UNTIL_ALL_MOVE` in tests/methods/toy_METHOD.py.
    """
    return _beside_test(methods.find(name).__name__).get("STEPS_UNTIL_ALL_MOVE", 1)


def _beside_test(module: str) -> dict[str, Any]:
    """What the toy file of a module defines; nothing without one."""
    *folders, name = module.split(".")
    file = TESTS.joinpath(*folders[1:], f"toy_{name}.py")
    return runpy.run_path(str(file)) if file.exists() else {}


def learning(name: str) -> dict[str, Any]:
    """Hyperparameters with which a toy learns in 80 steps: a rate, and `LEARNING` of its file."""
    return {"learning_rate": 3e-3} | toy_values(methods.find(name).__name__, "LEARNING")


@contextlib.contextmanager
def short() -> Iterator[None]:
    """Networks built within this context have fewer layers, because each takes long to trace."""
    with contextlib.ExitStack() as stack:
        for file in sorted(TESTS.glob("networks/toy_*.py")):
            stack.enter_context(runpy.run_path(str(file))["short"]())
        yield


class Toy:
    """A method built for the toy task; its step is traced once, its initial state is kept."""

    def __init__(
        self,
        name: str,
        devices: int = 1,
        class_weights: tuple[float, ...] = (),
        **hyperparameters,
    ):
        self.strategy = distribution.strategy(devices)
        with self.strategy.scope(), short():
            problem = dataclasses.replace(task(), class_weights=class_weights)
            self.method = methods.find(name).Method(hparams(name, **hyperparameters), problem)
        self.method.jit_compile = False
        self.traced = {}
        pool = centered(images()[0])
        self.method.begin(pool, lambda: iter(np.array_split(pool, 3)))
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
        """Loads the initial state for each stage, with the clock at the first step of the stage."""
        for first in self.method.stages().values():
            self.load(self.start)
            self.method.step.assign(first)
            self.method.set_stage(first)
            yield first

    def batches(self, step: int = 0):
        """An iterator over the batches from a step on, as `fit` gets them."""
        streams, seed = self.method.streams(), self.method.task.seed
        data = pools(self.method)

        def rows(context):
            local = context.num_replicas_in_sync
            return pipeline.dataset(data, streams, seed, step, pipeline.Host(local, local, 0))

        if self.strategy.num_replicas_in_sync == 1:
            return iter(pipeline.dataset(data, streams, seed, step))
        return iter(self.strategy.distribute_datasets_from_function(rows))

    def look(self):
        """What a run does where a stage begins, if the method reads pools; returns the look."""
        from support import toy_looks  # which needs this module

        look = toy_looks.ToyLook(self.method)
        self.method.look_at_pools(look)
        return look

    def run(self, steps: int, first: int = 0, looks: bool = True) -> list[dict[str, float]]:
        """Takes steps, each in its stage, perhaps with looks; returns the scalars of each."""
        logs, cuts = [], {first, *self.method.stages().values()}
        for at in range(first, first + steps):
            if at in cuts:
                self.method.set_stage(at)
                if looks and self.method.reads_pools and at in self.method.stages().values():
                    self.look()
                self._keep_trace()
                batches = self.batches(at)
            logs.append({k: float(v) for k, v in self.method.train_function(batches).items()})
        return logs

    def _keep_trace(self) -> None:
        """Each stage is traced once, however often it is entered."""
        stage = self.method.stage
        self.method.train_function = self.traced.get(stage)
        self.traced[stage] = self.method.make_train_function()


class Eager(Toy):
    """The same with eager steps: a trace takes longer than a few steps do.

    The conformance suite asks every method whether traced steps equal eager ones. Equality to the
    bit holds for traced steps only: here the order in which gradients are added is not fixed.
    """

    def _keep_trace(self) -> None:
        self.method.train_function = lambda batches: self.method.one_step(next(batches))


def centered(uint8_images: np.ndarray) -> tf.Tensor:
    """uint8 images as networks see them."""
    return pixels.to_float32(uint8_images)
