"""Monitors: the figures and numbers that are made at each evaluation."""

import types

import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf
from scipy import special
from support import image_folders

from tf_ssgan.core import monitoring
from tf_ssgan.metrics import plots
from tf_ssgan.nn import inference, step_random
from tf_ssgan.training import build, config, loop, metrics_log, monitors, results
from tf_ssgan.training.workdir import Workdir

NAMES = ("cat", "dog", "owl", "pig")


@pytest.fixture()
def writer(tmp_path):
    return tf.summary.create_file_writer(str(tmp_path / "tensorboard"))


def make_run(workdir, names=NAMES, images=None, count=3, labels=None, keys=None, labeled=(),
             held_out=(), **attributes):  # fmt: skip
    """The attributes of a run that monitors read; `count` images, of class 0 if not told."""
    step = types.SimpleNamespace(numpy=lambda: np.int64(50))
    method = types.SimpleNamespace(step=step, task=types.SimpleNamespace(seed=0), **attributes)
    arrays = types.SimpleNamespace(
        train_images=images,
        train_labels=np.zeros(count, np.int64) if labels is None else np.array(labels),
        train_keys=np.arange(count) if keys is None else np.array(keys),
    )
    protocol = types.SimpleNamespace(
        unlabeled_ids=np.setdiff1d(np.arange(count), held_out),
        labeled_ids=np.array(labeled, np.int64),
        validation_ids=np.array(held_out, np.int64),
    )
    return types.SimpleNamespace(
        workdir=workdir and Workdir(workdir),
        info=types.SimpleNamespace(classes=names),
        method=method,
        arrays=arrays,
        config=types.SimpleNamespace(seed=0),
        protocol=protocol,
    )


def pseudo_label_scalars(
    logits, writer, names=NAMES, threshold=0.95, strict=False, aligned=None, **protocol
):
    """The numbers of a monitor of images with these logits."""
    run = make_run(None, names, count=len(logits), **protocol)
    declared = monitoring.PseudoLabels(threshold, strict, aligned)
    monitor = monitors.PseudoLabelMonitor(run, writer, declared, lambda ids: logits[ids])
    return monitor.scalars()


def test_classes_that_no_pseudo_label_has_are_printed(capsys, writer):
    scalars = pseudo_label_scalars(9.0 * np.eye(4, dtype=np.float32)[[0, 0, 2]], writer)
    assert "None of 3 training images is predicted as dog or pig.\n" in capsys.readouterr().out
    right = scalars.pop("pseudo_label_right_percent")
    assert right == pytest.approx(200 / 3)
    assert scalars == {"pseudo_label_percent": 100.0, "pseudo_label_judged": 3}


def test_pseudo_labels_of_every_class_print_nothing(capsys, writer):
    scalars = pseudo_label_scalars(np.eye(4, dtype=np.float32), writer)
    assert capsys.readouterr().out == ""
    assert scalars == {
        "pseudo_label_percent": 0.0, "pseudo_label_right_percent": None, "pseudo_label_judged": 0,
    }  # fmt: skip


SURE = 9.0 * np.eye(4, dtype=np.float32)


def test_learned_images_are_neither_counted_nor_judged(writer):
    """Of six images, 0 and 1 are learned and right; of the others 2 is right, 3 wrong, 4 unsure."""
    logits = np.concatenate([SURE[[0, 1, 2, 3]], 0 * SURE[:1], SURE[:1]])
    scalars = pseudo_label_scalars(logits, writer, labels=[0, 1, 2, 0, 0, -1], labeled=(0, 1))
    assert scalars == {
        "pseudo_label_percent": 75.0, "pseudo_label_right_percent": 50.0, "pseudo_label_judged": 2,
    }  # fmt: skip


def test_a_copy_of_a_learned_image_judges_nothing(writer):
    given = dict(labels=[0, 0, 3], keys=[7, 7, 8], labeled=(0,))
    scalars = pseudo_label_scalars(SURE[[0, 0, 0]], writer, **given)
    assert scalars["pseudo_label_right_percent"] == 0.0 and scalars["pseudo_label_judged"] == 1


def test_held_out_images_judge_if_every_known_one_is_learned(writer):
    """Images 3 and 4 are held out; image 2 has no known class."""
    given = dict(labels=[0, 1, -1, 0, 1], labeled=(0, 1), held_out=(3, 4))
    scalars = pseudo_label_scalars(SURE[[0, 1, 2, 0, 0]], writer, **given)
    assert scalars["pseudo_label_right_percent"] == 50.0 and scalars["pseudo_label_judged"] == 2
    assert scalars["pseudo_label_percent"] == 100.0


def test_without_a_known_image_that_is_not_learned_nothing_is_judged(writer):
    for labels, labeled in (([0, 1, -1], (0, 1)), ([0, 1, 2], (0, 1, 2)), ([-1, -1, -1], ())):
        scalars = pseudo_label_scalars(SURE[:3], writer, labels=labels, labeled=labeled)
        assert scalars == {
            "pseudo_label_percent": 100.0, "pseudo_label_right_percent": None,
            "pseudo_label_judged": 0,
        }  # fmt: skip


