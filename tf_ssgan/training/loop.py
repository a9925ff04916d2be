"""A run, from a configuration to a trained classifier in a folder.

from tf_ssgan import config, experiment
result = experiment.run(config.configure("frgan", "digits", max_steps=300))
print(result["test_error"])
"""

import functools
import gc
import pathlib
import time
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common import cpu, errors
from tf_ssgan.core import method
from tf_ssgan.core.task import Task
from tf_ssgan.data import content_hash
from tf_ssgan.methods.bases import gan
from tf_ssgan.metrics import classification
from tf_ssgan.nn import distribution, inference, weights
from tf_ssgan.training import build, callbacks, checkpoints, config, monitors, results
from tf_ssgan.training import workdir as workdirs
from tf_ssgan.training.progress import Progress
from tf_ssgan.training.signals import Signals

MIN_EVALUATION_INTERVAL = 50  # an evaluation covers whole epochs of at least so many steps
PSEUDO_LABEL_IMAGES = 2000  # unlabeled images by which pseudo-labels are judged


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
    with workdirs.locked(pathlib.Path(settings.workdir)) as workdir, workdirs.writing(workdir):
        finished = workdirs.finished(settings, workdir)
        if finished:
            print(
                f"{workdir} is finished; this is its result. "
                f"To go on: --workdir={workdir} and more --max_steps."
            )
            return finished
        return train(build.build(settings))


def train(run: build.Run) -> dict[str, Any]:
    """Takes the steps that are left, and judges the outcome."""
    chief = distribution.is_chief()
    if chief:
        checkpoints.sweep(run.checkpoints)
    manifest = build.restore(run)
    if manifest is None:
        run.method.begin(build.initial_images(run))
    first = int(run.method.step.numpy())
    if first > run.method.task.steps:
        raise errors.UserError(
            workdirs.describe_differences(run.workdir, {"steps": (first, run.method.task.steps)})
        )
    if manifest:
        _refuse_earlier_stage(run, first, manifest.get("stage"))
    _say_hello(run, manifest)
    if chief:
        workdirs.begin(run.workdir, run.config, _protocol(run), first)
    seconds = manifest["seconds"] if manifest else 0.0
    began = time.perf_counter()

    def save(_: method.Method | None = None) -> None:
        _refuse_broken_weights(run.method)
        if chief:
            _save(run, seconds + time.perf_counter() - began)

    progress = Progress(first, run.method.task.steps, lambda: _images_per_step(run))
    with Signals() as signals:
        try:
            _fit(run, first, progress, signals, save)
        except errors.Interrupted:
            save()
            raise
        if not chief:
            return {}
        took = seconds + time.perf_counter() - began
        return results.conclude(run, took, progress.images_per_second(), signals.check)


def _fit(run: build.Run, first: int, progress: Progress, signals, save) -> None:
    """Calls Keras' fit: the rest of a lap, whole laps, the last lap if it is shorter.

    A method that gives labels looks at the pool before each lap, and gets its batches anew.
    """
    watchers = [callbacks.DivergenceGuard(signals)]
    task = run.method.task
    lap, stages = evaluation_interval(task), run.method.stages().values()
    if distribution.is_chief():
        watchers += [progress, *_watchers(run, first, progress, signals)]
    watchers.append(callbacks.SaveCheckpoint(save))
    relabels = run.method.pseudo_labels() is not None
    for start, steps, laps in segments(first, task.steps, lap, stages, relabels):
        if start and start in stages and distribution.is_chief():
            _keep_pretrained(run, start)
        run.method.set_stage(start)
        gives = relabels and run.method.stage == "train"
        if relabels:
            gc.collect()  # the batches of the last lap hold the images in a cycle
        if gives and (start % lap == 0 or start in stages):
            run.method.refresh_pseudo_labels(_beliefs(run, signals, run.protocol.unlabeled_ids))
        run.method.fit(
            build.batches(run, start),
            steps_per_epoch=steps,
            epochs=laps,
            callbacks=watchers,
            verbose=0,
            shuffle=False,
        )


