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
from tf_ssgan.data import datasets, fingerprint, pipeline, pools, protocol, splits
from tf_ssgan.nn import distribution, precision
from tf_ssgan.training import (
    checked_flags,
    checkpoints,
    class_weights,
    combinations,
    config,
    manifests,
    same_data,
    step_memory,
    stream_checks,
)
from tf_ssgan.training.workdir import Workdir


@dataclasses.dataclass
class Run:
    """A run that is built: everything that training, evaluation and export need.

    Attributes:
        config: Its configuration.
        info: Describes its images and classes.
        protocol: Which images are labeled and held out.
        method: Its method, with all networks.
        strategy: Where it runs.
        precision: Number format of the layers.
        saved: Its newest complete checkpoint when it was built or restored, if there is one.
    """

    config: config.Config
    info: datasets.DatasetInfo
    protocol: protocol.Protocol
    method: method.Method
    strategy: tf.distribute.Strategy
    precision: str
    saved: manifests.SavedCheckpoint | None = None
    _arrays: datasets.Arrays | None = None
    _record: fingerprint.DataRecord | None = None

    @property
    def workdir(self) -> Workdir:
        """Folder of the run."""
        return Workdir(pathlib.Path(self.config.workdir))

    @property
    def arrays(self) -> datasets.Arrays:
        """Its images and labels; a run that was opened again loads them when they are needed.

        Raises:
            UserError: They cannot be found, or are not those that the run began with.
        """
        if self._arrays is None:
            arrays = same_data.load_arrays(self.config)
            self._record = fingerprint.record(arrays)
            self.workdir.refuse_other_data(same_data.of_checkpoint(self.saved), self._record)
            begun = same_data.as_begun(self.config, self.workdir, self.saved)
            own = make_protocol(begun, arrays).sha256
            if own != self.protocol.sha256:
                self.workdir.refuse_differences({"split_sha256": (self.protocol.sha256, own)})
            self._arrays = arrays
        return self._arrays

    def classes_without(self, labels: np.ndarray) -> list[str]:
        """The classes that are not among some labels [n] of its images."""
        return [name for k, name in enumerate(self.info.classes) if not (labels == k).any()]

    @property
    def data_record(self) -> fingerprint.DataRecord:
        """The record of these images and labels, as in `data.json`."""
        arrays = self.arrays
        self._record = self._record or fingerprint.record(arrays)
        return self._record


def build(settings: config.Config) -> Run:
    """Loads the data, selects the labeled images, and builds the method under the strategy.

    Args:
        settings: The configuration.

    Raises:
        UserError: A name, a number or the data are wrong, or the folder holds another run.
    """
    distribution.join_cluster()
    workdir = Workdir(pathlib.Path(settings.workdir))
    saved = workdir.find_checkpoint()
    if saved:  # before the data are loaded, which may take long
        workdir.refuse_differences(_differences(settings, saved.manifest))
    arrays = same_data.load_arrays(settings)
    record = fingerprint.record(arrays)
    expected = same_data.of_checkpoint(saved) or same_data.of_result(workdir)
    workdir.refuse_other_data(expected, record)
    protocol = make_protocol(same_data.as_begun(settings, workdir, saved), arrays)
    if saved:
        workdir.refuse_differences(_differences(settings, saved.manifest, protocol))
    module = methods.find(settings.method)
    checked_flags.check_protocol(settings.method, module.Method, protocol, arrays.train_checked)
    strategy = distribution.strategy(
        settings.devices or distribution.usable_gpus(settings.hparams.batch_size)
    )
    run = _assemble(settings, arrays.info, protocol, saved, strategy)
    step_memory.check(run.method)
    return dataclasses.replace(run, _arrays=arrays, _record=record)


