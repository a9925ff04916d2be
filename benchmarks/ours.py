"""The project's own training step, with its input pipeline.

The step is the one that `fit` calls: it reads its batch from random uint8 images in memory through
`pipeline.dataset` (shuffled, translated, scaled) and updates the EMA of the weights.
"""

import dataclasses
from typing import Any

import common
import numpy as np
import steps
import tensorflow as tf

from tf_ssgan import methods
from tf_ssgan.core.method import Method
from tf_ssgan.core.task import Task
from tf_ssgan.data import pipeline, pools
from tf_ssgan.methods.bases import triple_players
from tf_ssgan.nn import layers, pixels, precision, weights
from tf_ssgan.training import build as run_building


def prepare(name: str, size: steps.Size) -> common.Prepared:
    """Builds the step of a method, see `common.measure`."""
    method = build(name, size)
    images, labels = _images(size)
    some = pixels.to_float32(images[: size.batch])
    method.begin(some, lambda: iter([some.numpy()]))
    everything = np.arange(len(images))
    labeled, unlabeled = pools.Pool(images, everything, labels), pools.Pool(images, everything)
    mixed = pools.mix_pools(labeled, unlabeled)
    pools_by_name = {"labeled": labeled, "unlabeled": unlabeled, "mixed": mixed}
    batches = iter(pipeline.dataset(pools_by_name, method.streams(), 0, 0))
    train = method.make_train_function()

    def step() -> list[float]:
        return [float(value) for value in train(batches).values()]

    return common.Prepared(
        variants={precision.resolve("auto"): step},
        device="GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        parameters={
            k: weights.parameter_count(n, gains=False) for k, n in networks(method).items()
        },
        images=sum(stream.examples for stream in method.streams().values()),
    )


def build(name: str, size: steps.Size) -> Method:
    """Builds a method with its default hyperparameters, in the number format of this machine.

    Wide residual networks have the listed form, as in the other implementations, and a localized
    GAN has the listed number of tangents from its first step on.

    Raises:
        ValueError: The step of the method differs from the one in `steps.STEPS`.
    """
    module = methods.find(name)
    listed = steps.STEPS[name]
    sizes = {"width": size.width, "latent_size": size.latent, "batch_size": size.batch}
    if isinstance(listed, steps.WideResNetStep):
        sizes |= {"depth": size.depth, "network": f"wrn_{listed.form}"}
    if isinstance(listed, steps.TripleStep):
        sizes |= {f"{k}_width": v for k, v in steps.triple_widths(size).items()}
    if isinstance(listed, steps.LocalStep):
        sizes |= {"tangents": listed.tangents, "plain_fraction": 0.0}
    known = {field.name for field in dataclasses.fields(module.HParams)}
    hparams = module.HParams(**{k: v for k, v in sizes.items() if k in known})
    run_building.keep_order_of_sums()
    with precision.policy(precision.resolve("auto")):
        method = module.Method(hparams, _task(size))
    method.jit_compile = bool(tf.config.list_physical_devices("GPU"))
    actual = _DESCRIBE[type(listed)](method)
    if actual != listed:
        raise ValueError(f"the step of {name} is {actual}, the benchmark lists {listed}")
    return method


def _describe_recalibration(method: Method) -> steps.RecalibrationStep:
    """Describes the step of a method of FR-GAN's family by its network and streams."""
    unlabeled = method.streams().get("unlabeled")
    return steps.RecalibrationStep(
        recalibrate=any(isinstance(x, layers.SqueezeExcite) for x in method.classifier.layers),
        branches=len(unlabeled.views) if unlabeled else 0,
    )


def _describe_matching(method: Method) -> steps.MatchingStep | None:
    """Describes the step of a method of ImprovedGAN's family; None without a stream to match."""
    ratio = getattr(method.hp, "fake_ratio", 1)
    return steps.MatchingStep(fake_ratio=ratio) if "matched" in method.streams() else None


def _describe_conditional(method: Method) -> steps.ConditionalStep:
    """Describes the step of a method of AC-GAN's family by its networks and hyperparameters."""
    return steps.ConditionalStep(
        adversarial="source" in method.classifier.output_names,
        truncated=getattr(method.hp, "trunc_scope", "") == "classifier",
        penalty=hasattr(method.hp, "penalty_weight"),
        search=getattr(method.hp, "tau_search", "none") == "gradient",
    )


def _describe_wide_resnet(method: Method) -> steps.WideResNetStep | None:
    """Describes the step of a method on a wide residual network; None for other methods."""
    ratio = getattr(method.hp, "unlabeled_ratio", None)
    if ratio is None:
        return None
    return steps.WideResNetStep(
        ratio=ratio,
        views=len(method.streams()["unlabeled"].views),
        form=method.hp.network.removeprefix("wrn_"),
        class_thresholds=hasattr(method, "thresholds"),
    )


def _describe_teacher(method: Method) -> steps.TeacherStep:
    """Describes the step of a method with a teacher by its hyperparameters."""
    return steps.TeacherStep(mixing=hasattr(method.hp, "unlabeled_alpha"))


def _describe_inference(method: Method) -> steps.InferenceStep | None:
    """Describes the step of ALI; None if its discriminator is not the one with leaky ReLUs."""
    return steps.InferenceStep() if method.hp.units == "leaky" else None


def _describe_triple(method: Method) -> steps.TripleStep | None:
    """Describes the step of Triple-GAN; None if it is not the one for SVHN."""
    hp = method.hp
    as_on_svhn = hp.norm == "batch" and hp.normalization == "none" and hp.generated_weight
    others = hp.image_noise or hp.consistency_weight
    return steps.TripleStep() if as_on_svhn and not others else None


def _describe_local(method: Method) -> steps.LocalStep:
    """Describes the step of the localized GAN by its stage and its number of tangents."""
    return steps.LocalStep(tangents=method.hp.tangents if method.stage == "train" else 0)


_DESCRIBE = {
    steps.RecalibrationStep: _describe_recalibration,
    steps.MatchingStep: _describe_matching,
    steps.ConditionalStep: _describe_conditional,
    steps.WideResNetStep: _describe_wide_resnet,
    steps.TeacherStep: _describe_teacher,
    steps.InferenceStep: _describe_inference,
    steps.TripleStep: _describe_triple,
    steps.LocalStep: _describe_local,
}


def networks(method: Method) -> dict[str, Any]:
    """The discriminator (or classifier) and, if there are any, the networks beside it.

    Those are the generator, ALI's encoder, and Triple-GAN's classifier.
    """
    beside = ["generator", "encoder"]
    if isinstance(method, triple_players.TripleMethod):
        beside.append("classifier")
    found = {"discriminator": getattr(method, "discriminator", method.classifier)}
    return found | {name: getattr(method, name) for name in beside if hasattr(method, name)}


def _task(size: steps.Size) -> Task:
    pool = common.POOL_BATCHES * size.batch
    return Task(
        classes=size.classes,
        height=size.side,
        width=size.side,
        channels=size.channels,
        labeled=pool,
        unlabeled=pool,
        steps=1000,
        steps_per_epoch=common.POOL_BATCHES,
    )


def _images(size: steps.Size) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels: uint8 [n, side, side, channels], int64 [n]."""
    rng, count = np.random.default_rng(0), common.POOL_BATCHES * size.batch
    shape = (count, size.side, size.side, size.channels)
    return rng.integers(0, 256, shape, np.uint8), rng.integers(0, size.classes, count)
