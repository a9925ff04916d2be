"""The contract, asked of every method."""

import ast
import dataclasses
import functools
import hashlib
import inspect
import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags as absl_flags
from support import toy_methods
from support.file_contents import manifest_metadata

from export import servable, verify
from flags import dataclass_flags
from tf_ssgan import methods
from tf_ssgan.augmentation import transforms
from tf_ssgan.common import errors
from tf_ssgan.core import monitoring
from tf_ssgan.data import datasets, pipeline
from tf_ssgan.data.pools import Pool
from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference, layers, precision, step_random
from tf_ssgan.training import (
    build,
    checkpoints,
    config,
    loop,
    manifests,
    recalibration,
    recipes,
)


def save_after_three(toy, folder):
    """Three steps from the start, into a checkpoint."""
    toy.load(toy.start)
    toy.run(3)
    checkpoints.save(folder, toy.method.state(), 3, manifest_metadata())


def digest_of_layers(*given):
    """SHA-256 of the layers of networks with all settings but names and seeds: equal if alike."""

    def nameless(part):
        if isinstance(part, dict):
            return {k: nameless(v) for k, v in part.items() if k not in ("name", "seed")}
        return [nameless(one) for one in part] if isinstance(part, list | tuple) else part

    described = str([
        [(type(x).__name__, nameless(x.get_config()), [v.shape for v in x.weights])
         for x in network.layers]
        for network in given if network is not None
    ])  # fmt: skip
    return hashlib.sha256(described.encode()).hexdigest()


def test_hyperparameters_become_flags_and_are_read_back(name):
    kind = methods.find(name).HParams
    known = absl_flags.FlagValues()
    dataclass_flags.define(dataclasses.fields(kind), kind, known)
    argv = ["program"] + [f"--{f.name}={getattr(kind(), f.name)}" for f in dataclasses.fields(kind)]
    assert kind(**dataclass_flags.parse(known, argv)) == kind()
    for field in dataclasses.fields(kind):
        assert field.metadata["doc"].strip().endswith("."), field.name


def test_no_hyperparameter_has_the_name_of_a_run_flag(name):
    names = {field.name for field in dataclasses.fields(methods.find(name).HParams)}
    assert not names & {field.name for field in config.run_fields()}


def test_every_hyperparameter_is_read_by_its_classes(name):
    module = methods.find(name)
    files = {
        inspect.getsourcefile(c)
        for kind in (module.HParams, module.Method)
        for c in kind.__mro__
        if c.__module__.startswith("tf_ssgan")
    }
    read = {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(open(file).read()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "hp", "self.hp")
    }
    if "authors" in module.HParams.RECIPES:
        read |= {"profile"}  # it is what chooses the recipe
    assert {field.name for field in dataclasses.fields(module.HParams)} <= read


def test_recipes_name_only_hyperparameters_and_run_defaults(name):
    kind = methods.find(name).HParams
    names = {field.name for field in dataclasses.fields(kind)}
    for recipe in kind.RECIPES.values():
        run = {"labels", "noise", "clean_fraction", "epochs", "max_steps", *recipes.PASSES}
        assert set(recipe) <= names | run
        kind(**{k: v for k, v in recipe.items() if k in names})


def test_the_labeled_stream_has_as_many_examples_as_a_labeled_pass_counts(toy):
    """Or the stream of the merged pool, of clean images, or of clean and noisy ones together.

    A pass over the labeled images is counted in the first stage that reads them.
    """
    counted = []
    for _ in toy.stages():
        sizes = {s.pool: s.examples for s in toy.method.streams().values()}
        with_labels = sizes.keys() & {"labeled", "merged", "mixed", "clean", "noisy"}
        alone = [{"labeled"}, {"merged"}, {"mixed"}, {"clean"}]
        assert with_labels in [set(), *alone, {"clean", "noisy"}]
        if with_labels:
            counted.append(sum(sizes[pool] for pool in with_labels))
    assert counted[0] == max(counted) == toy.method.hp.labeled_examples


def test_a_method_declares_that_it_tells_right_labels_from_others(toy):
    method, pools = toy.method, set()
    for _ in toy.stages():
        pools |= {stream.pool for stream in method.streams().values()}
    assert ("noisy" in pools) == method.needs_noisy
    asks = method.reads_pools and toy.look().asked
    assert ("clean" in pools or asks) == (method.needs_noisy or method.prefers_clean)


