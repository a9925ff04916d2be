"""Predictions of the classifier of a run: probabilities, batches, and images that are refused."""

import json
import shutil

import numpy as np
import pytest
from scipy import special

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.nn import inference, precision
from tf_ssgan.training import build, classifier, config, loop

TINY = {"max_steps": 2, "width": 4, "latent_size": 8, "batch_size": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a tiny run of frgan on digits."""
    path = tmp_path_factory.mktemp("run") / "tiny"
    tiny = config.configure(
        "frgan", "digits", workdir=str(path), precision="mixed_bfloat16", **TINY
    )
    loop.run(tiny)
    return path


@pytest.fixture(scope="module")
def opened(folder):
    return classifier.open_run(folder)


@pytest.fixture(scope="module")
def digits():
    return datasets.find("digits").load().test_images


def test_it_describes_itself_and_needs_no_data(folder, monkeypatch):
    monkeypatch.setattr(datasets, "find", None)
    opened = classifier.open_run(folder)
    assert (opened.method, opened.dataset, opened.step) == ("frgan", "digits", 2)
    assert opened.classes == tuple("0123456789") and opened.image_shape == (16, 16, 1)
    assert "_network" not in repr(opened) and "temperature=" in repr(opened)


def test_probabilities_are_those_of_the_exported_weights_and_the_fitted_temperature(
    folder, opened, digits
):
    run = build.reopen(folder)
    assert opened.temperature == run.workdir.read_result()["temperature"] != 1.0
    assert run.precision == "mixed_bfloat16"  # it answers in float32 all the same
    in_float32 = precision.rebuild_in_float32(run.method.exported_classifier)
    logits = inference.predictor(in_float32)(digits[:9])
    expected = special.softmax(logits / opened.temperature, axis=-1)
    probabilities = opened.predict(digits[:9])
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert probabilities.dtype == np.float32 and probabilities.shape == (9, 10)


def test_batches_change_nothing(opened, digits, monkeypatch):
    whole = opened.predict(digits[:9])
    sizes = []
    predict_batches = inference.predict_batches
    monkeypatch.setattr(inference, "BATCH_SIZE", 4)
    monkeypatch.setattr(
        inference,
        "predict_batches",
        lambda *given: (sizes.append(len(b)) or b for b in predict_batches(*given)),
    )
    np.testing.assert_allclose(opened.predict(digits[:9]), whole, atol=1e-6)
    assert sizes == [4, 4, 1]


def test_gray_images_may_omit_their_channel_and_be_a_list(opened, digits):
    expected = opened.predict(digits[:3])
    np.testing.assert_array_equal(opened.predict(digits[:3, ..., 0]), expected)
    np.testing.assert_array_equal(opened.predict(list(digits[:3])), expected)


@pytest.mark.parametrize("shape", [(0, 16, 16, 1), (0, 16, 16), (0,)])
def test_no_images_give_no_rows(opened, shape):
    probabilities = opened.predict(np.zeros(shape, np.uint8))
    assert probabilities.shape == (0, 10) and probabilities.dtype == np.float32
    assert opened.predict([]).shape == (0, 10)


def refusal(opened, images):
    with pytest.raises(errors.UserError) as refused:
        opened.predict(images)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "images, words",
    [
        (np.linspace(0, 1, 256), "float64 with values from 0 to 1. Give (images * 255.0).round().astype(np.uint8)."),
        (np.ones(256, bool), "bool with values from 1 to 1. Give (images * 255.0).round()"),
        (np.linspace(-1, 1, 256), "from -1 to 1. Give ((images + 1) * 127.5).round().astype(np.uint8)."),
        (np.linspace(0, 255, 256, dtype=np.float32), "0 to 255. Give images.round().astype(np.uint8)."),
        (np.arange(256), "int64 with values from 0 to 255. Give images.astype(np.uint8)."),
        (np.arange(256) % 2, "int64 with values from 0 to 1. Give images.astype(np.uint8)."),
        (np.arange(256) * 257, "from 0 to 65535. Scale them to 0 to 255"),
        (np.arange(256) - 1, "from -1 to 254. Scale them to 0 to 255"),
        (np.full(256, np.nan), "with values that are not finite. Leave them out."),
    ],
)  # fmt: skip
def test_images_of_another_type_are_refused_with_the_conversion(opened, images, words):
    message = refusal(opened, images.reshape(1, 16, 16, 1))
    assert message.startswith("Images must be uint8 with values from 0 to 255, got ")
    assert words in message


@pytest.mark.parametrize("images", [np.linspace(0, 1, 256), np.linspace(-1, 1, 256), np.ones(256)])
def test_the_conversion_is_accepted(opened, images):
    images = images.reshape(1, 16, 16, 1)
    expression = refusal(opened, images).split("Give ")[1].removesuffix(".")
    assert opened.predict(eval(expression, {"np": np, "images": images})).shape == (1, 10)


@pytest.mark.parametrize("images", [None, "digits/3.png", [None], np.zeros((0, 16, 16, 1))])
def test_what_is_no_array_of_images_is_refused(opened, images):
    assert "Images must be uint8" in refusal(opened, images)


def test_images_of_different_sizes_are_refused(opened):
    message = refusal(opened, [np.zeros((16, 16), np.uint8), np.zeros((8, 8), np.uint8)])
    assert message.startswith("The images do not form an array: ")


@pytest.mark.parametrize(
    "shape, remedy",
    [
        ((16, 16, 1), "Give image[None]"),
        ((16, 16), "Give image[None]"),
        ((3, 28, 28, 1), "Resize them"),
        ((3, 16, 16, 3), "Resize them"),
        ((3, 1, 16, 16), "Resize them"),
        ((0, 8, 8, 1), "Resize them"),
        ((), "Resize them"),
    ],
)
def test_images_of_another_shape_are_refused(opened, shape, remedy):
    message = refusal(opened, np.zeros(shape, np.uint8))
    assert f"the shape [n, 16, 16, 1] or [n, 16, 16], got {list(shape)}. {remedy}" in message


def test_color_images_need_their_channels():
    checked = classifier._checked_images(np.zeros((2, 8, 8, 3), np.uint8), (8, 8, 3))
    assert checked.shape == (2, 8, 8, 3)
    with pytest.raises(errors.UserError, match=r"shape \[n, 8, 8, 3\], got \[2, 8, 8\]"):
        classifier._checked_images(np.zeros((2, 8, 8), np.uint8), (8, 8, 3))


@pytest.mark.parametrize("longer", [False, True])
def test_a_run_that_is_not_finished_is_not_calibrated_and_says_so(
    folder, opened, tmp_path, capsys, longer
):
    """It has no result, or that of earlier weights if a longer run was stopped."""
    shutil.copytree(folder, tmp_path / "run")
    file = tmp_path / "run" / "result.json"
    earlier = json.loads(file.read_text()) | {"steps": 1}
    file.unlink()
    if longer:
        file.write_text(json.dumps(earlier))
    unfinished = classifier.open_run(tmp_path / "run")
    assert unfinished.temperature == 1.0 != opened.temperature
    assert "is not finished: its classifier is that of step 2 of 2" in capsys.readouterr().out
