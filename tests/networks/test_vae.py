"""Networks of variational autoencoders: parameters, wiring, samples and classes, initial values."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.networks import vae
from tf_ssgan.nn import layers, losses, precision, step_random, weights

FORMS = pytest.mark.parametrize("form", ["adgm", "sdgm"])
LIKELIHOODS = pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
NAMES = ("auxiliary_posterior", "class_posterior", "posterior", "auxiliary_decoder", "decoder")
VALUES, CLASSES, LATENTS = 6, 3, 4


def numbers(*shape, seed=0):
    return tf.random.stateless_normal(shape, [seed, 5])


def small(form="sdgm", likelihood="gaussian"):
    return vae.auxiliary_networks(form, VALUES, CLASSES, likelihood, LATENTS, (8, 7))


def parts(networks):
    return [getattr(networks, name) for name in NAMES]


def inputs(batch=2, count=6):
    """What goes into the networks of samples and classes."""
    return {
        "x": numbers(batch, 1, VALUES),
        "auxiliary": numbers(batch, count, LATENTS, seed=1),
        "latents": numbers(batch, count, LATENTS, seed=2),
        "label": tf.tile([[0, 1, 2]], [batch, count // 3]),
    }


def run(network, known, training=False):
    return network({name: known[name] for name in network.input}, training=training)


def classifier(form="sdgm", training=2, inference=5):
    x = keras.Input((VALUES,), name="values")
    logits = vae.auxiliary_logits(x, small(form), training, inference)
    return keras.Model(x, {"logits": logits}, name="classifier")


M2 = {
    "classifier": (lambda: vae.m2_classifier(3, 5, (7,)), numbers(4, 5)),
    "posterior": (lambda: vae.m2_posterior(3, 5, 2, (7,)), [numbers(4, 5), tf.range(4) % 3]),
    "decoder": (lambda: vae.m2_decoder(3, 5, 2, (7,)), [numbers(4, 2), tf.range(4) % 3]),
    "features": (lambda: vae.m1_posterior(5, 2, (7, 6)), numbers(4, 5)),
    "feature_decoder": (lambda: vae.m1_decoder(5, 2, (7, 6)), numbers(4, 2)),
    "pixel_decoder": (lambda: vae.m1_decoder(5, 2, (7, 6), "bernoulli"), numbers(4, 2)),
}


def test_the_parameters_of_m1_and_m2():
    counts = [
        weights.parameter_count(network)
        for network in (
            vae.m1_posterior(),
            vae.m1_decoder(),
            vae.m2_classifier(10),
            vae.m2_posterior(10),
            vae.m2_decoder(10),
        )
    ]
    assert counts == [1_081_800, 1_262_400, 155_510, 205_600, 331_100]
    mnist = 784, 50, (500, 500)
    assert weights.parameter_count(vae.m1_posterior(*mnist)) == 693_100
    assert weights.parameter_count(vae.m1_decoder(*mnist, "bernoulli")) == 668_784


@pytest.mark.parametrize(
    ("form", "values", "likelihood", "count"),
    [
        ("sdgm", 3072, "gaussian", 9_516_754),
        ("sdgm", 784, "bernoulli", 3_399_394),
        ("adgm", 3072, "gaussian", 11_002_754),
        ("adgm", 784, "bernoulli", 3_741_394),
    ],
)
def test_the_parameters_of_adgm_and_sdgm(form, values, likelihood, count):
    networks = vae.auxiliary_networks(form, values, 10, likelihood)
    assert sum(weights.parameter_count(network) for network in parts(networks)) == count


def test_what_each_network_depends_on():
    for form, auxiliary_decoder, decoder in (
        ("sdgm", {"latents", "label"}, {"auxiliary", "latents", "label"}),
        ("adgm", {"x", "latents", "label"}, {"latents", "label"}),
    ):
        networks = small(form)
        assert set(networks.class_posterior.input) == {"x", "auxiliary"}
        assert set(networks.posterior.input) == {"x", "auxiliary", "label"}
        assert set(networks.auxiliary_decoder.input) == auxiliary_decoder
        assert set(networks.decoder.input) == decoder


@FORMS
def test_every_input_counts(form):
    keras.utils.set_random_seed(0)
    for network in parts(small(form))[1:]:
        known = inputs()
        before = run(network, known)
        for name in network.input:
            other = {"label": (known["label"] + 1) % 3}.get(name, -known[name])
            after = run(network, known | {name: other})
            for output in before:
                assert not np.isclose(before[output], after[output], rtol=1e-7).all(), name


@FORMS
@LIKELIHOODS
def test_the_outputs_of_each_network(form, likelihood):
    networks = small(form, likelihood)
    code = networks.auxiliary_posterior(numbers(2, VALUES))
    assert {k: v.shape for k, v in code.items()} == {
        "mean": (2, LATENTS),
        "log_variance": (2, LATENTS),
    }
    pixels = ["logits"] if likelihood == "bernoulli" else ["mean", "log_variance"]
    for network, names, width in (
        (networks.class_posterior, ["logits"], CLASSES),
        (networks.posterior, ["mean", "log_variance"], LATENTS),
        (networks.auxiliary_decoder, ["mean", "log_variance"], LATENTS),
        (networks.decoder, pixels, VALUES),
    ):
        outputs = run(network, inputs())
        assert list(outputs) == names
        assert {value.shape for value in outputs.values()} == {(2, 6, width)}


@FORMS
def test_samples_and_classes_of_an_image_are_those_of_its_copies(form):
    """An image with six pairs of sample and class, beside six copies of it with one pair each."""
    known = inputs()
    copies = known | {"x": tf.repeat(known["x"], 6, axis=1)}
    copies = {k: tf.reshape(v, [12, 1, *v.shape[2:]]) for k, v in copies.items()}
    for network in parts(small(form))[1:]:
        for training in (False, True):
            with layers.frozen_statistics():
                together, apart = run(network, known, training), run(network, copies, training)
            for name, value in together.items():
                flat = tf.reshape(value, [12, 1, -1])
                np.testing.assert_allclose(flat, apart[name], atol=1e-6)


def test_the_hidden_layers_of_adgm_and_sdgm():
    for network in parts(small()):
        block = [layers.JoinedDense, layers.BatchNorm, keras.layers.ReLU]
        kinds = [type(x) for x in network.layers if not isinstance(x, keras.layers.InputLayer)]
        kinds = [kind for kind in kinds if kind is not layers.OneHot]
        heads = len(network.output)
        assert kinds == [*2 * block, *heads * [layers.JoinedDense]]
        dense = [x for x in network.layers if isinstance(x, layers.JoinedDense)]
        assert [x.units for x in dense[:2]] == [8, 7]
        assert [x.with_bias for x in dense] == [False, False, *heads * [True]]
        assert all(x.scaled for x in network.layers if isinstance(x, layers.BatchNorm))


def test_the_hidden_layers_of_m1_and_m2():
    for build, _ in M2.values():
        network = build()
        activations = [x for x in network.layers if isinstance(x, keras.layers.Activation)]
        assert {x.activation for x in activations} == {keras.activations.softplus}
        dense = [x for x in network.layers if isinstance(x, layers.JoinedDense)]
        assert len(dense) == len(activations) + len(network.output)
        assert all(x.with_bias for x in dense)


def test_log_variances_start_near_zero():
    keras.utils.set_random_seed(0)
    networks = small()
    for network in parts(networks):
        for name in set(network.output) & {"mean", "log_variance"}:
            assert network.get_layer(name).stddev == 1e-3
    for network in (networks.posterior, networks.auxiliary_decoder, networks.decoder):
        log_variance = run(network, inputs(), training=True)["log_variance"]
        assert np.abs(log_variance).max() < 0.05 and np.any(log_variance)
    for build, given in (M2["features"], M2["posterior"]):
        outputs = build()(given)
        np.testing.assert_array_equal(outputs["log_variance"], np.zeros([4, 2]))
        assert np.all(outputs["mean"] != 0)


def test_initial_kernels_of_hidden_layers():
    """1 / inputs with softplus, 4 / (inputs + units) with ReLU, of all inputs together."""
    keras.utils.set_random_seed(0)
    posterior = vae.m2_posterior(10, 190, 2, (100,))
    networks = vae.auxiliary_networks("sdgm", 250, 10, "bernoulli", 40, (100, 50))
    for network, expected in (
        (posterior, [1 / 200]),
        (vae.m1_decoder(8, 200, (100, 50)), [1 / 200, 1 / 100]),
        (networks.posterior, [4 / (250 + 40 + 10 + 100), 4 / (100 + 50)]),
        (networks.decoder, [4 / (40 + 40 + 10 + 100), 4 / (100 + 50)]),
    ):
        dense = [x for x in network.layers if isinstance(x, layers.JoinedDense)]
        for layer, variance in zip(dense, expected, strict=False):
            assert layer.kernel.numpy().var() == pytest.approx(variance, rel=0.1)
    # Logits: 2 / (inputs + units).
    kernel = networks.decoder.get_layer("logits").kernel.numpy()
    assert kernel.var() == pytest.approx(2 / (50 + 250), rel=0.1)


def test_m2_starts_undecided():
    keras.utils.set_random_seed(0)
    logits = vae.m2_classifier(10)(numbers(4, 300))["logits"]
    assert np.abs(logits).max() < 0.1 and np.any(logits)


def test_the_classifier_is_the_mean_over_samples():
    """By hand: q(a | x), five samples of it, q(y | a, x) of each, and the mean probability."""
    keras.utils.set_random_seed(0)
    networks = small()
    x = keras.Input((VALUES,))
    model = keras.Model(x, vae.auxiliary_logits(x, networks, 2, 5))
    for variable in model.trainable_variables:
        variable.assign_add(numbers(*variable.shape, seed=9))  # samples and classes differ more
    given, values = model(numbers(3, VALUES)), numbers(3, VALUES)
    code = networks.auxiliary_posterior(values)
    noise = model.get_layer("auxiliary_samples").noise.numpy()
    probabilities = 0.0
    for sample in noise:
        a = code["mean"] + tf.exp(0.5 * code["log_variance"]) * sample
        one = {"x": values[:, tf.newaxis], "auxiliary": a[:, tf.newaxis]}
        probabilities += tf.nn.softmax(networks.class_posterior(one)["logits"][:, 0]) / 5
    np.testing.assert_allclose(tf.nn.softmax(given), probabilities, atol=1e-5)
    np.testing.assert_allclose(tf.exp(given), probabilities, atol=1e-5)


def test_the_classifier_samples_anew_in_training_alone():
    keras.utils.set_random_seed(0)
    model = classifier()
    for variable in model.trainable_variables:
        variable.assign_add(numbers(*variable.shape, seed=9))
    values = numbers(3, VALUES)
    with step_random.at(0, 1), layers.frozen_statistics():
        one, two = (model(values, training=True)["logits"].numpy() for _ in range(2))
    assert not np.isclose(one, two).any()
    np.testing.assert_array_equal(model(values)["logits"], model(values)["logits"])
    alone = model(values[1:2])["logits"]
    np.testing.assert_allclose(alone[0], model(values)["logits"][1], atol=1e-6)


def test_a_saved_classifier_answers_as_before(tmp_path):
    """Its random numbers are saved with it, whatever the seed is when it is loaded."""
    keras.utils.set_random_seed(0)
    model, module, values = classifier(), tf.Module(), numbers(3, VALUES)
    for variable in model.trainable_variables:
        variable.assign_add(numbers(*variable.shape, seed=9))
    module.variables_of = [v.value for v in model.variables]
    signature = [tf.TensorSpec([None, VALUES])]
    module.classify = tf.function(lambda x: model(x)["logits"], input_signature=signature)
    tf.saved_model.save(module, str(tmp_path))
    keras.utils.set_random_seed(1)
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.classify(values), model(values)["logits"], rtol=1e-5)


@FORMS
@LIKELIHOODS
def test_gradients_of_the_bound_reach_every_weight(form, likelihood):
    """One labeled image and an unlabeled one with all classes, two samples of a for each."""
    keras.utils.set_random_seed(0)
    networks = small(form, likelihood)
    x, label = tf.sigmoid(numbers(2, 1, VALUES)), tf.tile([[0, 1, 2]], [2, 2])
    with step_random.at(0, 0), tf.GradientTape() as tape:
        code = networks.auxiliary_posterior(x[:, 0], training=True)
        mean, log_variance = (tf.repeat(v[:, tf.newaxis], 2, 1) for v in code.values())
        a = layers.sample_gaussian(mean, log_variance)
        logits = run(networks.class_posterior, {"x": x, "auxiliary": a}, True)["logits"]
        log_qa = tf.repeat(losses.gaussian_log_density(a, mean, log_variance), 3, 1)
        known = {"x": x, "auxiliary": tf.repeat(a, 3, 1), "label": label}
        z = run(networks.posterior, known, True)
        known["latents"] = layers.sample_gaussian(**z)
        of_a = run(networks.auxiliary_decoder, known, True)
        of_x = run(networks.decoder, known, True)
        if likelihood == "gaussian":
            log_px = losses.gaussian_log_density(x, **of_x)
        else:
            log_px = losses.bernoulli_log_density(x, **of_x)
        log_pa = losses.gaussian_log_density(known["auxiliary"], **of_a)
        bounds = losses.class_bound(
            log_px, losses.gaussian_divergence(**z), CLASSES, log_pa - log_qa
        )
        bounds = tf.reshape(bounds, [2, 2, 3])
        # Different factors: batch normalization would cancel equal ones.
        loss = tf.reduce_sum(losses.open_class_bound(bounds, logits) * [[1.0, 2.0], [4.0, 3.0]])
    variables = [v for network in parts(networks) for v in network.trainable_variables]
    gradients = tape.gradient(loss, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), variable.path
        assert np.any(gradient), variable.path


@pytest.mark.parametrize("name", M2)
def test_copies_of_m1_and_m2_agree(name):
    build, given = M2[name]
    network_copies.assert_agree(build, given)


@FORMS
def test_copies_of_adgm_and_sdgm_agree(form):
    """Of all networks and the classifier, as one network."""
    given = inputs()
    values = numbers(2, VALUES)

    def build():
        networks = small(form)
        x = keras.Input((VALUES,))
        known = {k: keras.Input(v.shape[1:], dtype=v.dtype) for k, v in given.items()}
        outputs = [network({k: known[k] for k in network.input}) for network in parts(networks)[1:]]
        outputs += [networks.auxiliary_posterior(x), vae.auxiliary_logits(x, networks, 2, 3)]
        return keras.Model([x, known], outputs)

    network_copies.assert_agree(build, [values, given])


def test_outputs_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        networks, model = small(), classifier()
        others = [build() for build, _ in M2.values()]
    outputs = [run(network, inputs()) for network in parts(networks)[1:]]
    outputs += [model(numbers(2, VALUES)), networks.auxiliary_posterior(numbers(2, VALUES))]
    outputs += [network(given) for network, (_, given) in zip(others, M2.values(), strict=True)]
    assert {x.dtype for x in tf.nest.flatten(outputs)} == {tf.float32}
    hidden = [x for x in networks.decoder.layers if isinstance(x, layers.JoinedDense)][:2]
    assert {x.compute_dtype for x in hidden} == {"bfloat16"}
