"""Tables of the recall of each class."""

from sklearn import metrics
from support import finished_run_folders
from support.finished_run_folders import counted

from tf_ssgan.reports import by_protocol, class_recall


def run_of(classes, seed=0, method="frgan", **changed):
    outcome = counted(classes)
    error = outcome.pop("test_error")
    return finished_run_folders.make_run(
        error, seed=seed, method=method, outcome=outcome, **changed
    )


def recalls(*runs):
    (table,) = by_protocol.make_tables(runs)
    return list(class_recall.recall_tables(table))


TWO = {"cat": (20, 15, 25), "dog": (10, 0, 0), "owl": (0, 0, 5)}


def test_each_class_has_a_row_and_each_method_a_column():
    classes = {"cat": (20, 18, 20), "dog": (10, 8, 10), "owl": (0, 0, 0)}
    (table,) = recalls(run_of(TWO), run_of(classes, method="vat"))
    assert table.title == "Recall of each class, 50 labels"
    assert table.rows == (
        ("class", "vat", "frgan"),
        ("cat", "90.0 % (18 of 20)", "75.0 % (15 of 20)"),
        ("dog", "80.0 % (8 of 10)", "0.0 % (0 of 10), never predicted"),
        ("owl", "no test image", "no test image"),
    )
    assert table.never == ("50 labels: never predicted by frgan: dog.",)


def test_recalls_are_those_of_scikit_learn():
    right = [0] * 7 + [1] * 5
    answers = [0] * 4 + [1] * 3 + [1] * 2 + [0] * 3
    classes = {
        str(k): (right.count(k), sum(a == b == k for a, b in zip(answers, right, strict=True)),
                 answers.count(k))
        for k in (0, 1)
    }  # fmt: skip
    (table,) = recalls(run_of(classes))
    expected = metrics.recall_score(right, answers, average=None)
    assert [row[1].split(" ")[0] for row in table.rows[1:]] == [f"{100 * x:.1f}" for x in expected]


def test_several_runs_are_counted_together():
    other = TWO | {"dog": (10, 5, 5)}
    (table,) = recalls(run_of(TWO), run_of(other, seed=1))
    assert table.rows[2][1] == "25.0 % (5 of 20 in 2 runs), never predicted in 1 of 2 runs"
    assert table.never == ()


def test_of_many_classes_the_lowest_are_shown():
    classes = {f"c{k:02}": (10, k % 10, 10) for k in range(25)} | {"none": (0, 0, 0)}
    (table,) = recalls(run_of(classes))
    assert table.title == "Recall of the lowest 10 of 26 classes, 50 labels"
    assert [row[0] for row in table.rows[1:]] == [
        "c00", "c10", "c20", "c01", "c11", "c21", "c02", "c12", "c22", "c03",
    ]  # fmt: skip


def test_twenty_classes_are_all_shown():
    (table,) = recalls(run_of({f"c{k}": (10, 9, 10) for k in range(20)}))
    assert len(table.rows) == 21


def test_older_runs_have_no_recalls():
    assert recalls(finished_run_folders.make_run()) == []
    mixed = recalls(run_of(TWO), finished_run_folders.make_run(method="vat"))
    assert [table.rows[0] for table in mixed] == [("class", "frgan")]
