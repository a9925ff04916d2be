"""CNN13: the maps and the numbers of parameters of its forms, and how it starts."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import cnn13
from tf_ssgan.nn import layers, precision, step_random, weights


def task(side=32, channels=3, classes=10):
    return Task(classes, side, side, channels, 10, 100, 10, 10)


def maps(network):
    """The map after each convolution."""
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, layers.Conv)]


def noise(count=64, side=8, channels=1):
    return tf.random.stateless_uniform([count, side, side, channels], [3, 4], -1, 1)


@pytest.mark.parametrize(
    ("form", "classes", "count"),
    [
        ({"norm": "mean_only"}, 10, 3_121_812),
        ({"norm": "batch"}, 10, 3_121_802),
        ({"norm": "batch"}, 100, 3_133_412),
        ({"norm": "batch", "head": "weight_norm"}, 10, 3_121_812),
        ({"norm": "batch", "head": "batch_norm"}, 10, 3_121_812),
        ({"norm": "batch", "unit_features": True}, 10, 3_121_802),
        ({"norm": "batch", "unit_features": True}, 100, 3_133_412),
        ({"norm": "batch", "unit_features": True, "head": "weight_norm"}, 10, 3_121_812),
    ],
)
def test_the_parameters_of_the_forms(form, classes, count):
    network = cnn13.classifier(task(classes=classes), **form)
    assert weights.parameter_count(network) == count
    if form["norm"] == "mean_only":
        assert weights.parameter_count(network, gains=False) == 3_119_754


@pytest.mark.parametrize("normalization", ["per_image", "zca"])
def test_normalizations_have_no_parameters_to_train(normalization):
    network = cnn13.classifier(task(), normalization=normalization)
    assert weights.parameter_count(network) == 3_121_812


def test_the_maps_of_the_table():
    network = cnn13.classifier(task())
    stages = [(32, 32, 128)] * 3 + [(16, 16, 256)] * 3
    assert maps(network) == [*stages, (6, 6, 512), (6, 6, 256), (6, 6, 128)]
    assert network.output["features"].shape == (None, 128)
    assert network.output["logits"].shape == (None, 10)


@pytest.mark.parametrize(
    ("side", "channels", "stages", "last"),
    [(8, 3, 2, 2), (16, 3, 2, 4), (28, 1, 2, 5), (32, 3, 2, 6), (64, 3, 3, 6), (224, 3, 5, 5)],
)
def test_other_sizes_of_images(side, channels, stages, last):
    network = cnn13.classifier(task(side, channels), width=4)
    found = maps(network)
    assert len(found) == 3 * stages + 3 and found[0][:2] == (side, side)
    assert found[-3:] == [(last, last, 16), (last, last, 8), (last, last, 4)]
    assert network(noise(2, side, channels))["logits"].shape == (2, 10)


def test_the_layers_of_a_stage_in_their_order():
    network = cnn13.classifier(task(), width=4, norm="batch")
    block = [layers.Conv, layers.BatchNorm, layers.LeakyReLU]
    stage = [*block * 3, keras.layers.MaxPooling2D, layers.Dropout]
    first = [keras.layers.InputLayer, layers.GaussianNoise]
    last = [*block * 3, keras.layers.GlobalAveragePooling2D, layers.Dense]
    assert [type(x) for x in network.layers] == [*first, *stage, *stage, *last]
    leaky = [x for x in network.layers if isinstance(x, layers.LeakyReLU)]
    assert [x.slope for x in leaky] == pytest.approx([0.1] * 9)


@pytest.mark.parametrize("norm", ["mean_only", "batch"])
def test_dropout_and_noise_act_in_training_only(norm):
    network = cnn13.classifier(task(8, 1), 4, norm)
    images = noise(4)

    def logits(training, seed):
        with step_random.at(seed, 0), layers.frozen_statistics():
            return network(images, training=training)["logits"].numpy()

    np.testing.assert_array_equal(logits(False, 1), logits(False, 2))
    assert not np.allclose(logits(True, 1), logits(True, 2))
    np.testing.assert_array_equal(logits(True, 1), logits(True, 1))


@pytest.mark.parametrize("part", ["dropout", "noise"])
def test_without_dropout_or_noise_there_is_none(part):
    """Only the other one is random then; without both, nothing is."""
    network = cnn13.classifier(task(8, 1), 4, "batch", **{"dropout": 0.0, "noise": 0.0, part: 0.3})
    quiet = cnn13.classifier(task(8, 1), 4, "batch", dropout=0.0, noise=0.0)
    quiet.set_weights(network.get_weights())
    with step_random.at(1, 0), layers.frozen_statistics():
        differs = [
            not np.allclose(made(noise(4), training=True)["logits"], expected)
            for expected in [quiet(noise(4), training=True)["logits"]]
            for made in (network, quiet)
        ]
    assert differs == [True, False]


def test_initialized_from_data_each_layer_gives_mean_zero_and_deviation_one():
    """And inference on these data agrees: moving means are those of the data, too."""
    network = cnn13.classifier(task(8, 1), 4, dropout=0.0, noise=0.0)
    images = noise(256)
    with step_random.at(0, -1):
        layers.initialize_from_data(network, images)
    normed = [x.output for x in network.layers if isinstance(x, layers.MeanOnlyBatchNorm)]
    assert len(normed) == 10
    for training in (False, True):
        with layers.frozen_statistics():
            for value in keras.Model(network.input, normed)(images, training=training):
                mean, variance = tf.nn.moments(value, list(range(value.shape.rank - 1)))
                np.testing.assert_allclose(mean, 0, atol=1e-4)
                np.testing.assert_allclose(variance, 1, atol=1e-2)


@pytest.mark.parametrize(("norm", "factors"), [("mean_only", (2, 1)), ("batch", (1 / 3, 1 / 3))])
def test_initial_kernels_are_those_of_the_public_codes(norm, factors):
    """Variances of convolutions and of the dense layer, times the inputs of a unit."""
    keras.utils.set_random_seed(0)
    network = cnn13.classifier(task(classes=100), 32, norm)
    kernels = [v.numpy() for v in network.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 10
    for number, kernel in enumerate(kernels):
        inputs = kernel.size / kernel.shape[-1]
        factor = factors[number == 9]
        assert kernel.var() * inputs == pytest.approx(factor, rel=8 * kernel.size**-0.5), number


@pytest.mark.parametrize(("norm", "momentum"), [("mean_only", 0.999), ("batch", 0.9)])
def test_moving_statistics_decay_as_in_the_papers_unless_a_decay_is_given(norm, momentum):
    kinds = layers.MeanOnlyBatchNorm, layers.BatchNorm
    for given, expected in ((None, momentum), (0.5, 0.5)):
        network = cnn13.classifier(task(8), 4, norm, momentum=given)
        assert {x.momentum for x in network.layers if isinstance(x, kinds)} == {expected}


@pytest.mark.parametrize("norm", ["mean_only", "batch"])
def test_logits_and_features_are_float32_under_bfloat16(norm):
    with precision.policy("mixed_bfloat16"):
        network = cnn13.classifier(task(8, 1), 4, norm, normalization="zca")
    outputs = network(noise(3))
    assert {value.dtype for value in outputs.values()} == {tf.float32}
    assert all(np.isfinite(value).all() for value in outputs.values())
    convolutions = [x.compute_dtype for x in network.layers if isinstance(x, layers.Conv)]
    assert set(convolutions) == {"bfloat16"}


def test_batch_normalized_logits_have_scale_and_shift_in_place_of_a_bias():
    network = cnn13.classifier(task(8, 1), 4, "batch", head="batch_norm")
    dense, last = network.layers[-2:]
    assert [type(dense), type(last), last.name] == [layers.Dense, layers.BatchNorm, "logits"]
    assert [v.name for v in dense.trainable_variables] == ["kernel"]
    assert [v.name for v in last.trainable_variables] == ["scale", "shift"]
    assert last.momentum == 0.9


def test_batch_normalized_logits_have_mean_zero_and_deviation_one():
    keras.utils.set_random_seed(0)
    network = cnn13.classifier(
        task(8, 1), 4, "batch", dropout=0.0, noise=0.0, head="batch_norm", momentum=0.0
    )
    # At first the variance in front of the normalization is near .01; the 1e-5 added would show.
    dense = network.layers[-2]
    dense.kernel.assign(100.0 * dense.kernel.value)
    for training in (True, False):  # with a momentum of 0, the moving statistics are the batch's
        logits = network(noise(256), training=training)["logits"].numpy()
        np.testing.assert_allclose(logits.mean(0), np.zeros(10), atol=1e-3)
        np.testing.assert_allclose(logits.std(0), np.ones(10), rtol=1e-3)


def quiet_twins(**options):
    """Two networks of the same weights: with features of length 1, and without."""
    options = {"dropout": 0.0, "noise": 0.0, **options}
    unit, plain = (
        cnn13.classifier(task(8, 1), 4, unit_features=value, **options) for value in (True, False)
    )
    unit.set_weights(plain.get_weights())
    return unit, plain


@pytest.mark.parametrize("norm", ["mean_only", "batch"])
def test_unit_features_are_the_features_divided_by_their_length(norm):
    unit, plain = (network(noise(16)) for network in quiet_twins(norm=norm))
    lengths = np.linalg.norm(plain["features"], axis=1, keepdims=True)
    np.testing.assert_allclose(unit["features"], plain["features"] / lengths, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(unit["features"], axis=1), np.ones(16), rtol=1e-6)
    assert not np.allclose(lengths, 1, atol=0.1)


def test_the_logits_are_those_of_the_unit_features():
    network, _ = quiet_twins(norm="batch")
    dense = network.get_layer("logits")
    dense.bias.assign(np.linspace(-1, 1, 10))
    outputs = network(noise(16))
    expected = outputs["features"].numpy() @ dense.kernel.numpy() + dense.bias.numpy()
    np.testing.assert_allclose(outputs["logits"], expected, atol=1e-6)


def test_gradients_through_unit_features_are_across_them():
    """A step along the features changes nothing, so the gradient has no part along them."""
    network, _ = quiet_twins(norm="batch")
    pooled, unit = network.layers[-3], network.layers[-2]
    assert isinstance(pooled, keras.layers.GlobalAveragePooling2D) and unit.name == "features"
    values = keras.Model(network.input, pooled.output)(noise(16))
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = tf.reduce_sum(unit(values) * tf.random.stateless_normal([16, 4], [1, 1]))
    slopes = tape.gradient(loss, values)
    np.testing.assert_allclose(tf.reduce_sum(slopes * values, -1), np.zeros(16), atol=1e-5)
    assert np.abs(slopes).max() > 0.1


@pytest.mark.parametrize("norm", ["mean_only", "batch"])
def test_another_slope(norm):
    network = cnn13.classifier(task(8), 4, norm, slope=0.2)
    leaky = [x for x in network.layers if isinstance(x, layers.LeakyReLU)]
    assert [x.slope for x in leaky] == pytest.approx([0.2] * 9)


def test_a_dropout_of_the_images_follows_their_noise():
    network = cnn13.classifier(task(8), 4, input_dropout=0.2)
    kinds = [keras.layers.InputLayer, layers.GaussianNoise, layers.Dropout, layers.Conv]
    assert [type(x) for x in network.layers[:4]] == kinds
    dropouts = [x for x in network.layers if isinstance(x, layers.Dropout)]
    assert [x.threshold for x in dropouts] == [51, 128, 128]  # .2, .5 and .5 of 256
    without = cnn13.classifier(task(8), 4)
    assert len([x for x in without.layers if isinstance(x, layers.Dropout)]) == 2


def test_the_dropout_of_the_images_acts_on_the_normalized_ones():
    network = cnn13.classifier(
        task(8, 1), 4, noise=0.0, normalization="per_image", input_dropout=0.5
    )
    dropped = next(x for x in network.layers if isinstance(x, layers.Dropout))
    with step_random.at(0, 0):
        values = keras.Model(network.input, dropped.output)(noise() + 1.0, training=True).numpy()
    # Of the 64 pixels of each of the 64 images half are left; they are doubled. Their mean is 0,
    # though that of the images is 1.
    assert np.mean(values == 0) == pytest.approx(0.5, abs=0.05)
    assert values.mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"norm": "mean_only", "normalization": "per_image"},
        {"norm": "batch", "head": "weight_norm"},
        {"norm": "batch", "head": "batch_norm", "slope": 0.2, "input_dropout": 0.2},
        {"norm": "batch", "unit_features": True},
    ],
)
def test_copies_agree(options):
    network_copies.assert_agree(lambda: cnn13.classifier(task(8, 1), 4, **options), noise(4))


def test_batch_normalized_logits_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        network = cnn13.classifier(task(8, 1), 4, "batch", head="batch_norm", input_dropout=0.2)
    assert [x.compute_dtype for x in network.layers[-2:]] == ["float32", "float32"]
    with step_random.at(0, 0):
        logits = network(noise(4), training=True)["logits"]
    assert logits.dtype == tf.float32 and np.isfinite(logits).all()
