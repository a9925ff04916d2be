"""Monitors: the figures and numbers that are made at each evaluation."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.metrics import plots
from tf_ssgan.nn import step_random
from tf_ssgan.training import monitors

NAMES = ("cat", "dog", "owl", "pig")


@pytest.fixture()
def writer(tmp_path):
    return tf.summary.create_file_writer(str(tmp_path / "tensorboard"))


def make_model(**attributes):
    """The attributes of a method that a monitor reads."""
    step = types.SimpleNamespace(numpy=lambda: np.int64(50))
    return types.SimpleNamespace(step=step, **attributes)


def pseudo_label_scalars(logits, writer, names=NAMES):
    model = make_model(hp=types.SimpleNamespace(threshold=0.95))
    labels = np.zeros(len(logits), np.int64)
    return monitors.PseudoLabelMonitor(model, lambda: logits, labels, names, writer).scalars()


def test_classes_that_no_pseudo_label_has_are_printed(capsys, writer):
    scalars = pseudo_label_scalars(9.0 * np.eye(4, dtype=np.float32)[[0, 0, 2]], writer)
    assert "None of 3 unlabeled images is predicted as dog, pig.\n" in capsys.readouterr().out
    right = scalars.pop("pseudo_label_right_percent")
    assert right == pytest.approx(200 / 3) and scalars == {"pseudo_label_percent": 100.0}


def test_pseudo_labels_of_every_class_print_nothing(capsys, writer):
    scalars = pseudo_label_scalars(np.eye(4, dtype=np.float32), writer)
    assert capsys.readouterr().out == ""
    assert scalars == {"pseudo_label_percent": 0.0, "pseudo_label_right_percent": None}


def test_at_most_ten_missing_classes_are_named(capsys, writer):
    names = tuple(f"n{i}" for i in range(13))
    pseudo_label_scalars(np.eye(13, dtype=np.float32)[:2], writer, names)
    assert "is predicted as n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, ....\n" in (
        capsys.readouterr().out
    )


def test_perturbed_images_are_shown_with_their_predicted_classes(tmp_path, writer, monkeypatch):
    """A classifier by brightness; a perturbation that darkens bright images changes their class."""
    titles = []

    def classifier(images, training):
        assert not training and len(images) == monitors.IMAGES_SHOWN
        bright = tf.reduce_mean(images, [1, 2, 3])
        return {"logits": tf.stack([-bright, bright], 1)}

    def perturbation(images):
        assert len(images) == 10
        titles.append(float(step_random.current().uniform(1)[0]))  # step random numbers exist
        return -images - 0.1

    original = plots.perturbed_figure

    def figure(images, perturbed, before, after):
        titles.append((before, after))
        return original(images, perturbed, before, after)

    monkeypatch.setattr(plots, "perturbed_figure", figure)
    images = tf.constant([0.5, -0.5] * 5)[:, None, None, None] * tf.ones([10, 8, 8, 1])
    monitor = monitors.PerturbationMonitor(tmp_path, images, ("dark", "bright"), writer)
    task = types.SimpleNamespace(seed=0)
    monitor.set_model(make_model(task=task, classifier=classifier, perturbation=perturbation))
    monitor.on_epoch_end(0)
    monitor.on_epoch_end(1)
    assert titles[0] == titles[2]  # the same random start at every evaluation
    assert titles[1] == (["bright", "dark"] * 3, ["dark"] * 6)  # the first six of ten
    picture = tf.io.decode_png((tmp_path / "perturbed.png").read_bytes())
    assert min(picture.shape[:2]) > 100


def test_sample_grids_name_the_stage_of_a_method_with_several(tmp_path, monkeypatch, writer):
    tags = []
    monkeypatch.setattr(tf.summary, "image", lambda tag, pixels: tags.append((tag, pixels.shape)))
    for stages in ({"train": 0}, {"contrast": 0, "train": 9}):
        model = make_model(
            stage=next(iter(stages)),
            stages=lambda stages=stages: stages,
            sample=lambda count: tf.zeros([count, 4, 4, 1]),
        )
        monitor = monitors.SamplesMonitor(tmp_path, writer)
        monitor.set_model(model)
        monitor.on_epoch_end(0)
    assert [tag for tag, _ in tags] == ["samples", "samples/contrast"]
    assert (tmp_path / "samples.png").is_file()
