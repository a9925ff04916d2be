"""What is printed and drawn at the end of a lap."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan import callbacks, draws, evaluation

NAMES = ("cat", "dog", "owl", "pig")


@pytest.fixture()
def writer(tmp_path):
    return tf.summary.create_file_writer(str(tmp_path / "tensorboard"))


def model(**own):
    """What a callback asks of a method."""
    clock = types.SimpleNamespace(numpy=lambda: np.int64(50))
    return types.SimpleNamespace(step=clock, **own)


def guesses(found, writer, names=NAMES):
    made = model(hp=types.SimpleNamespace(threshold=0.95))
    labels = np.zeros(len(found), np.int64)
    return callbacks.Guesses(made, lambda: found, labels, names, writer).scalars()


def test_guesses_say_which_classes_never_occur(capsys, writer):
    found = guesses(9.0 * np.eye(4, dtype=np.float32)[[0, 0, 2]], writer)
    assert "Of 3 unlabeled images none is taken for dog, pig.\n" in capsys.readouterr().out
    right = found.pop("pseudo_label_right_percent")
    assert right == pytest.approx(200 / 3) and found == {"pseudo_label_percent": 100.0}


def test_guesses_of_every_class_are_silent(capsys, writer):
    found = guesses(np.eye(4, dtype=np.float32), writer)
    assert capsys.readouterr().out == ""
    assert found == {"pseudo_label_percent": 0.0, "pseudo_label_right_percent": None}


def test_guesses_name_ten_classes_at_most(capsys, writer):
    names = tuple(f"n{i}" for i in range(13))
    guesses(np.eye(13, dtype=np.float32)[:2], writer, names)
    assert "none is taken for n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, ....\n" in (
        capsys.readouterr().out
    )


def test_perturbed_images_are_drawn_with_what_they_are_taken_for(tmp_path, writer, monkeypatch):
    """A classifier by brightness; what darkens a bright image makes it another class."""
    titles = []

    def classifier(images, training):
        assert not training and len(images) == callbacks.PERTURBED
        bright = tf.reduce_mean(images, [1, 2, 3])
        return {"logits": tf.stack([-bright, bright], 1)}

    def perturbation(images):
        assert len(images) == 10
        titles.append(float(draws.current().uniform(1)[0]))  # within the draws of a step
        return -images - 0.1

    drawn = evaluation.perturbed_figure

    def figure(images, perturbed, before, after):
        titles.append((before, after))
        return drawn(images, perturbed, before, after)

    monkeypatch.setattr(evaluation, "perturbed_figure", figure)
    images = tf.constant([0.5, -0.5] * 5)[:, None, None, None] * tf.ones([10, 8, 8, 1])
    made = callbacks.Perturbed(tmp_path, images, ("dark", "bright"), writer)
    task = types.SimpleNamespace(seed=0)
    made.set_model(model(task=task, classifier=classifier, perturbation=perturbation))
    made.on_epoch_end(0)
    made.on_epoch_end(1)
    assert titles[0] == titles[2]  # the same start at every lap
    assert titles[1] == (["bright", "dark"] * 3, ["dark"] * 6)  # the first six of ten
    picture = tf.io.decode_png((tmp_path / "perturbed.png").read_bytes())
    assert min(picture.shape[:2]) > 100
