"""The networks of ALI: tables, both forms of the discriminator, other sizes, how they start."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import ali
from tf_ssgan.nn import layers, precision, step_random, weights

LINEAR = (layers.Conv, layers.Dense, keras.layers.Dense, keras.layers.Conv2DTranspose)
FORMS = pytest.mark.parametrize("form", ["leaky", "maxout"])
BUILDERS = pytest.mark.parametrize("builder", [ali.encoder, ali.decoder, ali.discriminator])


def task(height=32, channels=3, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def images(size=8, channels=1, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [3, 4], -1, 1)


def latents(length=6, count=4):
    return tf.random.stateless_normal([count, length], [1, 2])


def inputs_of(builder, **options):
    """What one of the three networks maps."""
    return {
        ali.encoder: images(**options),
        ali.decoder: latents(),
        ali.discriminator: [images(**options), latents()],
    }[builder]


def of_type(network, *types):
    return [x for x in network.layers if isinstance(x, types)]


def before(layer):
    """The layer whose output this one reads."""
    return layer.input._keras_history.operation


def maps(network, *types):
    return [tuple(x.output.shape[1:]) for x in of_type(network, *types)]


def classifier(form="leaky", size=8):
    """The composition that answers for an image: D of the image and its mean code."""
    sizes = task(size, 1), 6, 2, form
    encoder, discriminator = ali.encoder(*sizes), ali.discriminator(*sizes)
    x = keras.Input((size, size, 1), name="images")
    return keras.Model(x, discriminator([x, encoder(x)["mean"]]), name="classifier")


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, (3_315_488, 1_767_584, 5_292_298)),
        ({"latent_size": 64, "form": "maxout"}, (3_118_496, 981_152, 2_616_650)),
    ],
)
def test_the_parameters_of_the_table(options, counts):
    networks = [f(task(), **options) for f in (ali.encoder, ali.decoder, ali.discriminator)]
    assert tuple(map(weights.parameter_count, networks)) == counts


def test_the_maps_of_the_table():
    convolutions = [(28, 28, 32), (13, 13, 64), (10, 10, 128), (4, 4, 256)]
    encoder, discriminator = ali.encoder(task()), ali.discriminator(task())
    assert maps(encoder, layers.Conv, layers.Dense) == [*convolutions, (512,), (512,), (512,)]
    assert encoder.output["mean"].shape == encoder.output["log_scale"].shape == (None, 256)
    assert maps(discriminator, layers.Conv) == convolutions
    assert sorted(maps(discriminator, layers.Dense)) == [(10,)] + 3 * [(512,)] + 2 * [(1024,)]
    assert maps(ali.decoder(task()), layers.BatchNorm) == [
        (4, 4, 256),
        (10, 10, 128),
        (13, 13, 64),
        (28, 28, 32),
        (32, 32, 32),
        (32, 32, 32),
    ]


def test_kernels_and_strides_of_the_table():
    steps = [(5, 1), (4, 2), (4, 1), (4, 2)]
    for network in (ali.encoder(task()), ali.discriminator(task())):
        assert [(x.size, x.stride) for x in of_type(network, layers.Conv)] == steps
        assert {x.padding for x in of_type(network, layers.Conv)} == {"VALID"}
    decoder = ali.decoder(task())
    transposed = of_type(decoder, keras.layers.Conv2DTranspose)
    assert [(x.kernel_size[0], x.strides[0]) for x in transposed] == steps[::-1]
    assert {x.padding for x in transposed} == {"valid"}
    assert [x.size for x in of_type(decoder, layers.Conv)] == [1, 1]


@pytest.mark.parametrize(
    ("size", "sides", "channels"),
    [
        (8, [8, 4, 4, 2], [2, 4, 8, 16]),
        (23, [23, 12, 12, 6], [2, 4, 8, 16]),
        (48, [48, 24, 24, 12], [2, 4, 8, 16]),
        (49, [49, 25, 13, 13, 7], [2, 2, 4, 8, 16]),
        (97, [97, 49, 25, 13, 13, 7], [2, 2, 2, 4, 8, 16]),
        (128, [128, 64, 32, 16, 16, 8], [2, 2, 2, 4, 8, 16]),
    ],
)
def test_the_maps_of_other_sizes_and_that_the_decoder_mirrors_them(size, sides, channels):
    sizes = task(size), 6, 2
    expected = [(side, side, c) for side, c in zip(sides, channels, strict=True)]
    assert maps(ali.encoder(*sizes), layers.Conv) == expected
    assert maps(ali.discriminator(*sizes), layers.Conv) == expected
    decoded = maps(ali.decoder(*sizes), layers.BatchNorm)
    # The first convolution's map has the size of the images; a 1 x 1 convolution follows.
    assert decoded == [*expected[::-1], (size, size, 2), (size, size, 2)][: len(decoded)]
    assert len(decoded) == len(expected) + 2


@pytest.mark.parametrize("size", [8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97, 128])
@pytest.mark.parametrize(("channels", "form"), [(1, "leaky"), (3, "maxout")])
def test_every_image_size(size, channels, form):
    height, width = size if isinstance(size, tuple) else (size, size)
    sizes = task(height, channels, 4, width), 6, 2, form
    encoder, discriminator = ali.encoder(*sizes), ali.discriminator(*sizes)
    made = ali.decoder(*sizes)(latents(count=2), training=True)
    assert made.shape == (2, height, width, channels)
    code = encoder(made)
    assert code["mean"].shape == code["log_scale"].shape == (2, 6)
    outputs = discriminator([made, code["mean"]])
    assert outputs["logits"].shape == (2, 4)
    assert outputs["features"].shape == (2, 64 if form == "leaky" else 32)
    for network in (encoder, discriminator):
        assert max(maps(network, layers.Conv)[-1][:2]) <= 12


def test_an_odd_side_is_the_upper_left_part_of_the_doubled_half():
    values = np.arange(12.0).reshape(1, 3, 4, 1)
    x = keras.Input((3, 4, 1))
    for size in ((3, 4), (2, 4), (3, 3), (2, 3)):
        cropped = keras.Model(x, ali._cropped(x, size))(values)
        np.testing.assert_array_equal(cropped, values[:, : size[0], : size[1]])


def test_maxout_keeps_the_larger_unit_of_each_pair():
    values = tf.constant([[1.0, 2.0, -3.0, -4.0], [0.0, -1.0, 5.0, 5.0]])
    np.testing.assert_array_equal(ali.Maxout()(values), [[2.0, -3.0], [0.0, 5.0]])
    maps_of_four = tf.reshape(values, [1, 2, 1, 4])
    np.testing.assert_array_equal(ali.Maxout()(maps_of_four), [[[[2.0, -3.0]], [[0.0, 5.0]]]])


def test_maxout_halves_the_units_of_all_layers_but_the_last():
    network = ali.discriminator(task(), 6, 4, "maxout")
    found = of_type(network, ali.Maxout)
    assert len(found) == 9
    for layer in found:
        assert isinstance(before(layer), LINEAR)
        assert layer.output.shape[-1] == before(layer).units / 2
    assert {before(x).name for x in found} == {
        x.name for x in of_type(network, *LINEAR) if x.name != "logits"
    }
    assert not of_type(network, layers.BatchNorm, layers.LeakyReLU)
    assert all(x.with_bias for x in of_type(network, *LINEAR))
    assert network.output["features"].shape == (None, 32 * 4 / 2)


def test_which_layers_of_the_leaky_discriminator_have_a_bias_and_which_batch_normalization():
    network = ali.discriminator(task(), 6, 4)
    normed = [before(x).name for x in of_type(network, layers.BatchNorm)]

    def form(layer):
        return layer.with_bias, layer.name in normed

    first, *others = of_type(network, layers.Conv)
    assert form(first) == (True, False)
    assert {form(x) for x in others} == {(False, True)} and len(others) == 3
    last = network.get_layer("logits")
    # A map of 4 x 4 x 32; the latents; 16 and 32 widths.
    kinds = {(512, 64): [], (6, 64): [], (64, 64): [], (128, 128): [], (128, 10): []}
    for layer in of_type(network, layers.Dense):
        kinds[tuple(layer.kernel.shape)].append(form(layer))
    assert list(kinds.values()) == [
        [(False, True)],
        [(False, False)],
        [(False, False)],
        [(True, False)] * 2,
        [(True, False)],
    ]
    assert form(last) == (True, False)


@BUILDERS
@FORMS
def test_no_layer_with_batch_normalization_has_a_bias_and_it_has_scale_and_shift(builder, form):
    network = builder(task(8), 6, 2, form)
    found = of_type(network, layers.BatchNorm)
    assert {(x.momentum, x.scaled) for x in found} <= {(0.95, True)}
    assert bool(found) == (builder is not ali.discriminator or form == "leaky")
    for layer in found:
        source = before(layer)
        while not isinstance(source, LINEAR):  # the decoder reshapes and crops in between
            source = before(source)
        assert "bias" not in {v.name for v in source.trainable_variables}


@FORMS
def test_encoder_and_decoder_have_one_bias_each(form):
    for builder, name, shape in ((ali.encoder, "codes", (12,)), (ali.decoder, "pixel_bias", None)):
        network = builder(task(8, 1), 6, 2, form)
        (bias,) = [v for v in network.trainable_variables if v.name == "bias"]
        assert bias is network.get_layer(name).bias
        assert tuple(bias.shape) == (shape or (8, 8, 1))


@BUILDERS
@pytest.mark.parametrize(("form", "slope"), [("leaky", 0.01), ("maxout", 0.1)])
def test_slopes_of_the_leaky_units(builder, form, slope):
    found = of_type(builder(task(8), 6, 2, form), layers.LeakyReLU)
    expected = [slope] * len(found)
    assert [x.slope for x in found] == pytest.approx(expected)
    # 3 + 1 convolutions and 2 dense; 1 dense, 4 transposed, 1 x 1; 5 of images, 2 of z, 2 of both.
    count = {ali.encoder: 6, ali.decoder: 6, ali.discriminator: 9}[builder]
    assert len(found) == (0 if (builder, form) == (ali.discriminator, "maxout") else count)


@pytest.mark.parametrize(("form", "threshold"), [("leaky", 51), ("maxout", 128)])
def test_a_dropout_precedes_each_layer_of_the_discriminator(form, threshold):
    network = ali.discriminator(task(8), 6, 2, form)
    linear = of_type(network, *LINEAR)
    dropouts = [before(x) for x in linear]
    assert len(linear) == 10 and all(isinstance(x, layers.Dropout) for x in dropouts)
    first = [x for x in dropouts if isinstance(before(x), keras.layers.InputLayer)]
    assert [x.threshold for x in first] == [51, 51]  # .2 of 256
    assert {x.threshold for x in dropouts if x not in first} == {threshold}
    assert len(of_type(network, layers.Dropout)) == 10


def test_encoder_and_decoder_have_no_dropout():
    for builder in (ali.encoder, ali.decoder):
        assert not of_type(builder(task(8), 6, 2, "maxout"), layers.Dropout)


@BUILDERS
@FORMS
def test_kernels_start_from_normal_numbers_of_deviation_one_hundredth(builder, form):
    keras.utils.set_random_seed(0)
    kernels = [v.numpy() for v in weights.kernels(builder(task(16), 16, 8, form))]
    for kernel in kernels:
        assert kernel.mean() == pytest.approx(0, abs=0.05 * kernel.size**-0.5)
        assert kernel.var() == pytest.approx(1e-4, rel=8 * kernel.size**-0.5)
    # Uniform numbers would end at 1.7 deviations, truncated ones at 2.
    assert max(abs(kernel).max() for kernel in kernels) > 0.035


def test_means_come_before_logarithms_of_scales():
    network = ali.encoder(task(8, 1), 3, 2)
    codes = network.get_layer("codes")
    codes.kernel.assign(tf.zeros_like(codes.kernel))
    codes.bias.assign([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    outputs = network(images(count=2))
    np.testing.assert_array_equal(outputs["mean"], [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(outputs["log_scale"], [[4, 5, 6]] * 2)


def test_with_kernels_of_zero_the_image_is_the_hyperbolic_tangent_of_the_pixel_bias():
    network = ali.decoder(task(8, 3, width=12), 6, 2)
    for variable in network.trainable_variables:
        if variable.name == "kernel":
            variable.assign(tf.zeros_like(variable))
    bias = network.get_layer("pixel_bias").bias
    assert tuple(bias.shape) == (8, 12, 3) and not np.any(bias)
    bias.assign(tf.random.stateless_normal(bias.shape, [5, 6]))
    for training in (False, True):
        made = network(latents(count=2), training=training)
        np.testing.assert_allclose(made, np.tanh([bias.numpy()] * 2), rtol=1e-6)


def test_images_lie_between_minus_one_and_one_and_depend_on_the_latents():
    keras.utils.set_random_seed(0)
    network = ali.decoder(task(8), 6, 4)
    made = network(10 * latents(), training=True).numpy()
    assert np.abs(made).max() < 1
    assert len({image.tobytes() for image in made}) == 4


@FORMS
@pytest.mark.parametrize("part", [0, 1])
def test_the_discriminator_depends_on_image_and_latents(form, part):
    keras.utils.set_random_seed(0)
    network = ali.discriminator(task(8, 1), 6, 2, form)
    inputs = [images(), latents()]
    others = list(inputs)
    others[part] = -inputs[part]
    for name in ("features", "logits"):
        differ = network(inputs)[name].numpy() != network(others)[name].numpy()
        assert differ.any(axis=1).all(), name


@FORMS
def test_logits_are_linear_in_the_features(form):
    network = ali.discriminator(task(8, 1), 6, 2, form)
    last = network.get_layer("logits")
    last.bias.assign(tf.range(10.0))
    outputs = network([images(), latents()])
    expected = outputs["features"].numpy() @ last.kernel.numpy() + np.arange(10)
    np.testing.assert_allclose(outputs["logits"], expected, atol=1e-6)


@FORMS
def test_gradients_reach_every_weight(form):
    keras.utils.set_random_seed(0)
    sizes = task(16), 6, 2, form
    encoder, decoder = ali.encoder(*sizes), ali.decoder(*sizes)
    discriminator = ali.discriminator(*sizes)
    with step_random.at(0, 0), tf.GradientTape() as tape:
        code = encoder(images(16, 3), training=True)
        z = code["mean"] + tf.exp(code["log_scale"]) * latents()
        logits = discriminator([decoder(z, training=True), z], training=True)["logits"]
        loss = tf.reduce_mean(logits * tf.random.stateless_normal(logits.shape, [2, 2]))
    variables = [
        v for network in (encoder, decoder, discriminator) for v in network.trainable_variables
    ]
    gradients = tape.gradient(loss, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        assert gradient is not None and np.any(gradient), variable.path


@BUILDERS
@FORMS
def test_copies_of_the_networks_agree(builder, form):
    network_copies.assert_agree(lambda: builder(task(8, 1), 6, 2, form), inputs_of(builder))


@FORMS
def test_copies_of_the_composed_classifier_agree(form):
    network_copies.assert_agree(lambda: classifier(form), images())


@BUILDERS
@FORMS
def test_outputs_are_float32_under_bfloat16(builder, form):
    with precision.policy("mixed_bfloat16"):
        network = builder(task(8, 1), 6, 2, form)
    convolutions = of_type(network, layers.Conv, keras.layers.Conv2DTranspose)
    assert {x.compute_dtype for x in convolutions} == {"bfloat16"}
    with step_random.at(0, 0):
        outputs = tf.nest.flatten(network(inputs_of(builder), training=True))
    assert {x.dtype for x in outputs} == {tf.float32}
    assert all(np.isfinite(x).all() for x in outputs)