def reopen(
    folder: pathlib.Path, source: datasets.DataSource | None = None, data_dir: str = ""
) -> Run:
    """Builds the method of a run again and loads its newest checkpoint, on one device.

    The data are not loaded; `Run.arrays` loads them.

    Args:
        folder: Folder of a run that has saved at least once.
        source: Its data, if the command line has found them.
        data_dir: Where its data are now, if they have moved.

    Raises:
        UserError: The folder holds no run or no checkpoint, or its files are damaged.
    """
    workdir = Workdir(folder)
    changes = {"workdir": str(folder), "devices": 1}
    data_dir = source.data_dir if source else data_dir
    changes |= {"data_dir": data_dir} if source or data_dir else {}
    settings = dataclasses.replace(workdir.read_config(**changes), source=source)
    workdir.require_checkpoint()
    saved = workdir.find_checkpoint()
    workdir.refuse_differences(_differences(settings, saved.manifest))
    info = datasets.DatasetInfo.from_json(saved.manifest["dataset_info"])
    own = protocol.Protocol.from_json(saved.manifest["protocol"])
    opened = _assemble(settings, info, own, saved, distribution.one_device())
    _load_saved(opened)
    return opened


def restore(run: Run) -> dict[str, Any] | None:
    """Loads the newest complete checkpoint of the run; returns its manifest, or None.

    Raises:
        UserError: No checkpoint is complete, or it is of another run or other networks.
    """
    run.saved = run.workdir.find_checkpoint()
    if run.saved is None:
        return None
    run.workdir.refuse_other_data(same_data.of_checkpoint(run.saved), run.data_record)
    _load_saved(run)
    return run.saved.manifest


def _load_saved(run: Run) -> None:
    """Loads the checkpoint `run.saved`, or the one before if TensorFlow cannot read it.

    Raises:
        UserError: None can be loaded, or it is of another run.
    """
    while True:
        saved = run.saved
        run.workdir.refuse_differences(_differences(run.config, saved.manifest, run.protocol))
        try:
            _load(saved, run.method)
        except checkpoints.UnusableCheckpoint as error:
            skipped = (*saved.damaged, f"{saved.folder.name} {error.reason}")
            if len(skipped) == len(manifests.checkpoint_folders(run.workdir.checkpoints)):
                raise errors.UserError(
                    f"No checkpoint in {run.workdir.checkpoints} can be loaded "
                    f"({'; '.join(skipped)}). Choose another --workdir."
                ) from error
            run.saved = run.workdir.find_checkpoint(skipped)
        else:
            break
    for line in run.saved.damaged:
        print(f"Skipped a damaged checkpoint, {line}.")


def _load(saved: manifests.SavedCheckpoint, built: method.Method) -> None:
    """Loads a checkpoint, whose step must be that of its variables."""
    checkpoints.load(saved.folder, built.state())
    step = int(built.step.numpy())
    if step != saved.manifest["step"]:
        raise checkpoints.UnusableCheckpoint(
            saved.folder,
            f"is damaged: its manifest says step {saved.manifest['step']}, its variables {step}",
        )


def _differences(
    settings: config.Config, manifest: dict[str, Any], own: protocol.Protocol | None = None
) -> dict[str, tuple[Any, Any]]:
    """What differs between the run that has saved a checkpoint and this one: (there, here)."""
    there, here = dict(manifest), {}
    if settings.precision != "auto":
        here["number_format"] = settings.precision
    if own:
        there["classes"] = len(manifest["protocol"]["classes"])
        here |= {"classes": len(own.classes), "split_sha256": own.sha256}
    differing = {k: (there[k], v) for k, v in here.items() if there[k] != v}
    return settings.differences(manifest["identity"]) | differing


