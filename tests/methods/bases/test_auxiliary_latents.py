"""What ADGM and SDGM share: sizes, rate, clipping, prior, the classifier, images, the bound."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.core import player
from tf_ssgan.nn import layers, losses, pixels, precision, step_random, weights
from tf_ssgan.training import config


@pytest.fixture(
    scope="module", params=[("adgm", "bernoulli"), ("adgm", "gaussian"), ("sdgm", "gaussian")]
)
def method(request):
    name, likelihood = request.param
    toy = toy_methods.Eager(name, likelihood=likelihood)
    for variable in toy.method.model.variables:  # so that classes and samples differ
        variable.assign_add(tf.random.stateless_normal(variable.shape, [0, 3], stddev=0.2))
    return toy.method


def some_images(count=5):
    return toy_methods.centered(toy_methods.images(count)[0])


@pytest.mark.parametrize(
    ("name", "dataset", "count"),
    [
        ("sdgm", "svhn", 9_516_754),
        ("sdgm", "fashion_mnist", 3_399_394),
        ("adgm", "svhn", 11_002_754),
        ("adgm", "fashion_mnist", 3_741_394),
    ],
)
def test_the_parameters_of_the_public_code(name, dataset, count):
    side, channels = (28, 1) if dataset == "fashion_mnist" else (32, 3)
    hp = config.configure(name, dataset).hparams
    made = methods.find(name).Method(
        hp, toy_methods.task(classes=10, height=side, width=side, channels=channels)
    )
    networks = made.networks()
    assert list(networks) == ["classifier", "posterior", "auxiliary_decoder", "decoder"]
    assert sum(map(weights.parameter_count, networks.values())) == count


def test_the_learning_rate_falls_in_fifths_of_the_run():
    method = toy_methods.Eager("adgm", learning_rate=3e-4).method
    object.__setattr__(method.task, "steps", 1000)
    for step, factor in (
        (0, 1), (199, 1), (200, 0.75), (399, 0.75), (400, 0.75**2), (600, 0.75**3), (800, 0.75**4),
        (999, 0.75**4),
    ):  # fmt: skip
        method.step.assign(step)
        assert float(method.rate()) == pytest.approx(3e-4 * factor), step


def test_the_optimizer_is_adam_of_clipped_gradients(method):
    adam = method.model.optimizer
    assert isinstance(adam, keras.optimizers.Adam)
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.999, 1e-8)
    assert method.model.clip == player.Clip(norm=5.0, value=1.0)


def test_the_prior_is_of_kernels_alone(method):
    """In half the sum of squares, divided by the number of images."""
    kernels = [v.numpy() for v in method.model.variables if v.shape.rank == 2]
    # Two hidden layers of each of five networks, and their outputs: two, one, two, two and p(x)'s.
    assert len(kernels) == 10 + 7 + len(method.p_x.output)
    expected = sum(0.5 * np.square(kernel).sum() for kernel in kernels) / 40
    assert float(method.weight_prior()) == pytest.approx(expected, rel=1e-5)


def test_labeled_values_weigh_as_their_labels():
    method = toy_methods.Eager("adgm", class_weights=(0.5, 2.0, 0.5)).method
    labels, values = tf.constant([[0, 0], [1, 1]]), tf.constant([[1.0, 3.0], [5.0, 7.0]])
    assert float(method.weighted_mean(values, labels)) == pytest.approx((2 + 24) / 4)
    plain = toy_methods.Eager("adgm").method
    assert float(plain.weighted_mean(values, labels)) == pytest.approx(4.0)


def test_the_classifier_is_the_mean_of_100_samples_of_the_mean_pixels(method):
    images = some_images()
    x = method.values(images)
    noise = method.classifier.get_layer("auxiliary_samples").noise.numpy()
    assert noise.shape == (100, 8)
    code = method.q_a(x)
    a = code["mean"][:, None] + tf.exp(0.5 * code["log_variance"])[:, None] * noise
    q = tf.nn.softmax(method.q_y({"x": x[:, None], "auxiliary": a})["logits"])
    assert np.std(q, axis=1).max() > 1e-3
    logits = method.classifier(images)["logits"]
    np.testing.assert_allclose(tf.exp(logits), np.mean(q, axis=1), rtol=1e-4)


def test_samples_of_a_have_their_density_and_classes(method):
    x = method.values(some_images())
    with step_random.at(0, 0):
        a, log_q, logits = method.sampled(x, training=False)
    assert a.shape == (5, 2, 8) and np.any(a[:, 0] != a[:, 1])
    code = method.q_a(x)
    for sample in range(2):
        given = losses.gaussian_log_density(a[:, sample], code["mean"], code["log_variance"])
        np.testing.assert_allclose(log_q[:, sample], given, rtol=1e-4)
        alone = method.q_y({"x": x[:, None], "auxiliary": a[:, sample : sample + 1]})["logits"]
        np.testing.assert_allclose(logits[:, sample], alone[:, 0], atol=1e-4)


def test_statistics_of_the_classifier_are_estimated_anew_on_unlabeled_images(method):
    declared = method.recalibrates()
    assert (declared.stream, declared.view) == ("unlabeled", "image")
    assert declared.network is method.exported_classifier is method.classifier
    averaging = toy_methods.Eager("adgm", average_decay=0.9).method
    assert averaging.recalibrates().network is averaging.exported_classifier


def test_images_are_drawn_of_classes(method):
    sampler = method.sampler()
    assert sampler.conditional and sampler.network is method.generator
    z, y = sampler.fixed_latents(6)
    images = sampler.network([z, y]).numpy()
    assert images.shape == (6, 8, 8, 1) and np.abs(images).max() <= 1
    assert np.any(images != sampler.network([z, (y + 1) % 3]))
    assert np.any(images != sampler.network([-z, y]))


def test_images_of_adgm_are_the_means_of_its_pixels():
    """Of a Gaussian likelihood in gray levels: (256 std m - 1/2) / 255."""
    z, y = tf.constant([[0.5] * 8]), tf.constant([2], tf.int64)
    for likelihood in ("bernoulli", "gaussian"):
        made = toy_methods.Eager("adgm", likelihood=likelihood).method
        outputs = made.p_x({"latents": z[:, None], "label": y[:, None]})
        intensities = (
            tf.sigmoid(outputs["logits"])
            if likelihood == "bernoulli"
            else (256 * 0.5 * outputs["mean"] - 0.5) / 255
        )
        expected = tf.clip_by_value(2 * tf.reshape(intensities, [1, 8, 8, 1]) - 1, -1, 1)
        np.testing.assert_allclose(made.generator([z, y]), expected, atol=1e-5)


def test_reconstructions_and_the_bound_are_watched(method):
    pairs, bound = method.monitors()
    images = some_images()
    assert pairs.name == "reconstructions"
    for function, shape in ((pairs.transform, (5, 8, 8, 1)), (bound.of, (5,))):
        before = [v.numpy() for v in method.variables]
        with step_random.at(0, 0):
            given = function(images).numpy()
        with step_random.at(0, 0):
            np.testing.assert_array_equal(function(images), given)
        assert given.shape == shape and np.isfinite(given).all()
        for one, variable in zip(before, method.variables, strict=True):
            np.testing.assert_array_equal(one, variable)


def test_reconstructions_are_made_from_means(method):
    images = some_images(3)
    x = method.values(images)[:, None]
    a = method.q_a(x[:, 0])["mean"][:, None]
    y = np.argmax(method.q_y({"x": x, "auxiliary": a})["logits"], -1)
    z = method.q_z({"x": x, "auxiliary": a, "label": tf.constant(y)})["mean"]
    outputs = method.of_x(a, z, tf.constant(y))
    values = outputs["mean"] if "mean" in outputs else tf.sigmoid(outputs["logits"])
    expected = method.to_images(values[:, 0])
    np.testing.assert_allclose(method.reconstructed(images), expected, atol=1e-5)


def test_the_bound_of_images_is_that_of_their_values(method):
    images = some_images()
    gaussian = method.hp.likelihood == "gaussian"
    with step_random.at(0, 0):
        bounds = method.bound(images)
    with step_random.at(0, 0):
        drawn = pixels.dequantized(images) / 0.5 if gaussian else pixels.intensities(images)
        a, log_q, logits = method.sampled(drawn, training=False)
        of_classes = method.all_bounds(drawn, a, log_q, training=False)
        expected = tf.reduce_mean(losses.open_class_bound(of_classes, logits), -1)
    unit = 64 * np.log(256 * 0.5) if gaussian else 0.0
    np.testing.assert_allclose(bounds, expected - unit, rtol=1e-4)


def test_networks_compute_in_float32_whatever_the_precision():
    with precision.policy("mixed_bfloat16"):
        made = toy_methods.Eager("adgm").method
    networks = [*made.networks().values(), made.generator, made.q_a, made.q_y]
    assert {x.compute_dtype for n in networks for x in n.layers} == {"float32"}
    assert isinstance(made.values, layers.PixelValues)


def test_batches_of_one_image_are_refused():
    with pytest.raises(errors.UserError, match="--batch_size=1: expected at least 2"):
        toy_methods.hparams("adgm", batch_size=1)
