"""AC-GAN: losses, heads, latents, batch statistics and recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.methods import acgan
from tf_ssgan.nn import losses, step_random, weights
from tf_ssgan.training import config


def test_uniform_predictions_have_the_losses_of_the_formulas():
    method, batch = acgan_checks.with_zero_heads("acgan")
    method.d.minimize = lambda loss, tape: None
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    total = logs["source"] + logs["supervised"] + logs["conditional"]
    assert total == pytest.approx(2 * np.log(2) + 2 * np.log(10), abs=1e-5)
    assert total == pytest.approx(5.991465, abs=1e-5)
    assert logs["generator"] == pytest.approx(2.995732, abs=1e-5)


def test_the_discriminator_loss_is_the_formula():
    toy = toy_methods.Toy("acgan")
    batch, d = next(toy.batches()), toy.method.discriminator
    x, y = batch["labeled"]["image"], batch["labeled"]["label"]
    with step_random.at(0, 0):
        z, c = toy.method.latents(8)
        real = d(x, training=True)
        fake = d(toy.method.generator([z, c], training=True), training=True)
    toy.load(toy.start)
    logs = {k: float(v) for k, v in toy.method.one_step(batch).items()}
    assert logs["supervised"] == pytest.approx(float(losses.cross_entropy(y, real["logits"])))
    assert logs["conditional"] == pytest.approx(float(losses.cross_entropy(c, fake["logits"])))
    assert logs["source"] == pytest.approx(
        float(losses.source_loss(real["source"], fake["source"])), abs=1e-6
    )


@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_source_head_does_not_see_the_class(network):
    toy = toy_methods.Toy("acgan", network=network)
    batch = next(toy.batches())
    d = toy.method.discriminator
    assert len(d.inputs) == 1
    with step_random.at(0, 0), tf.GradientTape() as tape:
        loss = losses.source_generator_loss(d(batch["labeled"]["image"], training=True)["source"])
    head = d.get_layer("logits").trainable_variables
    assert tape.gradient(loss, [v.value for v in head]) == [None, None]
    source = float(toy.method.one_step(batch)["source"])
    toy.load(toy.start)
    batch["labeled"]["label"] = (batch["labeled"]["label"] + 1) % 3
    assert float(toy.method.one_step(batch)["source"]) == source


def test_moving_averages_record_real_images_only():
    toy = toy_methods.Toy("acgan")
    batch = next(toy.batches())
    toy.method.discriminator(batch["labeled"]["image"], training=True)
    names = [v.path for v in toy.method.discriminator.variables if "moving" in v.path]
    expected = [v.numpy() for v in toy.method.discriminator.variables if "moving" in v.path]
    toy.load(toy.start)
    toy.method.one_step(batch)
    recorded = [v.numpy() for v in toy.method.discriminator.variables if "moving" in v.path]
    assert len(names) == 4
    for name, one, two in zip(names, recorded, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6, err_msg=name)


def test_classes_are_uniform_and_latents_are_normal():
    method = acgan.Method(toy_methods.hparams("acgan"), toy_methods.task())
    with step_random.at(0, 0):
        z, c = method.latents(6000)
    assert z.shape == (6000, 8) and c.dtype == tf.int64
    assert np.mean(z) == pytest.approx(0, abs=0.02) and np.std(z) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(np.bincount(c) / 6000, np.full(3, 1 / 3), atol=0.03)


def test_samples_cycle_through_the_classes_and_are_the_same_in_each_call():
    toy = toy_methods.Toy("acgan")
    labels = []
    call = toy.method.generator.call
    toy.method.generator.call = lambda inputs, **kw: labels.append(inputs[1]) or call(inputs, **kw)
    one, two = (toy.method.sampler().sample(6) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(labels[0], [0, 1, 2, 0, 1, 2])


def test_each_discriminator_step_has_its_own_images():
    toy = toy_methods.Eager("acgan", critic_steps=2)
    stream = next(toy.batches())["labeled"]
    (one, y), (two, _) = toy.method.critic_batches(stream, "image", "label")
    joined = tf.reshape(tf.stack([one, two], 1), stream["image"].shape)
    np.testing.assert_array_equal(joined, stream["image"])
    np.testing.assert_array_equal(y, stream["label"][::2])
    assert toy.method.hp.unlabeled_examples == 16
    assert all(np.isfinite(list(logs.values())).all() for logs in toy.run(2))


@pytest.mark.parametrize(("translate", "view"), [(False, "plain"), (True, "translated")])
def test_it_reads_labeled_images_only(translate, view):
    hp = toy_methods.hparams("acgan", translate_labeled=translate)
    (stream,) = acgan.Method(hp, toy_methods.task()).streams().values()
    assert stream.pool == "labeled" and set(stream.views.values()) == {view}
    assert acgan.HParams().translate_labeled is False


def test_the_networks_have_the_papers_parameter_counts():
    hp = acgan.HParams(average_decay=0.0)
    networks = acgan.Method(hp, Task(10, 28, 28, 1, 500, 5000, 100, 10)).networks()
    assert weights.parameter_count(networks["discriminator"]) == 2_671_370 + 4_608
    assert weights.parameter_count(networks["generator"]) == 2_608_896


def test_the_papers_recipes():
    fashion_mnist = config.configure("acgan", "fashion_mnist")
    assert (fashion_mnist.labels, fashion_mnist.max_steps) == (500, 5000)
    hp = fashion_mnist.hparams
    assert (hp.batch_size, hp.learning_rate, hp.beta_1) == (100, 2e-4, 0.5)
    assert (hp.network, hp.width, hp.critic_steps) == ("fm_cnn", 128, 1)
    assert config.configure("acgan", "cifar10").hparams.network == "alexnet"


def test_a_pass_over_the_labels_counts_all_discriminator_steps():
    hp = acgan.HParams(batch_size=100, critic_steps=5)
    assert hp.labeled_examples == 500 and hp.labeled_pass(2500) == 5


@pytest.mark.parametrize("name", ["alexnet", "acgan", "acgan_trunc", "wacgan_gp", "wacgan_gpt"])
def test_a_run_without_labels_is_refused(name, tmp_path):
    with pytest.raises(
        errors.UserError, match=f"--method={name} learns from labels, and --labels=0"
    ):
        config.configure(name, "digits", labels=0, workdir=str(tmp_path))


@pytest.mark.parametrize("name", ["acgan", "wacgan_gpt"])
@pytest.mark.parametrize(
    ("sizes", "message"), [({"height": 6}, "at least 8x8"), ({"classes": 1}, "at least two")]
)
def test_images_too_small_and_a_single_class_are_refused(name, sizes, message):
    with pytest.raises(errors.UserError, match=message):
        methods.find(name).Method(toy_methods.hparams(name), toy_methods.task(**sizes))