def test_streams_draw_from_known_pools_and_unlabeled_ones_have_no_labels(toy):
    for _ in toy.stages():
        pools = toy_methods.pools(toy.method)
        batch = next(iter(pipeline.dataset(pools, toy.method.streams(), 0, 0)))
        for stream_name, stream in toy.method.streams().items():
            assert stream.pool in pools
            assert all(callable(transforms.view(kind)) for kind in stream.views.values())
            assert ("label" in batch[stream_name]) == (stream.pool != "unlabeled")


def test_a_step_reports_its_scalars_and_advances_the_clock(toy):
    for first in toy.stages():
        (logs,) = toy.run(1, first)
        assert tuple(logs) == toy.method.reported
        assert all(math.isfinite(value) for value in logs.values())
        assert int(toy.method.step.numpy()) == first + 1
        assert toy.method.mean_scalars() == pytest.approx(logs, rel=1e-6)


def is_finite(logs):
    """Whether all scalars of some steps are finite."""
    return all(math.isfinite(value) for one in logs for value in one.values())


def test_weights_that_are_not_finite_show_in_a_reported_scalar(toy):
    """So that the run stops, whichever network broke: discriminator, generator or classifier."""
    for first in toy.stages():
        before = {p: int(p.optimizer.iterations) for p in toy.method._players}
        toy.run(1, first)
        for player in [p for p, steps in before.items() if int(p.optimizer.iterations) > steps]:
            toy.load(toy.start)
            toy.method.step.assign(first)
            for variable in player.variables:
                variable.assign(variable * math.nan)
            logs = toy.run(2, first, looks=False)  # a look refuses predictions that are not finite
            assert not is_finite(logs), (player.name, toy.method.stage)
            with pytest.raises(errors.Diverged):  # and such weights are never saved
                loop._refuse_broken_weights(toy.method)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_shows_in_a_reported_scalar(toy, monkeypatch):
    """The loss of one player only; that step or the next one reports it."""
    for player in toy.method._players:

        def poisoned(loss, tape, own=player):
            class Poisoned:
                def gradient(self, *args, **kwargs):
                    return [g * math.nan for g in tape.gradient(*args, **kwargs)]

            type(own).minimize(own, loss, Poisoned())

        for first in toy.stages():
            with monkeypatch.context() as patched:
                patched.setattr(player, "minimize", poisoned)
                logs = [toy.method.one_step(next(toy.batches(first)))]
            logs += toy.run(1, first + 1)
            broken = not all(np.isfinite(v).all() for v in player.variables)
            assert is_finite(logs) != broken, (player.name, toy.method.stage)


