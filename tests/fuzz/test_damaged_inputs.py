"""Whatever is damaged: one sentence that names the file, or an answer; in seconds, in memory.

    python -m pytest -m slow tests/fuzz

asks all readers about 2,000 damaged inputs in one process; the default tests ask about 200. The
inputs follow from the seed. `readers/` is the registry.
"""

import pytest
from fuzz import harness, readers
from support import damage

pytestmark = pytest.mark.xdist_group("fuzz")

SOME, MANY = 200, 2000
_ALL = [reader for family in readers.FAMILIES.values() for reader in family]


def counts(total):
    """Reader -> how many of the inputs are for it."""
    parts = damage.shares([reader.weight for reader in _ALL], total)
    return {reader.name: count for reader, count in zip(_ALL, parts, strict=True)}


def check(world, family, total, seed, record_property):
    fuzzer, each = harness.Fuzzer(world, seed), counts(total)
    for reader in readers.FAMILIES[family]:
        fuzzer.ask(reader, each[reader.name])
    record_property("outcomes", fuzzer.table())
    shown = "\n".join(fuzzer.failures[: harness.SHOWN_FAILURES])
    assert not fuzzer.failures, f"{len(fuzzer.failures)} failures:\n{shown}"


@pytest.mark.parametrize("family", readers.FAMILIES)
def test_some_damaged_inputs(world, family, record_property):
    check(world, family, SOME, 0, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("family", readers.FAMILIES)
def test_many_damaged_inputs(world, family, record_property):
    check(world, family, MANY, 1, record_property)


def test_the_counts_are_those_asked_for():
    assert len({reader.name for reader in _ALL}) == len(_ALL), "two readers of one name"
    for total in (SOME, MANY):
        assert sum(counts(total).values()) == total and min(counts(total).values()) >= 1
