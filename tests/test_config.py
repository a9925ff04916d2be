"""Settings of runs on a person's own pictures."""

import drawn
import pytest

from tf_ssgan import config, errors


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_own_pictures_keep_all_labels_and_record_the_size_they_chose(tmp_path):
    name = drawn.folder(tmp_path / "d", size=(24, 24))
    settings = config.configure("frgan", name)
    assert (settings.labels, settings.image_size) == (-1, 24)
    assert config.configure("frgan", name, labels=6, image_size=48).image_size == 48
    assert settings.epochs == config.EPOCHS and settings.hparams.learning_rate == 1e-3  # short
    assert config.configure(**settings.as_flags()) == settings


def test_tiny_pictures_take_the_recipe_of_digits(tmp_path):
    name = drawn.folder(tmp_path / "d", size=(16, 16), mode="L")
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
    name = drawn.folder(tmp_path / "d")
    with pytest.raises(errors.UserError, match="--image_size must be 8 or more"):
        config.configure("frgan", name, image_size=7)
    with pytest.raises(errors.UserError, match="--image_size=-1: expected at least 0"):
        config.configure("frgan", name, image_size=-1)


def test_the_form_of_images_is_part_of_a_runs_identity(tmp_path):
    name = drawn.folder(tmp_path / "d")
    one, two = (config.configure("frgan", name, fit=fit) for fit in ("crop", "pad"))
    assert one.differences(two.identity()) == {"fit": ("pad", "crop")}
    assert one.workdir != two.workdir
