"""An array names the groups of archived images."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import datasets

TRAIN = np.repeat(np.arange(10), 2)  # the group of 20 images
TEST = np.repeat(np.arange(20, 30), 2)


def find(folder, key="patient"):
    return datasets.find(f"npz:{folder}", group_by=key)


def refused(folder, key="patient"):
    with pytest.raises(errors.UserError) as caught:
        find(folder, key).check()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", [np.int32, "U9", "S9"])
def test_numbers_and_texts_are_groups(tmp_path, write, kind):
    write(tmp_path / "d", {"patient": TRAIN.astype(kind)}, {"patient": TEST.astype(kind)})
    source = find(tmp_path / "d")
    source.check()
    arrays = source.load()
    assert len(np.unique(arrays.train_groups)) == len(np.unique(arrays.test_groups)) == 10
    assert arrays.train_groups.tolist() == source.train_groups.tolist()
    assert source.group_names[int(arrays.train_groups[-1])] == "9"
    assert not np.isin(arrays.train_groups, arrays.test_groups).any()
    assert datasets.find(f"npz:{tmp_path}/d").load().train_groups is None


def test_images_of_no_group_are_their_own(tmp_path, write):
    own = TRAIN.copy()
    own[:4] = -1
    write(tmp_path / "d", {"patient": own}, {"patient": TEST})
    arrays = find(tmp_path / "d").load()
    assert len(np.unique(arrays.train_groups)) == 4 + 8


def test_unlabeled_images_of_tested_groups_are_left_out(tmp_path, write, capsys):
    labels, own = np.arange(20) % 10, TRAIN.copy()
    labels[15:], own[16:] = -1, 20
    write(tmp_path / "d", {"patient": own, "label": labels}, {"patient": TEST})
    source = find(tmp_path / "d")
    arrays = source.load()
    assert len(arrays.train_labels) == len(arrays.train_images) == 16 == len(arrays.train_groups)
    assert source.train_labels.tolist() == arrays.train_labels.tolist()
    assert "4 unlabeled image(s) are left out" in capsys.readouterr().err


def test_groups_of_test_images_do_not_matter_with_folds(tmp_path, write, capsys):
    labels = np.arange(20) % 10
    labels[15:] = -1
    write(tmp_path / "d", {"patient": TRAIN, "label": labels}, {"patient": TRAIN})
    assert "are among the labeled images" in refused(tmp_path / "d")
    source = datasets.find(f"npz:{tmp_path}/d", group_by="patient", set_aside=False)
    arrays = source.load()
    assert len(arrays.train_labels) == len(source.train_labels) == len(source.train_groups) == 20
    assert len(arrays.test_labels) == 20 and arrays.test_groups is None
    assert "left out" not in capsys.readouterr().err
    write(tmp_path / "e", {"patient": TRAIN}, {})  # nothing is known of images that are not used
    assert datasets.find(f"npz:{tmp_path}/e", "", "patient", False).load().test_groups is None


def test_what_are_no_groups_is_refused(tmp_path, write):
    write(tmp_path / "a", {"patient": TRAIN, "sex": TRAIN % 2}, {"patient": TRAIN})
    text = refused(tmp_path / "a")
    assert "10 group(s) are among the labeled images of train.npz and in test.npz: 0, 1, 2" in text
    text = refused(tmp_path / "a", "patiant")
    assert (
        "no such array of groups" in text and "Did you mean 'patient'? Known: patient, sex." in text
    )
    assert "test.npz has no such array" in refused(tmp_path / "a", "sex")
    assert "no such array of groups" in refused(tmp_path / "a", "label")
    write(tmp_path / "b", {"patient": TRAIN * 0}, {"patient": TEST})
    assert "all labeled images of train.npz are of one group, '0'" in refused(tmp_path / "b")
    for wrong in (TRAIN / 2, TRAIN[:7], TRAIN[:, None], np.array([{}] * 20, object)):
        write(tmp_path / "c", {"patient": wrong}, {"patient": TEST})
        assert "patient must be whole numbers or texts [20]" in refused(tmp_path / "c")
    write(tmp_path / "e", {"patient": np.full(20, "")}, {"patient": TEST})
    assert "names the group of no image" in refused(tmp_path / "e")