def _keep_pretrained(run: build.Run, end: int) -> None:
    """Writes what the stage that ends before this step leaves for other runs."""
    run.method.set_stage(end - 1)
    for name, network in run.method.pretrained().items():
        network.save_weights(run.workdir / f"{name}.weights.h5")


def _watchers(
    run: build.Run, first: int, progress: Progress, signals: Signals
) -> list[keras.callbacks.Callback]:
    """What the chief writes down and draws at the end of each lap."""
    writer = tf.summary.create_file_writer(str(run.workdir / "tensorboard"))
    names, found, judges = run.arrays.info.classes, [], [lambda: _errors(run, signals)]
    if hasattr(run.method.hp, "threshold"):
        ids = build.chosen(run, PSEUDO_LABEL_IMAGES)
        look, labels = functools.partial(_beliefs, run, signals, ids), run.arrays.train_labels[ids]
        judges.append(monitors.PseudoLabelMonitor(run.method, look, labels, names, writer).scalars)
    if hasattr(run.method, "perturbation"):
        images = build.initial_images(run, run.method.hp.unlabeled_examples)
        found.append(monitors.PerturbationMonitor(run.workdir, images, names, writer))
    if isinstance(run.method, gan.GAN):
        found.append(monitors.SamplesMonitor(run.workdir, writer))

    def judge() -> dict[str, float | None]:
        return {name: value for ask in judges for name, value in ask().items()}

    record = callbacks.MetricsLogger(run.workdir, judge, progress.images_per_second, writer)
    ends = {run.method.task.steps, *run.method.stages().values()}
    if first and (first % evaluation_interval(run.method.task) == 0 or first in ends):
        run.method.set_stage(first - 1)  # whose stage the line is of
        record.catch_up(run.method)
    return [*found, record]