@pytest.mark.parametrize("batch_size", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_one_image_of_each_class_is_enough(toy, batch_size, monkeypatch):
    """No more labels than classes, no other images, and batches of one image or of all and more."""
    one_of_each, squares = np.arange(toy_methods.CLASSES), toy_methods.images()
    (field,) = [f for f in dataclasses.fields(toy.method.hp) if f.name == "batch_size"]
    least = field.metadata["low"]  # a smaller batch is refused: these need a pair of images
    given = dataclasses.replace(toy.method.hp, batch_size=max(least, batch_size))
    monkeypatch.setattr(toy.method, "hp", given)
    whole = toy_methods.pools(toy.method)
    few = {"labeled": one_of_each, "clean": one_of_each[:1], "noisy": one_of_each[1:]}
    few |= dict.fromkeys(toy.method.subsets(), one_of_each)
    few = {name: Pool(squares[0], ids, squares[1][ids]) for name, ids in few.items()}
    few["unlabeled"], few["mixed"] = Pool(squares[0], one_of_each), few["labeled"]
    for first in toy.stages():
        batches = iter(pipeline.dataset(whole | few, toy.method.streams(), 0, first))
        for _ in range(2):
            logs = toy.method.one_step(next(batches))
            assert all(math.isfinite(value) for value in logs.values()), toy.method.stage
    assert all(np.isfinite(value).all() for values in toy.values().values() for value in values)


def test_each_player_moves_all_its_weights_and_no_others(toy, name, monkeypatch):
    """In the first step of each stage, or in as many as its toy file says."""
    players, steps = toy.method._players, toy_methods.steps_until_all_move(name)
    weights = {id(v): v for player in players for v in player.variables}
    moved, strays, last = {player.name: set() for player in players}, set(), {}

    def look(mover):
        now = {k: v.numpy() for k, v in weights.items()}
        mover |= {k for k in last if not np.array_equal(last[k], now[k])}
        last.update(now)

    def watched(player, minimize):
        def minimizing(loss, tape):
            look(strays)
            minimize(loss, tape)
            look(moved[player.name])

        return minimizing

    for player in players:
        monkeypatch.setattr(player, "minimize", watched(player, player.minimize))
    for first in toy.stages():
        last.clear()
        look(strays)
        batches = toy.batches(first)
        for _ in range(steps):
            toy.method.one_step(next(batches))
            look(strays)
    assert not strays
    for player in players:
        assert moved[player.name] == {id(v) for v in player.variables}, player.name


def test_each_stage_changes_the_networks_that_it_declares_and_no_others(toy):
    method, networks = toy.method, toy.method.networks()
    declared, stages = set(), method.stages()
    assert set(method.trains_in) <= set(stages)
    first_steps = list(stages.values())
    for begin, end in itertools.pairwise([*first_steps, first_steps[-1] + 2]):
        before = {k: [v.numpy() for v in n.trainable_variables] for k, n in networks.items()}
        toy.run(end - begin, begin)
        moved = {
            id(variable)
            for name, network in networks.items()
            for variable, value in zip(network.trainable_variables, before[name], strict=True)
            if not np.array_equal(variable, value)
        }
        expected = set()
        for name in method.trained:
            own = {id(v) for v in networks[name].trainable_variables}
            assert moved & own, f"stage {method.stage} does not change {name}"
            expected |= own
        assert moved <= expected, f"stage {method.stage} changes other networks too"
        declared |= expected
    assert declared == {id(v) for n in networks.values() for v in n.trainable_variables}


def test_the_traced_step_equals_the_eager_one(toy):
    (traced,) = toy.run(1)
    toy.load(toy.start)
    eager = toy.method.one_step(next(toy.batches()))
    assert {k: float(v) for k, v in eager.items()} == pytest.approx(traced, abs=1e-4, rel=1e-4)


def losses_of_players(toy, batch, weights):
    """The loss that each player minimizes in a step with these class weights, which is not taken."""
    method, before, found = toy.method, toy.values(), {}
    with pytest.MonkeyPatch.context() as patch:
        weighed = dataclasses.replace(method.task, class_weights=weights)
        patch.setattr(method, "task", weighed)
        for player in method._players:
            note = functools.partial(lambda name, loss, _: found.update({name: loss}), player.name)
            patch.setattr(player, "minimize", note)
        method.one_step(batch)
    toy.load(before)
    return {name: float(loss) for name, loss in found.items()}


def relabeled(batch, label):
    """The batch with the same label for all of its images that have one."""
    return {
        name: stream | ({"label": 0 * stream["label"] + label} if "label" in stream else {})
        for name, stream in batch.items()
    }


@pytest.mark.usefixtures("own_step")
def test_class_weights_act_on_labels_and_on_nothing_else(toy):
    """Weights of 1 are none, to the bit; labels whose weight is 0 could be any others.

    A method that balances classes itself reads no weights.
    """
    for _ in toy.stages():
        if all(stream.pool == "unlabeled" for stream in toy.method.streams().values()):
            continue
        batch = next(toy.batches(int(toy.method.step.numpy())))
        losses = functools.partial(losses_of_players, toy)
        if toy.method.weighs_classes:
            assert losses(batch, (2.0, 0.0, 1.0)) == losses(batch, ())
            continue
        once, twice = (losses(batch, (w, w, w)) for w in (1.0, 2.0))
        assert losses(batch, ()) == once
        unread = losses(relabeled(batch, 0), (0.0, 0.0, 1.0))
        assert losses(relabeled(batch, 1), (0.0, 0.0, 1.0)) == unread
        labeled = [once[name] - unread[name] for name in once]
        assert max(labeled) > 0.05
        assert [twice[name] - once[name] for name in once] == pytest.approx(labeled, abs=1e-4)


def test_two_replicas_equal_one(toy, pair):
    pair.load(toy.start)
    alone, together = toy.run(6), pair.run(6)
    for one, two in zip(alone, together, strict=True):
        assert two == pytest.approx(one, abs=1e-4, rel=1e-5)
    for owner, values in toy.values().items():
        if not owner.startswith("optimizer"):
            for one, two in zip(values, pair.values()[owner], strict=True):
                np.testing.assert_allclose(two, one, atol=2e-4, err_msg=owner)


def test_both_replicas_hold_the_same_state(pair):
    """The copy of the first one is what checkpoints save; the other one must not be another."""
    pair.run(6)
    for owner, variables in pair.method.state().items():
        for variable in variables:
            one, two = pair.strategy.experimental_local_results(variable)
            np.testing.assert_array_equal(two, one, err_msg=f"{owner}: {variable.name}")


def test_a_saved_state_resumes_exactly(toy, tmp_path):
    straight = toy.run(6)
    expected = toy.values()
    save_after_three(toy, tmp_path)
    toy.load({k: [np.zeros_like(v) + 7 for v in vs] for k, vs in toy.start.items()})
    found = manifests.find(tmp_path)
    checkpoints.load(found.folder, toy.method.state())
    assert found.manifest["step"] == 3
    assert toy.run(3, first=3) == straight[3:]
    for owner, values in toy.values().items():
        for resumed, never_stopped in zip(values, expected[owner], strict=True):
            np.testing.assert_array_equal(resumed, never_stopped, err_msg=owner)


def test_a_saved_state_resumes_with_another_number_of_replicas(toy, pair, tmp_path):
    straight = toy.run(6)
    save_after_three(toy, tmp_path)
    checkpoints.load(manifests.find(tmp_path).folder, pair.method.state())
    for after, before in zip(pair.run(3, first=3), straight[3:], strict=True):
        assert after == pytest.approx(before, abs=1e-4, rel=1e-5)


def test_a_look_at_pools_is_computed_alike_each_time_and_on_each_replica(toy, pair):
    """It changes buffers and nothing else; nor does anything of it hang on an earlier look."""
    if not toy.method.reads_pools:
        return
    first, found = toy.method.stages()["train"], []
    for each in (toy, toy, pair):
        each.load(toy.start)
        each.method.step.assign(first)
        each.method.set_stage(first)
        before = each.values()
        each.look()
        found.append(each.values())
        for owner, values in found[-1].items():
            same = map(np.array_equal, values, before[owner])
            assert all(same) != (owner == "buffers"), owner
    once, again, of_pair = (of["buffers"] for of in found)
    for one, two, replicated in zip(once, again, of_pair, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(replicated, one, rtol=1e-4, atol=1e-4)
        assert np.isfinite(one[..., :1] if one.ndim > 1 else one).all()
    for variable in pair.method.state()["buffers"]:
        one, two = pair.strategy.experimental_local_results(variable)
        np.testing.assert_array_equal(one, two)
    assert is_finite(toy.run(1, first))


def estimate_statistics(toy, monkeypatch):
    """Estimates batch statistics anew on few of the toy pools' batches; returns the state."""
    monkeypatch.setattr(recalibration, "BATCHES", 4)
    pools = functools.partial(toy_methods.pools, toy.method)
    recalibration.Recalibrator(toy.method, pools).estimate()
    return toy.values()


def test_batch_statistics_are_estimated_alike_each_time_and_nothing_else_moves(toy, monkeypatch):
    """A method that does not declare a network for it is left alone."""
    toy.run(2)
    before = toy.values()
    once = estimate_statistics(toy, monkeypatch)
    declared = toy.method.recalibrates()
    own = (
        {id(v.value) for v in declared.network.variables if "moving" in v.name}
        if declared
        else set()
    )
    for owner, variables in toy.method.state().items():
        for variable, old, new in zip(variables, before[owner], once[owner], strict=True):
            assert np.array_equal(old, new) == (id(variable) not in own), variable.name
    if declared:
        for owner, values in estimate_statistics(toy, monkeypatch).items():
            for one, two in zip(once[owner], values, strict=True):
                np.testing.assert_array_equal(one, two, err_msg=owner)


def test_two_replicas_estimate_the_batch_statistics_of_one(toy, pair, monkeypatch):
    """On each of them."""
    if toy.method.recalibrates() is None:
        return
    toy.run(2)
    pair.load(toy.values())
    expected = estimate_statistics(toy, monkeypatch)
    estimate_statistics(pair, monkeypatch)
    for owner, variables in pair.method.state().items():
        for variable, one in zip(variables, expected[owner], strict=True):
            for copy in pair.strategy.experimental_local_results(variable):
                np.testing.assert_allclose(copy, one, atol=1e-6, err_msg=owner)


def test_calling_it_classifies_with_the_exported_weights(toy):
    toy.run(2)
    pixels = toy_methods.images(5)[0]
    logits = toy.method(toy_methods.centered(pixels))
    assert logits.shape == (5, toy_methods.CLASSES) and logits.dtype == tf.float32
    np.testing.assert_allclose(
        logits, inference.predictor(toy.method.exported_classifier)(pixels), atol=1e-5
    )
    has_ema = toy.method.hp.average_decay > 0
    assert (toy.method.exported_classifier is not toy.method.classifier) == has_ema


def test_logits_of_an_image_do_not_depend_on_its_batch(toy):
    toy.run(2)
    some = toy_methods.centered(toy_methods.images(5)[0])
    alone = [toy.method(some[place : place + 1]) for place in range(5)]
    np.testing.assert_allclose(tf.concat(alone, 0), toy.method(some), atol=1e-5)


def fixed_weights(toy):
    """The weights that no step may move, of all networks and averages."""
    networks = [*toy.method.networks().values(), *(one.copy for one in toy.method.averages)]
    fixed = [x for n in networks for x in n.layers if isinstance(x, layers.FixedLayer)]
    return list({id(v): v for layer in fixed for v in layer.variables}.values())


def test_no_step_moves_the_weights_of_fixed_layers(toy, pair):
    """They are the same on two replicas, which settle them on their own."""
    settled = [v.numpy() for v in fixed_weights(toy)]
    for one, two in zip(settled, fixed_weights(pair), strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)
    for each in (toy, pair):
        each.load(toy.start)
        each.run(6)
        for one, variable in zip(settled, fixed_weights(each), strict=True):
            for copy in each.strategy.experimental_local_results(variable.value):
                np.testing.assert_array_equal(copy, one)


def test_the_exported_saved_model_gives_the_same_predictions(toy, tmp_path, notes):
    """Writing, loading and comparing is done once for networks of the same layers."""
    toy.run(1)
    pixels, _ = toy_methods.images(20)
    info = datasets.DatasetInfo("toys", 8, 8, 1, ("a", "b", "c"), (0.5,), (0.5,), False, "made")
    run = build.Run(None, info, None, toy.method, toy.strategy, "float32")
    made = servable.networks_in_float32(run)
    right = tf.nn.softmax(toy.method(toy_methods.centered(pixels)))
    np.testing.assert_allclose(made.probabilities(tf.constant(pixels)), right, atol=1e-5)
    expected = {"serving_default", "predict_bytes", "classify"}
    generates = {"generate"} if toy.method.sampler() else set()
    assert set(servable.endpoints(made)) == expected | generates
    if (note := notes / digest_of_layers(made.classifier, made.generator)).exists():
        return
    note.touch()
    servable.write_saved_model(made, tmp_path / "1")
    verification = verify.verify(tmp_path / "1", made, run)
    assert verification.difference < 1e-5
    assert set(verification.signatures) == expected | generates


def test_its_generator_draws_images_alike_twice_and_within_the_range_of_pixels(toy):
    """However far the latents lie from those of training. Classes are given as numbers, second."""
    toy.run(2)
    if (sampler := toy.method.sampler()) is None:
        return
    with step_random.at(0, 0):
        inputs = tf.nest.flatten(sampler.latents(5))
    assert [len(one) for one in inputs] == [5] * len(inputs)
    assert len(inputs) == 1 + sampler.conditional + sampler.near_images
    if sampler.conditional:
        assert inputs[1].dtype == tf.int64
        assert set(inputs[1].numpy()) <= set(range(toy_methods.CLASSES))
    far = [1000.0 * inputs[0], *inputs[1:]]
    network = sampler.network
    pack = functools.partial(keras.tree.pack_sequence_as, network.input)
    drawn = [network(pack(rows), training=False) for rows in (inputs, far)]
    fixed = sampler.sample(5)
    np.testing.assert_array_equal(sampler.sample(5), fixed)
    for images in (*drawn, fixed):
        assert images.dtype == tf.float32 and images.shape == (5, *toy.method.task.image_shape)
        assert np.isfinite(images).all() and np.abs(images).max() <= 1.0


def test_what_it_declares_can_be_watched_and_watching_changes_nothing(toy):
    """Pictures of training images, and the bound of others; the same ones twice."""
    toy.run(2)
    before = toy.values()
    for declared in toy.method.monitors():
        if isinstance(declared, monitoring.PseudoLabels | monitoring.NoisyLabels):
            continue
        of_bound = isinstance(declared, monitoring.Bound)
        images = toy_methods.centered(toy_methods.images(5 if of_bound else declared.examples)[0])
        found = []
        for _ in range(2):
            with step_random.at(0, -2):
                found.append(watched(declared, images))
        np.testing.assert_array_equal(*found)
        assert np.isfinite(found[0]).all()
    for owner, values in toy.values().items():
        for now, then in zip(values, before[owner], strict=True):
            np.testing.assert_array_equal(now, then, err_msg=owner)


def watched(declared, images):
    """What a method makes of images for a picture, or the bound of each; its shape is checked."""
    if isinstance(declared, monitoring.Bound):
        bound = declared.of(images)
        assert bound.shape == images.shape[:1] and bound.dtype == tf.float32
        return bound
    if isinstance(declared, monitoring.ImagePairs):
        made = declared.transform(images)
        assert made.shape == images.shape
        return made
    rows = declared.draw(images)
    assert rows.shape == (len(images), len(declared.titles), *images.shape[1:])
    return rows


def test_without_ema_the_raw_weights_are_exported(name):
    made = methods.find(name).Method(
        toy_methods.hparams(name, average_decay=0.0), toy_methods.task()
    )
    assert made.exported_classifier is made.classifier


def test_an_average_with_own_statistics_records_those_of_its_passes_alone(toy):
    """A training pass through it changes nothing of its network's."""
    views = toy_methods.centered(toy_methods.images()[0])
    for average in toy.method.averages:
        if average.statistics == "own":
            network, pairs = average.network.variables, list(average.pairs())
            assert average.copy.trainable_variables == []
            before = [[v.numpy() for v in of] for of in (network, [slow for slow, _ in pairs])]
            with step_random.at(0, 0):
                average.copy(views, training=True)
            for variable, value in zip(network, before[0], strict=True):
                np.testing.assert_array_equal(variable, value)
            for (slow, fast), value in zip(pairs, before[1], strict=True):
                assert np.array_equal(slow, value) == fast.trainable, slow.path


def test_its_file_is_short_and_names_its_source_and_departures(name):
    module = methods.find(name)
    text = inspect.getsource(module)
    assert len(text.splitlines()) <= 200
    assert "Departures:" in module.__doc__ and module.PAPER
    assert any(year in module.__doc__ for year in map(str, range(1990, 2030)))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            limit = 60 if node.name == "train_step" else 40
            assert node.end_lineno - node.lineno < limit, node.name


@pytest.mark.slow
def test_bfloat16_steps_are_finite(name):
    with precision.policy("mixed_bfloat16"):
        made = toy_methods.Toy(name)
    assert all(math.isfinite(v) for logs in made.run(2) for v in logs.values())
    assert made.method.classifier.outputs is not None
    assert made.method(toy_methods.centered(toy_methods.images(3)[0])).dtype == tf.float32


@pytest.mark.slow
def test_xla_steps_are_finite(name):
    made = toy_methods.Toy(name)
    made.method.jit_compile = True
    assert all(math.isfinite(v) for logs in made.run(2) for v in logs.values())


@pytest.mark.slow
def test_it_learns(name):
    made = toy_methods.Toy(name, **toy_methods.learning(name))
    object.__setattr__(made.method.task, "steps", 80)
    made.run(80)
    pixels, labels = toy_methods.images(60, seed=1)
    report = classification.evaluate(
        inference.predictor(made.method.classifier), pixels, labels, toy_methods.CLASSES
    )
    assert report.error < 100 * (1 - 1 / toy_methods.CLASSES) / 2
