"""The strength of the linear baseline's penalty."""

from benchmarks import linear_baseline
from tf_ssgan.data import datasets


def test_numbers_of_labels():
    assert linear_baseline.counts_of("20x3") == [20, 20, 20]
    assert linear_baseline.counts_of("1:5:20") == [1, 5, 20]


def test_a_strength_is_judged_by_images_that_were_not_learned(monkeypatch):
    monkeypatch.setattr(linear_baseline, "STRENGTHS", (1 / 30, 1e6))
    monkeypatch.setattr(linear_baseline.linear_baseline, "LOGISTIC", 1 / 30)
    arrays = datasets.find("digits").load(datasets.ImageSpec())
    usual, far_too_strong = linear_baseline.measure(arrays, "1:5:20", 0)
    assert 0 < usual < far_too_strong < 100
