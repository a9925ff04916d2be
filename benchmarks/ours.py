"""The project's own training step, with its input pipeline.

The step is the one that `fit` calls: it draws the batch from random uint8 images in memory through
`streams.dataset` (shuffled, translated, scaled), and the weight average follows.
"""

import dataclasses
from typing import Any

import common
import numpy as np
import steps
import tensorflow as tf

from tf_ssgan import methods
from tf_ssgan.core import method
from tf_ssgan.core.task import Task
from tf_ssgan.data import pipeline, pools
from tf_ssgan.nn import layers, precision, weights

POOL_BATCHES = 10  # images in memory, in batches


def measure(name: str, size: steps.Size, repeats: int) -> dict[str, Any]:
    """Times the step of a method.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Steps that count.

    Returns:
        Seconds of each step, the number format, and the kernels and biases of each network.
    """
    made = build(name, size)
    pixels, labels = _images(size)
    made.begin((tf.cast(pixels[: size.batch], tf.float32) - 127.5) / 127.5)
    everything = np.arange(len(pixels))
    made_pools = {
        "labeled": pools.Pool(pixels, everything, labels),
        "unlabeled": pools.Pool(pixels, everything),
    }
    batches = iter(pipeline.dataset(made_pools, made.streams(), 0, 0))
    train = made.make_train_function()

    def step() -> list[float]:
        return [float(value) for value in train(batches).values()]

    return {
        "seconds": common.timed(step, repeats),
        "format": precision.resolve("auto"),
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "images": sum(stream.examples for stream in made.streams().values()),
        "parameters": {
            k: weights.parameter_count(n, gains=False) for k, n in networks(made).items()
        },
    }


def build(name: str, size: steps.Size) -> method.Method:
    """Builds a method with its default knobs, in the number format of this machine.

    On wide residual networks, all have the plain form, so that the twins have one too.

    Raises:
        ValueError: The method's passes are not those of `steps.STEPS`.
    """
    module = methods.find(name)
    theirs = steps.STEPS[name]
    sizes = {"width": size.width, "latent_size": size.latent, "batch_size": size.batch}
    if isinstance(theirs, steps.Residual):
        sizes |= {"depth": theirs.depth(size), "network": "wrn_plain"}
    known = {field.name for field in dataclasses.fields(module.HParams)}
    hparams = module.HParams(**{k: v for k, v in sizes.items() if k in known})
    with precision.policy(precision.resolve("auto")):
        made = module.Method(hparams, _task(size))
    made.jit_compile = bool(tf.config.list_physical_devices("GPU"))
    mine = _PASSES[type(theirs)](made)
    if mine != theirs:
        raise ValueError(f"{name} takes {mine}, the others {theirs}")
    return made


def _recalibrated(made: method.Method) -> steps.Recalibrated:
    """Which passes a built method of FR-GAN's family takes, as its network and streams say."""
    unlabeled = made.streams().get("unlabeled")
    return steps.Recalibrated(
        recalibrate=any(isinstance(x, layers.SqueezeExcite) for x in made.classifier.layers),
        branches=len(unlabeled.views) if unlabeled else 0,
    )


def _matching(made: method.Method) -> steps.Matching | None:
    """Which passes a method of ImprovedGAN's family takes; None without a stream to match."""
    ratio = getattr(made.hp, "fake_ratio", 1)
    return steps.Matching(fake_ratio=ratio) if "matched" in made.streams() else None


def _conditional(made: method.Method) -> steps.Conditional:
    """Which passes a method of AC-GAN's family takes, as its networks and knobs say."""
    return steps.Conditional(
        adversarial="source" in made.classifier.output_names,
        truncated=getattr(made.hp, "trunc_scope", "") == "classifier",
        penalty=hasattr(made.hp, "penalty_weight"),
        search=getattr(made.hp, "tau_search", "none") == "gradient",
    )


def _residual(made: method.Method) -> steps.Residual | None:
    """Which passes a method on a wide residual network takes; None without its knobs."""
    unlabeled = made.streams().get("unlabeled")
    ratio = getattr(made.hp, "unlabeled_ratio", None)
    return steps.Residual(ratio=ratio, views=len(unlabeled.views)) if ratio else None


_PASSES = {
    steps.Recalibrated: _recalibrated,
    steps.Matching: _matching,
    steps.Conditional: _conditional,
    steps.Residual: _residual,
}


def networks(made: method.Method) -> dict[str, Any]:
    """Discriminator (or classifier) and, where there is one, generator."""
    found = {"discriminator": made.classifier}
    return found | ({"generator": made.generator} if hasattr(made, "generator") else {})


def _task(size: steps.Size) -> Task:
    pool = POOL_BATCHES * size.batch
    return Task(
        classes=size.classes,
        height=size.side,
        width=size.side,
        channels=size.channels,
        labeled=pool,
        unlabeled=pool,
        steps=1000,
        steps_per_epoch=POOL_BATCHES,
    )


def _images(size: steps.Size) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels: uint8 [n, side, side, channels], int64 [n]."""
    chance, count = np.random.default_rng(0), POOL_BATCHES * size.batch
    shape = (count, size.side, size.side, size.channels)
    return chance.integers(0, 256, shape, np.uint8), chance.integers(0, size.classes, count)
