"""What the base class gives, and what it refuses."""

import dataclasses
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method, player
from tf_ssgan.methods import frgan, ssgan
from tf_ssgan.nn import distribution


def linear(units=2):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, use_bias=False)])


def test_descend_takes_the_mean_over_replicas():
    """Gradient 1 on each of two replicas, step size 1: the weight moves by 1, not by 2."""
    strategy = distribution.strategy(2)
    with strategy.scope():
        network = linear(1)
        network.layers[0].kernel.assign(tf.zeros([3, 1]))
        ours = player.Player("p", [network], keras.optimizers.SGD(1.0), None)

    @tf.function
    def step():
        def one():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(network.layers[0].kernel.value)
            ours.minimize(loss, tape)

        strategy.run(one)

    step()
    np.testing.assert_allclose(network.layers[0].kernel, -np.ones([3, 1]))


def test_descend_names_weights_that_no_gradient_reaches():
    network = linear()
    critic = player.Player("critic", [network], keras.optimizers.SGD(1.0), None)
    with tf.GradientTape() as tape:
        loss = tf.constant(1.0)
    with pytest.raises(ValueError, match="player critic: no gradient reaches .*kernel"):
        critic.minimize(loss, tape)


def test_finish_refuses_other_scalars_than_promised():
    toy = toy_methods.Toy("supervised")
    with pytest.raises(ValueError, match="reports"):
        toy.method.end_step(loss=tf.constant(0.0))


def test_the_average_is_the_formula():
    toy = toy_methods.Toy("supervised", average_decay=0.999)
    old = (
        toy.method.exported_classifier.trainable_variables
        or toy.method.exported_classifier.variables
    )
    before = [v.numpy() for v in old]
    toy.run(1)
    keep = 0.1  # (1 + 0) / (10 + 0)
    pairs = zip(
        before,
        toy.method.exported_classifier.variables,
        toy.method.classifier.variables,
        strict=True,
    )
    for start, slow, fast in pairs:
        np.testing.assert_allclose(slow, keep * start + 0.9 * fast.numpy(), atol=1e-6)


def test_the_average_starts_from_the_initialized_network():
    toy = toy_methods.Toy("frgan")
    for slow, fast in zip(
        toy.method.exported_classifier.variables, toy.method.classifier.variables, strict=True
    ):
        np.testing.assert_array_equal(slow, fast)


def test_state_is_complete_and_says_what_it_misses():
    made = ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task())
    kept = {id(v) for variables in made.state().values() for v in variables}
    assert len(kept) == sum(map(len, made.state().values()))
    made.stray = keras.layers.Dense(2)
    made.stray.build((None, 2))
    with pytest.raises(ValueError, match="state.* misses .*kernel"):
        made.state()


def test_the_same_seed_gives_the_same_weights():
    one, two, other = (
        ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task(seed=s)).classifier
        for s in (1, 1, 2)
    )
    for a, b in zip(one.variables, two.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.variables[0], other.variables[0])


def test_recipes_the_most_particular_wins():
    @dataclasses.dataclass(frozen=True)
    class HParams(hparams.HParams):
        depth: int = option(1, "Depth.")
        RECIPES = {
            "svhn": {"depth": 2, "labels": 500, "epochs": 9},
            "svhn@500": {"depth": 3},
            "svhn@1000": {"depth": 4},
            "short": {"learning_rate": 1.0},
            "svhn/short": {"depth": 5},
        }

    assert HParams.recipe("digits") == {}
    assert HParams.recipe("svhn")["depth"] == 3  # its own 500 labels
    assert HParams.recipe("svhn", labels=1000)["depth"] == 4
    assert HParams.recipe("svhn", labels=7)["depth"] == 2
    assert HParams.recipe("svhn", short=True) == {
        "depth": 5, "labels": 500, "epochs": 9, "learning_rate": 1.0,
    }  # fmt: skip


def test_a_profile_has_the_last_word():
    @dataclasses.dataclass(frozen=True)
    class HParams(hparams.HParams):
        depth: int = option(1, "Depth.")
        RECIPES = {
            "svhn": {"depth": 2, "labels": 500},
            "svhn/short": {"depth": 5},
            "authors": {"depth": 6, "learning_rate": 2.0},
            "authors/svhn": {"depth": 7},
            "authors/svhn@250": {"depth": 8},
        }

    assert HParams.recipe("digits", profile="authors") == {"depth": 6, "learning_rate": 2.0}
    assert HParams.recipe("svhn", profile="paper", short=True)["depth"] == 5
    assert HParams.recipe("svhn", profile="authors", short=True)["depth"] == 7
    assert HParams.recipe("svhn", labels=250, profile="authors")["depth"] == 8


def test_waiting_is_a_share_of_the_steps_but_for_those_that_trace():
    toy = toy_methods.Toy("supervised")
    assert toy.method.waiting() == 0.0
    toy.run(1)
    assert toy.method.waited == 0.0
    before = time.perf_counter()
    step, batches = toy.method.make_train_function(), toy.batches(1)
    for _ in range(4):
        step(batches)
    elapsed = time.perf_counter() - before
    assert 0 < toy.method.waited < toy.method.worked < elapsed
    share = 100 * toy.method.waited / toy.method.worked
    assert toy.method.waiting() == pytest.approx(share)