def _assemble(
    settings: config.Config,
    info: datasets.DatasetInfo,
    protocol: protocol.Protocol,
    saved: manifests.SavedCheckpoint | None,
    strategy: tf.distribute.Strategy,
) -> Run:
    """Builds the method under the strategy.

    A run that continues keeps the number format in which it began.
    """
    keep_order_of_sums()
    # On recent GPUs TensorFlow would round factors of float32 products to 10 bits.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    module = methods.find(settings.method)
    _check_fit(settings, protocol, module, strategy.num_replicas_in_sync)
    if saved:
        number_format = saved.manifest["number_format"]
    else:
        number_format = precision.resolve(settings.precision)
    with strategy.scope(), precision.policy(number_format):
        built = module.Method(settings.hparams, make_task(settings, info, protocol))
    stream_checks.check(built, strategy.num_replicas_in_sync)
    built.jit_compile = _use_xla(settings, strategy)
    return Run(settings, info, protocol, built, strategy, number_format, saved)


def keep_order_of_sums() -> None:
    """Makes a run that continues in another process compute the same bits.

    TensorFlow's arithmetic optimizer rewrites a sum of gradients in the order of pointers, which
    differs from process to process; by rounding, so do the weights. Steps take as long without it.
    """
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def make_protocol(settings: config.Config, arrays: datasets.Arrays) -> protocol.Protocol:
    """Selects the labeled images, their labels, and the validation images."""
    return splits.make(
        settings.dataset, arrays.train_labels, arrays.info.classes, settings.labels,
        label_split=settings.label_split, split_seed=settings.split_seed,
        validation=settings.validation, noise=settings.noise, noise_rate=settings.noise_rate,
        keys=arrays.train_keys, clean_fraction=settings.clean_fraction,
        held_out=arrays.train_held_out, image_groups=arrays.train_groups,
        default_pool=arrays.default_pool, checked=arrays.train_checked,
    )  # fmt: skip


def make_task(
    settings: config.Config, info: datasets.DatasetInfo, protocol: protocol.Protocol
) -> Task:
    """The sizes that a method is given.

    An epoch is one pass over the unlabeled pool in whole batches (Jiang et al. 2019: samples
    divided by m), unless the method counts otherwise; a run lasts `--epochs` of them, or
    `--max_steps` if that is shorter.
    """
    labeled, unlabeled = len(protocol.labeled_ids), len(protocol.unlabeled_ids)
    per_epoch = settings.hparams.epoch_steps(labeled, unlabeled)
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
        held_out=len(protocol.validation_ids),
        **class_weights.of_task(settings.class_weight, protocol.labels, len(info.classes)),
    )


def make_pools(run: Run) -> dict[str, pools.Pool]:
    """The pools of a run, with the pseudo-labels and subsets that its method has now."""
    method = run.method
    return pools.make_pools(run.arrays, run.protocol, method.pseudo_labels(), method.subsets())


def batches(run: Run, start: int) -> Any:
    """Endless batches from step `start` on, as `fit` reads them: only the rows of this host."""
    image_pools = make_pools(run)
    streams, seed = run.method.streams(), run.config.seed

    def host_rows(context: tf.distribute.InputContext) -> tf.data.Dataset:
        local = context.num_replicas_in_sync // context.num_input_pipelines
        host = pipeline.Host(context.num_replicas_in_sync, local, context.input_pipeline_id * local)
        return pipeline.dataset(image_pools, streams, seed, start, host)

    if run.strategy.num_replicas_in_sync == 1:
        return pipeline.dataset(image_pools, streams, seed, start)
    return run.strategy.distribute_datasets_from_function(host_rows)


def _check_fit(settings: config.Config, protocol: protocol.Protocol, module, count: int) -> None:
    """Refuses combinations that would fail later.

    Raises:
        UserError: What does not fit, and what to change.
    """
    combinations.check(dataclasses.replace(settings, devices=count), module.Method)
    if module.Method.needs_labels and not len(protocol.labeled_ids):
        raise errors.UserError(
            f"--method={settings.method} learns from labels, and there are none."
        )


def _use_xla(settings: config.Config, strategy: tf.distribute.Strategy) -> bool:
    """Whether XLA compiles the steps: only on a single GPU.

    XLA does not support more than one replica here, or deterministic operations. On a CPU it made
    such steps 2.5 to 16 times slower.
    """
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return gpu and strategy.num_replicas_in_sync == 1 and not settings.deterministic
