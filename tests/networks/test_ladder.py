"""Ladder networks: the tables, algorithm 1 by NumPy, where the noise is, how they start."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import ladder
from tf_ssgan.nn import layers, precision, step_random, weights

FORMS = pytest.mark.parametrize("form", ["mlp", "conv"])


def task(height=8, channels=1, classes=3, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def images(size=8, channels=1, count=6):
    return tf.random.stateless_uniform([count, size, size, channels], [3, 4], -1, 1)


def encoders(form="mlp", width=8, **options):
    keras.utils.set_random_seed(0)
    return ladder.encoders(task(), form, width, **options)


def of_type(network, *types):
    return [x for x in network.layers if isinstance(x, types)]


def trained(network, inputs, step=0):
    """Outputs in training mode."""
    with step_random.at(0, step):
        return network(inputs, training=True)


def shaken(network):
    """Gives every weight a value that no initializer gives."""
    numbers = np.random.default_rng(0)
    network.set_weights([w + numbers.uniform(0, 0.3, w.shape) for w in network.get_weights()])


@pytest.mark.parametrize(
    ("form", "side", "channels", "counts"),
    [("mlp", 28, 1, (1_538_770, 1_566_940)), ("conv", 32, 3, (1_369_748, 100))],
)
def test_the_parameters_of_the_table(form, side, channels, counts):
    problem, width = task(side, channels, 10), ladder.WIDTHS[form]
    clean, noisy = ladder.encoders(problem, form, width)
    decoder = ladder.decoder(ladder.units(problem, form, width))
    assert tuple(map(weights.parameter_count, (clean, decoder))) == counts
    assert list(map(id, noisy.variables)) == list(map(id, clean.variables))
    assert problem.classes == clean.output["logits"].shape[-1]


def test_the_layers_of_the_table():
    clean, _ = ladder.encoders(task(28, 1, 10), "mlp", 1000)
    assert [z.shape[-1] for z in clean.output["z"]] == [784, 1000, 500, 250, 250, 250, 10]
    assert [m.shape for m in clean.output["mean"]] == [z.shape[1:] for z in clean.output["z"][1:]]
    assert ladder.units(task(28, 1, 10), "mlp", 1000) == [784, 1000, 500, 250, 250, 250, 10]
    clean, _ = ladder.encoders(task(32, 3, 10), "conv", 96)
    convolutions = of_type(clean, layers.Conv)
    assert [tuple(x.output.shape[1:]) for x in convolutions] == [
        (30, 30, 96), (32, 32, 96), (34, 34, 96), (15, 15, 192), (17, 17, 192), (15, 15, 192),
        (6, 6, 192), (6, 6, 192), (6, 6, 10),
    ]  # fmt: skip
    assert [x.size for x in convolutions] == [3] * 7 + [1, 1]
    pools = of_type(clean, keras.layers.MaxPooling2D)
    assert [x.output.shape[1:3] for x in pools] == [(17, 17), (8, 8)]
    # Each convolution and each pooling, the last one of the whole map.
    assert len(of_type(clean, layers.MeasuredBatchNorm)) == 9 + 2 + 1
    assert len(clean.output["z"]) == len(clean.output["mean"]) == 1


def test_only_the_top_of_dense_layers_has_a_scale_and_poolings_have_no_bias():
    for form, affine, scaled in (("mlp", 6, 1), ("conv", 10, 0)):
        (clean, _) = encoders(form)
        names = [w.name for w in clean.trainable_weights]
        assert (names.count("bias"), names.count("scale")) == (affine, scaled)
        assert clean.get_layer("logits").scaled == (form == "mlp")


def test_activations_are_rectified_or_leaky():
    assert len(of_type(encoders()[0], keras.layers.ReLU)) == 5
    leaky = of_type(encoders("conv")[0], layers.LeakyReLU)
    assert len(leaky) == 9 and {x.slope for x in leaky} == {0.1}


def test_the_clean_encoder_is_algorithm_1():
    clean, _ = encoders()
    shaken(clean)
    x = images()
    outputs = trained(clean, x)
    h = (x.numpy().reshape(6, 64) + 1) / 2
    np.testing.assert_allclose(outputs["z"][0], h, atol=1e-6)
    dense, affine = of_type(clean, layers.Dense), of_type(clean, ladder.Affine)
    assert len(dense) == len(affine) == 6
    for level, (linear, end) in enumerate(zip(dense, affine, strict=True), 1):
        before = h @ linear.kernel.numpy()
        mean, deviation = before.mean(0), np.sqrt(before.var(0) + 1e-10)
        z = (before - mean) / deviation
        for name, expected in (("z", z), ("mean", mean), ("deviation", deviation)):
            found = outputs[name][level if name == "z" else level - 1]
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
        h = np.maximum(z + end.bias.numpy(), 0)
    logits = end.scale.numpy() * (z + end.bias.numpy())
    np.testing.assert_allclose(outputs["logits"], logits, rtol=1e-3, atol=1e-4)


@FORMS
def test_the_noisy_encoder_is_the_clean_one_without_noise(form):
    clean, noisy = encoders(form, image_noise=0.0, layer_noise=0.0)
    shaken(clean)
    one, two = (trained(network, images()) for network in (clean, noisy))
    for name in ("logits", "z"):
        for a, b in zip(tf.nest.flatten(one[name]), tf.nest.flatten(two[name]), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    assert set(noisy.output) == {"logits", "z"}


@FORMS
def test_in_inference_both_encoders_agree_and_the_moving_statistics_count(form):
    clean, noisy = encoders(form)
    trained(clean, images())
    one, two = (network(images()) for network in (clean, noisy))
    np.testing.assert_allclose(one["logits"], two["logits"], atol=1e-6)
    norm = of_type(clean, layers.MeasuredBatchNorm)[-1]
    np.testing.assert_array_equal(one["mean"][-1], norm.moving_mean)
    alone = tf.concat([clean(images()[n : n + 1])["logits"] for n in range(6)], 0)
    np.testing.assert_allclose(alone, one["logits"], atol=1e-5)


def test_noise_on_the_images_has_its_standard_deviation():
    clean, noisy = encoders(image_noise=0.3, layer_noise=0.0)
    x = images(count=400)
    z = trained(noisy, x)["z"]
    noise = z[0] - trained(clean, x)["z"][0]
    assert np.std(noise) == pytest.approx(0.3, rel=0.02)
    assert abs(np.mean(noise)) < 0.01
    # Noise on the images alone leaves the normalized values with a variance of 1.
    np.testing.assert_allclose(np.std(z[1], 0), 1, rtol=1e-3)


def test_noise_on_every_layer_comes_after_its_normalization():
    """The variance of the values is 1 + .25, of each layer of dense ones and of the top."""
    for form in ("mlp", "conv"):
        _, noisy = encoders(form, width=16, image_noise=0.0, layer_noise=0.5)
        for z in trained(noisy, images(count=400))["z"][form == "mlp" :]:
            assert np.mean(np.var(z, 0)) == pytest.approx(1.25, rel=0.06)


def test_hidden_convolutions_and_poolings_have_noise_too():
    _, noisy = encoders("conv", layer_noise=0.5)
    assert len([x for x in of_type(noisy, layers.GaussianNoise) if x.stddev == 0.5]) == 12


def test_the_decoder_estimates_0_at_first():
    decoder = ladder.decoder([64, 8, 4, 3])
    z = [tf.random.stateless_normal([6, size], [1, size]) for size in (64, 8, 4, 3)]
    estimates = decoder([*z, tf.nn.softmax(z[-1])])["z"]
    for estimate, given in zip(estimates, z, strict=True):
        np.testing.assert_array_equal(estimate, tf.zeros_like(given))


def test_the_decoder_goes_down_as_in_algorithm_1():
    """Each layer gets its own values and what the layer above estimates."""
    sizes = (5, 4, 3)
    decoder = ladder.decoder(list(sizes))
    shaken(decoder)
    z = [np.random.default_rng(size).normal(size=[6, size]) for size in sizes]
    probabilities = tf.nn.softmax(z[-1]).numpy()
    found = decoder([*(tf.constant(x, tf.float32) for x in [*z, probabilities])])["z"]
    kernels = of_type(decoder, layers.Dense)
    combinators = {x.factors[0].shape[0]: x for x in of_type(decoder, layers.GaussCombinator)}
    assert [x.kernel.shape for x in kernels] == [(3, 4), (4, 5)]
    u = probabilities
    for level in (2, 1, 0):
        u = (u - u.mean(0)) / np.sqrt(u.var(0) + 1e-10)
        a = [None, *(w.numpy() for w in combinators[sizes[level]].factors)]
        mu = a[1] / (1 + np.exp(-a[2] * u - a[3])) + a[4] * u + a[5]
        v = a[6] / (1 + np.exp(-a[7] * u - a[8])) + a[9] * u + a[10]
        estimate = (z[level] - mu) * v + mu
        np.testing.assert_allclose(found[level], estimate, rtol=1e-3, atol=1e-4)
        u = estimate @ kernels[2 - level].kernel.numpy() if level else None


def test_the_gamma_decoder_has_ten_factors_of_each_class_and_nothing_else():
    decoder = ladder.decoder(ladder.units(task(), "conv", 8))
    assert [w.shape for w in decoder.trainable_weights] == [(3,)] * 10
    (estimate,) = decoder([tf.ones([6, 3]), tf.ones([6, 3])])["z"]
    assert estimate.shape == (6, 3)


def test_initial_kernels_have_the_variance_of_one_over_their_inputs():
    clean, _ = encoders(width=400)
    decoder = ladder.decoder([64, 400, 200])
    for linear in (*of_type(clean, layers.Dense)[:3], *of_type(decoder, layers.Dense)):
        kernel, inputs = linear.kernel.numpy(), linear.kernel.shape[0]
        assert kernel.std() == pytest.approx(inputs**-0.5, rel=0.03)
        assert np.abs(kernel).max() > 3.5 * inputs**-0.5  # a normal distribution is not cut off
    kernel = of_type(encoders("conv", 32)[0], layers.Conv)[1].kernel.numpy()
    bound = (3 / (9 * 32)) ** 0.5
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.03)


@pytest.mark.parametrize("size", [1, 3, 4, 8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97])
def test_every_image_size(size):
    height, width = size if isinstance(size, tuple) else (size, size)
    for form in ("mlp", "conv"):
        problem = task(height, 3, 4, width)
        clean, noisy = ladder.encoders(problem, form, 4)
        z = trained(noisy, tf.zeros([2, height, width, 3]))["z"]
        assert [x.shape[-1] for x in z] == ladder.units(problem, form, 4)
        assert clean(tf.zeros([2, height, width, 3]))["logits"].shape == (2, 4)


@pytest.mark.parametrize(
    ("side", "last"), [(8, 2), (23, 6), (24, 4), (28, 5), (32, 6), (48, 10), (49, 4), (64, 6)]
)
def test_the_map_before_the_global_mean(side, last):
    """24 to 48 pixels: half of two more, then half of two less, then two less again."""
    clean, _ = ladder.encoders(task(side), "conv", 4)
    assert of_type(clean, layers.Conv)[-1].output.shape[1:3] == (last, last)


def test_images_are_normalized_first_if_asked():
    clean, _ = ladder.encoders(task(), "mlp", 8, normalization="per_image")
    z = trained(clean, images())["z"][0]
    np.testing.assert_allclose(np.mean(z, 1), 0, atol=1e-5)
    np.testing.assert_allclose(np.mean(np.square(z), 1), 1, rtol=1e-4)
    clean, _ = ladder.encoders(task(), "conv", 8, normalization="contrast_zca")
    assert len(of_type(clean, layers.Whiten)) == len(of_type(clean, layers.Contrast)) == 1


@FORMS
def test_gradients_of_the_labels_reach_every_weight_of_the_encoder(form):
    _, noisy = encoders(form)
    with tf.GradientTape() as tape:
        logits = trained(noisy, images())["logits"]
        loss = tf.reduce_sum(logits * tf.random.stateless_normal([6, 3], [1, 2]))
    values = [w.value for w in noisy.trainable_weights]
    for weight, gradient in zip(noisy.trainable_weights, tape.gradient(loss, values), strict=True):
        assert gradient is not None and np.any(gradient), weight.path


@FORMS
def test_copies_agree(form):
    def classifier():
        return ladder.encoders(task(), form, 8)[0]

    network_copies.assert_agree(classifier, images())


def test_its_own_layers_compute_in_float32_whatever_the_policy():
    with precision.policy("mixed_bfloat16"):
        clean, _ = encoders()
        decoder = ladder.decoder([3])
    for network in (clean, decoder):
        own = of_type(network, layers.MeasuredBatchNorm, layers.GaussCombinator)
        assert own and {x.compute_dtype for x in own} == {"float32"}
