"""Batch statistics that are estimated anew: by hand, in a run, and in a run that is interrupted."""

import dataclasses
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.core.task import Stream
from tf_ssgan.data.pools import Pool
from tf_ssgan.metrics import classification
from tf_ssgan.nn import distribution, inference, layers, step_random
from tf_ssgan.training import (
    build,
    config,
    loop,
    manifests,
    metrics_log,
    recalibration,
    signals,
    unlabeled_images,
)
from tf_ssgan.training.progress import Progress

# Four steps an epoch and an evaluation; the cycles begin at step 4, with four snapshots before.
SMALL = {
    "width": 3, "batch_size": 8, "unlabeled_per_batch": 280, "max_steps": 10, "first_cycle": 0.4,
    "cycles": 1, "snapshots": 5, "precision": "float32", "devices": 1,
}  # fmt: skip


def recalibrator(network, images, examples=1, seed=0, check=lambda: None):
    """Of a method that consists of this network."""
    stream = Stream("unlabeled", examples, {"plain": "plain"})
    method = types.SimpleNamespace(
        recalibrates=lambda: Recalibration(network, "one", "plain"),
        streams=lambda: {"one": stream},
        stage="train",
        task=types.SimpleNamespace(seed=seed),
    )
    pools = {"unlabeled": Pool(images, np.arange(len(images)))}
    return recalibration.Recalibrator(method, lambda: pools, check)


def network_of(*parts):
    x = inputs = keras.Input((4, 4, 2))
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


def squares(count=12):
    return np.random.default_rng(0).integers(0, 256, (count, 4, 4, 2)).astype(np.uint8)


def statistics(network):
    return [v.numpy() for v in network.variables if v.name.startswith("moving")]


def scaled(images):
    return images / 127.5 - 1.0


def test_they_are_means_over_the_statistics_of_batches(monkeypatch):
    """Batches of one image, each image once: the moments of the images need no network."""
    monkeypatch.setattr(recalibration, "BATCHES", 12)
    images, network = squares(), network_of(layers.BatchNorm(0.9))
    for variable in network.variables:
        variable.assign(7.0 + tf.zeros_like(variable))  # whatever was recorded is forgotten
    recalibrator(network, images).estimate()
    mean, variance = statistics(network)
    np.testing.assert_allclose(mean, scaled(images).mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(variance, scaled(images).var((1, 2)).mean(0), atol=1e-5)
    assert (network.trainable_variables[0].numpy() == 7.0).all()


def test_means_alone_are_estimated_too(monkeypatch):
    monkeypatch.setattr(recalibration, "BATCHES", 3)
    images, network = squares(), network_of(layers.MeanOnlyBatchNorm(0.999))
    recalibrator(network, images, examples=4).estimate()
    (mean,) = statistics(network)
    np.testing.assert_allclose(mean, scaled(images).mean((0, 1, 2)), atol=1e-5)


def test_later_layers_see_what_the_batch_normalized(monkeypatch):
    """Not what moving statistics would make of it: the second layer records the mean 0."""
    monkeypatch.setattr(recalibration, "BATCHES", 3)
    network = network_of(layers.BatchNorm(), layers.BatchNorm())
    recalibrator(network, squares(), examples=4).estimate()
    np.testing.assert_allclose(statistics(network)[2], 0.0, atol=1e-5)
    np.testing.assert_allclose(statistics(network)[3], 1.0, atol=1e-3)


def test_the_batches_are_a_function_of_the_seed(monkeypatch):
    """More images than the batches hold: which ones are taken depends on the seed alone."""
    monkeypatch.setattr(recalibration, "BATCHES", 2)

    def estimated(seed):
        network = network_of(layers.Dropout(0.5), layers.BatchNorm())
        recalibrator(network, squares(40), 4, seed).estimate()
        return statistics(network)

    np.testing.assert_array_equal(estimated(1), estimated(1))
    assert np.abs(np.subtract(estimated(1), estimated(2))).min() > 0


def test_random_numbers_are_those_of_no_training_step(monkeypatch):
    monkeypatch.setattr(recalibration, "BATCHES", 3)
    monkeypatch.setattr(recalibration.tf, "function", lambda **_: lambda function: function)
    steps, at = [], step_random.at
    monkeypatch.setattr(
        recalibration.step_random,
        "at",
        lambda seed, step: steps.append(int(step)) or at(seed, step),
    )
    recalibrator(network_of(layers.BatchNorm()), squares()).estimate()
    assert steps == [-2, -3, -4]  # -1 is that of the initialization


def test_a_signal_stops_between_batches(monkeypatch):
    monkeypatch.setattr(recalibration, "BATCHES", 3)
    stop = iter([False, True])

    def check():
        if next(stop):
            raise errors.Interrupted(15)

    with pytest.raises(errors.Interrupted):
        recalibrator(network_of(layers.BatchNorm()), squares(), check=check).estimate()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A run of fast-SWA whose method is built and traced once, with its initial values."""
    with pytest.MonkeyPatch.context() as patch, toy_methods.short():
        patch.setattr(recalibration, "BATCHES", 3)
        patch.setattr(loop, "MIN_EVALUATION_INTERVAL", 4)
        folder = str(tmp_path_factory.mktemp("straight") / "run")
        run = build.build(config.configure("fast_swa", "digits", workdir=folder, **SMALL))
        yield run, values_of(run)


def values_of(run):
    return {k: [v.numpy() for v in owned] for k, owned in run.method.state().items()}


def load(run, values):
    for owner, variables in run.method.state().items():
        for variable, value in zip(variables, values[owner], strict=True):
            variable.assign(value)


def train(built, folder=None):
    """Trains from the folder's checkpoint or from the start; returns the state."""
    run, start = built
    load(run, start)
    if folder is not None:
        run = dataclasses.replace(run, config=dataclasses.replace(run.config, workdir=str(folder)))
    with run.workdir.locked() as check_folder:
        loop.train(run, check_folder)
    return values_of(run)


@pytest.fixture(scope="module")
def straight(built):
    """The state at the end of a run that nothing stops."""
    return train(built)


def new_recalibrator(run):
    return recalibration.Recalibrator(run.method, lambda: build.make_pools(run))


def test_a_run_evaluates_and_saves_the_estimated_statistics(built, straight):
    run, _ = built
    load(run, straight)
    new_recalibrator(run).estimate()
    for owner, values in values_of(run).items():  # they were estimated last of all
        for once, twice in zip(straight[owner], values, strict=True):
            np.testing.assert_array_equal(once, twice, err_msg=owner)
    images, labels = run.arrays.test_images, run.arrays.test_labels
    predict = inference.predictor(run.method.exported_classifier)
    error = classification.evaluate(predict, images, labels, run.method.task.classes).error
    assert metrics_log.last(run.workdir.metrics_file)["test_error"] == error


def stopping(patch, step):
    """The run is told to stop after a step."""
    original = signals.Signals.check_all_workers

    def check(self):
        original(self)
        if next(steps) == step:
            raise errors.Interrupted(15)

    steps = iter(range(1, 100))
    patch.setattr(signals.Signals, "check_all_workers", check)


def test_an_interrupted_run_ends_with_the_same_bits(built, straight, tmp_path):
    """Stopped between evaluations, before the estimate at step 8, and within that at the end."""
    run, folder = built[0], tmp_path / "run"
    for taken, expected in ((5, 5), (3, 8)):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(errors.Interrupted):
            stopping(patch, taken)
            train(built, folder)
        assert manifests.find(folder / "checkpoints").manifest["step"] == expected
    with pytest.MonkeyPatch.context() as patch, pytest.raises(errors.Interrupted):
        patch.setattr(recalibration.Recalibrator, "estimate", interrupted_estimate())
        train(built, folder)
    for owner, values in train(built, folder).items():
        for one, two in zip(straight[owner], values, strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)
    one, two = map(saved_values, (run.workdir.path, folder))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)  # what an export loads
    lines = [
        curve(metrics_log.history(f)) for f in (run.workdir.metrics_file, folder / "metrics.jsonl")
    ]
    assert lines[0] == lines[1] and [line["step"] for line in lines[0]] == [4, 8, 10]


