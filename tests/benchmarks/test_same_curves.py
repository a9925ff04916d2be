"""The comparison of curves: what a difference is, and that a checkout's steps are read."""

import importlib.util
import math
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def same_curves():
    spec = importlib.util.spec_from_file_location("same", ROOT / "benchmarks/same_curves.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_difference_is_relative_for_large_numbers(same_curves):
    assert same_curves.difference({"a": 0.5, "b": 200.0}, {"a": 0.5, "b": 201.0}) == 0.005
    assert same_curves.difference({"a": 0.5, "b": 200.0}, {"a": 0.25, "b": 200.0}) == 0.25


@pytest.mark.parametrize("after", [{"a": math.nan}, {"a": 0.5, "b": 1.0}, {}])
def test_what_cannot_be_compared_differs_without_end(same_curves, after):
    assert same_curves.difference({"a": 0.5}, after) == math.inf
    assert same_curves.difference(after, {"a": 0.5}) == math.inf


def test_the_steps_of_a_checkout_are_read(same_curves):
    first, second = same_curves.scalars(ROOT, "supervised", 2)
    assert set(first) == {"supervised"} and first != second
    assert all(math.isfinite(value) for step in (first, second) for value in step.values())
