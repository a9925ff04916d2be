"""Streams that replicas cannot share, and those whose images must differ within a step."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import supervised
from tf_ssgan.training import build, config

POOL = 1168  # images of digits that are not held out


def build_with(monkeypatch, stream, **given):
    """Builds a run of 50 labels whose only stream is this one."""
    monkeypatch.setattr(supervised.Method, "streams", lambda method: {"all": stream})
    return build.build(config.configure("supervised", "digits", labels=50, width=4, **given))


def distinct(pool, examples):
    return Stream(pool, examples, {"image": "plain"}, distinct=True)


def test_a_stream_that_replicas_cannot_share_is_refused_in_every_stage(monkeypatch):
    def streams(method):
        odd = method.stage == "late"
        return {"labeled": Stream("labeled", 15 if odd else 16, {"image": "plain"})}

    monkeypatch.setattr(supervised.Method, "streams", streams)
    monkeypatch.setattr(supervised.Method, "stages", lambda method: {"train": 0, "late": 5})
    settings = config.configure("supervised", "digits", devices=2, batch_size=16, width=4)
    with pytest.raises(
        errors.UserError, match="15 images .* 'labeled', which 2 replicas"
    ) as refused:
        build.build(settings)
    assert "--batch_size" in str(refused.value) and "multiple of 2" in str(refused.value)
    alone = config.configure("supervised", "digits", batch_size=16, width=4)
    assert build.build(alone).method.stage == "train"


@pytest.mark.parametrize("pool, size", [("mixed", POOL), ("unlabeled", POOL), ("labeled", 50)])
def test_a_pool_with_fewer_images_than_a_step_must_tell_apart_is_refused(monkeypatch, pool, size):
    with pytest.raises(errors.UserError) as refused:
        build_with(monkeypatch, distinct(pool, size + 2), batch_size=size + 2)
    assert str(refused.value) == (
        f"--method=supervised takes {size + 2} different images a step from its stream 'all', "
        f"because it remembers something of each, and there are {size}: give --batch_size of at "
        f"most {size}."
    )
    assert build_with(monkeypatch, distinct(pool, size), batch_size=size).method.stage == "train"


def test_the_batch_size_that_is_proposed_counts_several_images_of_a_label_and_replicas(monkeypatch):
    """1168 images are enough for 166 times 7 of them, and for 233 times 5, which is odd."""
    with pytest.raises(errors.UserError, match="takes 1176 .* there are 1168: .* at most 166\\.$"):
        build_with(monkeypatch, distinct("mixed", 7 * 168), batch_size=168)
    with pytest.raises(errors.UserError, match="takes 1200 .* there are 1168: .* at most 232\\.$"):
        build_with(monkeypatch, distinct("mixed", 5 * 240), batch_size=240, devices=2)


def test_where_no_batch_is_small_enough_more_images_are_asked_for(monkeypatch):
    with pytest.raises(errors.UserError, match="takes 1400 .* there are 1168: give it more images"):
        build_with(monkeypatch, distinct("mixed", 1400), batch_size=1)


def test_flexmatch_may_have_fewer_unlabeled_images_for_each_labeled_one():
    given = dict(labels=50, batch_size=1, unlabeled_ratio=1000, network="cnn13_bn", width=4)
    with pytest.raises(errors.UserError, match="1000 different .* or a smaller --unlabeled_ratio"):
        build.build(config.configure("flexmatch", "digits", validation=700, **given))


def test_a_stream_whose_images_may_repeat_takes_any_pool(monkeypatch):
    build_with(monkeypatch, Stream("mixed", 2000, {"image": "plain"}), batch_size=2000)
