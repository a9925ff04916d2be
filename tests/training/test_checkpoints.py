"""Checkpoints: what is saved can be restored, and what is damaged is not."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.training import checkpoints


def make_state(value, size=3):
    return {"clock": [tf.Variable(value)], "network/d": [tf.Variable(np.full(size, value))]}


def accept(manifest):
    del manifest


def damage(checkpoint):
    path = checkpoint / "state.index"
    path.write_bytes(path.read_bytes()[:-1])


def test_what_was_saved_is_restored(tmp_path):
    checkpoints.save(tmp_path, make_state(1.5), 7, {"stage": "train"})
    state = make_state(0.0)
    manifest = checkpoints.restore(tmp_path, state, accept)
    assert (manifest["step"], manifest["stage"]) == (7, "train")
    assert float(state["clock"][0]) == 1.5
    np.testing.assert_array_equal(state["network/d"][0], [1.5, 1.5, 1.5])


def test_the_newest_two_are_kept(tmp_path):
    for step in (1, 2, 10):
        checkpoints.save(tmp_path, make_state(float(step)), step, {})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-0000000002", "step-0000000010"]
    assert checkpoints.newest(tmp_path)["step"] == 10


def test_a_damaged_checkpoint_is_skipped_and_can_be_written_again(tmp_path, capsys):
    for step in (1, 2):
        checkpoints.save(tmp_path, make_state(float(step)), step, {})
    damage(tmp_path / "step-0000000002")
    assert checkpoints.newest(tmp_path)["step"] == 1
    state = make_state(0.0)
    assert checkpoints.restore(tmp_path, state, accept)["step"] == 1
    assert float(state["clock"][0]) == 1.0
    assert capsys.readouterr().out == (
        "Skipped a damaged checkpoint, step-0000000002: state.index was changed or cut short.\n"
    )
    checkpoints.save(tmp_path, make_state(2.0), 2, {})
    assert checkpoints.verified(tmp_path / "step-0000000002")["step"] == 2


def test_a_manifest_is_read_by_its_step(tmp_path):
    checkpoints.save(tmp_path, make_state(1.5), 7, {"stage": "train"})
    assert checkpoints.read_manifest(tmp_path, 7)["stage"] == "train"
    assert checkpoints.read_manifest(tmp_path, 8) == {}
    for text in ("", "{", "[]"):
        (tmp_path / "step-0000000007" / "manifest.json").write_text(text)
        assert checkpoints.read_manifest(tmp_path, 7) == {}


def test_without_a_checkpoint_there_is_no_manifest(tmp_path):
    assert checkpoints.newest(tmp_path) is None
    assert checkpoints.restore(tmp_path, make_state(0.0), accept) is None


def test_a_checkpoint_that_is_not_accepted_is_not_loaded(tmp_path):
    checkpoints.save(tmp_path, make_state(1.0), 1, {})

    def refuse(manifest):
        raise errors.UserError(f"not step {manifest['step']}")

    state = make_state(0.0)
    with pytest.raises(errors.UserError, match="not step 1"):
        checkpoints.restore(tmp_path, state, refuse)
    assert float(state["clock"][0]) == 0.0


def test_a_checkpoint_of_other_shapes_is_refused(tmp_path):
    checkpoints.save(tmp_path, make_state(1.0, size=3), 1, {})
    with pytest.raises(errors.UserError, match="other networks") as refused:
        checkpoints.restore(tmp_path, make_state(1.0, size=4), accept)
    assert refused.value.status == 2 and "\n" not in str(refused.value)


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in ("step-0000000009.partial", "mine.partial", "notes"):
        (tmp_path / name).mkdir()
    checkpoints.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.partial", "notes"]
