"""The results of folds as one."""

import math

import pytest

from tf_ssgan.training import pooled_results


def fold(images, wrong, right_of_a, linear_wrong, only):
    """A fold of two classes, of which a has one image more or as many."""
    of_a = (images + 1) // 2
    classes = [
        {"name": "a", "images": of_a, "right": right_of_a, "predicted": of_a},
        {"name": "b", "images": images - of_a, "right": images - wrong - right_of_a,
         "predicted": images - of_a},
    ]  # fmt: skip
    linear = {"model": "logistic regression", "features": "pixels", "p": 1.0,
              "error": 100 * linear_wrong / images, "interval": [0.0, 100.0],
              "only_run_right": only[0], "only_linear_right": only[1]}  # fmt: skip
    return {"test_images": images, "test_error": 100 * wrong / images, "class_recall": classes,
            "linear": linear}  # fmt: skip


def test_images_of_all_folds_count_the_same():
    pooled = pooled_results.pool([fold(5, 2, 2, 3, (1, 0)), fold(4, 1, 2, 2, (2, 1))])
    assert (pooled["images"], pooled["wrong"]) == (9, 3)
    assert pooled["test_error"] == pytest.approx(100 / 3)
    # scipy.stats.binomtest(3, 9).proportion_ci(method="wilson")
    assert pooled["test_error_interval"] == pytest.approx([12.058, 64.580], abs=1e-3)
    a, b = pooled["class_recall"]
    assert a == {"name": "a", "images": 5, "right": 4, "predicted": 5}
    assert b == {"name": "b", "images": 4, "right": 2, "predicted": 4}
    assert pooled["guessing"]["name"] == "a"
    assert pooled["guessing"]["error"] == pytest.approx(100 * 4 / 9)
    linear = pooled["linear"]
    assert linear["error"] == pytest.approx(100 * 5 / 9)
    assert (linear["only_run_right"], linear["only_linear_right"]) == (3, 1)
    assert linear["p"] == pytest.approx(2 * (1 + math.comb(4, 1)) / 2**4)


def test_guessing_is_not_of_the_commonest_class_of_each_fold():
    one, two = fold(3, 1, 1, 1, (0, 0)), fold(3, 1, 1, 1, (0, 0))
    two["class_recall"][0]["name"], two["class_recall"][1]["name"] = "b", "a"
    pooled = pooled_results.pool([one, two])
    assert pooled["guessing"]["error"] == 50.0  # 3 of each class; each fold alone says 1 of 3


def test_what_one_fold_lacks_is_not_pooled():
    one, two = fold(5, 2, 2, 3, (1, 0)), fold(4, 1, 2, 2, (2, 1))
    for name in ("class_recall", "linear"):
        del two[name]
    pooled = pooled_results.pool([one, two])
    assert pooled["class_recall"] is pooled["guessing"] is pooled["linear"] is None


def test_classifiers_of_two_kinds_are_both_named():
    one, two = fold(5, 2, 2, 3, (1, 0)), fold(4, 1, 2, 2, (2, 1))
    two["linear"]["model"] = "ridge classifier"
    pooled = pooled_results.pool([one, two])
    assert pooled["linear"]["model"] == "logistic regression or ridge classifier"
