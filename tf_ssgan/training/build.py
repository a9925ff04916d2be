"""A run that is set up: data, protocol, and the method under its strategy."""

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
from tf_ssgan.nn import distribution, precision
from tf_ssgan.training import checkpoints, config
from tf_ssgan.training import workdir as workdirs

INITIALIZING = 500  # images of the data-dependent initialization, as in the public code


@dataclasses.dataclass
class Run:
    """A run that is set up: everything that training, evaluation and export need."""

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
        """Folder of its checkpoints."""
        return self.workdir / "checkpoints"


def build(settings: config.Config) -> Run:
    """Loads the data, decides who is labeled, and builds the method under the strategy.

    Args:
        settings: The configuration.

    Raises:
        UserError: A person's mistake in names, numbers or data.
    """
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy = distribution.strategy(
        settings.devices or distribution.usable_gpus(settings.hparams.batch_size)
    )
    loaded = datasets.load(settings.dataset, settings.data_dir or None, settings.form)
    arrays = content_hash.ordered(loaded)
    protocol = make_protocol(settings, arrays)
    module = methods.find(settings.method)
    _check_fit(settings, protocol, module, strategy.num_replicas_in_sync)
    number_format = _number_format(settings)
    with strategy.scope(), precision.policy(number_format):
        made = module.Method(settings.hparams, make_task(settings, arrays.info, protocol))
    _check_streams(settings, made, strategy.num_replicas_in_sync)
    made.jit_compile = _compiled(settings, strategy)
    return Run(settings, arrays, protocol, made, strategy, number_format)


def reopen(workdir: pathlib.Path, data_dir: str = "") -> Run:
    """Builds the method of a run anew and loads its newest checkpoint, on one device.

    Args:
        workdir: Folder of a run that has saved at least once.
        data_dir: Where its data lie now, if no longer where they were.

    Raises:
        UserError: It is no such folder, or its data are not where they were.
    """
    flags = workdirs.read_flags(workdir)
    if flags is None:
        raise errors.UserError(f"{workdir} is not the folder of a run: it holds no config.json.")
    flags |= {"workdir": str(workdir), "devices": 1}
    flags |= {"data_dir": data_dir} if data_dir else {}
    opened = build(config.configure(**flags))
    if restore(opened) is None:
        raise errors.UserError(f"{workdir} holds no checkpoint yet; let the run go on first.")
    return opened


def restore(run: Run) -> dict[str, Any] | None:
    """Loads the run's newest whole checkpoint; its manifest, or None."""

    def accept(manifest: dict[str, Any]) -> None:
        theirs = manifest["identity"]
        differences = run.config.differences(theirs)
        there = manifest | {"classes": len(manifest["protocol"]["classes"])}
        here = {
            "classes": len(run.protocol.classes),
            "split_sha256": run.protocol.sha256,
            "number_format": run.precision,
        }
        differences |= {k: (there[k], mine) for k, mine in here.items() if there[k] != mine}
        if differences:
            raise errors.UserError(workdirs.describe_differences(run.workdir, differences))

    return checkpoints.restore(run.checkpoints, run.method.state(), accept)


def make_protocol(settings: config.Config, arrays: datasets.Arrays) -> protocol.Protocol:
    """Decides which images are labeled, with which labels, and which validate."""
    return splits.make(
        settings.dataset,
        arrays.train_labels,
        arrays.info.classes,
        settings.labels,
        settings.label_split,
        settings.split_seed,
        settings.validation,
        settings.noise,
        settings.noise_rate,
        settings.split_seed,
        arrays.train_keys,
        settings.clean_fraction,
    )


