"""What is printed and drawn at the end of a lap."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.metrics import plots
from tf_ssgan.nn import step_random
from tf_ssgan.training import callbacks, monitors
from tf_ssgan.training.progress import Progress

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
    return monitors.PseudoLabelMonitor(made, lambda: found, labels, names, writer).scalars()


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
        assert not training and len(images) == monitors.IMAGES_SHOWN
        bright = tf.reduce_mean(images, [1, 2, 3])
        return {"logits": tf.stack([-bright, bright], 1)}

    def perturbation(images):
        assert len(images) == 10
        titles.append(float(step_random.current().uniform(1)[0]))  # within the draws of a step
        return -images - 0.1

    drawn = plots.perturbed_figure

    def figure(images, perturbed, before, after):
        titles.append((before, after))
        return drawn(images, perturbed, before, after)

    monkeypatch.setattr(plots, "perturbed_figure", figure)
    images = tf.constant([0.5, -0.5] * 5)[:, None, None, None] * tf.ones([10, 8, 8, 1])
    made = monitors.PerturbationMonitor(tmp_path, images, ("dark", "bright"), writer)
    task = types.SimpleNamespace(seed=0)
    made.set_model(model(task=task, classifier=classifier, perturbation=perturbation))
    made.on_epoch_end(0)
    made.on_epoch_end(1)
    assert titles[0] == titles[2]  # the same start at every lap
    assert titles[1] == (["bright", "dark"] * 3, ["dark"] * 6)  # the first six of ten
    picture = tf.io.decode_png((tmp_path / "perturbed.png").read_bytes())
    assert min(picture.shape[:2]) > 100


class Staged:
    """What a bar asks of a method of several stages."""

    def __init__(self, **stages):
        self.known = stages
        self.stage = next(iter(stages))

    def stages(self):
        return self.known


def bar(first, steps, made):
    found = Progress(first, steps, lambda: 8)
    found.set_model(made)
    return found


def test_the_bar_names_the_stages_and_their_steps(capsys):
    made = Staged(contrast=0, generate=1200, train=5000)
    found = bar(0, 6000, made)
    for stage in made.known:
        made.stage = stage
        found.on_train_begin()
        found.on_train_begin()  # fit is called once a lap: said once
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Stage")]
    assert told == [
        "Stage contrast (1 of 3): steps 0 to 1,200",
        "Stage generate (2 of 3): steps 1,200 to 5,000",
        "Stage train (3 of 3): steps 5,000 to 6,000",
    ]
    assert found.bar.unit_name == "step of train (3 of 3)"


def test_a_run_that_goes_on_names_the_stage_it_is_in(capsys):
    made = Staged(contrast=0, train=10)
    made.stage = "train"
    found = bar(12, 20, made)
    found.on_train_begin()
    assert "Stage train (2 of 2): steps 10 to 20\n" in capsys.readouterr().out
    assert found.bar.first == 12


def test_a_method_of_one_stage_names_none(capsys):
    found = bar(0, 20, Staged(train=0))
    found.on_train_begin()
    assert capsys.readouterr().out == ""
    found.on_train_batch_end(0, {"loss": 2.0})
    assert "1/20" in (said := capsys.readouterr().out) and "step" in said and "loss: 2" in said


def test_a_new_stage_estimates_by_its_own_steps_and_shows_its_own_scalars(monkeypatch, capsys):
    """Ten steps took 100 s, and two of the next stage 2 s: a step takes one second, not 8.5."""
    now = [0.0]
    monkeypatch.setattr(callbacks.time, "time", lambda: now[0])
    made = Staged(contrast=0, train=10)
    found = bar(0, 20, made)
    found.bar.interval = 0.0
    found.on_train_begin()
    for batch in range(10):
        now[0] += 10.0
        found.on_train_batch_end(batch, {"contrastive": 3.0})
    made.stage = "train"
    found.on_train_begin()
    capsys.readouterr()
    for batch in range(3):
        now[0] += 1.0
        found.on_train_batch_end(batch, {"noisy": 2.0})
    assert found.bar._estimate_step_duration(13, now[0]) == pytest.approx(1.0)
    said = capsys.readouterr().out
    assert "noisy: 2.0" in said and "contrastive" not in said and "13/20" in said
    assert "step of train (2 of 2)" in said


def test_grids_of_a_method_of_several_stages_say_of_which(tmp_path, monkeypatch, writer):
    tags = []
    monkeypatch.setattr(tf.summary, "image", lambda tag, pixels: tags.append((tag, pixels.shape)))
    for stages in ({"train": 0}, {"contrast": 0, "train": 9}):
        made = Staged(**stages)
        made.step = model().step
        made.sample = lambda count: tf.zeros([count, 4, 4, 1])
        found = monitors.SamplesMonitor(tmp_path, writer)
        found.set_model(made)
        found.on_epoch_end(0)
    assert [tag for tag, _ in tags] == ["samples", "samples/contrast"]
    assert (tmp_path / "samples.png").is_file()
