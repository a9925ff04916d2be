"""Looks at whole pools: what they predict, and runs that are stopped within one."""

import types

import numpy as np
import pytest
from support import image_folders, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.nn import inference, pixels
from tf_ssgan.training import build, config, looks, loop, metrics_log, results

TIMED = ("seconds", "images_per_second", "waiting_percent")
SMALL = {
    "dividemix": dict(blocks=1, batch_size=15, learning_rate=0.01, ramp_up=0.1, loss_history=2),
    "label_propagation": dict(batch_size=60, neighbors=5),
}


@pytest.fixture
def dataset(tmp_path):
    for name, count, seed in (("train", 120, 0), ("test", 30, 1)):
        images, labels = toy_methods.images(count, seed=seed)
        np.savez(tmp_path / f"{name}.npz", image=images, label=labels)
    return f"npz:{tmp_path}"


def settings(method, dataset, workdir, **given):
    given = dict(max_steps=14, width=4, warm_up_epochs=0, validation=0) | SMALL[method] | given
    return config.configure(
        method, dataset, precision="float32", workdir=str(workdir), **given
    )  # fmt: skip


@pytest.fixture
def run(dataset, tmp_path):
    given = dict(labels=60, noise="pair", noise_rate=0.5, clean_fraction=0.1)
    return build.build(settings("dividemix", dataset, tmp_path / "run", **given))


def test_a_pool_is_predicted_in_its_order_by_batches(run, monkeypatch):
    monkeypatch.setattr(inference, "BATCH_SIZE", 25)
    pieces = []
    monkeypatch.setattr(
        looks.PoolLook, "progress",
        lambda look, title, total: lambda count: pieces.append((title, total, count)),
    )  # fmt: skip
    network = run.method.pair[0]
    seen = looks.PoolLook(run).predict(network, "labeled", "logits", "features")
    assert list(seen) == ["logits", "features", "label"]
    images = pixels.to_float32(run.arrays.train_images[run.protocol.labeled_ids])
    expected = network(images, training=False)
    for name in ("logits", "features"):
        np.testing.assert_allclose(seen[name], expected[name], atol=1e-5)
        assert seen[name].dtype == np.float32
    np.testing.assert_array_equal(seen["label"], run.protocol.labels)  # with their noise
    assert pieces == [("Predicting 60 images", 60, count) for count in (25, 25, 10)]


def test_a_pool_without_labels_has_none_and_the_mixed_one_those_that_are_known(run):
    look = looks.PoolLook(run)
    assert list(look.predict(run.method.pair[0], "unlabeled", "logits")) == ["logits"]
    mixed = look.predict(run.method.pair[0], "mixed", "logits")["label"]
    assert mixed.shape == (120,) and (mixed >= 0).sum() == 60


def test_predictions_that_are_not_finite_end_the_run(run):
    for variable in run.method.pair[1].trainable_variables:
        variable.assign(variable * np.nan)
    look = looks.PoolLook(run)
    look.predict(run.method.pair[0], "labeled", "logits")
    with pytest.raises(errors.Diverged, match="predictions of network_1"):
        look.predict(run.method.pair[1], "labeled", "logits")


def test_labels_that_are_known_to_be_right_are_told(run):
    checked = looks.PoolLook(run).checked()
    assert checked.shape == (60,) and checked.sum() == 6
    np.testing.assert_array_equal(run.protocol.labeled_ids[checked], run.protocol.clean_ids)


def test_progress_may_raise_to_stop(run):
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 2:
            raise errors.Interrupted(15)

    done = looks.PoolLook(run, check).progress("Counting", 3)
    done(1)
    with pytest.raises(errors.Interrupted):
        done(1)


def test_a_bar_appears_only_if_a_look_takes_long(run, monkeypatch, capsys):
    bars = []
    monkeypatch.setattr(
        looks.tqdm, "tqdm",
        lambda **given: bars.append(given)
        or types.SimpleNamespace(n=0, update=lambda pieces: None, close=lambda: None),
    )  # fmt: skip
    looks.PoolLook(run).progress("Counting", 3)(1)
    assert bars[0]["delay"] == 2.0 and bars[0]["disable"] is None and not bars[0]["leave"]
    monkeypatch.setattr(looks.distribution, "is_chief", lambda: False)
    looks.PoolLook(run).progress("Counting", 3)
    assert bars[1]["disable"] is True


@pytest.mark.parametrize("method", SMALL)
def test_few_own_pictures_are_enough(method, tmp_path, monkeypatch):
    """Three labeled pictures a class, fewer than a batch or than neighbors, and some unlabeled."""
    monkeypatch.setattr(results, "conclude", lambda *_: {})
    name = image_folders.make_folder(tmp_path / "d", labeled=3, unlabeled=7, size=(16, 16))
    given = dict(image_size=16, max_steps=6, neighbors=50, warm_up_epochs=1)
    given = {k: v for k, v in given.items() if k != "neighbors" or method == "label_propagation"}
    loop.run(settings(method, name, tmp_path / "run", **given))
    lines = metrics_log.history(tmp_path / "run" / "metrics.jsonl")
    assert lines[-1]["step"] == 6 and 0 <= lines[-1]["test_error"] <= 100


def curve(workdir):
    lines = metrics_log.history(workdir / "metrics.jsonl")
    return [{k: v for k, v in line.items() if k not in TIMED} for line in lines]


@pytest.mark.parametrize("method", SMALL)
def test_a_run_that_is_stopped_in_a_look_goes_on_as_if_it_was_not(
    method, dataset, tmp_path, monkeypatch
):
    """Intervals have 4 steps; it is stopped in the look before step 4, near its end.

    For DivideMix that is in the prediction of the second network, with losses of two looks.
    """
    monkeypatch.setattr(loop, "MIN_EVALUATION_INTERVAL", 4)
    monkeypatch.setattr(results, "conclude", lambda *_: {})  # figures and scores
    noise = {"noise": "pair", "noise_rate": 0.2} if method == "dividemix" else {"labels": 12}
    whole, parts = (settings(method, dataset, tmp_path / n, **noise) for n in ("whole", "parts"))
    loop.run(whole)
    original, parts_of_look = looks.PoolLook.progress, []

    def stopping(look, title, total):
        if int(look.run.method.step.numpy()) == 4:
            parts_of_look.append(title)
            if len(parts_of_look) == (2 if method == "dividemix" else 3):
                raise errors.Interrupted(15)
        return original(look, title, total)

    with monkeypatch.context() as patch, pytest.raises(errors.Interrupted):
        patch.setattr(looks.PoolLook, "progress", stopping)
        loop.run(parts)
    assert int(build.reopen(tmp_path / "parts").method.step.numpy()) == 4
    loop.run(parts)
    assert [line["step"] for line in curve(tmp_path / "whole")] == [4, 8, 12, 14]
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole")
