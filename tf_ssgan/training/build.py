"""Builds a run: its data, its protocol, and its method under a distribution strategy."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.core import method
from tf_ssgan.core.task import Task
from tf_ssgan.data import content_hash, datasets, pipeline, pools, protocol, splits
from tf_ssgan.nn import distribution, pixels, precision
from tf_ssgan.training import checkpoints, config
from tf_ssgan.training import workdir as workdirs

# Images of the data-dependent initialization, as in the public code.
INITIALIZATION_IMAGES = 500


@dataclasses.dataclass
class Run:
    """A run that is built: everything that training, evaluation and export need."""

    config: config.Config
    arrays: datasets.Arrays
    protocol: protocol.Protocol
    method: method.Method
    strategy: tf.distribute.Strategy
    precision: str

    @property
    def workdir(self) -> pathlib.Path:
        """Folder of the run."""
        return pathlib.Path(self.config.workdir)

    @property
    def checkpoints(self) -> pathlib.Path:
        """Folder of the checkpoints."""
        return self.workdir / "checkpoints"


def build(settings: config.Config) -> Run:
    """Loads the data, selects the labeled images, and builds the method under the strategy.

    Args:
        settings: The configuration.

    Raises:
        UserError: A name, a number or the data are wrong.
    """
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy = distribution.strategy(
        settings.devices or distribution.usable_gpus(settings.hparams.batch_size)
    )
    loaded = settings.find_source().load(settings.image_spec)
    arrays = content_hash.sort_by_content(loaded)
    protocol = make_protocol(settings, arrays)
    module = methods.find(settings.method)
    _check_fit(settings, protocol, module, strategy.num_replicas_in_sync)
    number_format = _number_format(settings)
    with strategy.scope(), precision.policy(number_format):
        built = module.Method(settings.hparams, make_task(settings, arrays.info, protocol))
    _check_streams(settings, built, strategy.num_replicas_in_sync)
    built.jit_compile = _use_xla(settings, strategy)
    return Run(settings, arrays, protocol, built, strategy, number_format)


def reopen(workdir: pathlib.Path, data_dir: str = "") -> Run:
    """Builds the method of a run again and loads its newest checkpoint, on one device.

    Args:
        workdir: Folder of a run that has saved at least once.
        data_dir: Where its data are now, if they have moved.

    Raises:
        UserError: The folder holds no run or no checkpoint, or the data cannot be found.
    """
    flags = workdirs.read_flags(workdir)
    if flags is None:
        raise errors.UserError(f"{workdir} is not the folder of a run: it holds no config.json.")
    flags |= {"workdir": str(workdir), "devices": 1}
    flags |= {"data_dir": data_dir} if data_dir else {}
    opened = build(config.configure(**flags))
    if restore(opened) is None:
        raise errors.UserError(f"{workdir} holds no checkpoint yet. Continue the run first.")
    return opened


def restore(run: Run) -> dict[str, Any] | None:
    """Loads the newest complete checkpoint of the run; returns its manifest, or None."""

    def accept(manifest: dict[str, Any]) -> None:
        workdirs.check_version(run.workdir, manifest)
        differences = run.config.differences(manifest["identity"])
        there = manifest | {"classes": len(manifest["protocol"]["classes"])}
        here = {
            "classes": len(run.protocol.classes),
            "split_sha256": run.protocol.sha256,
            "number_format": run.precision,
        }
        differences |= {k: (there[k], v) for k, v in here.items() if there[k] != v}
        if differences:
            raise errors.UserError(workdirs.describe_differences(run.workdir, differences))

    return checkpoints.restore(run.checkpoints, run.method.state(), accept)


def make_protocol(settings: config.Config, arrays: datasets.Arrays) -> protocol.Protocol:
    """Selects the labeled images, their labels, and the validation images."""
    return splits.make(
        settings.dataset,
        arrays.train_labels,
        arrays.info.classes,
        settings.labels,
        label_split=settings.label_split,
        split_seed=settings.split_seed,
        validation=settings.validation,
        noise=settings.noise,
        noise_rate=settings.noise_rate,
        keys=arrays.train_keys,
        clean_fraction=settings.clean_fraction,
    )


def make_task(
    settings: config.Config, info: datasets.DatasetInfo, protocol: protocol.Protocol
) -> Task:
    """The sizes that a method is given.

    An epoch is one pass over the unlabeled pool in whole batches (Jiang et al. 2019: samples
    divided by m); a run lasts `--epochs` of them, or `--max_steps` if that is shorter.
    """
    labeled, unlabeled = len(protocol.labeled_ids), len(protocol.unlabeled_ids)
    per_epoch = max(1, unlabeled // settings.hparams.unlabeled_examples)
    lengths = [settings.epochs * per_epoch, settings.max_steps]
    return Task(
        classes=len(info.classes),
        height=info.height,
        width=info.width,
        channels=info.channels,
        labeled=labeled,
        unlabeled=unlabeled,
        steps=min(n for n in lengths if n > 0),
        steps_per_epoch=per_epoch,
        seed=settings.seed,
        mean=info.mean,
        std=info.std,
        flip=info.flip,
        clean=len(protocol.clean_ids) if protocol.clean_fraction else labeled,
        noisy=len(protocol.noisy_ids),
    )


def batches(run: Run, start: int) -> Any:
    """Endless batches from step `start` on, as `fit` reads them: only the rows of this host."""
    image_pools = pools.make_pools(run.arrays, run.protocol, run.method.pseudo_labels())
    streams, seed = run.method.streams(), run.config.seed

    def host_rows(context: tf.distribute.InputContext) -> tf.data.Dataset:
        local = context.num_replicas_in_sync // context.num_input_pipelines
        host = pipeline.Host(context.num_replicas_in_sync, local, context.input_pipeline_id * local)
        return pipeline.dataset(image_pools, streams, seed, start, host)

    if run.strategy.num_replicas_in_sync == 1:
        return pipeline.dataset(image_pools, streams, seed, start)
    return run.strategy.distribute_datasets_from_function(host_rows)


def initial_images(run: Run, count: int = INITIALIZATION_IMAGES) -> tf.Tensor:
    """At most `count` training images, selected by the seed: float32 in [-1, 1], unaugmented."""
    return pixels.to_float32(run.arrays.train_images[sample_unlabeled_ids(run, count)])


def sample_unlabeled_ids(run: Run, count: int) -> np.ndarray:
    """Ids of at most `count` unlabeled images, selected by the seed: int64 [n]."""
    return np.random.default_rng(run.config.seed).permutation(run.protocol.unlabeled_ids)[:count]


def _number_format(settings: config.Config) -> str:
    """Number format of the layers; a run that continues keeps the format in which it began."""
    if settings.precision == "auto":
        checkpoint = checkpoints.newest(pathlib.Path(settings.workdir) / "checkpoints")
        if checkpoint is not None:
            return checkpoint["number_format"]
    return precision.resolve(settings.precision)


def _check_fit(settings: config.Config, protocol: protocol.Protocol, module, count: int) -> None:
    """Refuses combinations that would fail later.

    Raises:
        UserError: What does not fit, and what to change.
    """
    if module.Method.needs_labels and not len(protocol.labeled_ids):
        raise errors.UserError(
            f"--method={settings.method} learns from labels, and --labels=0 leaves none. "
            "Give it some labels."
        )
    has_both = len(protocol.clean_ids) and len(protocol.noisy_ids)
    if module.Method.needs_noisy and not has_both:
        raise errors.UserError(
            f"--method={settings.method} learns from labels that are known to be right and from "
            "labels that may be wrong: give --clean_fraction=0.1, the fraction that is right (for "
            "experiments, --noise=permute makes the others wrong)."
        )
    if settings.hparams.batch_size % count:
        raise errors.UserError(
            f"--batch_size={settings.hparams.batch_size} cannot be shared by {count} replicas. "
            f"Choose a multiple of {count}."
        )
    if not settings.epochs and not settings.max_steps:
        raise errors.UserError("--epochs=0 and --max_steps=0 leave no steps. Give one of them.")


def _check_streams(settings: config.Config, built: method.Method, count: int) -> None:
    """Raises UserError if the replicas cannot share the examples of a stage evenly."""
    for first in built.stages().values():
        built.set_stage(first)
        for name, stream in built.streams().items():
            if stream.examples % count:
                raise errors.UserError(
                    f"--method={settings.method} takes {stream.examples} images a step from its "
                    f"stream {name!r}, which {count} replicas cannot share: change --batch_size so "
                    f"that they are a multiple of {count}, or give another number of --devices."
                )
    built.set_stage(0)


def _use_xla(settings: config.Config, strategy: tf.distribute.Strategy) -> bool:
    """Whether XLA compiles the steps: only on a single GPU.

    XLA does not support more than one replica here, or deterministic operations. On a CPU it made
    such steps 2.5 to 16 times slower.
    """
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return gpu and strategy.num_replicas_in_sync == 1 and not settings.deterministic