def evaluation_interval(task: Task) -> int:
    """Steps between evaluations: whole epochs, at least `MIN_EVALUATION_INTERVAL` steps of them."""
    return task.steps_per_epoch * -(-MIN_EVALUATION_INTERVAL // task.steps_per_epoch)


def segments(
    first: int, last: int, lap: int, stages: Iterable[int] = (), single: bool = False
) -> list[tuple[int, int, int]]:
    """Cuts the steps first..last at multiples of a lap, and where a stage begins.

    Args:
        first: The step to go on from.
        last: Where the run ends.
        lap: Steps between evaluations.
        stages: First steps of stages.
        single: One segment a lap; else laps of the same stage are one.

    Returns:
        (start, steps of a lap, laps) each.
    """
    ends = {*range(lap, last, lap), *stages, last}
    found, start = [], first
    for end in sorted(end for end in ends if first < end <= last):
        whole = start % lap == 0 and end - start == lap
        same = found and not single and whole and found[-1][1] == lap and start not in stages
        if same and found[-1][0] % lap == 0:
            found[-1] = (found[-1][0], lap, found[-1][2] + 1)
        else:
            found.append((start, end - start, 1))
        start = end
    return found


def _errors(run: build.Run, signals: Signals) -> dict[str, float]:
    """Errors of the shipped and the raw weights on validation and test images, in percent."""
    held = run.protocol.validation_ids
    sets = {"test": (run.arrays.test_images, run.arrays.test_labels)}
    if len(held):
        sets = {"validation": (run.arrays.train_images[held], run.arrays.train_labels[held])} | sets
    found = {}
    for name, (images, labels) in sets.items():
        for suffix, network in (
            ("", run.method.exported_classifier),
            ("_raw", run.method.classifier),
        ):
            found[f"{name}_error{suffix}"] = classification.evaluate(
                inference.cached_predictor(network),
                images,
                labels,
                run.method.task.classes,
                signals.check,
            ).error
    return found


def _beliefs(run: build.Run, signals: Signals, ids: np.ndarray) -> np.ndarray:
    """Logits of the raw weights for training images as they are, [ids, classes]."""
    predict = inference.cached_predictor(run.method.classifier)
    return np.concatenate(
        list(inference.predict_batches(predict, run.arrays.train_images, ids, signals.check))
    )


def _refuse_earlier_stage(run: build.Run, first: int, stage: str | None) -> None:
    """Raises UserError where a longer run would go back to a stage that this one has left.

    Stages are shares of the run, so they end later in a longer one.
    """
    stages, steps = list(run.method.stages()), run.method.task.steps
    run.method.set_stage(max(0, first - 1))
    if stage in stages and stages.index(run.method.stage) < stages.index(stage):
        raise errors.UserError(
            f"The run in {run.workdir} has come to stage {stage} by step {first}; of {steps} steps "
            f"that one would lie in stage {run.method.stage}. Give it fewer steps, or train anew "
            "in another --workdir."
        )


def _refuse_broken_weights(made: method.Method) -> None:
    """Raises before weights that are not finite are saved; on every worker, as all hold them."""
    for network in made.networks().values():
        for variable in network.variables:
            if not bool(tf.reduce_all(tf.math.is_finite(variable.value))):
                raise errors.Diverged(int(made.step.numpy()), variable.path, float("nan"))


def _save(run: build.Run, seconds: float) -> None:
    state = run.method.state()
    about = {
        "identity": run.config.identity(),
        "split_sha256": run.protocol.sha256,
        "number_format": run.precision,
        "replicas": run.strategy.num_replicas_in_sync,
        "cores": len(cpu.usable()),
        "seconds": seconds,
        "stage": run.method.stage,
        "protocol": run.protocol.as_json(),
    }
    checkpoints.save(run.checkpoints, state, int(run.method.step.numpy()), about)


def _protocol(run: build.Run) -> dict[str, Any]:
    """What `protocol.json` holds: the protocol, and where its images are found in their source."""
    chosen = {"labeled": run.protocol.labeled_ids, "validation": run.protocol.validation_ids}
    return run.protocol.as_json() | {
        f"{name}_sources": content_hash.sources(run.arrays, ids) for name, ids in chosen.items()
    }


def _images_per_step(run: build.Run) -> int:
    return sum(stream.examples for stream in run.method.streams().values())


def _remarks(run: build.Run) -> list[str]:
    """What a person may not expect of how the method and the pools go together."""
    task, said = run.method.task, []
    wanted = [s for s in run.method.streams().values() if s.pool in ("unlabeled", "merged")]
    if wanted and task.unlabeled <= task.labeled and not run.method.needs_noisy:
        said.append("Every image is labeled: there is nothing more in the unlabeled pool.")
    most = max((s.examples for s in wanted), default=0)
    if most > task.unlabeled:
        said.append(
            f"A step takes {most:,} unlabeled images and there are {task.unlabeled:,}: some occur "
            "more than once in it. --batch_size would make it smaller."
        )
    return said


def _say_hello(run: build.Run, manifest: dict[str, Any] | None) -> None:
    sizes = {k: f"{weights.parameter_count(n):,}" for k, n in run.method.networks().items()}
    told = ", ".join(f"{name} {size} weights" for name, size in sizes.items())
    print(
        f"{run.config.method} on {run.config.dataset}: {told}; {run.precision}, "
        f"{run.strategy.num_replicas_in_sync} device(s)"
    )
    print(run.protocol.describe())
    for line in _remarks(run):
        print(line)
    if manifest:
        print(f"Going on from step {manifest['step']} of {run.method.task.steps}.")
        here = {"cores": len(cpu.usable()), "replicas": run.strategy.num_replicas_in_sync}
        for name, count in here.items():
            if manifest[name] != count:
                print(
                    f"The run was on {manifest[name]} {name} and goes on on {count}: "
                    "it stays valid, its bits may differ from an uninterrupted run's."
                )
    print(f"Watch it: tensorboard --logdir {run.workdir}", flush=True)
