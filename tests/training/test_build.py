"""How a run is built: labels, pools and sizes, and combinations that are refused."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, pools, splits
from tf_ssgan.methods import supervised
from tf_ssgan.training import build, config

NOISY = {"labels": 100, "noise": "permute", "clean_fraction": 0.1}


@pytest.fixture(scope="module")
def digits():
    return content_hash.sort_by_content(datasets.find("digits").load())


def configured(method="supervised", **given):
    return config.configure(method, "digits", **(NOISY | given))


def build_parts(digits, **given):
    """Protocol, pools and task of a run."""
    settings = configured(**given)
    protocol = build.make_protocol(settings, digits)
    task = build.make_task(settings, digits.info, protocol)
    return protocol, pools.make_pools(digits, protocol), task


def test_one_seed_gives_the_same_noise_for_every_method(digits):
    def protocol(method, **given):
        return build.make_protocol(configured(method, **given), digits)

    first = protocol("supervised")
    assert first == protocol("frgan") == protocol("pseudo_label", epochs=3)
    assert first.sha256 != protocol("supervised", split_seed=1).sha256


def test_clean_and_noisy_labels_are_separate_pools(digits):
    protocol, pools, task = build_parts(digits)
    assert (task.labeled, task.clean, task.noisy) == (100, 10, 90)
    assert task.held_out == len(protocol.validation_ids) == len(pools["held_out"].ids) > 0
    true = digits.train_labels
    assert pools["clean"].ids.tolist() == protocol.clean_ids.tolist()
    assert (pools["clean"].labels == true[protocol.clean_ids]).all()
    assert pools["noisy"].ids.tolist() == protocol.noisy_ids.tolist()
    assert (pools["noisy"].labels != true[protocol.noisy_ids]).sum() == protocol.wrong > 60
    both = {*zip(pools["clean"].ids, pools["clean"].labels, strict=True)}
    both |= {*zip(pools["noisy"].ids, pools["noisy"].labels, strict=True)}
    assert both == {*zip(pools["labeled"].ids, pools["labeled"].labels, strict=True)}


def test_if_no_label_is_known_to_be_clean_all_are_in_the_clean_pool(digits):
    _, pools, task = build_parts(digits, clean_fraction=0.0)
    assert (task.labeled, task.clean, task.noisy) == (100, 100, 0)
    assert pools["clean"] is pools["labeled"] and "noisy" not in pools
    _, pools, task = build_parts(digits, method="frgan", clean_fraction=0.0, noise="none", labels=0)
    assert (task.clean, task.noisy) == (0, 0)
    assert (pools["clean"].labels == -1).all()


def test_all_labels_may_be_known_to_be_clean(digits):
    _, pools, task = build_parts(digits, noise="none", clean_fraction=1.0)
    assert (task.clean, task.noisy) == (100, 0)
    assert pools["clean"].ids.tolist() == pools["labeled"].ids.tolist() and "noisy" not in pools


def test_validation_and_test_labels_get_no_noise(digits):
    train, test = digits.train_labels.copy(), digits.test_labels.copy()
    noisy, pools, _ = build_parts(digits)
    plain, _, _ = build_parts(digits, noise="none", clean_fraction=0.0)
    assert (noisy.validation_ids == plain.validation_ids).all()
    assert not np.isin(noisy.validation_ids, pools["labeled"].ids).any()
    assert (digits.train_labels == train).all() and (digits.test_labels == test).all()


@pytest.mark.parametrize(
    "given",
    [
        {"clean_fraction": 0.0},
        {"clean_fraction": 1.0, "noise": "none"},
        {"clean_fraction": 0.0, "labels": 0, "noise": "none"},
    ],
)
def test_a_method_that_needs_clean_and_noisy_labels_is_refused_without_both(monkeypatch, given):
    monkeypatch.setattr(supervised.Method, "needs_noisy", True, raising=False)
    monkeypatch.setattr(supervised.Method, "needs_labels", False)
    with pytest.raises(
        errors.UserError, match="known to be right .* --clean_fraction=0.1"
    ) as refused:
        build.build(configured(**given))
    assert refused.value.status == 2 and "\n" not in str(refused.value)


def test_an_epoch_is_one_pass_and_a_run_ends_at_the_shorter_length(digits):
    def length(**given):
        settings = config.configure("frgan", "digits", batch_size=64, **given)
        protocol = build.make_protocol(settings, digits)
        task = build.make_task(settings, digits.info, protocol)
        return task.steps_per_epoch, task.steps

    pool = 1797 - 500
    held = splits.default_validation("digits", pool)
    per_epoch = (pool - held) // 64
    assert length(epochs=3) == (per_epoch, 3 * per_epoch)
    assert length(max_steps=7) == (per_epoch, 7)
    assert length(epochs=3, max_steps=7) == (per_epoch, 7)
    assert length(epochs=3, critic_steps=2) == (per_epoch // 2, 3 * (per_epoch // 2))


def test_validation_and_test_images_are_never_trained_on(digits):
    protocol = build.make_protocol(config.configure("frgan", "digits"), digits)
    image_pools = pools.make_pools(digits, protocol)
    held = set(protocol.validation_ids.tolist())
    assert held and not held & set(image_pools["unlabeled"].ids.tolist())
    assert set(image_pools["labeled"].ids.tolist()) <= set(image_pools["unlabeled"].ids.tolist())
    assert image_pools["unlabeled"].labels is None
    np.testing.assert_array_equal(
        image_pools["labeled"].labels, digits.train_labels[image_pools["labeled"].ids]
    )


def test_a_batch_that_replicas_cannot_share_is_refused():
    flags = dict(batch_size=15, width=4, max_steps=2)
    with pytest.raises(errors.UserError, match="batch_size=15 cannot be shared by 2"):
        config.configure("frgan", "digits", devices=2, **flags)
    settings = config.configure("frgan", "digits", **flags)
    with pytest.raises(errors.UserError, match="batch_size=15 cannot be shared by 2"):
        build.build(dataclasses.replace(settings, devices=2))


def test_a_run_does_not_order_sums_by_pointers(tmp_path):
    """Else another process would round otherwise, and a resumed run would not be the same one."""
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})
    build.build(configured(width=2, max_steps=1, workdir=str(tmp_path / "run")))
    assert not tf.config.optimizer.get_experimental_options()["arithmetic_optimization"]
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_a_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(errors.UserError, match="not the folder of a run"):
        build.reopen(tmp_path)