def test_aligned_predictions_are_counted_and_judged_as_the_method_takes_them(writer):
    turned = lambda logits: tf.constant(logits[:, ::-1])  # noqa: E731
    scalars = pseudo_label_scalars(SURE[[0, 3]], writer, labels=[3, 3], aligned=turned)
    assert scalars["pseudo_label_right_percent"] == 50.0 and scalars["pseudo_label_judged"] == 2


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


def test_thresholds_by_class_are_those_of_the_evaluation(writer):
    """The images are of classes 0 and 1; the threshold of class 0 falls to 0 after the first."""
    logits = np.log(np.array([[0.5, 0.2, 0.2, 0.1], [0.2, 0.5, 0.2, 0.1]], np.float32))
    thresholds = np.full(4, 0.9)
    run = make_run(None, count=2)
    declared = monitoring.PseudoLabels(lambda: thresholds)
    monitor = monitors.PseudoLabelMonitor(run, writer, declared, lambda ids: logits[ids])
    assert monitor.scalars()["pseudo_label_percent"] == 0.0
    thresholds[0] = 0.0
    scalars = monitor.scalars()
    assert scalars["pseudo_label_percent"] == 50.0 and scalars["pseudo_label_judged"] == 1
    assert scalars["pseudo_label_right_percent"] == 100.0


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


def test_rows_of_images_are_drawn_side_by_side(tmp_path, writer, monkeypatch):
    """Two images of 4 x 4 pixels in a column, each with the same half as bright, and a white one."""
    numbers, shown, figures = [], [], []
    original = monitors.plots.rows_figure

    def noted(*arguments):
        figures.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(monitors.plots, "rows_figure", noted)

    def draw(images):
        numbers.append(float(step_random.current().uniform(1)[0]))  # step random numbers exist
        return tf.stack([images, images / 2, 0.0 * images + 7.0], axis=1)

    monkeypatch.setattr(tf.summary, "image", lambda tag, pixels: shown.append((tag, pixels)))
    images = np.full([12, 4, 4, 1], 255, np.uint8)
    images[:, 0] = 0
    run = make_run(tmp_path, images=images, count=len(images))
    titles = ("x", "half", "white")
    declared = monitoring.ImageRows("shades", draw, examples=2, titles=titles)
    monitor = monitors.ImageRowsMonitor(run, writer, declared)
    monitor.on_epoch_end(0)
    monitor.on_epoch_end(1)
    assert numbers[0] == numbers[1]  # the same random start at every evaluation
    rows, written = figures[0]
    assert rows.shape == (2, 3, 4, 4, 1) and written == titles
    np.testing.assert_array_equal(rows[:, 1], rows[:, 0] / 2)
    assert rows[:, 0].min() == -1 and rows[:, 0].max() == 1 and (rows[:, 2] == 7).all()
    picture = tf.io.decode_png((tmp_path / "shades.png").read_bytes()).numpy()
    for tag, pixels in shown:
        assert tag == "shades"
        np.testing.assert_array_equal(pixels, picture[None, ..., :3])
    assert len(shown) == 2 and monitor.scalars() == {}


def bound_scalars(writer, of, count=5, seed=0):
    """The numbers of two evaluations of a run on test images of brightness 0, 1, 2, ..."""
    run = make_run(None)
    run.method.task.seed = seed
    run.arrays.test_images = np.arange(count, dtype=np.uint8)[:, None, None, None]
    monitor = monitors.BoundMonitor(run, writer, monitoring.Bound(of))
    return [monitor.scalars() for _ in range(2)]


def test_the_bound_is_the_mean_over_all_test_images(writer, monkeypatch):
    """Images in [-1, 1], in batches of which the last one is smaller."""
    monkeypatch.setattr(monitors, "BOUND_BATCH", 2)
    batches = []

    def of(images):
        batches.append(len(images))
        return 127.5 * tf.reshape(images, [-1]) + 127.5 - 7.0

    scalars = bound_scalars(writer, of)
    assert [line["test_bound"] for line in scalars] == pytest.approx([2.0 - 7.0] * 2)
    assert batches == [2, 2, 1] * 2


def test_two_evaluations_of_a_bound_have_the_same_random_numbers(writer, monkeypatch):
    monkeypatch.setattr(monitors, "BOUND_BATCH", 2)
    drawn = []

    def of(images):
        drawn.append(step_random.current().uniform(len(images)))
        return drawn[-1]

    first, second = bound_scalars(writer, of)
    assert first == second != bound_scalars(writer, of, seed=1)[0]
    values = np.concatenate(drawn[:3])
    assert first["test_bound"] == pytest.approx(values.mean())
    assert len(set(values)) == 5  # each batch has its own


