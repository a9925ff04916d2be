"""A linear classifier of few labels, against scikit-learn on features made another way."""

import warnings

import numpy as np
import pytest
from sklearn import linear_model, pipeline, preprocessing

from tf_ssgan.metrics import linear_baseline


def squares(count, classes=3, shape=(8, 8, 1), seed=0):
    """Noisy images, one brightness of their upper half a class: uint8, int64."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = chance.integers(0, 200, (count, *shape))
    images[:, : shape[0] // 2] += (40 * labels / classes).astype(int)[:, None, None, None]
    return images.astype(np.uint8), labels


class Spread(preprocessing.StandardScaler):
    """Standardized pixels; those that vary less than 0.3 of the mean are taken to vary so much."""

    def fit(self, x, y=None):
        super().fit(x)
        self.scale_ = np.maximum(x.std(axis=0), 0.3 * x.std(axis=0).mean())
        return self


def by_sklearn(images, labels, judges, model):
    flat = [one.reshape(len(one), -1) / 255.0 for one in (images, judges)]
    return pipeline.make_pipeline(Spread(), model).fit(flat[0], labels).predict(flat[1])


@pytest.mark.parametrize(("count", "classes"), [(4, 2), (30, 2), (30, 3), (200, 5)])
def test_few_labels_are_learned_by_logistic_regression(count, classes):
    """Fewer images than pixels are learned in other coordinates; the answers are the same."""
    (images, labels), (judges, _) = squares(count, classes), squares(300, classes, seed=1)
    ids = np.arange(count)
    answers = linear_baseline.learn_and_answer(images, ids, labels, judges)
    model = linear_model.LogisticRegression(C=30 / 64, tol=1e-6, max_iter=1000)
    assert (answers.model, answers.features) == ("logistic regression", "pixels of 8x8x1")
    expected = by_sklearn(images, labels, judges, model)
    assert (answers.predicted == expected).mean() > 0.99 and len({*expected}) == classes


@pytest.mark.parametrize("classes", [2, 7])
def test_many_labels_are_learned_by_a_ridge_classifier(classes):
    (images, labels), (judges, _) = squares(2_300, classes), squares(900, classes, seed=1)
    answers = linear_baseline.learn_and_answer(images, np.arange(2_300), labels, judges)
    assert answers.model == "ridge classifier"
    expected = by_sklearn(images, labels, judges, linear_model.RidgeClassifier(alpha=64.0))
    np.testing.assert_array_equal(answers.predicted, expected)


def test_it_learns_the_labels_that_it_is_given_and_no_others():
    images, labels = squares(60)
    ids, judges = np.array([3, 10, 11, 40, 50, 59]), squares(50, seed=1)[0]
    answers = linear_baseline.learn_and_answer(images, ids, (labels[ids] + 1) % 3, judges)
    alone = linear_baseline.learn_and_answer(
        images[ids], np.arange(6), (labels[ids] + 1) % 3, judges
    )
    np.testing.assert_array_equal(answers.predicted, alone.predicted)
    far = 10 * (labels[ids] + 1)  # classes without labels are never answered
    answers = linear_baseline.learn_and_answer(images, ids, far, judges)
    assert {*answers.predicted.tolist()} <= {10, 20, 30}


@pytest.mark.parametrize(
    ("shape", "features"),
    [((32, 32, 1), "pixels of 32x32x1"), ((32, 32, 3), "pixels of 16x16x3, averaged"),
     ((128, 128, 3), "pixels of 16x16x3, averaged"), ((100, 100, 1), "pixels of 25x25x1, averaged"),
     ((1, 5000, 1), "pixels of 1x1000x1, averaged")],
)  # fmt: skip
def test_large_images_are_averaged_down(shape, features):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape)).astype(np.uint8)
    pixels = linear_baseline._Pixels(shape)
    ((averaged, part),) = pixels.batches(images, np.arange(3), lambda: None)
    assert str(pixels) == features and averaged.shape[1] <= linear_baseline.MOST_FEATURES
    height, width = (int(text) for text in features.split()[2].rstrip(",").split("x")[:2])
    averaged = averaged.reshape(3, height, width, shape[2])
    rows = [
        np.flatnonzero(np.arange(shape[0]) * height // shape[0] == row) for row in range(height)
    ]
    if shape[0] % height == 0 and shape[1] % width == 0:
        parts = images.reshape(3, height, len(rows[0]), width, -1, shape[2])
        np.testing.assert_allclose(averaged, parts.mean((2, 4)) / 255.0, rtol=1e-6)
    np.testing.assert_allclose(averaged.mean(), images.mean() / 255.0, rtol=0.01)


def test_one_class_alone_is_always_answered():
    images, _ = squares(5)
    answers = linear_baseline.learn_and_answer(images, np.arange(2), np.array([2, 2]), images)
    assert answers.predicted.tolist() == [2] * 5
    assert (answers.model, answers.features) == ("the only class among the labels", "no pixels")


def test_without_labels_there_is_nothing():
    images, _ = squares(5)
    none = np.zeros(0, np.int64)
    assert linear_baseline.learn_and_answer(images, none, none, images) is None


@pytest.mark.parametrize("count", [2, 100, 2_500])
def test_pixels_that_do_not_vary_decide_nothing(count):
    images = np.full((count, 8, 8, 1), 77, np.uint8)
    labels = np.arange(count) % 2
    labels[-1] = labels[0] if count > 2 else 1  # the first class is the commonest
    judges = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1)).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = linear_baseline.learn_and_answer(images, np.arange(count), labels, judges)
    assert len({*answers.predicted.tolist()}) == 1 and (count == 2 or answers.predicted[0] == 0)
    images[:, 0, 0] = labels[:, None] * 200  # one pixel that varies is enough
    answers = linear_baseline.learn_and_answer(images, np.arange(count), labels, images)
    assert (answers.predicted == labels).all()


@pytest.mark.parametrize(("count", "classes", "model"), [
    (150, 100, "logistic regression"), (150, 120, "ridge classifier"),
])  # fmt: skip
def test_many_classes_warn_of_nothing(count, classes, model):
    images, labels = squares(count, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = linear_baseline.learn_and_answer(images, np.arange(count), labels, images)
    assert answers.model == model and (answers.predicted == labels).mean() > 0.5


def test_an_unfinished_fit_is_not_printed(capsys, monkeypatch):
    monkeypatch.setattr(linear_baseline, "_ITERATIONS", 1)
    images, labels = squares(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear_baseline.learn_and_answer(images, np.arange(50), labels, images)
    assert capsys.readouterr() == ("", "")


def test_it_can_be_interrupted_between_batches():
    def stop():
        raise KeyboardInterrupt

    images, labels = squares(9)
    with pytest.raises(KeyboardInterrupt):
        linear_baseline.learn_and_answer(images, np.arange(9), labels, images, stop)
