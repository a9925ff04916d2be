"""A run, from a configuration to a trained classifier in a folder.

from tf_ssgan import config, experiment
result = experiment.run(config.configure("frgan", "digits", max_steps=300))
print(result["test_error"])
"""

import contextlib
import dataclasses
import fcntl
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tf_ssgan
from tf_ssgan import (
    callbacks,
    checkpoint,
    config,
    errors,
    evaluation,
    gan,
    layers,
    method,
    methods,
    precision,
    replicas,
)
from tf_ssgan.data import datasets, splits, streams
from tf_ssgan.task import Task

INITIALIZING = 500  # images of the data-dependent initialization, as in the public code
LAP_STEPS = 50  # an evaluation covers whole epochs of at least so many steps
OURS = (
    "run.flags",
    "protocol.json",
    "metrics.jsonl",
    "history.csv",
    "checkpoints",
    "result.json",
    "samples.png",
    "confusion.png",
)  # what a run writes, after config.json


@dataclasses.dataclass
class Run:
    """A run that is set up: everything that training, evaluation and export need."""

    config: config.Config
    arrays: datasets.Arrays
    protocol: splits.Protocol
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


def run(settings: config.Config) -> dict[str, Any]:
    """Trains one classifier, or goes on with it, and leaves everything in its workdir.

    Args:
        settings: The configuration; the same one continues the run, and reports a finished one.

    Returns:
        What `result.json` holds; empty on workers that are not the chief.

    Raises:
        UserError: A person's mistake.
        Diverged: A scalar was not finite; the last checkpoint is kept.
        Interrupted: A signal came; everything is saved.
    """
    with locked(pathlib.Path(settings.workdir)) as workdir, _writing(workdir):
        finished = _finished(settings, workdir)
        if finished:
            print(f"{workdir} is finished; this is its result. Ask for more --max_steps to go on.")
            return finished
        return train(build(settings))


def build(settings: config.Config) -> Run:
    """Loads the data, decides who is labeled, and builds the method under the strategy.

    Args:
        settings: The configuration.

    Raises:
        UserError: A person's mistake in names, numbers or data.
    """
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy = replicas.strategy(settings.devices)
    arrays = datasets.load(settings.dataset, settings.data_dir or None)
    protocol = make_protocol(settings, arrays.train_labels, arrays.card.classes)
    module = methods.find(settings.method)
    _check_fit(settings, protocol, module, strategy.num_replicas_in_sync)
    number_format = precision.resolve(settings.precision)
    with strategy.scope(), precision.policy(number_format):
        made = module.Method(settings.hparams, make_task(settings, arrays.card, protocol))
    made.jit_compile = _compiled(settings, strategy)
    return Run(settings, arrays, protocol, made, strategy, number_format)


def reopen(workdir: pathlib.Path) -> Run:
    """Builds the method of a run anew and loads its newest checkpoint, on one device.

    Args:
        workdir: Folder of a run that has saved at least once.

    Raises:
        UserError: It is no such folder, or its data are not where they were.
    """
    flags = _settled(workdir)
    if flags is None:
        raise errors.UserError(f"{workdir} is not the folder of a run: it holds no config.json.")
    opened = build(config.configure(**(flags | {"workdir": str(workdir), "devices": 1})))
    if restore(opened) is None:
        raise errors.UserError(f"{workdir} holds no checkpoint yet; let the run go on first.")
    return opened


def make_protocol(
    settings: config.Config, train_labels: np.ndarray, classes: tuple[str, ...]
) -> splits.Protocol:
    """Decides which images are labeled, with which labels, and which validate."""
    return splits.make(
        settings.dataset,
        train_labels,
        classes,
        settings.labels,
        settings.label_split,
        settings.split_seed,
        settings.validation,
        settings.noise,
        settings.noise_rate,
        settings.split_seed,
    )


