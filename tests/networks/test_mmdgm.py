"""mmDGM's networks: parameters, maps, unpooling, other image sizes, initial values."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import mmdgm
from tf_ssgan.nn import layers, precision, step_random, weights

LABEL = tf.range(4) % 3


def task(height=32, channels=3, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def numbers(*shape, seed=0):
    return tf.random.stateless_normal(shape, [seed, 5])


def maps(network, kind=layers.Conv):
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, kind)]


def toy():
    """A classifier, posterior and decoder with what goes into them."""
    sizes = task(8, 1, 3)
    return {
        "classifier": (lambda: mmdgm.classifier(sizes, 4), numbers(4, 8, 8, 1)),
        "posterior": (lambda: mmdgm.posterior(sizes, 5, 4), [numbers(4, 6), LABEL]),
        "decoder": (lambda: mmdgm.decoder(sizes, 5, 4), [numbers(4, 5), LABEL]),
    }


def test_the_parameters_of_the_public_code():
    network = mmdgm.classifier(task())
    assert weights.parameter_count(network) == 217_152 + 15_370
    assert weights.parameter_count(mmdgm.posterior(task())) == 792_064
    assert weights.parameter_count(mmdgm.decoder(task())) == 631_974


def test_the_maps_of_the_table():
    network = mmdgm.classifier(task(), 8)
    convolved = [(32, 32, 8), (16, 16, 8), (16, 16, 8), (8, 8, 12), (8, 8, 12)]
    assert maps(network) == convolved
    assert maps(network, keras.layers.MaxPooling2D) == [(16, 16, 8), (8, 8, 8), (4, 4, 12)]
    assert network.output["features"].shape == (None, 4 * 4 * 12)
    decoder = mmdgm.decoder(task(), 5, 8)
    decoded = [(8, 8, 12), (8, 8, 8), (16, 16, 8), (16, 16, 8), (32, 32, 3), (32, 32, 3)]
    assert maps(decoder) == decoded
    assert maps(decoder, mmdgm.Unpool) == [(8, 8, 12), (16, 16, 8), (32, 32, 8)]


def test_kernels_and_dropout_of_the_table():
    network, decoder = mmdgm.classifier(task(), 8), mmdgm.decoder(task(), 5, 8)
    sizes = [[x.size for x in n.layers if isinstance(x, layers.Conv)] for n in (network, decoder)]
    assert sizes == [[5, 3, 3, 3, 3], [3, 3, 3, 3, 5, 5]]
    dropouts = [x for x in network.layers if isinstance(x, layers.Dropout)]
    assert {x.threshold for x in dropouts} == {77}  # .3 of 256
    assert maps(network, layers.Dropout) == [(16, 16, 8), (8, 8, 8), (8, 8, 12)]
    assert not maps(decoder, layers.Dropout)


def test_unpooling_fills_with_zeros():
    values = tf.reshape(tf.range(1.0, 5.0), [1, 2, 2, 1])
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(mmdgm.Unpool(4, 4)(values)[0, ..., 0], expected)
    cropped = mmdgm.Unpool(3, 4)(values)[0, ..., 0]
    np.testing.assert_array_equal(cropped, expected[:3])
    narrow = mmdgm.Unpool(4, 3)(values)[0, ..., 0]
    np.testing.assert_array_equal(narrow, [row[:3] for row in expected])


def test_unpooling_keeps_images_and_channels_apart_and_pooling_undoes_it():
    values = tf.random.stateless_uniform([3, 4, 5, 2], [1, 2])
    unpooled = mmdgm.Unpool(8, 10)(values)
    assert float(tf.reduce_sum(unpooled)) == pytest.approx(float(tf.reduce_sum(values)), rel=1e-6)
    np.testing.assert_array_equal(keras.layers.MaxPooling2D()(unpooled), values)


def test_log_variances_are_clipped():
    values = tf.constant([-30.0, -10.0, 0.5, 10.0, 1e9])
    np.testing.assert_array_equal(mmdgm.BoundedLogVariance()(values), [-10, -10, 0.5, 10, 10])
    for name in ("posterior", "decoder"):
        build, inputs = toy()[name]
        network = build()
        raw = network.get_layer("raw")
        raw.bias.assign(tf.fill(raw.bias.shape, 50.0))
        outputs = network(inputs)
        assert np.all(outputs["log_variance"] == 10.0) and np.all(outputs["mean"] != 10.0)


@pytest.mark.parametrize("size", [8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size_and_that_the_decoder_mirrors_the_maps(size, channels):
    height, width = size if isinstance(size, tuple) else (size, size)
    sizes = task(height, channels, 3, width)
    classifier, decoder = mmdgm.classifier(sizes, 2), mmdgm.decoder(sizes, 5, 2)
    images = decoder([numbers(2, 5), LABEL[:2]], training=True)
    assert {x.shape for x in images.values()} == {(2, height, width, channels)}
    features = classifier(images["mean"])["features"]
    code = mmdgm.posterior(sizes, 5, 2)([features, LABEL[:2]])
    assert {x.shape for x in code.values()} == {(2, 5)}
    pooled = maps(classifier, keras.layers.MaxPooling2D)
    assert max(pooled[-1][:2]) <= 6
    unpooled = [x[:2] for x in maps(decoder, mmdgm.Unpool)]
    assert unpooled == [*[x[:2] for x in pooled[-2::-1]], (height, width)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (48, [(24, 24, 8), (12, 12, 8), (6, 6, 12)]),
        (49, [(25, 25, 8), (13, 13, 8), (7, 7, 8), (4, 4, 12)]),
        (128, [(64, 64, 8), (32, 32, 8), (16, 16, 8), (8, 8, 8), (4, 4, 12)]),
    ],
)
def test_larger_images_have_more_stages(size, expected):
    assert maps(mmdgm.classifier(task(size), 8), keras.layers.MaxPooling2D) == expected


def test_initial_values():
    keras.utils.set_random_seed(0)
    # Where a unit sums a quarter or a third of the inputs, deviations are larger by the root of it.
    for channels, width, deviations in (
        (3, 64, [0.1] * 5), (3, 16, [0.1] + [0.2] * 4), (1, 16, [0.1 * 3**0.5] + [0.2] * 4),
    ):  # fmt: skip
        network = mmdgm.classifier(task(channels=channels), width)
        kernels = [x.kernel for x in network.layers if isinstance(x, layers.Conv)]
        assert [k.numpy().std() for k in kernels] == pytest.approx(deviations, rel=0.1)
    assert network.get_layer("logits").kernel.numpy().std() == pytest.approx(0.01, rel=0.1)
    for width, deviation in ((64, 0.02), (16, 0.04)):
        decoder = mmdgm.decoder(task(), 40, width)
        for layer in [x for x in decoder.layers if isinstance(x, layers.Conv)]:
            assert layer.kernel.numpy().std() == pytest.approx(deviation, rel=0.1)
    (dense,) = [x for x in decoder.layers if isinstance(x, layers.Dense)]
    assert dense.kernel.numpy().var() == pytest.approx(1 / 50, rel=0.1)
    posterior = mmdgm.posterior(task(), 40, 16)
    assert posterior.get_layer("mean").kernel.numpy().var() == pytest.approx(
        1 / (4 * 4 * 24 + 10), rel=0.1
    )
    np.testing.assert_array_equal(
        posterior([numbers(2, 384), LABEL[:2]])["log_variance"], np.zeros([2, 40])
    )


def test_the_classifier_sees_what_the_normalization_makes_of_images():
    keras.utils.set_random_seed(0)
    sizes, images = task(8, 1, 3), numbers(4, 8, 8, 1)
    plain = mmdgm.classifier(sizes, 4)
    normalized = mmdgm.classifier(sizes, 4, "per_image")
    normalized.set_weights(plain.get_weights())
    np.testing.assert_allclose(
        normalized(images)["logits"], plain(layers.Contrast(None)(images))["logits"], atol=1e-6
    )
    assert np.any(normalized(images)["logits"] != plain(images)["logits"])


def test_generated_images_are_means_within_the_range_of_pixels():
    decoder = mmdgm.decoder(task(8, 1, 3), 5, 4)
    generator, given = mmdgm.image_generator(decoder), [numbers(4, 5), LABEL]
    for variable in decoder.variables:
        variable.assign(20.0 * variable)
    means = decoder(given)["mean"]
    assert np.abs(means).max() > 1
    np.testing.assert_array_equal(generator(given), tf.clip_by_value(means, -1.0, 1.0))
    assert {id(v) for v in generator.variables} <= {id(v) for v in decoder.variables}


@pytest.mark.parametrize("name", ["posterior", "decoder"])
def test_class_and_values_count(name):
    keras.utils.set_random_seed(0)
    build, (values, label) = toy()[name]
    network = build()
    before = network([values, label])["mean"].numpy()
    for other in ([values, (label + 1) % 3], [-values, label]):
        after = network(other)["mean"].numpy()
        assert (before != after).reshape(4, -1).any(1).all()


def test_gradients_reach_every_weight():
    """At 16 pixels, where the last map has 4."""
    keras.utils.set_random_seed(0)
    sizes = task(16, 1, 3)
    classifier, posterior = mmdgm.classifier(sizes, 4), mmdgm.posterior(sizes, 5, 4)
    decoder = mmdgm.decoder(sizes, 5, 4)
    with step_random.at(0, 0), tf.GradientTape() as tape:
        outputs = classifier(numbers(4, 16, 16, 1), training=True)
        code = posterior([outputs["features"], LABEL], training=True)
        images = decoder([layers.sample_gaussian(**code), LABEL], training=True)
        values = [outputs["logits"], *code.values(), *images.values()]
        loss = tf.add_n([tf.reduce_sum(v * numbers(*v.shape, seed=3)) for v in values])
    networks = classifier, posterior, decoder
    variables = [v for network in networks for v in network.trainable_variables]
    gradients = tape.gradient(loss, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        assert gradient is not None and np.any(gradient), variable.path


@pytest.mark.parametrize("name", ["classifier", "posterior", "decoder"])
def test_copies_agree(name):
    network_copies.assert_agree(*toy()[name])


def test_outputs_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        networks = [(build(), given) for build, given in toy().values()]
    with step_random.at(0, 0):
        outputs = [network(given, training=True) for network, given in networks]
    assert {x.dtype for x in tf.nest.flatten(outputs)} == {tf.float32}
    convolutions = [x for x in networks[0][0].layers if isinstance(x, layers.Conv)]
    assert {x.compute_dtype for x in convolutions} == {"bfloat16"}