def make_task(
    settings: config.Config, card: datasets.DatasetInfo, protocol: protocol.Protocol
) -> Task:
    """The sizes that a method may know.

    An epoch is one pass over the unlabeled pool in whole batches (Jiang et al. 2019: samples
    divided by m); a run lasts `--epochs` of them, or `--max_steps` if that is less.
    """
    labeled, unlabeled = len(protocol.labeled_ids), len(protocol.unlabeled_ids)
    per_epoch = max(1, unlabeled // settings.hparams.unlabeled_examples)
    lengths = [settings.epochs * per_epoch, settings.max_steps]
    return Task(
        classes=len(card.classes),
        height=card.height,
        width=card.width,
        channels=card.channels,
        labeled=labeled,
        unlabeled=unlabeled,
        steps=min(n for n in lengths if n > 0),
        steps_per_epoch=per_epoch,
        seed=settings.seed,
        mean=card.mean,
        std=card.std,
        flip=card.flip,
        clean=len(protocol.clean_ids) if protocol.clean_fraction else labeled,
        noisy=len(protocol.noisy_ids),
    )


def batches(run: Run, start: int) -> Any:
    """The endless batches from a step on, as `fit` reads them: this host's rows only."""
    made = pools.make_pools(run.arrays, run.protocol, run.method.pseudo_labels())
    wanted, seed = run.method.streams(), run.config.seed

    def host_rows(context: tf.distribute.InputContext) -> tf.data.Dataset:
        local = context.num_replicas_in_sync // context.num_input_pipelines
        host = pipeline.Host(context.num_replicas_in_sync, local, context.input_pipeline_id * local)
        return pipeline.dataset(made, wanted, seed, start, host)

    if run.strategy.num_replicas_in_sync == 1:
        return pipeline.dataset(made, wanted, seed, start)
    return run.strategy.distribute_datasets_from_function(host_rows)


def initial_images(run: Run, count: int = INITIALIZING) -> tf.Tensor:
    """At most so many training images, fixed by the seed and unaugmented, in [-1, 1]."""
    pixels = run.arrays.train_images[chosen(run, count)]
    return (tf.cast(pixels, tf.float32) - 127.5) / 127.5


def chosen(run: Run, count: int) -> np.ndarray:
    """At most so many ids of unlabeled images, fixed by the seed."""
    return np.random.default_rng(run.config.seed).permutation(run.protocol.unlabeled_ids)[:count]


def _number_format(settings: config.Config) -> str:
    """What the layers compute in: a run goes on in the format in which it began."""
    if settings.precision == "auto":
        begun = checkpoints.newest(pathlib.Path(settings.workdir) / "checkpoints")
        if begun is not None:
            return begun["number_format"]
    return precision.resolve(settings.precision)


def _check_fit(settings: config.Config, protocol: protocol.Protocol, module, count: int) -> None:
    """Refuses combinations that could only fail later.

    Raises:
        UserError: Saying what does not fit, and what to change.
    """
    if module.Method.needs_labels and not len(protocol.labeled_ids):
        raise errors.UserError(
            f"--method={settings.method} learns from labels, and --labels=0 leaves none. "
            "Give it some."
        )
    apart = len(protocol.clean_ids) and len(protocol.noisy_ids)
    if module.Method.needs_noisy and not apart:
        raise errors.UserError(
            f"--method={settings.method} learns from labels that are known to be right and from "
            "labels that may be wrong: give --clean_fraction=0.1, the fraction that is right (and "
            "for experiments make the others wrong with --noise=permute)."
        )
    if settings.hparams.batch_size % count:
        raise errors.UserError(
            f"--batch_size={settings.hparams.batch_size} cannot be shared by {count} replicas. "
            f"Choose a multiple of {count}."
        )
    if not settings.epochs and not settings.max_steps:
        raise errors.UserError("--epochs=0 and --max_steps=0 leave no run; give one of them.")


def _check_streams(settings: config.Config, made: method.Method, count: int) -> None:
    """Raises UserError where the examples of a stage cannot be dealt evenly to the replicas."""
    for first in made.stages().values():
        made.set_stage(first)
        for name, stream in made.streams().items():
            if stream.examples % count:
                raise errors.UserError(
                    f"--method={settings.method} takes {stream.examples} images a step from its "
                    f"stream {name!r}, which {count} replicas cannot share: change --batch_size so "
                    f"that they are a multiple of {count}, or give another number of --devices."
                )
    made.set_stage(0)


def _compiled(settings: config.Config, strategy: tf.distribute.Strategy) -> bool:
    """Whether steps are compiled by XLA.

    It refuses more than one replica, and deterministic operations; on a CPU it made this kind of
    step 2.5 to 16 times slower. On one GPU it is on.
    """
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return gpu and strategy.num_replicas_in_sync == 1 and not settings.deterministic
