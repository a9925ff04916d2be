"""What a run is made of: labels and pools, and what does not fit together."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.core.task import Stream
from tf_ssgan.data import content_hash, datasets, pools
from tf_ssgan.methods import supervised
from tf_ssgan.training import build, config

NOISY = {"labels": 100, "noise": "permute", "clean_fraction": 0.1}


@pytest.fixture(scope="module")
def digits():
    return content_hash.ordered(datasets.load("digits"))


def configured(method="supervised", **given):
    return config.configure(method, "digits", **(NOISY | given))


def parts(digits, **given):
    """Protocol, pools and task of a run."""
    settings = configured(**given)
    protocol = build.make_protocol(settings, digits)
    task = build.make_task(settings, digits.info, protocol)
    return protocol, pools.make_pools(digits, protocol), task


def test_one_seed_means_the_same_noise_for_every_method(digits):
    def protocol(method, **given):
        return build.make_protocol(configured(method, **given), digits)

    one = protocol("supervised")
    assert one == protocol("frgan") == protocol("pseudo_label", epochs=3)
    assert one.sha256 != protocol("supervised", split_seed=1).sha256


def test_labels_that_are_known_to_be_clean_and_others_are_pools(digits):
    protocol, pools, task = parts(digits)
    assert (task.labeled, task.clean, task.noisy) == (100, 10, 90)
    true = digits.train_labels
    assert pools["clean"].ids.tolist() == protocol.clean_ids.tolist()
    assert (pools["clean"].labels == true[protocol.clean_ids]).all()
    assert pools["noisy"].ids.tolist() == protocol.noisy_ids.tolist()
    assert (pools["noisy"].labels != true[protocol.noisy_ids]).sum() == protocol.wrong > 60
    both = {*zip(pools["clean"].ids, pools["clean"].labels, strict=True)}
    both |= {*zip(pools["noisy"].ids, pools["noisy"].labels, strict=True)}
    assert both == {*zip(pools["labeled"].ids, pools["labeled"].labels, strict=True)}


def test_where_none_is_known_to_be_clean_all_are_taken_for_it(digits):
    _, pools, task = parts(digits, clean_fraction=0.0)
    assert (task.labeled, task.clean, task.noisy) == (100, 100, 0)
    assert pools["clean"] is pools["labeled"] and "noisy" not in pools
    _, pools, task = parts(digits, clean_fraction=0.0, noise="none", labels=0)
    assert (task.clean, task.noisy) == (0, 0)
    assert (pools["clean"].labels == -1).all()


def test_all_labels_may_be_known_to_be_clean(digits):
    _, pools, task = parts(digits, noise="none", clean_fraction=1.0)
    assert (task.clean, task.noisy) == (100, 0)
    assert pools["clean"].ids.tolist() == pools["labeled"].ids.tolist() and "noisy" not in pools


def test_held_out_and_test_labels_are_never_touched(digits):
    train, test = digits.train_labels.copy(), digits.test_labels.copy()
    noisy, pools, _ = parts(digits)
    plain, _, _ = parts(digits, noise="none", clean_fraction=0.0)
    assert (noisy.validation_ids == plain.validation_ids).all()
    assert not np.isin(noisy.validation_ids, pools["labeled"].ids).any()
    assert (digits.train_labels == train).all() and (digits.test_labels == test).all()


@pytest.mark.parametrize(
    "given",
    [
        {"clean_fraction": 0.0},
        {"clean_fraction": 1.0, "noise": "none"},
        {"clean_fraction": 0.0, "labels": 0},
    ],
)
def test_a_method_that_needs_labels_of_both_kinds(monkeypatch, given):
    monkeypatch.setattr(supervised.Method, "needs_noisy", True, raising=False)
    monkeypatch.setattr(supervised.Method, "needs_labels", False)
    with pytest.raises(errors.UserError, match="known to be right .* --clean_fraction=0.1") as told:
        build.build(configured(**given))
    assert told.value.status == 2 and "\n" not in str(told.value)


def test_a_stream_that_replicas_cannot_share_in_any_stage(monkeypatch):
    def streams(made):
        odd = made.stage == "late"
        return {"labeled": Stream("labeled", 15 if odd else 16, {"image": "plain"})}

    monkeypatch.setattr(supervised.Method, "streams", streams)
    monkeypatch.setattr(supervised.Method, "stages", lambda made: {"train": 0, "late": 5})
    settings = configured(devices=2, batch_size=16, width=4)
    with pytest.raises(errors.UserError, match="15 images .* 'labeled', which 2 replicas") as told:
        build.build(settings)
    assert "--batch_size" in str(told.value) and "multiple of 2" in str(told.value)
    assert build.build(configured(batch_size=16, width=4)).method.stage == "train"
