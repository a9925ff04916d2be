"""The images that judge runs: loaded in the form of each run, without those that it knows."""

import dataclasses

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.evaluation import judging_sets
from tf_ssgan.training import build


@pytest.fixture(scope="module")
def run(make_run):
    return build.reopen(make_run("supervised"))


def write(folder, pixels, labels):
    folder.mkdir()
    np.savez(folder / "test.npz", image=pixels, label=labels)
    (folder / "classes.txt").write_text("dark\ngray\nlight\n")
    return datasets.find(f"npz:{folder}")


def test_predictions_are_of_the_images_that_are_left(run, tmp_path):
    pixels, labels = toy_methods.images(30, seed=8)
    known = run.arrays.train_images[[3, 5]]
    source = write(tmp_path / "x", np.concatenate([known, pixels]), np.append([0, 1], labels))
    found = judging_sets.load(source, [run])
    assert found.labels.tolist() == labels.tolist() and not found.is_own_test_set
    network = run.method.classifier
    raw = network(toy_methods.centered(pixels), training=False)["logits"].numpy()
    np.testing.assert_allclose(found.predict(run, raw=True).scores, raw, rtol=1e-4, atol=1e-5)
    assert len(found.predict(run).labels) == 30


def test_the_own_test_images_judge(run):
    own = judging_sets.own_test_set([run])
    assert own.own and own.is_own_test_set
    assert own.labels.tolist() == run.arrays.test_labels.tolist()


def test_if_all_are_known_it_is_refused_by_name_and_use(run, tmp_path):
    ids = np.append(run.protocol.labeled_ids[:3], run.protocol.validation_ids[:1])
    source = write(tmp_path / "x", run.arrays.train_images[ids], run.arrays.train_labels[ids])
    with pytest.raises(errors.UserError) as caught:
        judging_sets.load(source, [run, run])
    assert str(caught.value) == (
        f"Nothing is left to judge by: one of the runs knows all 4 test images of npz:{tmp_path}/x "
        "(3 labeled training images, 1 held-out image). Give images that were neither learned nor "
        "held out: --dataset=folder:DIR."
    )


def test_each_run_sees_the_images_in_its_own_form(run, tmp_path):
    other = dataclasses.replace(run, info=dataclasses.replace(run.info, fit="crop"))
    assert judging_sets.form(run) != judging_sets.form(other)
    source = write(tmp_path / "x", *toy_methods.images(30, seed=8))
    found = judging_sets.load(source, [run, other])
    assert found.images[0] is found.judged.images and found.images[1] is not found.images[0]
    same = judging_sets.load(source, [run, run])
    assert same.images[0] is same.images[1]
