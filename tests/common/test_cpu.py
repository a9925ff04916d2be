"""No two processes share a core, unless there are too few."""

import os
import subprocess
import sys

import pytest

from tf_ssgan.common import cpu


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        (1, [(0, 1, 5, 7)]),
        (2, [(0, 5), (1, 7)]),
        (3, [(0, 7), (1,), (5,)]),
        (5, [(0, 1, 5, 7)] * 5),
    ],
)
def test_the_cores_are_divided_among_the_jobs(monkeypatch, jobs, expected):
    monkeypatch.setattr(cpu, "usable", lambda: (0, 1, 5, 7))
    assert cpu.shares(jobs) == expected


def test_a_confined_process_has_its_cores_alone():
    first = cpu.usable()[:1]
    waits = "import sys, os; sys.stdin.read(); print(sorted(os.sched_getaffinity(0)))"
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        cpu.confine(process.pid, first)
        assert process.communicate("")[0].strip() == str(list(first))


def test_without_affinity_all_cores_are_usable(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert cpu.usable() == (0, 1, 2)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu.usable() == (0,)


def test_cpu_flags_are_those_of_linux(monkeypatch, tmp_path):
    text = "processor\t: 0\nflags\t\t: fpu amx_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n"
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(cpu, "_DESCRIPTION", tmp_path / "cpuinfo")
    assert cpu.flags() == {"fpu", "amx_bf16"}


def test_systems_without_cpuinfo_have_no_cpu_flags(monkeypatch, tmp_path):
    monkeypatch.setattr(cpu, "_DESCRIPTION", tmp_path / "missing")
    assert cpu.flags() == set()
