"""Images that do not fit into memory are refused."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import memory_limit


def test_an_array_and_its_copy_are_needed():
    assert memory_limit.needed(10, 8, 3) == 2 * 10 * 8 * 8 * 3


def test_the_message_names_a_size_that_would_fit(monkeypatch):
    monkeypatch.setattr(memory_limit, "available", lambda: 2 * 34 * 24 * 24 * 3)
    memory_limit.check(34, 24, 3)
    message = (
        r"34 images at 32 x 32 x 3 take 0\.0 GB .*: --image_size=24 would fit, and so would --cha"
    )
    with pytest.raises(errors.UserError, match=message):
        memory_limit.check(34, 32, 3)
    with pytest.raises(errors.UserError, match=r"--image_size=40 would fit\.$"):
        memory_limit.check(34, 128, 1)
    monkeypatch.setattr(memory_limit, "available", lambda: 10)
    with pytest.raises(errors.UserError, match=r"use fewer images\.$"):
        memory_limit.check(34, 32, 3)


def test_a_container_has_less_memory_than_its_machine(tmp_path, monkeypatch):
    whole = memory_limit.available()
    monkeypatch.setattr(memory_limit, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    statistics = "anon 400\nfile 500\nactive_file 200\ninactive_file 300\nslab 7\n"
    (tmp_path / "memory.stat").write_text(statistics)
    assert memory_limit.available() == 600 < whole, "what holds files is given up when needed"
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_limit.available() > 600
