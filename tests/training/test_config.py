"""How a configuration is resolved: user images, label noise, identity."""

import dataclasses
import functools
import hashlib
import json
import typing

import pytest
from support import image_folders

from tf_ssgan.common import errors, options
from tf_ssgan.data import datasets, label_noise
from tf_ssgan.data.sources import data_source
from tf_ssgan.methods import alexnet
from tf_ssgan.training import config, recipes, run_folders


@pytest.fixture(autouse=True)
def _separate_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_user_images_keep_all_labels_and_record_their_size(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", size=(24, 24))
    settings = config.configure("frgan", name)
    assert (settings.labels, settings.image_size) == (-1, 24)
    assert config.configure("frgan", name, labels=6, image_size=48).image_size == 48
    assert settings.epochs == recipes.EPOCHS and settings.hparams.learning_rate == 1e-3  # short
    assert config.configure(**settings.as_flags()) == settings


def test_tiny_user_images_take_the_recipe_of_digits(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", size=(16, 16), mode="L")
    tiny, digits = config.configure("frgan", name), config.configure("frgan", "digits")
    assert tiny.hparams == digits.hparams and tiny.max_steps == digits.max_steps
    assert tiny.labels == -1 and digits.labels == 50
    larger = config.configure("frgan", name, image_size=32)
    assert larger.hparams.width == 64


@pytest.mark.parametrize("flag", [{"image_size": 32}, {"channels": "1"}, {"fit": "pad"}])
def test_images_of_known_data_sets_have_a_fixed_size(flag):
    with pytest.raises(
        errors.UserError, match=f"--{next(iter(flag))} is for folder:DIR and csv:FILE"
    ):
        config.configure("frgan", "digits", **flag)


def test_images_too_small_for_the_networks_are_refused(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    with pytest.raises(errors.UserError, match="--image_size must be 8 or more"):
        config.configure("frgan", name, image_size=7)
    with pytest.raises(errors.UserError, match="--image_size=-1: expected at least 0"):
        config.configure("frgan", name, image_size=-1)


def test_the_fit_of_images_is_part_of_a_runs_identity(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    one, two = (config.configure("frgan", name, fit=fit) for fit in ("crop", "pad"))
    assert one.differences(two.identity()) == {"fit": ("pad", "crop")}
    assert one.workdir != two.workdir


def test_the_data_set_that_was_looked_up_is_passed_on_and_is_no_setting():
    source = datasets.find("digits")
    settings = config.configure("supervised", "digits", source=source)
    moved = dataclasses.replace(settings, workdir="elsewhere")
    assert settings.find_source() is moved.find_source() is source
    found_anew = config.configure("supervised", "digits")
    assert settings == found_anew and found_anew.source is None
    assert "source" not in settings.as_flags()
    assert "source" not in {field.name for field in config.run_fields()}
    assert config.Config(dataset="svhn", data_dir="there").find_source().data_dir == "there"
    with pytest.raises(ValueError, match="source is digits, not svhn"):
        config.configure("supervised", "svhn", source=source)


def test_flags_are_resolved_without_reading_data(monkeypatch):
    def refuse(*_):
        raise AssertionError("data were read")

    monkeypatch.setattr(data_source.DataSource, "check", refuse)
    monkeypatch.setattr(data_source.DataSource, "load", refuse)
    for name in datasets.names():
        assert config.resolve_flags("supervised", name, {"epochs": 10})["labels"] > 0


def test_the_usual_size_is_assumed_if_files_are_missing(tmp_path):
    given = {"data_dir": str(tmp_path / "nowhere"), "labels": 10, "image_size": 32}
    missing = config.resolve_flags("frgan", "folder:d", given)
    assert missing["learning_rate"] == config.resolve_flags("frgan", "cifar10", {})["learning_rate"]
    with pytest.raises(errors.UserError, match="not a folder"):
        config.resolve_flags("frgan", "folder:d", given | {"image_size": 0})


@pytest.fixture
def noisy_recipe(monkeypatch):
    """A recipe of a method that learns from wrong labels."""
    recipe = {"digits": {"labels": 100, "noise": "permute", "clean_fraction": 0.1, "max_steps": 9}}
    monkeypatch.setattr(alexnet.HParams, "RECIPES", recipe)


def test_the_flag_knows_every_kind_of_noise():
    kinds = typing.get_type_hints(config.Config)["noise"]
    assert typing.get_args(kinds) == label_noise.KINDS


@pytest.mark.parametrize("kind, rate", [("permute", 1.0), ("none", 0.0)])
def test_a_rate_that_is_not_given_is_the_default_of_its_kind(kind, rate):
    settings = config.configure("supervised", "digits", noise=kind)
    assert settings.noise_rate == rate
    assert config.configure(**settings.as_flags()) == settings
    if kind != "none":
        assert (
            config.configure("supervised", "digits", noise=kind, noise_rate=0.3).noise_rate == 0.3
        )


@pytest.mark.parametrize("kind", ["wrong", "uniform", "pair"])
def test_noise_without_a_rate_is_refused(kind):
    for make in (config.Config, functools.partial(config.configure, "supervised", "digits")):
        with pytest.raises(errors.UserError, match=f"--noise={kind} needs --noise_rate") as refused:
            make(noise=kind)
        assert refused.value.status == 2 and "\n" not in str(refused.value)
    assert config.configure("supervised", "digits", noise=kind, noise_rate=0.0).noise_rate == 0


def test_recipes_may_set_label_noise(noisy_recipe):
    def noise(**given):
        settings = config.configure("alexnet", "digits", **given)
        return settings.noise, settings.noise_rate, settings.clean_fraction

    assert noise() == ("permute", 1.0, 0.1)
    assert noise(noise_rate=0.5) == ("permute", 0.5, 0.1)
    assert noise(noise="none", clean_fraction=0.2) == ("none", 0.0, 0.2)


def test_no_recipe_changes_the_labels_of_user_images(noisy_recipe, tmp_path):
    name = image_folders.make_folder(tmp_path / "d", size=(16, 16))
    settings = config.configure("alexnet", name)
    assert (settings.noise, settings.noise_rate, settings.clean_fraction) == ("none", 0.0, 0.0)
    given = {"noise": "pair", "noise_rate": 0.2, "clean_fraction": 0.3}
    settings = config.configure("alexnet", name, **given)
    assert {flag: getattr(settings, flag) for flag in given} == given


@pytest.mark.parametrize("rate", [-0.5, 1.5, -2.0, 3e38])
def test_a_rate_that_is_no_fraction_is_refused(rate):
    for given in ({}, {"noise": "permute"}):
        with pytest.raises(errors.UserError, match="fraction from 0 to 1, got") as refused:
            config.Config(noise_rate=rate, **given)
        assert refused.value.status == 2 and "\n" not in str(refused.value)


def test_a_rate_without_noise_is_refused_when_the_recipe_is_known():
    config.Config(noise_rate=0.5)
    with pytest.raises(errors.UserError, match="would do nothing: add --noise=wrong|uniform"):
        config.configure("supervised", "digits", noise_rate=0.5)


def test_runs_from_before_clean_labels_existed_continue():
    settings = config.configure("supervised", "digits")
    saved = settings.identity()
    assert saved.pop("clean_fraction") == 0.0 and saved["noise_rate"] == 0.0
    assert settings.differences(saved) == {}
    flags = {k: v for k, v in settings.as_flags().items() if k != "clean_fraction"}
    assert config.configure(**flags) == settings
    other = config.configure(
        "supervised", "digits", noise="pair", noise_rate=0.5, clean_fraction=0.1
    )
    assert other.differences(saved) == {
        "noise": ("none", "pair"), "noise_rate": (0.0, 0.5), "clean_fraction": (0.0, 0.1),
    }  # fmt: skip


def test_flags_that_came_later_leave_the_default_folders_as_they_were():
    own = config.configure("supervised", "digits", max_steps=3)
    later = {*run_folders.LATER, "fold", *options.added_since(type(own.hparams))}
    before = {k: v for k, v in own.identity().items() if k not in later}
    digest = hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()
    assert own.workdir.endswith(digest[:8])
    grouped = config.configure("supervised", "npz:x", max_steps=3, group_by="patient", labels=9)
    single = config.configure("supervised", "npz:x", max_steps=3, labels=9)
    assert grouped.workdir != single.workdir and single.differences(grouped.identity()) == {
        "group_by": ("patient", "")
    }


def test_runs_from_before_a_hyperparameter_existed_continue():
    """Their flags lack it, and it has its default; any other one must be there."""
    settings = config.configure("fixmatch", "digits")
    saved = settings.as_flags()
    assert saved.pop("align_distribution") is False
    assert config.from_flags(saved) == settings
    assert settings.differences({k: saved[k] for k in settings.identity() if k in saved}) == {}
    aligned = config.configure("fixmatch", "digits", align_distribution=True)
    assert aligned.differences(saved) == {"align_distribution": (False, True)}
    with pytest.raises(errors.UserError, match="^threshold is missing, a hyperparameter of fixm"):
        config.from_flags({k: v for k, v in saved.items() if k != "threshold"})


def test_runs_from_before_class_weights_continue():
    settings = config.configure("supervised", "digits")
    saved = settings.as_flags()
    assert saved.pop("class_weight") == "none"
    assert config.from_flags(saved) == settings and settings.differences(saved) == {}
    balanced = config.configure("supervised", "digits", class_weight="balanced")
    assert balanced.differences(saved) == {"class_weight": ("none", "balanced")}
    assert balanced.workdir != settings.workdir
