"""A training run, from a configuration to a trained classifier in a folder.

from tf_ssgan.training import config, loop
result = loop.run(config.configure("frgan", "digits", max_steps=300))
print(result["test_error"])
"""

import functools
import gc
import pathlib
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common import checkout, cpu, errors, failures, files, requirements, version
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.core import method
from tf_ssgan.core.task import Task
from tf_ssgan.data import content_hash
from tf_ssgan.metrics import classification
from tf_ssgan.nn import distribution, inference
from tf_ssgan.training import (
    build,
    callbacks,
    checkpoints,
    config,
    events,
    first_lines,
    looks,
    monitors,
    recalibration,
    results,
    same_data,
    unlabeled_images,
)
from tf_ssgan.training.progress import Progress
from tf_ssgan.training.signals import Signals
from tf_ssgan.training.workdir import Workdir

_LESS_MEMORY = (
    "A run with a smaller --batch_size, in another --workdir, needs less, and so do narrower "
    "networks (--width) where the method has them. What was saved is kept: with more memory, the "
    "same command continues."
)
MIN_EVALUATION_INTERVAL = 50  # an evaluation covers whole epochs of at least so many steps


def run(settings: config.Config) -> dict[str, Any]:
    """Trains one classifier, or continues its training, and writes everything to its workdir.

    Args:
        settings: The configuration. The same one continues a run that was stopped, and returns
            the result of a finished one, if the data are the same.

    Returns:
        What `result.json` holds; empty on workers that are not the chief.

    Raises:
        UserError: The configuration, the data or the folder are wrong.
        Diverged: A scalar was not finite or too large; the last checkpoint is kept.
        Interrupted: A signal stopped the run; everything is saved.
    """
    workdir = Workdir(pathlib.Path(settings.workdir))
    with (
        workdir.locked() as check_folder,
        workdir.writing(check_folder),
        failures.explained(_LESS_MEMORY),
    ):
        result = same_data.finished_result(workdir, settings)
        if result:
            print(
                f"{workdir} is finished; this is its result. "
                f"To train longer: --workdir={shell_word(workdir)} and a larger --max_steps."
            )
            return result
        return train(build.build(settings), check_folder)


