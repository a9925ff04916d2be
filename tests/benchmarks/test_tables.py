"""The tables of step times."""

import pytest


def one(seconds, **rest):
    return {"seconds": seconds, "format": "float32", "device": "CPU"} | rest


@pytest.fixture
def measurements():
    """Medians of the rounds: 20, 40 and 5 ms; two rounds of ours."""
    return {
        "frgan": {
            "ours": [one([0.01, 0.02, 0.5], images=200), one([0.02], images=200)],
            "stock": [one([0.04])],
            "roofline": [one([0.005])],
        }
    }


def test_times_are_medians_and_rates_follow_from_them(benchmarks, measurements):
    row = benchmarks("tables").summary(measurements)["frgan"]
    assert row == pytest.approx(
        {"ours, ms": 20, "stock, ms": 40, "roofline, ms": 5, "ours / stock": 0.5,
         "roofline / ours": 0.25, "ours, images/s": 10_000, "stock, images/s": 5_000}
    )  # fmt: skip


def test_the_report_names_machine_columns_and_formats(benchmarks, measurements):
    facts = {"cpu": "a CPU", "cores": 2, "amx_bf16": False, "allocator": "malloc",
             "versions": {"keras": "3"}, "sizes": "small", "rounds": 2, "repeats": 3}  # fmt: skip
    text = benchmarks("tables").render(measurements, facts)
    assert "Machine: a CPU, 2 cores, amx_bf16: no, allocator: malloc." in text
    assert "| method | ours, ms | stock Keras, ms | roofline, ms | ours / stock Keras |" in text
    assert "| frgan | 20 | 40 | 5 | 0.5 | 0.25 | 10000 | 5000 |" in text
    assert "- stock Keras: float32 on CPU" in text and "PyTorch" not in text


def test_equal_labels_are_merged(benchmarks):
    merged = benchmarks("tables").merged
    assert merged({"float32 (a)", "float32 (b)"}) == "float32"
    assert merged({"x (a)", "x (b)", "y (c)"}) == "x (a, b); y (c)"
