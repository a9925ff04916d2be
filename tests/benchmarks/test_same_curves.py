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


def test_the_steps_of_a_checkout_are_read(same_curves):
    first, second = same_curves.scalars(ROOT, "supervised", 2)
    assert set(first) == {"supervised"} and first != second
    assert all(math.isfinite(value) for step in (first, second) for value in step.values())
