"""What the base class provides, and what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core import hparams, method
from tf_ssgan.methods import ssgan
from tf_ssgan.nn import distribution, layers, step_random


def linear(units=2):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, use_bias=False)])


def test_scalars_other_than_the_reported_ones_are_refused():
    toy = toy_methods.Toy("supervised")
    with pytest.raises(ValueError, match="reports"):
        toy.method.end_step(loss=tf.constant(0.0))


def test_the_exported_weights_are_the_ema():
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


def test_the_ema_starts_from_the_initialized_network():
    toy = toy_methods.Toy("frgan")
    for slow, fast in zip(
        toy.method.exported_classifier.variables, toy.method.classifier.variables, strict=True
    ):
        np.testing.assert_array_equal(slow, fast)


def test_the_same_seed_gives_the_same_weights():
    one, two, other = (
        ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task(seed=s)).classifier
        for s in (1, 1, 2)
    )
    for a, b in zip(one.variables, two.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.variables[0], other.variables[0])


def test_several_batches_go_through_a_network_at_once():
    model = ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task())
    shapes = []

    def network(images, training):
        shapes.append((images.shape[0], training))
        return {"sum": tf.reduce_sum(images, 1), "twice": 2.0 * images}

    with step_random.at(0, 0):
        one, two = model.forward_concat(network, tf.ones([2, 3]), 4.0 * tf.ones([1, 3]))
    assert shapes == [(3, True)]
    assert one["sum"].numpy().tolist() == [3.0, 3.0] and two["sum"].numpy().tolist() == [12.0]
    assert one["twice"].shape == (2, 3) and two["twice"].numpy().tolist() == [[8.0] * 3]


def joined_inputs(noise=None):
    """A network of images [3] and labels [2], with an optional layer on the images."""
    images, labels = keras.Input((3,)), keras.Input((2,))
    x = noise(images) if noise else images
    x = keras.layers.Concatenate()([x, labels])
    outputs = {"score": keras.layers.Dense(4, use_bias=False)(x), "images": x[:, :3]}
    return keras.Model([images, labels], outputs)


def test_lists_of_inputs_go_through_a_network_at_once_as_in_passes_of_their_own(staged):
    network = joined_inputs()
    draw = lambda rows, key: [  # noqa: E731
        tf.random.stateless_normal([rows, width], [key, width]) for width in (3, 2)
    ]
    batches = [draw(4, 0), draw(2, 1), draw(5, 2)]
    with step_random.at(0, 0):
        together = staged.forward_concat(network, *batches)
    assert len(together) == 3
    for outputs, batch in zip(together, batches, strict=True):
        alone = network(batch, training=True)
        assert outputs.keys() == alone.keys()
        for name, output in outputs.items():
            np.testing.assert_allclose(output, alone[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("listed", [False, True])
def test_two_replicas_share_the_random_numbers_of_the_batches_of_one(staged, listed):
    """Each replica has its share of each batch, whether a batch is a tensor or a list of them."""
    if listed:
        network = joined_inputs(layers.GaussianNoise(0.5))
    else:
        image = keras.Input((3,))
        network = keras.Model(image, {"images": layers.GaussianNoise(0.5)(image)})

    def noise_of(rows):
        with step_random.at(7, 3):
            inputs = [[tf.zeros([n, 3]), tf.zeros([n, 2])][: 1 + listed] for n in rows]
            batches = inputs if listed else [batch for (batch,) in inputs]
            outputs = staged.forward_concat(network, *batches)
            return [output["images"] for output in outputs]

    strategy = distribution.strategy(2)
    shares = tf.function(lambda: strategy.run(noise_of, args=([2, 1],)))()
    for whole, share in zip(noise_of([4, 2]), shares, strict=True):
        parts = strategy.experimental_local_results(share)
        np.testing.assert_array_equal(whole, np.concatenate([part.numpy() for part in parts]))
        assert len(np.unique(whole)) == whole.shape[0] * 3


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

    def set_kernel(self, value):
        self.classifier.get_layer("shared").kernel.assign(tf.fill([3, 1], float(value)))

    def exported_value(self):
        return float(self.exported_classifier.get_layer("shared").kernel[0, 0])


@pytest.fixture
def staged():
    return Staged(hparams.HParams(), toy_methods.task())


def test_each_stage_reports_its_own_scalars(staged):
    assert staged.reported == ("alike", "apart")
    staged.end_step(alike=tf.constant(1.0), apart=tf.constant(4.0))
    logs = staged.end_step(apart=tf.constant(6.0), alike=tf.constant(2.0))
    assert {name: float(value) for name, value in logs.items()} == {"alike": 2.0, "apart": 6.0}
    assert staged.mean_scalars() == {"alike": 1.5, "apart": 5.0}
    staged.reset_means()
    staged.set_stage(3)
    assert staged.reported == ("error",)
    for value in (1.0, 2.0, 6.0):
        logs = staged.end_step(error=tf.constant(value))
    assert tuple(logs) == ("error",) and staged.mean_scalars() == {"error": 3.0}


def test_scalars_of_another_stage_are_refused(staged):
    with pytest.raises(ValueError, match=r"reports \('alike', 'apart'\), its step gave \('error'"):
        staged.end_step(error=tf.constant(0.0))
    staged.set_stage(5)
    with pytest.raises(ValueError, match=r"reports \('error',\), its step gave \('alike'"):
        staged.end_step(alike=tf.constant(0.0), apart=tf.constant(0.0))


def test_the_ema_warms_up_again_in_each_stage(staged):
    """It keeps 1/10, 2/11 and 3/12 of its value in the first steps of every stage."""
    staged.begin(None, None)
    decays, expected = [1 / 10, 2 / 11, 3 / 12] * 2, staged.exported_value()
    for step, keep in enumerate(decays):
        staged.set_stage(step)
        staged.set_kernel(step)
        staged.end_step(**{name: tf.constant(0.0) for name in staged.reported})
        expected = keep * expected + (1 - keep) * step
        assert staged.exported_value() == pytest.approx(expected, rel=1e-5), step


def test_a_step_is_in_the_last_stage_that_has_begun(staged):
    stages = []
    for step in (0, 2, 3, 11, 1):
        staged.set_stage(step)
        stages.append(staged.stage)
    assert stages == ["before", "before", "train", "train", "before"]


def test_only_another_stage_is_traced_anew(staged):
    staged.train_function = traced = object()
    staged.set_stage(2)
    assert staged.train_function is traced
    staged.set_stage(3)
    assert staged.train_function is None


def test_stages_of_equal_steps_have_one_trace(staged):
    staged.steps_differ = False
    staged.train_function = traced = object()
    staged.set_stage(3)
    assert staged.stage == "train" and staged.train_function is traced


class Exporting(Staged):
    """Exports a network of its own, twice the average."""

    def setup(self):
        super().setup()
        self.slow = self.average(self.classifier, lambda: tf.constant(0.75))

    def exported(self):
        self.asked = getattr(self, "asked", 0) + 1
        x = keras.Input((3,))
        return keras.Model(x, {"logits": 2.0 * self.slow(x)["logits"]})


def test_a_method_says_what_it_exports():
    made = Exporting(hparams.HParams(), toy_methods.task())
    made.set_kernel(0.0)
    made.begin(None, None)
    made.set_kernel(1.0)
    made.end_step(alike=tf.constant(0.0), apart=tf.constant(0.0))
    assert made.asked == 1 and len(made.averages) == 1
    np.testing.assert_allclose(made(tf.ones([1, 3])), [[2 * 0.25 * 3]])


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_the_classifier_or_its_ema_is_exported_unless_a_method_says_otherwise(decay):
    made = Staged(hparams.HParams(average_decay=decay), toy_methods.task())
    assert (made.exported_classifier is made.classifier) == (decay == 0.0)
    exported = [average.copy for average in made.averages]
    assert exported == ([made.exported_classifier] if decay else [])
