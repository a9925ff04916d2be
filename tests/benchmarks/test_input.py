"""The benchmark of the input pipeline runs at toy size."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_table_has_four_rows_of_positive_rates():
    command = [sys.executable, str(ROOT / "benchmarks" / "input.py"), "--size=8", "--rounds=1"]
    done = subprocess.run([*command, "--seconds=0.1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "| " in line][2:]
    names = [name for name, _, _ in rows]
    assert names[0] == "Pillow in a loop"
    assert "processes" in names[1] and "Keras" in names[2] and names[3] == "ours"
    rates = [float(rate.replace(",", "")) for _, rate, _ in rows]
    assert min(rates) > 0
    for rate, (_, _, times) in zip(rates, rows, strict=True):
        assert abs(float(times) - rate / rates[0]) < 0.006 + rate / rates[0] * 1e-3