def test_a_memory_is_a_row_of_numbers_that_is_saved():
    class Method(ssgan.Method):
        def setup(self):
            super().setup()
            self.given = self.per_example_buffer("given", 5, initial=-1)

    made = Method(toy_methods.hparams("ssgan"), toy_methods.task())
    (saved,) = made.state()["memory"]
    assert saved.dtype == tf.int64 and saved.numpy().tolist() == [-1] * 5
    made.given.assign([3, 1, -1, -1, 0])
    assert made.state()["memory"][0].numpy().tolist() == [3, 1, -1, -1, 0]
    assert "memory" not in ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task()).state()


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"batch_size": 0}, "at least 1"),
        ({"average_decay": 1.5}, "at most 1"),
        ({"learning_rate": float("nan")}, "at least 0"),
        ({"consistency_space": "logits"}, "Did you mean 'logit'"),
    ],
)
def test_impossible_knobs_are_refused_in_a_sentence(knobs, said):
    with pytest.raises(errors.UserError, match=said):
        frgan.HParams(**knobs)


class Staged(method.Method):
    """Two stages, and two players that share a kernel."""

    reports = ("error",)
    reports_in = {"before": ("alike", "apart")}

    def setup(self):
        x = keras.Input((3,))
        logits = keras.layers.Dense(1, use_bias=False, name="shared")(x)
        self.classifier = keras.Model(x, {"logits": logits}, name="classifier")
        self.head = linear(4)
        self.head.name = "head"
        self.player("trains", self.classifier, keras.optimizers.SGD(1.0, momentum=0.9))
        self.player("before", [self.classifier, self.head], keras.optimizers.SGD(1.0))

    def stages(self):
        return {"before": 0, "train": 3}

    def settle(self, value):
        self.classifier.get_layer("shared").kernel.assign(tf.fill([3, 1], float(value)))

    def shipped_value(self):
        return float(self.exported_classifier.get_layer("shared").kernel[0, 0])


@pytest.fixture
def staged():
    return Staged(hparams.HParams(), toy_methods.task())


def test_each_stage_reports_its_own_scalars(staged):
    assert staged.reported == ("alike", "apart")
    staged.end_step(alike=tf.constant(1.0), apart=tf.constant(4.0))
    logs = staged.end_step(apart=tf.constant(6.0), alike=tf.constant(2.0))
    assert {name: float(value) for name, value in logs.items()} == {"alike": 2.0, "apart": 6.0}
    assert staged.curve() == {"alike": 1.5, "apart": 5.0}
    staged.start_curve()
    staged.set_stage(3)
    assert staged.reported == ("error",)
    for value in (1.0, 2.0, 6.0):
        logs = staged.end_step(error=tf.constant(value))
    assert tuple(logs) == ("error",) and staged.curve() == {"error": 3.0}


def test_scalars_of_another_stage_are_refused(staged):
    with pytest.raises(ValueError, match=r"reports \('alike', 'apart'\), its step gave \('error'"):
        staged.end_step(error=tf.constant(0.0))
    staged.set_stage(5)
    with pytest.raises(ValueError, match=r"reports \('error',\), its step gave \('alike'"):
        staged.end_step(alike=tf.constant(0.0), apart=tf.constant(0.0))


def test_averages_begin_anew_with_each_stage(staged):
    """They keep 1/10 and 2/11 and 3/12 in the first steps of a stage, whatever was before."""
    staged.begin(None)
    kept, expected = [1 / 10, 2 / 11, 3 / 12] * 2, staged.shipped_value()
    for step, keep in enumerate(kept):
        staged.set_stage(step)
        staged.settle(step)
        staged.end_step(**{name: tf.constant(0.0) for name in staged.reported})
        expected = keep * expected + (1 - keep) * step
        assert staged.shipped_value() == pytest.approx(expected, rel=1e-5), step


def test_weights_that_two_players_share_are_kept_once_with_the_first(staged):
    state = staged.state()
    shared, head = staged.classifier.variables[0], staged.head.variables[0]
    owners = [k for k, owned in state.items() if any(v is shared.value for v in owned)]
    assert owners == ["network/trains"] and state["network/classifier"] == []
    assert [v is head.value for v in state["network/head"]] == [True]
    kept = [id(v) for owned in state.values() for v in owned]
    assert len(kept) == len(set(kept))
    assert len(state["optimizer/trains"]) == 3 and len(state["optimizer/before"]) == 2


def test_networks_of_a_player_that_has_several_go_by_their_own_names(staged):
    found = staged.networks()
    assert list(found) == ["trains", "classifier", "head"]
    assert found["trains"] is found["classifier"] is staged.classifier


def test_a_step_is_in_the_last_stage_that_has_begun(staged):
    found = []
    for step in (0, 2, 3, 11, 1):
        staged.set_stage(step)
        found.append(staged.stage)
    assert found == ["before", "before", "train", "train", "before"]


def test_only_another_stage_is_traced_anew(staged):
    staged.train_function = traced = object()
    staged.set_stage(2)
    assert staged.train_function is traced
    staged.set_stage(3)
    assert staged.train_function is None
