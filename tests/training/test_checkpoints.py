"""Checkpoints: what is saved can be restored, and what is damaged is not."""

import numpy as np
import pytest
import tensorflow as tf
from support.file_contents import manifest_metadata

from tf_ssgan.common import errors
from tf_ssgan.training import checkpoints, manifests


def make_state(value, size=3):
    return {"clock": [tf.Variable(value)], "network/d": [tf.Variable(np.full(size, value))]}


def save(folder, *steps, **changed):
    for step in steps:
        checkpoints.save(folder, make_state(float(step)), step, manifest_metadata(**changed))


def test_what_was_saved_is_loaded(tmp_path):
    save(tmp_path, 7, stage="warm_up")
    found, state = manifests.find(tmp_path), make_state(0.0)
    checkpoints.load(found.folder, state)
    assert (found.manifest["step"], found.manifest["stage"]) == (7, "warm_up")
    assert float(state["clock"][0]) == 7.0
    np.testing.assert_array_equal(state["network/d"][0], [7.0, 7.0, 7.0])


def test_the_newest_two_are_kept(tmp_path):
    save(tmp_path, 1, 2, 10)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-0000000002", "step-0000000010"]


def test_a_damaged_checkpoint_can_be_written_again(tmp_path):
    save(tmp_path, 1, 2)
    path = tmp_path / "step-0000000002/state.index"
    path.write_bytes(path.read_bytes()[:-1])
    assert manifests.find(tmp_path).manifest["step"] == 1
    save(tmp_path, 2)
    assert manifests.find(tmp_path).manifest["step"] == 2


def test_a_checkpoint_of_other_shapes_is_refused(tmp_path):
    save(tmp_path, 1)
    with pytest.raises(errors.UserError, match="other networks") as refused:
        checkpoints.load(tmp_path / "step-0000000001", make_state(1.0, size=4))
    assert refused.value.status == 2 and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["state.index", "state.data-00000-of-00001"])
def test_damage_that_the_sums_do_not_show_is_refused_or_harmless(tmp_path, name):
    """As if someone had computed the sums of a manifest again after the damage."""
    save(tmp_path, 1)
    path = tmp_path / "step-0000000001" / name
    whole, refused = path.read_bytes(), 0
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(bytes(damaged))
        try:
            checkpoints.load(path.parent, make_state(0.0))
        except errors.UserError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 0


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in ("step-0000000009.partial", "mine.partial", "notes"):
        (tmp_path / name).mkdir()
    checkpoints.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.partial", "notes"]
