"""Weights of classes: scikit-learn's, and the sentence on them."""

import dataclasses

import numpy as np
import pytest
from sklearn.utils import class_weight
from support import image_folders

from tf_ssgan.training import build, class_weights, config

NAMES = ("cat", "dog", "owl", "pig")


@pytest.mark.parametrize("counts", [(5, 5, 5, 5), (1, 5, 20, 3), (1, 999, 1, 1), (7, 2, 1, 1)])
def test_balanced_weights_are_those_of_scikit_learn(counts):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(4), counts))
    found = class_weights.weights("balanced", labels, 4)
    expected = class_weight.compute_class_weight("balanced", classes=np.arange(4), y=labels)
    assert found == pytest.approx(expected.tolist())
    assert np.take(found, labels).mean() == pytest.approx(1.0)
    together = np.bincount(labels, np.take(found, labels))
    assert together == pytest.approx(len(labels) / 4)


def test_a_class_without_labels_counts_nowhere():
    """Two of four classes have labels: three of class 1 and one of class 3."""
    labels = np.array([1, 1, 3, 1])
    found = class_weights.weights("balanced", labels, 4)
    assert found == pytest.approx([0.0, 4 / (2 * 3), 0.0, 4 / 2])
    present = class_weight.compute_class_weight("balanced", classes=np.array([1, 3]), y=labels)
    assert [found[1], found[3]] == pytest.approx(present.tolist())


def test_equal_frequencies_have_the_weight_one_exactly():
    for classes in range(2, 12):
        labels = np.repeat(np.arange(classes), 7)
        assert class_weights.weights("balanced", labels, classes) == (1.0,) * classes


def test_no_weights_and_no_labels():
    assert class_weights.weights("none", np.array([0, 1]), 2) == ()
    assert class_weights.weights("none", np.zeros(0, int), 2) == ()


def test_frequencies_are_shares_of_all_classes():
    assert class_weights.frequencies(np.array([1, 1, 3, 1]), 4) == (0.0, 0.75, 0.0, 0.25)
    assert class_weights.frequencies(np.zeros(0, int), 4) == ()


def said(*labels):
    labels = np.array(labels)
    return class_weights.describe(class_weights.weights("balanced", labels, 4), labels, NAMES)


def test_the_smallest_and_the_largest_weight_are_said():
    assert said(0, 0, 0, 1, 2, 2) == (
        "Labels weigh by the frequency of their class: from 0.667 (cat, 3 labels) to 2 (dog, 1 "
        "label)."
    )
    assert "(owl, 2 labels) to 1.5 (pig, 1 label)." in said(2, 2, 3)
    for labels in ((0, 1, 2, 3), (1, 1, 1), (2, 2, 3, 3)):
        assert said(*labels) == (
            "All classes with labels have equally many: --class_weight=balanced changes nothing."
        )
    assert class_weights.describe((), np.array([0, 1]), NAMES) == ""


def test_names_of_classes_are_shown_in_one_line():
    names = ("a\nb", "c" * 200)
    line = class_weights.describe((0.5, 2.0), np.array([0, 0, 0, 0, 1]), names)
    assert "\n" not in line and len(line) < 180


def test_a_task_has_the_weights_of_the_labels_that_are_learned(tmp_path):
    """With noise, and without those of images that are held out; 12 cats and 6 dogs."""
    name = image_folders.make_folder(tmp_path / "d", labeled=6, size=(16, 16))
    for number in range(6):
        image_folders.save_image(tmp_path / f"d/labeled/cat/more{number}.png", 0, 300 + number)
    given = dict(image_size=16, validation=3, noise="uniform", noise_rate=0.5, max_steps=1)
    settings = config.configure("supervised", name, class_weight="balanced", **given)
    source = settings.find_source().load(settings.image_spec)
    protocol = build.make_protocol(settings, source)
    task = build.make_task(settings, source.info, protocol)
    assert len(protocol.labels) == 15 and protocol.wrong > 0
    counts = np.bincount(protocol.labels)
    assert task.class_weights == pytest.approx((15 / (2 * counts)).tolist())
    assert task.class_frequencies == pytest.approx((counts / 15).tolist())
    usual = dataclasses.replace(settings, class_weight="none")
    assert build.make_task(usual, source.info, protocol).class_weights == ()
