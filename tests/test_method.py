"""What the base class gives, and what it refuses."""

import dataclasses
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
import toys

from tf_ssgan import errors, method, replicas
from tf_ssgan.knobs import knob
from tf_ssgan.methods import frgan, ssgan


def linear(units=2):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, use_bias=False)])


def test_descend_takes_the_mean_over_replicas():
    """Gradient 1 on each of two replicas, step size 1: the weight moves by 1, not by 2."""
    strategy = replicas.strategy(2)
    with strategy.scope():
        network = linear(1)
        network.layers[0].kernel.assign(tf.zeros([3, 1]))
        player = method.Player("p", [network], keras.optimizers.SGD(1.0), None)

    @tf.function
    def step():
        def one():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(network.layers[0].kernel.value)
            player.descend(loss, tape)

        strategy.run(one)

    step()
    np.testing.assert_allclose(network.layers[0].kernel, -np.ones([3, 1]))


def test_descend_names_weights_that_no_gradient_reaches():
    network = linear()
    player = method.Player("critic", [network], keras.optimizers.SGD(1.0), None)
    with tf.GradientTape() as tape:
        loss = tf.constant(1.0)
    with pytest.raises(ValueError, match="player critic: no gradient reaches .*kernel"):
        player.descend(loss, tape)


def test_finish_refuses_other_scalars_than_promised():
    toy = toys.Toy("supervised")
    with pytest.raises(ValueError, match="reports"):
        toy.method.finish(loss=tf.constant(0.0))


def test_the_average_is_the_formula():
    toy = toys.Toy("supervised", average_decay=0.999)
    old = toy.method.shipped.trainable_variables or toy.method.shipped.variables
    before = [v.numpy() for v in old]
    toy.run(1)
    keep = 0.1  # (1 + 0) / (10 + 0)
    pairs = zip(before, toy.method.shipped.variables, toy.method.classifier.variables, strict=True)
    for start, slow, fast in pairs:
        np.testing.assert_allclose(slow, keep * start + 0.9 * fast.numpy(), atol=1e-6)


def test_the_average_starts_from_the_initialized_network():
    toy = toys.Toy("frgan")
    for slow, fast in zip(
        toy.method.shipped.variables, toy.method.classifier.variables, strict=True
    ):
        np.testing.assert_array_equal(slow, fast)


def test_state_is_complete_and_says_what_it_misses():
    made = ssgan.Method(toys.hparams("ssgan"), toys.task())
    kept = {id(v) for variables in made.state().values() for v in variables}
    assert len(kept) == sum(map(len, made.state().values()))
    made.stray = keras.layers.Dense(2)
    made.stray.build((None, 2))
    with pytest.raises(ValueError, match="state.* misses .*kernel"):
        made.state()


def test_the_same_seed_gives_the_same_weights():
    one, two, other = (
        ssgan.Method(toys.hparams("ssgan"), toys.task(seed=s)).classifier for s in (1, 1, 2)
    )
    for a, b in zip(one.variables, two.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.variables[0], other.variables[0])


def test_recipes_the_most_particular_wins():
    @dataclasses.dataclass(frozen=True)
    class HParams(method.HParams):
        depth: int = knob(1, "Depth.")
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
    class HParams(method.HParams):
        depth: int = knob(1, "Depth.")
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
    toy = toys.Toy("supervised")
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
            self.given = self.memory("given", 5, initial=-1)

    made = Method(toys.hparams("ssgan"), toys.task())
    (saved,) = made.state()["memory"]
    assert saved.dtype == tf.int64 and saved.numpy().tolist() == [-1] * 5
    made.given.assign([3, 1, -1, -1, 0])
    assert made.state()["memory"][0].numpy().tolist() == [3, 1, -1, -1, 0]
    assert "memory" not in ssgan.Method(toys.hparams("ssgan"), toys.task()).state()


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
