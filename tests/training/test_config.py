"""Settings of runs on a person's own pictures, and of label noise."""

import functools
import typing

import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import label_noise
from tf_ssgan.methods import supervised
from tf_ssgan.training import config


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_own_pictures_keep_all_labels_and_record_the_size_they_chose(tmp_path):
    name = image_folders.folder(tmp_path / "d", size=(24, 24))
    settings = config.configure("frgan", name)
    assert (settings.labels, settings.image_size) == (-1, 24)
    assert config.configure("frgan", name, labels=6, image_size=48).image_size == 48
    assert settings.epochs == config.EPOCHS and settings.hparams.learning_rate == 1e-3  # short
    assert config.configure(**settings.as_flags()) == settings


def test_tiny_pictures_take_the_recipe_of_digits(tmp_path):
    name = image_folders.folder(tmp_path / "d", size=(16, 16), mode="L")
    tiny, digits = config.configure("frgan", name), config.configure("frgan", "digits")
    assert tiny.hparams == digits.hparams and tiny.max_steps == digits.max_steps
    assert tiny.labels == -1 and digits.labels == 50
    larger = config.configure("frgan", name, image_size=32)
    assert larger.hparams.width == 64


@pytest.mark.parametrize("flag", [{"image_size": 32}, {"channels": "1"}, {"fit": "pad"}])
def test_images_of_known_data_sets_have_their_form(flag):
    with pytest.raises(
        errors.UserError, match=f"--{next(iter(flag))} is for folder:DIR and csv:FILE"
    ):
        config.configure("frgan", "digits", **flag)


def test_images_too_small_for_the_networks(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    with pytest.raises(errors.UserError, match="--image_size must be 8 or more"):
        config.configure("frgan", name, image_size=7)
    with pytest.raises(errors.UserError, match="--image_size=-1: expected at least 0"):
        config.configure("frgan", name, image_size=-1)


def test_the_form_of_images_is_part_of_a_runs_identity(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    one, two = (config.configure("frgan", name, fit=fit) for fit in ("crop", "pad"))
    assert one.differences(two.identity()) == {"fit": ("pad", "crop")}
    assert one.workdir != two.workdir


@pytest.fixture
def noisy_recipe(monkeypatch):
    """A recipe of a method that learns from wrong labels."""
    recipe = {"digits": {"labels": 100, "noise": "permute", "clean_fraction": 0.1, "max_steps": 9}}
    monkeypatch.setattr(supervised.HParams, "RECIPES", recipe)


def test_the_kinds_of_noise_are_those_that_there_are():
    kinds = typing.get_type_hints(config.Config)["noise"]
    assert typing.get_args(kinds) == label_noise.KINDS


@pytest.mark.parametrize("kind, rate", [("permute", 1.0), ("none", 0.0)])
def test_a_rate_that_is_not_given_is_the_kinds_own(kind, rate):
    settings = config.configure("supervised", "digits", noise=kind)
    assert settings.noise_rate == rate
    assert config.configure(**settings.as_flags()) == settings
    if kind != "none":
        assert (
            config.configure("supervised", "digits", noise=kind, noise_rate=0.3).noise_rate == 0.3
        )


@pytest.mark.parametrize("kind", ["wrong", "uniform", "pair"])
def test_noise_that_would_change_no_label_for_want_of_a_rate(kind):
    for make in (config.Config, functools.partial(config.configure, "supervised", "digits")):
        with pytest.raises(errors.UserError, match=f"--noise={kind} needs --noise_rate") as told:
            make(noise=kind)
        assert told.value.status == 2 and "\n" not in str(told.value)
    assert config.configure("supervised", "digits", noise=kind, noise_rate=0.0).noise_rate == 0


def test_recipes_may_say_which_labels_are_wrong(noisy_recipe):
    def noise(**given):
        made = config.configure("supervised", "digits", **given)
        return made.noise, made.noise_rate, made.clean_fraction

    assert noise() == ("permute", 1.0, 0.1)
    assert noise(noise_rate=0.5) == ("permute", 0.5, 0.1)
    assert noise(noise="none", clean_fraction=0.2) == ("none", 0.0, 0.2)


def test_no_recipe_makes_a_persons_own_labels_wrong(noisy_recipe, tmp_path):
    name = image_folders.folder(tmp_path / "d", size=(16, 16))
    made = config.configure("supervised", name)
    assert (made.noise, made.noise_rate, made.clean_fraction) == ("none", 0.0, 0.0)
    asked = config.configure("supervised", name, noise="pair", noise_rate=0.2, clean_fraction=0.3)
    assert (asked.noise, asked.noise_rate, asked.clean_fraction) == ("pair", 0.2, 0.3)


@pytest.mark.parametrize("rate", [-0.5, 1.5, -2.0, float("nan")])
def test_a_rate_that_is_no_fraction(rate):
    for given in ({}, {"noise": "permute"}):
        with pytest.raises(errors.UserError, match="fraction from 0 to 1, got") as told:
            config.Config(noise_rate=rate, **given)
        assert told.value.status == 2 and "\n" not in str(told.value)


def test_a_rate_without_noise_is_refused_when_the_recipe_is_known():
    config.Config(noise_rate=0.5)
    with pytest.raises(errors.UserError, match="would do nothing: add --noise=wrong|uniform"):
        config.configure("supervised", "digits", noise_rate=0.5)


def test_runs_from_before_there_were_clean_labels_go_on():
    settings = config.configure("supervised", "digits")
    theirs = settings.identity()
    assert theirs.pop("clean_fraction") == 0.0 and theirs["noise_rate"] == 0.0
    assert settings.differences(theirs) == {}
    flags = {k: v for k, v in settings.as_flags().items() if k != "clean_fraction"}
    assert config.configure(**flags) == settings
    other = config.configure(
        "supervised", "digits", noise="pair", noise_rate=0.5, clean_fraction=0.1
    )
    assert other.differences(theirs) == {
        "noise": ("none", "pair"), "noise_rate": (0.0, 0.5), "clean_fraction": (0.0, 0.1),
    }  # fmt: skip