def train(run: build.Run, check_folder: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Takes the remaining steps, evaluates the classifier and writes the result.

    Args:
        run: The run.
        check_folder: Raises UserError if the folder of the run is gone; called at each step.

    Returns, Raises:
        As `run`.
    """
    checkout.code_version()  # of now: files may change while the run lasts
    requirements.import_late()
    chief = distribution.is_chief()
    if chief:
        checkpoints.remove_leftovers(run.workdir.checkpoints)
        run.workdir.remove_leftovers()
    manifest = build.restore(run)
    if manifest is None:
        some = unlabeled_images.initial_images(run)
        run.method.begin(some, lambda: unlabeled_images.blocks(run))
    first = int(run.method.step.numpy())
    if first > run.method.task.steps:
        run.workdir.refuse_differences({"steps": (first, run.method.task.steps)})
    if manifest:
        _refuse_earlier_stage(run, first, manifest.get("stage"))
    first_lines.print_summary(run, manifest)
    check_folder()
    if chief:
        damage = run.workdir.prepare(run.config, _protocol_json(run), first, run.data_record)
        print(damage, end="\n" if damage else "", flush=True)
    seconds = manifest["seconds"] if manifest else 0.0
    began = time.perf_counter()

    def save(_: method.Method | None = None) -> None:
        _refuse_broken_weights(run.method)
        check_folder()
        if writer:
            writer.flush()  # TensorBoard's points of the steps that will not be taken again
            _save(run, seconds + time.perf_counter() - began)

    writer = events.training_writer(run.workdir, first) if chief else None
    progress = Progress(first, run.method.task.steps, lambda: _images_per_step(run))
    with Signals(check_folder) as signals:
        try:
            with signals.lost_output():
                _fit(run, first, progress, signals, save, writer)
        except errors.Interrupted:
            save()
            raise
        if not chief:
            return {}
        took = seconds + time.perf_counter() - began
        return results.conclude(run, took, progress.images_per_second(), signals.check)


def _fit(run: build.Run, first: int, progress: Progress, signals, save, writer) -> None:
    """Calls Keras' fit for each segment of the run, so that evaluations keep their steps.

    Before each evaluation interval, a method that reads pools looks at them, and its batches are
    built again.
    """
    recalibrator = recalibration.Recalibrator(
        run.method, functools.partial(build.make_pools, run), signals.check
    )
    estimated = False
    if _is_interval_end(run, first):  # it may have been stopped, and saved, within the passes
        run.method.set_stage(first - 1)  # the stage that they belong to
        estimated = recalibrator.estimate()
    observers: list[keras.callbacks.Callback] = [recalibrator, callbacks.DivergenceGuard()]
    task = run.method.task
    interval, stages = evaluation_interval(task), run.method.stages().values()
    if writer:
        observers += [*_evaluation_callbacks(run, first, progress, signals, writer), progress]
    if estimated:
        save(run.method)  # after the last step, nothing else would
    observers += [callbacks.SignalCheck(signals), callbacks.SaveCheckpoint(save)]
    looks_again = run.method.reads_pools
    for start, steps, repeats in segments(first, task.steps, interval, stages, looks_again):
        if start and start in stages and distribution.is_chief():
            _save_pretrained(run, start)
        run.method.set_stage(start)
        if looks_again:
            gc.collect()  # the previous batches hold the images in a reference cycle
        if looks_again and (start % interval == 0 or start in stages):
            run.method.look_at_pools(looks.PoolLook(run, signals.check))
        run.method.fit(
            build.batches(run, start),
            steps_per_epoch=steps,
            epochs=repeats,
            callbacks=observers,
            verbose=0,
            shuffle=False,
        )


def _save_pretrained(run: build.Run, end: int) -> None:
    """Saves the pretrained networks of the stage that ends before step `end`, for other runs."""
    run.method.set_stage(end - 1)
    for name, network in run.method.pretrained().items():
        with files.replacing(run.workdir.pretrained(name), files.KERAS_WEIGHTS) as partial:
            network.save_weights(partial)


def _evaluation_callbacks(
    run: build.Run,
    first: int,
    progress: Progress,
    signals: Signals,
    writer: tf.summary.SummaryWriter,
) -> list[keras.callbacks.Callback]:
    """Callbacks of the chief that write metrics and draw figures at each evaluation."""
    watching = monitors.make(run, writer, functools.partial(_predict_logits, run, signals))
    evaluators = [lambda: _evaluate_errors(run, signals), *(one.scalars for one in watching)]

    def evaluate() -> dict[str, float | None]:
        return {name: value for each in evaluators for name, value in each().items()}

    tests, speed = len(run.arrays.test_labels), progress.images_per_second
    logger = callbacks.MetricsLogger(run.workdir, evaluate, speed, tests, writer)
    if _is_interval_end(run, first):
        run.method.set_stage(first - 1)  # the stage that the line belongs to
        logger.write_missing_line(run.method)
    return [*watching, logger]


def evaluation_interval(task: Task) -> int:
    """Steps between evaluations: whole epochs of `MIN_EVALUATION_INTERVAL` steps or more."""
    return task.steps_per_epoch * -(-MIN_EVALUATION_INTERVAL // task.steps_per_epoch)


def _is_interval_end(run: build.Run, step: int) -> bool:
    """Whether a run is evaluated and saved when it has taken so many steps."""
    ends = {run.method.task.steps, *run.method.stages().values()}
    return bool(step) and (step % evaluation_interval(run.method.task) == 0 or step in ends)


def segments(
    first: int, last: int, interval: int, stages: Iterable[int] = (), single: bool = False
) -> list[tuple[int, int, int]]:
    """Cuts the steps first..last at multiples of the evaluation interval and where stages begin.

    Args:
        first: The step to continue from.
        last: The step at which the run ends.
        interval: Steps between evaluations.
        stages: First steps of the stages.
        single: Return each interval on its own; otherwise consecutive whole intervals of one stage
            are one segment.

    Returns:
        (start, steps of an interval, number of intervals) of each segment.
    """
    ends = {*range(interval, last, interval), *stages, last}
    pieces, start = [], first
    for end in sorted(end for end in ends if first < end <= last):
        whole = start % interval == 0 and end - start == interval
        joins = pieces and not single and whole and pieces[-1][1] == interval
        if joins and start not in stages and pieces[-1][0] % interval == 0:
            pieces[-1] = (pieces[-1][0], interval, pieces[-1][2] + 1)
        else:
            pieces.append((start, end - start, 1))
        start = end
    return pieces


def _evaluate_errors(run: build.Run, signals: Signals) -> dict[str, float]:
    """Errors of the exported and the raw weights on validation and test images, in percent."""
    held = run.protocol.validation_ids
    sets = {"test": (run.arrays.test_images, run.arrays.test_labels)}
    if len(held):
        sets = {"validation": (run.arrays.train_images[held], run.arrays.train_labels[held])} | sets
    error_percents = {}
    for name, (images, labels) in sets.items():
        for suffix, network in (
            ("", run.method.exported_classifier),
            ("_raw", run.method.classifier),
        ):
            error_percents[f"{name}_error{suffix}"] = classification.evaluate(
                inference.predictor(network),
                images,
                labels,
                run.method.task.classes,
                signals.check,
            ).error
    return error_percents


def _predict_logits(run: build.Run, signals: Signals, ids: np.ndarray) -> np.ndarray:
    """Logits of the raw weights for unaugmented training images, float32 [ids, classes]."""
    predict = inference.predictor(run.method.classifier)
    return np.concatenate(
        list(inference.predict_batches(predict, run.arrays.train_images, ids, signals.check))
    )


def _refuse_earlier_stage(run: build.Run, first: int, stage: str | None) -> None:
    """Raises UserError if a longer run would return to a stage that the saved run has left.

    Stages are fractions of the run, so they end later in a longer one.
    """
    stages, steps = list(run.method.stages()), run.method.task.steps
    run.method.set_stage(max(0, first - 1))
    if stage in stages and stages.index(run.method.stage) < stages.index(stage):
        raise errors.UserError(
            f"The run in {run.workdir} has reached stage {stage} by step {first}; in a run of "
            f"{steps} steps that step would lie in stage {run.method.stage}. Give fewer steps, or "
            "start again in another --workdir."
        )


def _refuse_broken_weights(trained: method.Method) -> None:
    """Raises Diverged if a weight is not finite, so that it is never saved; on every worker."""
    for network in trained.networks().values():
        for variable in network.variables:
            if not bool(tf.reduce_all(tf.math.is_finite(variable.value))):
                raise errors.Diverged(int(trained.step.numpy()), variable.path, float("nan"))


def _save(run: build.Run, seconds: float) -> None:
    state = run.method.state()
    metadata = {
        "version": version.__version__,
        "code": checkout.code_version(),
        "identity": run.config.identity(),
        "split_sha256": run.protocol.sha256,
        "data_sha256": run.data_record.sha256,
        "number_format": run.precision,
        "replicas": run.strategy.num_replicas_in_sync,
        "cores": len(cpu.usable()),
        "seconds": seconds,
        "stage": run.method.stage,
        "protocol": run.protocol.as_json(),
        "dataset_info": run.info.as_json(),
    }
    checkpoints.save(run.workdir.checkpoints, state, int(run.method.step.numpy()), metadata)


def _protocol_json(run: build.Run) -> dict[str, Any]:
    """Content of `protocol.json`: the protocol, and where its images are in their source."""
    selected = {"labeled": run.protocol.labeled_ids, "validation": run.protocol.validation_ids}
    return run.protocol.as_json() | {
        f"{name}_sources": content_hash.image_sources(run.arrays, ids)
        for name, ids in selected.items()
    }


def _images_per_step(run: build.Run) -> int:
    return sum(stream.examples for stream in run.method.streams().values())