def make_task(settings: config.Config, card: datasets.Card, protocol: splits.Protocol) -> Task:
    """The sizes that a method may know.

    An epoch is one pass over the unlabeled pool in whole batches (Jiang et al. 2019: samples
    divided by m); a run lasts `--epochs` of them, or `--max_steps` if that is less.
    """
    unlabeled = len(protocol.unlabeled_ids)
    per_epoch = max(1, unlabeled // settings.hparams.unlabeled_examples)
    lengths = [settings.epochs * per_epoch, settings.max_steps]
    return Task(
        classes=len(card.classes),
        height=card.height,
        width=card.width,
        channels=card.channels,
        labeled=len(protocol.labeled_ids),
        unlabeled=unlabeled,
        steps=min(n for n in lengths if n > 0),
        steps_per_epoch=per_epoch,
        seed=settings.seed,
    )


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
            raise errors.UserError(_differ(run.workdir, differences))

    return checkpoint.restore(run.checkpoints, run.method.state(), accept)


def train(run: Run) -> dict[str, Any]:
    """Takes the steps that are left, and judges the outcome."""
    chief = replicas.is_chief()
    checkpoint.sweep(run.checkpoints)
    manifest = restore(run)
    if manifest is None:
        run.method.begin(initial_images(run))
    first = int(run.method.step.numpy())
    if first > run.method.task.steps:
        raise errors.UserError(_differ(run.workdir, {"steps": (first, run.method.task.steps)}))
    _say_hello(run, manifest)
    if chief:
        _write_beginnings(run, first)
    seconds = manifest["seconds"] if manifest else 0.0
    began = time.perf_counter()

    def save(_: method.Method | None = None) -> None:
        if chief:
            _save(run, seconds + time.perf_counter() - began)

    progress = callbacks.Progress(first, run.method.task.steps, _images_per_step(run))
    with callbacks.Signals() as signals:
        try:
            _fit(run, first, progress, signals, save)
        except errors.Interrupted:
            save()
            raise
        if not chief:
            return {}
        return _conclude(run, seconds + time.perf_counter() - began, progress, signals)


def _fit(run: Run, first: int, progress: callbacks.Progress, signals, save) -> None:
    """Calls Keras' fit: the rest of a lap, whole laps, the last lap if it is shorter."""
    watchers = [callbacks.Guard(signals)]
    task = run.method.task
    lap = lap_steps(task)
    if replicas.is_chief():
        writer = tf.summary.create_file_writer(str(run.workdir / "tensorboard"))
        journal = callbacks.Journal(
            run.workdir, lambda: _errors(run, signals), progress.images_per_second, writer
        )
        watchers += [progress, journal]
        if first and (first % lap == 0 or first == task.steps):
            journal.catch_up(run.method)
        if isinstance(run.method, gan.GAN):
            watchers.append(callbacks.Samples(run.workdir, writer))
    watchers.append(callbacks.Save(save))
    for start, steps, laps in segments(first, task.steps, lap):
        run.method.fit(
            batches(run, start),
            steps_per_epoch=steps,
            epochs=laps,
            callbacks=watchers,
            verbose=0,
            shuffle=False,
        )


def lap_steps(task: Task) -> int:
    """Steps between evaluations: whole epochs, at least `LAP_STEPS` steps of them."""
    return task.steps_per_epoch * -(-LAP_STEPS // task.steps_per_epoch)


def segments(first: int, last: int, lap: int) -> list[tuple[int, int, int]]:
    """Cuts the steps first..last at multiples of a lap.

    Returns:
        (start, steps of a lap, laps), at most three of them.
    """
    found, start = [], first
    if start % lap and start < last:
        steps = min(lap - start % lap, last - start)
        found.append((start, steps, 1))
        start += steps
    if laps := (last - start) // lap:
        found.append((start, lap, laps))
        start += laps * lap
    if start < last:
        found.append((start, last - start, 1))
    return found


def batches(run: Run, start: int) -> Any:
    """The endless batches from a step on, as `fit` reads them: this host's rows only."""
    pools = make_pools(run.arrays, run.protocol)
    wanted, seed = run.method.streams(), run.config.seed

    def host_rows(context: tf.distribute.InputContext) -> tf.data.Dataset:
        local = context.num_replicas_in_sync // context.num_input_pipelines
        host = streams.Host(context.num_replicas_in_sync, local, context.input_pipeline_id * local)
        return streams.dataset(pools, wanted, seed, start, host)

    if run.strategy.num_replicas_in_sync == 1:
        return streams.dataset(pools, wanted, seed, start)
    return run.strategy.distribute_datasets_from_function(host_rows)


def make_pools(arrays: datasets.Arrays, protocol: splits.Protocol) -> dict[str, streams.Pool]:
    """The pools that streams draw from. Without labels, label -1 is given to unlabeled images."""
    labeled = streams.Pool(arrays.train_images, protocol.labeled_ids, protocol.labels)
    unlabeled = streams.Pool(arrays.train_images, protocol.unlabeled_ids)
    if not len(protocol.labeled_ids):
        nobody = np.full(len(unlabeled.ids), -1, np.int64)
        labeled = dataclasses.replace(unlabeled, labels=nobody)
    return {"labeled": labeled, "unlabeled": unlabeled}


def _errors(run: Run, signals: callbacks.Signals) -> dict[str, float]:
    """Errors of the shipped and the raw weights on validation and test images, in percent."""
    held = run.protocol.validation_ids
    sets = {"test": (run.arrays.test_images, run.arrays.test_labels)}
    if len(held):
        sets = {"validation": (run.arrays.train_images[held], run.arrays.train_labels[held])} | sets
    found = {}
    for name, (images, labels) in sets.items():
        for suffix, network in (("", run.method.shipped), ("_raw", run.method.classifier)):
            found[f"{name}_error{suffix}"] = evaluation.evaluate(
                _predictor(network), images, labels, run.method.task.classes, signals.check
            ).error
    return found


def _predictor(network: keras.Model):
    """The network's traced forward pass, made once."""
    if not hasattr(network, "traced_predictor"):
        network.traced_predictor = evaluation.predictor(network)
    return network.traced_predictor


def _save(run: Run, seconds: float) -> None:
    state = run.method.state()
    weights = [v for name, owned in state.items() if name.startswith("network") for v in owned]
    for variable in weights:
        if not bool(tf.reduce_all(tf.math.is_finite(variable))):
            raise errors.Diverged(int(run.method.step.numpy()), variable.name, float("nan"))
    about = {
        "identity": run.config.identity(),
        "split_sha256": run.protocol.sha256,
        "number_format": run.precision,
        "replicas": run.strategy.num_replicas_in_sync,
        "cores": os.cpu_count(),
        "seconds": seconds,
        "protocol": run.protocol.as_json(),
    }
    checkpoint.save(run.checkpoints, state, int(run.method.step.numpy()), about)


def _conclude(run: Run, seconds: float, progress, signals) -> dict[str, Any]:
    """Judges the final weights, draws the confusion matrix, writes `result.json`."""
    report = evaluation.evaluate(
        _predictor(run.method.shipped),
        run.arrays.test_images,
        run.arrays.test_labels,
        run.method.task.classes,
        signals.check,
    )
    picture = evaluation.confusion_figure(report.confusion, run.arrays.card.classes)
    (run.workdir / "confusion.png").write_bytes(picture)
    outcome = _outcome(run, seconds, progress.images_per_second())
    _summarize(run, picture, outcome)
    _replace(run.workdir / "result.json", json.dumps(outcome, indent=1))
    return outcome


def _outcome(run: Run, seconds: float, speed: float) -> dict[str, Any]:
    lines = callbacks.history(run.workdir / "metrics.jsonl")
    last, task = lines[-1], run.method.task
    judged = [line for line in lines if "validation_error" in line]
    best = min(judged, key=lambda line: line["validation_error"], default=None)
    packages = ("tensorflow", "keras")
    return {
        **{
            k: getattr(run.config, k) for k in ("method", "dataset", "labels", "seed", "split_seed")
        },
        "label_split": run.config.label_split,
        "noise": run.config.noise,
        "noise_rate": run.config.noise_rate,
        "split_sha256": run.protocol.sha256,
        "steps": task.steps,
        "epochs": round(task.steps / task.steps_per_epoch, 3),
        "test_error": last["test_error"],
        "test_error_raw": last["test_error_raw"],
        "test_error_median20": statistics.median(line["test_error"] for line in lines[-20:]),
        "test_error_at_best_validation": best["test_error"] if best else None,
        "validation_error": last.get("validation_error"),
        "seconds": round(seconds, 1),
        "images_per_second": round(speed or last["images_per_second"], 1),
        "precision": run.precision,
        "devices": run.strategy.num_replicas_in_sync,
        "cores": os.cpu_count(),
        "parameters": {k: layers.parameters(n) for k, n in run.method.networks().items()},
        "hparams": dataclasses.asdict(run.config.hparams),
        "versions": {p: importlib.metadata.version(p) for p in packages}
        | {"tf_ssgan": tf_ssgan.__version__, "python": platform.python_version()},
    }


def _summarize(run: Run, picture: bytes, outcome: dict[str, Any]) -> None:
    """The confusion matrix and the HParams dashboard of TensorBoard."""
    from tensorboard.plugins.hparams import api  # slow to import, and used once a run

    writer = tf.summary.create_file_writer(str(run.workdir / "tensorboard"))
    with writer.as_default(step=outcome["steps"]):
        tf.summary.image("confusion", tf.io.decode_png(picture, channels=3)[None])
        shown = {
            "method": run.config.method,
            "dataset": run.config.dataset,
            "labels": run.config.labels,
            "seed": run.config.seed,
        }
        api.hparams(shown | outcome["hparams"])
        tf.summary.scalar("result/test_error", outcome["test_error"])
    writer.close()


def initial_images(run: Run) -> tf.Tensor:
    """Training images, fixed by the seed and unaugmented, in [-1, 1]."""
    ids = run.protocol.unlabeled_ids
    chosen = np.random.default_rng(run.config.seed).permutation(ids)[:INITIALIZING]
    return (tf.cast(run.arrays.train_images[chosen], tf.float32) - 127.5) / 127.5


def _images_per_step(run: Run) -> int:
    return sum(stream.examples for stream in run.method.streams().values())


def _compiled(settings: config.Config, strategy: tf.distribute.Strategy) -> bool:
    """Whether steps are compiled by XLA.

    It refuses more than one replica, and deterministic operations; on a CPU it made this kind of
    step 2.5 to 16 times slower. On one GPU it is on.
    """
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return gpu and strategy.num_replicas_in_sync == 1 and not settings.deterministic


def _check_fit(settings: config.Config, protocol: splits.Protocol, module, count: int) -> None:
    """Refuses combinations that could only fail later.

    Raises:
        UserError: Saying what does not fit, and what to change.
    """
    if module.Method.needs_labels and not len(protocol.labeled_ids):
        raise errors.UserError(
            f"--method={settings.method} learns from labels alone, and --labels=0 leaves none. "
            "Give it labels, or choose a method that uses unlabeled images."
        )
    if settings.hparams.batch_size % count:
        raise errors.UserError(
            f"--batch_size={settings.hparams.batch_size} cannot be shared by {count} replicas. "
            f"Choose a multiple of {count}."
        )
    if not settings.epochs and not settings.max_steps:
        raise errors.UserError("--epochs=0 and --max_steps=0 leave no run; give one of them.")


@contextlib.contextmanager
def locked(workdir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Keeps other processes out of a workdir; the lock dies with the process.

    Raises:
        UserError: The folder cannot be made, or another process is in it.
    """
    if not replicas.is_chief():
        yield workdir
        return
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock = (workdir / "lock").open("w")
    except OSError as error:
        raise errors.UserError(f"--workdir={workdir} cannot be used: {error.strerror}.") from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise errors.UserError(
                f"Another process is training in {workdir}. Wait for it, or give another --workdir."
            ) from error
        yield workdir


@contextlib.contextmanager
def _writing(workdir: pathlib.Path) -> Iterator[None]:
    """Turns a full disk, or a folder taken away, into a sentence.

    Raises:
        UserError: Saying what could not be written; checkpoints are untouched.
    """
    try:
        yield
    except OSError as error:
        raise errors.UserError(
            f"Cannot write to {error.filename or workdir}: {error.strerror or error}. "
            "Make room or fix the folder; the same command goes on from the last checkpoint."
        ) from error


def _finished(settings: config.Config, workdir: pathlib.Path) -> dict[str, Any] | None:
    """The result of a run that has taken all its steps; refuses another run's folder."""
    theirs = _settled(workdir)
    if theirs is None:
        if strange := [name for name in OURS if (workdir / name).exists()]:
            raise errors.UserError(
                f"{workdir} holds {', '.join(strange)} and no config.json: these files are no "
                "run's, and would be overwritten. Give another --workdir."
            )
        return None
    if differences := settings.differences(theirs):
        raise errors.UserError(_differ(workdir, differences))
    lengths = {k: (theirs[k], getattr(settings, k)) for k in ("epochs", "max_steps")}
    if fewer := {k: (old, new) for k, (old, new) in lengths.items() if 0 < new < old}:
        raise errors.UserError(_differ(workdir, fewer))
    result = workdir / "result.json"
    if not result.exists():
        return None
    # The flags there may already be those of a longer run that was stopped: the result decides.
    outcome = json.loads(result.read_text())
    reached = settings.max_steps == outcome["steps"] or settings.epochs == outcome["epochs"]
    return outcome if reached else None


def _settled(workdir: pathlib.Path) -> dict[str, Any] | None:
    """The flags with which a workdir was begun, or None."""
    path = workdir / "config.json"
    try:
        return json.loads(path.read_text()) if path.exists() else None
    except ValueError as error:
        raise errors.UserError(f"{path} is damaged ({error}). Choose another --workdir.") from error


def _differ(workdir: pathlib.Path, differences: dict[str, tuple[Any, Any]]) -> str:
    told = ", ".join(f"{k} is {old} there and {new} here" for k, (old, new) in differences.items())
    return f"{workdir} holds another run: {told}. Give the same flags, or another --workdir."


def _say_hello(run: Run, manifest: dict[str, Any] | None) -> None:
    sizes = {k: f"{layers.parameters(n):,}" for k, n in run.method.networks().items()}
    told = ", ".join(f"{name} {size} weights" for name, size in sizes.items())
    print(
        f"{run.config.method} on {run.config.dataset}: {told}; {run.precision}, "
        f"{run.strategy.num_replicas_in_sync} device(s)"
    )
    print(run.protocol.describe())
    if manifest:
        print(f"Going on from step {manifest['step']} of {run.method.task.steps}.")
        here = {"cores": os.cpu_count(), "replicas": run.strategy.num_replicas_in_sync}
        for name, count in here.items():
            if manifest[name] != count:
                print(
                    f"The run was on {manifest[name]} {name} and goes on on {count}: "
                    "it stays valid, its bits may differ from an uninterrupted run's."
                )
    print(f"Watch it: tensorboard --logdir {run.workdir}", flush=True)


def _write_beginnings(run: Run, first: int) -> None:
    """Flags, protocol and identity of a run; curves cut back to the restored step."""
    flags = [
        f"--{k}={str(v).lower() if isinstance(v, bool) else v}"
        for k, v in run.config.as_flags().items()
        if v != ""
    ]
    # First what tells that this folder is a run's.
    _replace(run.workdir / "config.json", json.dumps(run.config.as_flags(), indent=1))
    _replace(run.workdir / "run.flags", "\n".join(flags) + "\n")
    _replace(run.workdir / "protocol.json", json.dumps(run.protocol.as_json()))
    callbacks.rewind(run.workdir / "metrics.jsonl", first)


def _replace(path: pathlib.Path, text: str) -> None:
    """Writes a file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