def test_a_bound_is_of_at_most_two_thousand_images_the_same_for_each_seed():
    """They are of all classes where the data are sorted by class."""
    assert sorted(monitors.bound_ids(300)) == list(range(300))
    ids = monitors.bound_ids(10_000)
    assert len(set(ids)) == 2000 and np.array_equal(ids, monitors.bound_ids(10_000))
    of_class = np.bincount(ids // 1000, minlength=10)
    assert of_class.min() > 150 and of_class.max() < 250


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -3e38])
def test_a_bound_that_is_not_finite_or_fits_no_file_is_none(writer, recwarn, value):
    of = lambda images: tf.concat([[value], tf.zeros(len(images) - 1)], 0)  # noqa: E731
    assert bound_scalars(writer, of) == [{"test_bound": None}] * 2
    infinities = lambda images: tf.constant([np.inf, -np.inf] * 2 + [0.0])  # noqa: E731
    assert bound_scalars(writer, infinities) == [{"test_bound": None}] * 2
    assert not recwarn.list


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
        monitoring.ImageRows("rows", lambda images: images[:, None], 2, ("x",)),
        monitoring.PseudoLabels(0.9),
    )
    images = np.zeros([3, 8, 8, 1], np.uint8)
    for sampler, last in ((object(), [monitors.SamplesMonitor]), (None, [])):
        run = make_run(
            tmp_path, images=images, monitors=lambda: declared, sampler=lambda s=sampler: s
        )
        made = monitors.make(run, writer, len)
        kinds = [
            monitors.ImagePairsMonitor, monitors.ImageRowsMonitor, monitors.PseudoLabelMonitor,
            *last,
        ]  # fmt: skip
        assert [type(monitor) for monitor in made] == kinds


def own_run(root, *, labeled=10, unlabeled=6, **given):
    """A run on own pictures of 16 pixels, two classes, which takes two evaluations of two steps."""
    name = image_folders.make_folder(root / "d", labeled, unlabeled, size=(16, 16))
    given = dict(validation=0, image_size=16, max_steps=4, threshold=0.4) | given
    return config.configure(
        "pseudo_label", name, batch_size=4, depth=10, width=4, average_decay=0.0,
        warm_up_epochs=1, learning_rate=1e-2, precision="float32", workdir=str(root / "run"),
        **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "judged"),
    [
        ({"labels": 6}, 14),  # of the 20 whose class is known
        ({"labels": -1, "validation": 4}, 4),  # the held-out ones
        ({"labels": -1}, 0),
        ({"labels": -1, "unlabeled": 0}, 0),
    ],
)
def test_what_was_learned_by_heart_is_no_evidence(tmp_path, writer, given, judged):
    """A classifier that is right about learned images alone has 0 %, where it had 100."""
    run = build.build(own_run(tmp_path, **given))
    truth, learned = run.arrays.train_labels, run.protocol.labeled_ids

    def predict(ids):
        wrong = 1 - np.maximum(truth[ids], 0)
        return 9 * np.eye(2, dtype=np.float32)[np.where(np.isin(ids, learned), truth[ids], wrong)]

    monitor = monitors.PseudoLabelMonitor(run, writer, monitoring.PseudoLabels(0.9), predict)
    scalars = monitor.scalars()
    assert scalars["pseudo_label_right_percent"] == (0.0 if judged else None)
    assert scalars["pseudo_label_judged"] == judged
    others = len(truth) - len(learned) - len(run.protocol.validation_ids)
    assert len(monitor.ids) == (others or len(learned))
    assert scalars["pseudo_label_percent"] == 100.0


def test_the_share_of_right_pseudo_labels_of_a_run_is_that_of_its_weights(tmp_path, monkeypatch):
    """Recomputed from the saved weights, with scikit-learn, on the 14 images of known class."""
    monkeypatch.setattr(loop, "MIN_EVALUATION_INTERVAL", 2)
    monkeypatch.setattr(results, "conclude", lambda *_: {})  # figures and scores
    settings = own_run(tmp_path, labels=6, align_distribution=True, class_weight="balanced")
    loop.run(settings)
    last = metrics_log.last(tmp_path / "run/metrics.jsonl")
    run = build.reopen(tmp_path / "run")
    pool = np.setdiff1d(run.protocol.unlabeled_ids, run.protocol.labeled_ids)
    logits = inference.predictor(run.method.classifier)(run.arrays.train_images[pool])
    scores = special.softmax(np.asarray(run.method.aligned(logits)), axis=1)
    sure = scores.max(axis=1) > 0.4
    truth = run.arrays.train_labels[pool]
    judged = sure & (truth >= 0)
    right = sklearn.metrics.accuracy_score(truth[judged], scores[judged].argmax(axis=1))
    assert last["pseudo_label_judged"] == judged.sum() == 14
    assert last["pseudo_label_right_percent"] == pytest.approx(100 * right)
    assert last["pseudo_label_percent"] == pytest.approx(100 * sure.mean())
