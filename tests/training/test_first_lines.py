"""What a run prints first: surprising pools, and other code than that of its checkpoint."""

import types

import pytest

from tf_ssgan.common import checkout
from tf_ssgan.core.task import Stream
from tf_ssgan.training import first_lines


@pytest.mark.parametrize("pool", ["unlabeled", "mixed"])
@pytest.mark.parametrize(
    ("labeled", "examples", "expected"),
    [
        (5, 10, []),
        (10, 10, ["Every image is labeled: the unlabeled pool holds no other images."]),
        (5, 16, ["A step takes 16 unlabeled images and there are only 10: some occur more than "
                 "once in it. A smaller --batch_size avoids this."]),
    ],
)  # fmt: skip
def test_surprising_pools_are_noted(labeled, examples, expected, pool):
    method = types.SimpleNamespace(
        task=types.SimpleNamespace(labeled=labeled, unlabeled=10), needs_noisy=False,
        tunes_on_held_out=False,
        streams=lambda: {"unlabeled": Stream(pool, examples, {"image": "plain"})},
    )  # fmt: skip
    assert first_lines._pool_notes(types.SimpleNamespace(method=method)) == expected


def test_a_run_that_held_out_labels_tune_says_so():
    method = types.SimpleNamespace(
        task=types.SimpleNamespace(labeled=5, unlabeled=10), needs_noisy=False,
        streams=dict, tunes_on_held_out=True,
    )  # fmt: skip
    (note,) = first_lines._pool_notes(types.SimpleNamespace(method=method))
    assert note.startswith("The labels of held-out images tune this run")


@pytest.mark.parametrize(("images", "said"), [(0, False), (10, True), (99, True), (100, False)])
def test_a_search_by_few_labeled_images_is_noted(images, said):
    method = types.SimpleNamespace(search_images=images, searched=("tau",))
    notes = first_lines._search_notes(types.SimpleNamespace(method=method))
    assert notes == said * [
        f"The search for tau sets labeled images aside: {images} held-out images are too few to "
        "tell its values apart; 100 are needed."
    ]


ONE, TWO = "1" * 40, "2" * 40


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ((ONE, False), (TWO, False), ("commit 111111111111;", "with 0.2.0, commit 222222222222:")),
        ((ONE, False), (ONE, True), ("commit 111111111111;", "111111111111 with changed files:")),
        ((ONE, True), (ONE, True), ("with changed files; training", "with changed files: if")),
        ((None, None), (ONE, False), ("by tf_ssgan 0.2.0; training", "commit 111111111111: if")),
    ],
)
def test_a_run_that_continues_with_other_code_says_so(monkeypatch, capsys, theirs, ours, words):
    codes = [
        {"tf_ssgan": "0.2.0", "commit": c, "changed": changed} for c, changed in (theirs, ours)
    ]
    monkeypatch.setattr(checkout, "code_version", lambda: codes[1])
    first_lines._print_other_code({"version": "0.2.0", "code": codes[0]})
    (line,) = capsys.readouterr().out.splitlines()
    assert all(part in line for part in words)


@pytest.mark.parametrize("commit", [ONE, None])
def test_a_run_that_continues_with_the_same_code_says_nothing(monkeypatch, capsys, commit):
    code = {"tf_ssgan": "0.2.0", "commit": commit, "changed": commit and False}
    monkeypatch.setattr(checkout, "code_version", lambda: dict(code))
    first_lines._print_other_code({"version": "0.2.0", "code": code})
    assert capsys.readouterr().out == ""
