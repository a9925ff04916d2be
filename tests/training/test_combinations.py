"""The table of flags that do not go together; tests/faults/test_incompatible_flags.py asks it all."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.methods import acgan, dividemix, frgan, pi_model
from tf_ssgan.training import combinations, config


def test_a_combination_is_refused_with_the_values_of_its_flags():
    settings = config.configure("acgan", labels=20, max_steps=2)
    combinations.check(settings, acgan.Method)
    for changed, method, sentence in (
        ({"labels": 0}, acgan.Method, "^--method=acgan learns from labels, and --labels=0 leaves"),
        (
            {"class_weight": "balanced", "labels": 0},
            frgan.Method,
            "^--class_weight=balanced weighs labels, and --labels=0 leaves none",
        ),
        (
            {"class_weight": "balanced"},
            dividemix.Method,
            "^--method=acgan balances classes by a rule of its own",
        ),
        ({"devices": 3}, acgan.Method, "^--batch_size=50 cannot be shared by 3 replicas"),
        ({"max_steps": 0}, frgan.Method, "leave no steps"),
    ):
        with pytest.raises(errors.UserError, match=sentence):
            combinations.check(config.dataclasses.replace(settings, **changed), method)


def test_what_a_wide_residual_network_does_not_read_is_said():
    given = dict(dropout=0.2, image_noise=0.3)
    settings = config.configure("pi_model", "digits", network="wrn_plain", **given)
    dropout, noise = combinations.remarks(settings, pi_model.Method)
    assert dropout.startswith("--dropout=0.2 changes nothing here: wide residual networks")
    assert noise.startswith("--image_noise=0.3 changes nothing here: wide residual networks")
    for one in (
        config.configure("pi_model", "digits", **given),
        config.configure("pi_model", "digits", network="wrn_plain"),
        config.configure("supervised", "digits", network="wrn_leaky"),
        config.configure("vat", "digits"),
    ):
        assert not combinations.remarks(one, pi_model.Method)


def test_what_another_form_of_a_method_reads_is_said():
    for method, given, sentence in (
        ("improved_gan_mreg", {"tangent_weight": 0.1}, "--tangent_weight=0.1 changes nothing here: "
         "it belongs to --manifold_form=tangent."),
        ("improved_gan_mreg", {"manifold_form": "tangent", "radius": 0.1}, "--radius=0.1 changes "
         "nothing here: it belongs to --manifold_form=dropout."),
        ("bad_gan", {"code_weight": 0.1}, "--code_weight=0.1 changes nothing here: it belongs to "
         "--spread=variational."),
        ("m1_m2", {"components": 9}, "--components=9 changes nothing here: it belongs to "
         "--likelihood=gaussian."),
    ):  # fmt: skip
        settings = config.configure(method, "digits", **given)
        assert combinations.remarks(settings, frgan.Method) == [sentence]
    for method in ("improved_gan_mreg", "improved_gan_minv", "bad_gan", "m1_m2"):
        for dataset in ("digits", "cifar10"):
            assert not combinations.remarks(config.configure(method, dataset), frgan.Method)
    read = config.configure("improved_gan_minv", "digits", manifold_weight=0.1)
    assert not combinations.remarks(read, frgan.Method)


def test_remarks_are_sentences():
    settings = config.configure("frgan", labels=0, max_steps=2)
    (line,) = combinations.remarks(settings, frgan.Method)
    assert line.startswith("No image is labeled: ") and line.endswith(".")