def saved_values(folder):
    """Every variable of the last checkpoint of a run."""
    newest = folder / "checkpoints" / manifests.checkpoint_name(10)
    reader = tf.train.load_checkpoint(str(newest / "state"))
    names = sorted(n for n in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in n)
    return {name: reader.get_tensor(name) for name in names}


def interrupted_estimate():
    """The second estimate stops after one batch."""
    original, calls = recalibration.Recalibrator.estimate, iter(range(9))

    def estimate(self):
        if next(calls) == 1:
            checks = iter([False, True])

            def check():
                if next(checks):
                    raise errors.Interrupted(15)

            self.check = check
        return original(self)

    return estimate


def curve(lines):
    """What of the lines is no time."""
    return [
        {k: v for k, v in line.items() if "second" not in k and "waiting" not in k}
        for line in lines
    ]


def test_workers_that_are_no_chief_estimate_too(built, straight, monkeypatch):
    run, start = built
    load(run, start)
    run.method.begin(unlabeled_images.initial_images(run), None)
    monkeypatch.setattr(distribution, "is_chief", lambda: False)
    progress = Progress(0, run.method.task.steps, lambda: 1)
    loop._fit(run, 0, progress, signals.Signals(), lambda _: None, None)
    for owner, values in values_of(run).items():
        if owner.startswith("ema"):
            for one, two in zip(straight[owner], values, strict=True):
                np.testing.assert_array_equal(one, two, err_msg=owner)


def test_a_method_that_does_not_recalibrate_reads_no_pool():
    def fail():
        raise AssertionError

    method = types.SimpleNamespace(recalibrates=lambda: None)
    assert not recalibration.Recalibrator(method, fail, fail).estimate()


def test_all_copies_of_mirrored_variables_get_the_values(monkeypatch):
    """They are assigned outside of the strategy's scope, by one pass."""
    monkeypatch.setattr(recalibration, "BATCHES", 3)
    strategy = distribution.strategy(2)
    with strategy.scope():
        mirrored = network_of(layers.BatchNorm())
    alone = network_of(layers.BatchNorm())
    for network in (mirrored, alone):
        recalibrator(network, squares(), examples=4).estimate()
    for both, one in zip(mirrored.variables, alone.variables, strict=True):
        copies = strategy.experimental_local_results(both.value)
        assert len(copies) == 2
        for copy in copies:
            np.testing.assert_array_equal(copy, one)
