"""The methods on wide residual networks: hyperparameters, networks, and whole runs."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.training import build, config, loop, metrics_log

METHODS = ["pseudo_label", "vat", "fixmatch", "fixmatch_attention", "flexmatch"]
TINY = dict(depth=10, width=4, average_decay=0.0, precision="float32")


@pytest.fixture()
def squares(tmp_path):
    """A data set with 30 training images."""
    for name, seed in (("train", 0), ("test", 1)):
        pixels, labels = toy_methods.images(30, seed=seed)
        np.savez(tmp_path / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{tmp_path}"


@pytest.mark.parametrize("name", [name for name in METHODS if name != "vat"])
@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_thresholds_out_of_range_are_refused(name, threshold):
    with pytest.raises(errors.UserError, match="--threshold=.* above 0 and at most 1"):
        config.configure(name, threshold=threshold)


@pytest.mark.parametrize("name", METHODS)
def test_depths_that_no_network_has_are_refused(name):
    with pytest.raises(errors.UserError, match=r"--depth=12: wide residual networks have 10, 16"):
        config.configure(name, depth=12)
    with pytest.raises(errors.UserError, match="--depth=4: expected at least 10"):
        config.configure(name, depth=4)


@pytest.mark.parametrize("name", METHODS)
def test_training_without_labels_is_refused(name, squares):
    with pytest.raises(errors.UserError, match=f"{name} learns from labels, and --labels=0"):
        config.configure(name, squares, labels=0, max_steps=3, **TINY)


@pytest.mark.parametrize("name", METHODS)
def test_digits_have_a_small_network_and_are_not_flipped(name):
    settings = config.configure(name, "digits")
    assert (settings.labels, settings.max_steps, settings.hparams.depth) == (50, 1000, 10)
    assert build.build(settings).method.weak_view == "crop"


def test_hyperparameters_specify_the_network():
    def weight_names(name, **hparams):
        method = methods.find(name).Method(toy_methods.hparams(name, **hparams), toy_methods.task())
        return [w.path.split("/")[-1] for w in method.classifier.trainable_variables]

    plain = weight_names("fixmatch", network="wrn_plain")
    assert weight_names("fixmatch").count("bias") > plain.count("bias")
    assert weight_names("vat") == weight_names("pseudo_label") == plain
    assert len(weight_names("vat", depth=16)) > len(plain)


def test_a_pool_smaller_than_a_batch_is_repeated_with_a_note(squares, tmp_path, capsys):
    """A step has 50 labeled and 200 unlabeled images; the pools have 6 and 30."""
    settings = config.configure(
        "fixmatch", squares, labels=6, validation=0, batch_size=50, unlabeled_ratio=4,
        max_steps=3, workdir=str(tmp_path / "run"), **TINY,
    )  # fmt: skip
    result = loop.run(settings)
    assert result["steps"] == 3 and result["epochs"] == 3
    assert 0 <= result["waiting_percent"] <= 100
    assert "A step takes 200 unlabeled images and there are only 30" in capsys.readouterr().out
    (line,) = metrics_log.history(tmp_path / "run/metrics.jsonl")
    assert np.isfinite(line["supervised"]) and 0 <= line["selected"] <= 1
    assert 0 <= line["pseudo_label_percent"] <= 100


def test_a_run_of_vat_warms_up_and_writes_its_figure(squares, tmp_path):
    settings = config.configure(
        "vat", squares, labels=6, validation=0, batch_size=6, unlabeled_ratio=2, max_steps=4,
        warm_up_epochs=1, workdir=str(tmp_path / "run"), **TINY,
    )  # fmt: skip
    loop.run(settings)
    picture = tf.io.decode_png((tmp_path / "run/perturbed.png").read_bytes())
    assert min(picture.shape[:2]) > 100
    one, four = metrics_log.history(tmp_path / "run/metrics.jsonl")
    assert (one["step"], four["step"]) == (1, 4)
    assert one["adversarial"] == 0.0 < four["adversarial"]
