"""The code of runs: what a reader is told if it differs, or may differ."""

import pytest
from support import finished_run_folders
from support.file_contents import CODE

from tf_ssgan.common.version import __version__
from tf_ssgan.reports import run_code

ONE, TWO = "0123456789ab" + "0" * 28, "f" * 40


def make_runs(*codes):
    """Runs of (commit, changed); None of a result without a commit."""
    known = [
        {"code": {"tf_ssgan": "0.2.0", "commit": code[0], "changed": code[1]}} if code else {}
        for code in codes
    ]
    return [
        finished_run_folders.make_run(folder=f"r{seed}", seed=seed, outcome=outcome)
        for seed, outcome in enumerate(known)
    ]


@pytest.mark.parametrize(
    "codes, text",
    [
        ([(ONE, False)] * 3, "Code: tf_ssgan 0.2.0, commit 0123456789ab."),
        ([(ONE, True)], "Code: tf_ssgan 0.2.0, commit 0123456789ab with changed files."),
        ([(ONE, True)] * 2, "Code: tf_ssgan 0.2.0, commit 0123456789ab with changed files, which "
         "may differ from run to run."),
        ([None] * 2, f"Code: tf_ssgan {__version__}."),
        ([(ONE, False), (TWO, False), (TWO, False)], "Runs of different code are compared here: "
         "0.2.0, commit ffffffffffff (2 runs); 0.2.0, commit 0123456789ab (1 run)."),
        ([(ONE, False), (ONE, True), (ONE, True), None, None, None],
         f"Runs of different code are compared here: {__version__} (3 runs); 0.2.0, commit "
         "0123456789ab with changed files, which may differ from run to run (2 runs); 0.2.0, "
         "commit 0123456789ab (1 run)."),
        ([], ""),
    ],
)  # fmt: skip
def test_the_sentence_on_the_code_of_runs(codes, text):
    assert run_code.describe_code(make_runs(*codes)) == text


def test_runs_of_different_versions_are_different_code():
    runs = [
        finished_run_folders.make_run(folder=v, outcome={"code": CODE | {"tf_ssgan": v}})
        for v in ("0.2.0", "0.2.1")
    ]
    text = "Runs of different code are compared here: 0.2.0 (1 run); 0.2.1 (1 run)."
    assert run_code.describe_code(runs) == text


def test_what_was_not_saved_is_unknown():
    run = finished_run_folders.make_run(outcome={"code": dict.fromkeys(CODE), "versions": {}})
    assert run_code.describe_code([run]) == "Code: tf_ssgan unknown version."
    assert run_code.short_code(run) == "unknown"
    assert set(run_code.code_columns(run).values()) == {None}


def test_the_code_of_a_run_in_columns():
    clean, changed, installed = make_runs((ONE, False), (TWO, True), None)
    names = [run_code.short_code(run) for run in (clean, changed, installed)]
    assert names == ["0123456789ab", "ffffffffffff, changed", __version__]
    assert run_code.code_columns(changed) == {"version": "0.2.0", "commit": TWO, "changed": True}
    columns = {"version": __version__, "commit": None, "changed": None}
    assert run_code.code_columns(installed) == columns
