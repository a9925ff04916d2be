"""Monitors: the figures and numbers that are made at each evaluation."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core import monitoring
from tf_ssgan.metrics import plots
from tf_ssgan.nn import step_random
from tf_ssgan.training import monitors
from tf_ssgan.training.workdir import Workdir

NAMES = ("cat", "dog", "owl", "pig")


@pytest.fixture()
def writer(tmp_path):
    return tf.summary.create_file_writer(str(tmp_path / "tensorboard"))


def make_run(workdir, names=NAMES, images=None, count=3, **attributes):
    """The attributes of a run that monitors read; `count` unlabeled images, all of class 0."""
    step = types.SimpleNamespace(numpy=lambda: np.int64(50))
    method = types.SimpleNamespace(step=step, task=types.SimpleNamespace(seed=0), **attributes)
    arrays = types.SimpleNamespace(
        train_images=images,
        train_labels=np.zeros(count, np.int64),
    )
    return types.SimpleNamespace(
        workdir=workdir and Workdir(workdir),
        info=types.SimpleNamespace(classes=names),
        method=method,
        arrays=arrays,
        config=types.SimpleNamespace(seed=0),
        protocol=types.SimpleNamespace(unlabeled_ids=np.arange(count)),
    )


def pseudo_label_scalars(logits, writer, names=NAMES, threshold=0.95, strict=False):
    """The numbers of a monitor of images with these logits."""
    run = make_run(None, names, count=len(logits))
    declared = monitoring.PseudoLabels(threshold, strict)
    monitor = monitors.PseudoLabelMonitor(run, writer, declared, lambda ids: logits[ids])
    return monitor.scalars()


def test_classes_that_no_pseudo_label_has_are_printed(capsys, writer):
    scalars = pseudo_label_scalars(9.0 * np.eye(4, dtype=np.float32)[[0, 0, 2]], writer)
    assert "None of 3 training images is predicted as dog, pig.\n" in capsys.readouterr().out
    right = scalars.pop("pseudo_label_right_percent")
    assert right == pytest.approx(200 / 3) and scalars == {"pseudo_label_percent": 100.0}


def test_pseudo_labels_of_every_class_print_nothing(capsys, writer):
    scalars = pseudo_label_scalars(np.eye(4, dtype=np.float32), writer)
    assert capsys.readouterr().out == ""
    assert scalars == {"pseudo_label_percent": 0.0, "pseudo_label_right_percent": None}


def test_at_most_ten_missing_classes_are_named(capsys, writer):
    names = tuple(f"n{i}" for i in range(13))
    pseudo_label_scalars(np.eye(13, dtype=np.float32)[:2], writer, names)
    assert "is predicted as n2, n3, n4, n5, n6, n7, n8, n9, n10, n11 and 1 more.\n" in (
        capsys.readouterr().out
    )


def test_a_probability_at_the_threshold_counts_as_the_method_declares(writer):
    logits = np.log(np.array([[0.5, 0.25, 0.125, 0.125]], np.float32))
    for strict, percent in ((False, 100.0), (True, 0.0)):
        scalars = pseudo_label_scalars(logits, writer, threshold=0.5, strict=strict)
        assert scalars["pseudo_label_percent"] == percent


def test_images_are_shown_with_their_predicted_classes(tmp_path, writer, monkeypatch):
    """A classifier by brightness; a transform that darkens bright images changes their class."""
    titles = []

    def classifier(images, training):
        assert not training and len(images) == monitors.IMAGES_SHOWN
        bright = tf.reduce_mean(images, [1, 2, 3])
        return {"logits": tf.stack([-bright, bright], 1)}

    def darkened(images):
        assert len(images) == 10
        titles.append(float(step_random.current().uniform(1)[0]))  # step random numbers exist
        return 0.0 * images - 0.1

    original = plots.pairs_figure

    def figure(images, changed, before, after, names):
        titles.append((before.tolist(), after.tolist(), names))
        return original(images, changed, before, after, names)

    monkeypatch.setattr(plots, "pairs_figure", figure)
    images = np.full([12, 8, 8, 1], 200, np.uint8)
    run = make_run(tmp_path, ("dark", "bright"), images, len(images), classifier=classifier)
    declared = monitoring.ImagePairs("darkened", darkened, examples=10)
    monitor = monitors.ImagePairsMonitor(run, writer, declared)
    monitor.on_epoch_end(0)
    monitor.on_epoch_end(1)
    assert titles[0] == titles[2]  # the same random start at every evaluation
    assert titles[1] == ([1] * 6, [0] * 6, ("dark", "bright"))  # the first six of ten
    picture = tf.io.decode_png((tmp_path / "darkened.png").read_bytes())
    assert min(picture.shape[:2]) > 100
    assert monitor.scalars() == {}


def test_sample_grids_name_the_stage_of_a_method_with_several(tmp_path, monkeypatch, writer):
    tags = []
    monkeypatch.setattr(tf.summary, "image", lambda tag, pixels: tags.append((tag, pixels.shape)))
    sampler = types.SimpleNamespace(sample=lambda count: tf.zeros([count, 4, 4, 1]))
    for stages in ({"train": 0}, {"contrast": 0, "train": 9}):
        run = make_run(
            tmp_path,
            stage=next(iter(stages)),
            stages=lambda stages=stages: stages,
            sampler=lambda: sampler,
        )
        monitors.SamplesMonitor(run, writer).on_epoch_end(0)
    assert [tag for tag, _ in tags] == ["samples", "samples/contrast"]
    assert (tmp_path / "samples.png").is_file()


def test_monitors_are_those_declared_and_the_samples_come_last(tmp_path, writer):
    declared = (
        monitoring.ImagePairs("pairs", tf.identity, examples=2),
        monitoring.PseudoLabels(0.9),
    )
    images = np.zeros([3, 8, 8, 1], np.uint8)
    for sampler, last in ((object(), [monitors.SamplesMonitor]), (None, [])):
        run = make_run(
            tmp_path, images=images, monitors=lambda: declared, sampler=lambda s=sampler: s
        )
        made = monitors.make(run, writer, len)
        kinds = [monitors.ImagePairsMonitor, monitors.PseudoLabelMonitor, *last]
        assert [type(monitor) for monitor in made] == kinds
