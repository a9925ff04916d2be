"""Guessing and the linear classifier beside the methods, in rows, lines and sentences."""

import pytest
from sklearn import dummy
from support import finished_run_folders
from support.finished_run_folders import counted

from tf_ssgan.reports import by_protocol, reference_levels, table_rows

CLASSES = {"cat": (100, 90, 120), "dog": (60, 40, 50), "owl": (40, 20, 30)}  # 150 of 200 right


def run_of(classes=CLASSES, linear_wrong=60, p=0.5, seed=0, method="frgan", **changed):
    outcome = counted(classes, linear_wrong, p)
    error = outcome.pop("test_error")
    return finished_run_folders.make_run(error, seed=seed, method=method, outcome=outcome | changed)


def right(count):
    """Classes of which so many of the 200 images are right, in each about as many."""
    cat, dog = count // 2, count * 3 // 10
    own = {"cat": (100, cat), "dog": (60, dog), "owl": (40, count - cat - dog)}
    return {name: (images, good, images) for name, (images, good) in own.items()}


def make_table(*runs, **options):
    (table,) = by_protocol.make_tables(runs, **options)
    return table


def sentences(*runs, **options):
    return list(reference_levels.compare(make_table(*runs, **options), "50 labels"))


def test_guessing_is_what_scikit_learn_has():
    labels = ["cat"] * 100 + ["dog"] * 60 + ["owl"] * 40
    classifier = dummy.DummyClassifier(strategy="most_frequent").fit([[0]] * 200, labels)
    expected = 100 - 100 * classifier.score([[0]] * 200, labels)
    found = reference_levels.guess(make_table(run_of()), "50 labels")
    assert (found.name, found.error, found.images) == ("cat", pytest.approx(expected), 200)


def test_rows_stand_below_the_methods():
    table = make_table(run_of(), run_of(seed=1, linear_wrong=64))
    assert table_rows.short_table(table) == [
        ["", "50 labels"],
        ["frgan", "25.0 ± 0.0 (2)"],
        ["always the commonest class", "50.0 [43.1, 56.9], “cat”"],  # 100 of 200
        ["linear classifier", "31.0 ± 1.4 (2)"],  # 30 and 32
    ]


def test_methods_of_one_split_share_one_linear_classifier():
    table = make_table(run_of(), run_of(method="vat"))
    assert reference_levels.rows(table)["linear classifier"] == {"50 labels": "30.0 [24.1, 36.7] (1)"}  # fmt: skip


def test_accuracies_have_levels_in_their_unit():
    from tf_ssgan import papers
    from tf_ssgan.reports import by_paper

    cells = (papers.PublishedCell("FR-GAN", "50", {"method": "frgan"}),)
    table = papers.Table("t", "T", "S", "accuracy", cells, dict.fromkeys(papers.BUDGETS, {}))
    rows = reference_levels.rows(by_paper.fill_table(table, [run_of()]))
    assert [own["50"] for own in rows.values()] == ["50.0 [43.1, 56.9], “cat”", "70.0 [63.3, 75.9] (1)"]  # fmt: skip


def test_older_runs_have_no_levels():
    table = make_table(finished_run_folders.make_run())
    assert reference_levels.rows(table) == {} == reference_levels.levels(table, "50 labels")
    assert sentences(finished_run_folders.make_run()) == []
    assert list(reference_levels.describe(table)) == []


def test_what_the_rows_are_is_described():
    guessing, linear = reference_levels.describe(make_table(run_of()))
    assert guessing == (
        "“always the commonest class” is the answer that is most often right on the test images."
    )
    assert linear == (
        "“linear classifier” learned from the same labels: logistic regression on pixels."
    )


@pytest.mark.parametrize(
    "count, p, text",
    [
        (140, 1.0, "does not beat it (+0.0)"),
        (130, 0.001, "does not beat it (+5.0)"),
        (142, 0.8, "is not told apart from it (−1.0, McNemar's p = 0.8 on the test images)"),
        (180, 0.001, "beats it (−20.0, McNemar's p = 0.001 on the test images)"),
    ],
)
def test_one_run_is_compared_on_its_test_images(count, p, text):
    first, *_ = sentences(run_of(right(count), 60, p))
    expected = f"50 labels: the linear classifier has 30.0 [24.1, 36.7] (1). frgan {text}."
    assert first == expected


def test_three_splits_are_compared_as_methods_are():
    far = [run_of(right(180), 60, seed=k) for k in range(3)]
    near = [run_of(right(144), 60, 0.001, seed=k, method="vat") for k in range(3)]
    worse = [run_of(right(100 + k), 60, 0.001, seed=k, method="supervised") for k in range(3)]
    first, *others = sentences(*far, *near, *worse)
    # Binomial errors of 10 and 30 % of 200 images: 2.12 and 3.24 points; 1.96 times 3.87 is 7.6.
    assert "frgan beats it (−20.0 [−27.6, −12.4])" in first
    assert "vat is not told apart from it (−2.0 [" in first  # p of single runs does not count
    assert "supervised does not beat it (+19.5 [" in first
    assert others == ["50 labels: supervised is not told apart from always answering “cat” (50.0) in 3 of 3 runs."]  # fmt: skip


@pytest.mark.parametrize(
    "classes, text",
    [
        ({"cat": (100, 100, 200), "dog": (60, 0, 0), "owl": (40, 0, 0)}, "does not beat"),
        ({"cat": (100, 60, 60), "dog": (60, 30, 30), "owl": (40, 5, 10)}, "does not beat"),
        ({"cat": (100, 96, 190), "dog": (60, 5, 6), "owl": (40, 1, 4)}, "is not told apart from"),
        (CLASSES, ""),
    ],
)
def test_a_method_that_guesses_is_said_to(classes, text):
    *_, last = ["", *sentences(run_of(classes, None))]
    expected = f"50 labels: frgan {text} always answering “cat” (50.0)."
    assert last == (expected if text else "")


def test_without_recalls_the_interval_decides():
    run = run_of(right(104), None, class_recall=[])
    assert sentences(run) == [
        "50 labels: frgan is not told apart from always answering “cat” (50.0)."
    ]


def test_other_numbers_than_the_last_step_are_not_compared():
    assert sentences(run_of(), number="test_error_raw") == []


def test_levels_are_lines_of_charts():
    found = reference_levels.levels(make_table(run_of()), "50 labels")
    assert found == {"always the commonest class": 50.0, "linear classifier": 30.0}
