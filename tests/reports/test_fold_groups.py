"""The folds of a seed are one run: its error is that of all tested images together."""

import shlex

import numpy as np
import pytest
from support import finished_run_folders
from support.finished_run_folders import counted

from tf_ssgan.reports import (
    best_run,
    by_paper,
    by_protocol,
    comparison,
    finished_runs,
    fold_groups,
    formats,
    report,
    table_notes,
    table_rows,
)

NONE = {"validation_error": None, "test_error_at_best_validation": None,
        "test_error_raw_at_best_validation": None}  # fmt: skip
SUPERVISED = {"method": "supervised"}


def fold(right_of_a, right_of_b, linear_wrong=6, **changed):
    """A fold of 12 images: 4 of each class; class c is never predicted."""
    right, predicted = (right_of_a, right_of_b, 0), (6, 6, 0)
    classes = {name: (4, good, often)
               for name, good, often in zip("abc", right, predicted, strict=True)}  # fmt: skip
    return counted(classes, linear_wrong, **NONE | changed)


FIVE = {k: fold(4, 3 if k else 2) for k in range(5)}  # 34 of 60 right


def read(*folders):
    return finished_runs.read_runs(folders)


def pool_one(folder):
    """The only set of folds in a folder."""
    (run,), left_out = fold_groups.pool(read(folder).runs)
    assert left_out == []
    return run


def test_the_error_is_that_of_all_tested_images(tmp_path):
    finished_run_folders.write_folds(tmp_path, FIVE)
    run = pool_one(tmp_path)
    wrong, total = 60 - 34, 60
    assert run.result["test_error"] == pytest.approx(100 * wrong / total)
    assert run.result["test_images"] == total
    # scipy.stats.binomtest(26, 60).proportion_ci(method="wilson")
    assert run.result["test_error_interval"] == pytest.approx([31.572, 55.897], abs=1e-3)
    assert (run.result["labels"], run.images, run.result["seconds"]) == (48, 60, 5 * 60.0)
    assert run.missing_folds == () and run.fold is None and len(run.parts) == 5


def test_folds_of_other_sizes_weigh_by_their_images(tmp_path):
    labels = np.arange(13) % 3
    outcomes = {
        0: counted({"a": (3, 0, 0), "b": (2, 2, 5), "c": (2, 2, 2)}, **NONE),
        1: counted({"a": (2, 2, 2), "b": (2, 2, 2), "c": (2, 2, 2)}, **NONE),
    }
    finished_run_folders.write_folds(tmp_path, outcomes, 2, labels)
    run = pool_one(tmp_path)
    assert run.result["test_error"] == pytest.approx(100 * 3 / 13)  # and not 3 / 14
    assert (run.result["labels"], run.protocol["test_images"]) == (6, 13)  # of 6 and 7


def test_recalls_guessing_and_the_linear_classifier_are_pooled(tmp_path):
    finished_run_folders.write_folds(tmp_path, FIVE)
    result = pool_one(tmp_path).result
    a, b, c = result["class_recall"]
    assert a == {"name": "a", "images": 20, "right": 20, "predicted": 30}
    assert b == {"name": "b", "images": 20, "right": 14, "predicted": 30}
    assert c == {"name": "c", "images": 20, "right": 0, "predicted": 0}
    assert result["guessing"]["error"] == pytest.approx(100 * 40 / 60)
    linear = result["linear"]
    assert linear["error"] == pytest.approx(50.0)  # 6 of 12 in each fold
    # Fold 0: 6 of 12 are wrong, as of the linear one: 3 and 3; others 5: 4 and 3.
    assert (linear["only_run_right"], linear["only_linear_right"]) == (19, 15)
    assert linear["p"] == pytest.approx(0.6076, abs=1e-4)  # scipy.stats.binomtest(19, 34)


def test_folds_of_older_or_mixed_results_have_no_levels(tmp_path):
    outcomes = FIVE | {3: fold(4, 3, None), 4: NONE | {"test_error": 25.0}}
    finished_run_folders.write_folds(tmp_path, outcomes)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    assert [row[0] for row in table_rows.short_table(table)] == ["", "frgan"]


def test_each_seed_is_one_entry_of_a_mean(tmp_path):
    finished_run_folders.write_folds(tmp_path / "s0", FIVE)
    finished_run_folders.write_folds(tmp_path / "s1", {k: fold(4, 4) for k in range(5)}, seed=1)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    assert table_rows.short_table(table)[:2] == [
        ["", "48 labels, 5 folds"],
        ["frgan", "38.33 ± 7.07 (2)"],  # 26 and 20 of 60
    ]
    assert len(table.parts) == 10 and len(table.runs) == 2
    lines = table_notes.describe_table(table)
    assert any(line.startswith("Each number is a share of 60 test images. ") for line in lines)
    assert any(line.startswith("Of a seed with 5 folds, each labeled image ") for line in lines)


def test_methods_with_the_same_folds_are_compared(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", FIVE)
    worse = {k: fold(2, 1) for k in range(5)}
    finished_run_folders.write_folds(tmp_path / "b", worse, **SUPERVISED)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    first, *_ = comparison.compare_methods(table)
    assert first == (
        "48 labels, 5 folds: frgan has 43.33 [31.57, 55.90] (1), supervised comes next with "
        "75.00 [62.77, 84.22] (1): one split is not enough to distinguish them."
    )
    paired = table.cell("frgan", "48 labels, 5 folds").paired
    assert paired.differences.values == pytest.approx((-31.667,), abs=1e-3)


def test_a_set_that_lacks_folds_is_not_ranked(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", {k: FIVE[k] for k in (0, 2, 3)})
    for method in ("supervised", "vat"):
        worse = {k: fold(1, 1) for k in range(5)}
        finished_run_folders.write_folds(tmp_path / method, worse, method=method)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    lacking = "frgan (only folds 0, 2, 3 of 5, 36 images)"
    assert table.rows == ("supervised", "vat", lacking) and len(table.columns) == 1
    (column,) = table.columns
    assert comparison.mark_of_best(table, column) is None  # the two others are equal
    assert table.cell(lacking, column).paired is None and table.baseline == "supervised"
    texts = list(comparison.compare_methods(table))
    assert (
        texts[-1]
        == f"{column}: not compared with anything before folds 1, 4 are finished too: {lacking}."
    )
    assert not any("frgan" in text for text in texts[:-1])
    (best,) = best_run.best_runs(table)
    assert "frgan" not in best.reason


def test_sets_that_lack_folds_alone_give_a_report(tmp_path):
    for method in ("frgan", "supervised"):
        finished_run_folders.write_folds(tmp_path / method, {1: FIVE[1]}, method=method)
    finished = read(tmp_path)
    (table,) = by_protocol.make_tables(finished.runs)
    assert table.baseline == "" and list(best_run.best_runs(table)) == []
    assert {row.partition(" ")[2] for row in table.rows} == {"(only fold 1 of 5, 12 images)"}
    written = formats.write_report(report.Report((table,), finished, "T"), tmp_path / "report")
    page = written[0].read_text()
    assert "only fold 1 of 5, 12 images" in page
    assert "each labeled image is tested once" not in page  # that is true of whole sets only
    assert "is of the images that this row names" in page
    assert "frgan (only fold 1 of 5, 12 images): c.</p>" in page  # no row is the subject


def test_folds_and_runs_of_the_same_images_are_told_apart_by_words(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", FIVE)
    finished_run_folders.write(tmp_path / "b", labels=48, outcome={"test_images": 12})
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    assert {best.title for best in best_run.best_runs(table)} == {
        "The run to export, of the runs with 5 folds",
        "The run to export, of the runs on 12 test images",
    }
    whole, *_ = (line for line in table_notes.describe_table(table) if "tested once" in line)
    assert whole.startswith("Of a seed with 5 folds, ")


def test_folds_share_no_cell_with_other_runs(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", FIVE)
    finished_run_folders.write_folds(
        tmp_path / "b", {k: counted({"a": (10, 9, 10), "b": (10, 9, 10), "c": (10, 9, 10)}, **NONE) for k in (0, 1)}, 2
    )  # fmt: skip
    finished_run_folders.write(
        tmp_path / "c", labels=48, outcome={"pool": 60, "validation_images": 0}
    )
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    assert len(table.columns) == 3
    assert sorted(len(cell.runs) for cell in table.cells.values()) == [1, 1, 1]
    names = " ".join(table.columns)
    assert "5 folds" in names and "2 folds" in names and "None" not in names


def test_other_images_are_another_set(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", {k: FIVE[k] for k in (0, 1)})
    labels = (np.arange(60) + 1) % 3
    finished_run_folders.write_folds(tmp_path / "b", {k: FIVE[k] for k in (2, 3, 4)}, 5, labels)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    assert {row.partition(" ")[2] for row in table.rows} == {
        "(only folds 0, 1 of 5, 24 images)", "(only folds 2, 3, 4 of 5, 36 images)",
    }  # fmt: skip
    assert len(table.columns) == 2 and all(", data " in column for column in table.columns)


def test_a_fold_that_occurs_twice_is_left_out_once(tmp_path):
    finished_run_folders.write_folds(tmp_path / "a", FIVE)
    other = {0: FIVE[0] | {"split_sha256": finished_run_folders.sha256("other code")}}
    finished_run_folders.write_folds(tmp_path / "b", other)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    first = tmp_path / "a" / "fold-0"
    assert table.left_out == ((tmp_path / "b" / "fold-0", f"has the same fold, 0, as {first}"),)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_folds_whose_data_are_not_recorded_stay_together(tmp_path, damage):
    for path in finished_run_folders.write_folds(tmp_path, FIVE):
        damage(path / "data.json")
    assert pool_one(tmp_path).missing_folds == ()


def test_lengths_in_epochs_may_differ_in_steps(tmp_path):
    outcomes = {k: own | {"steps": 300 + k % 2, "epochs": 5.0} for k, own in FIVE.items()}
    finished_run_folders.write_folds(tmp_path, outcomes, epochs=5, max_steps=0)
    assert pool_one(tmp_path).result["steps"] == 301


def test_curves_are_of_all_tested_images(tmp_path):
    paths = finished_run_folders.write_folds(tmp_path, FIVE)
    run = pool_one(tmp_path)
    errors = [part.history[-1]["test_error"] for part in run.parts]
    assert [line["step"] for line in run.history] == [100, 200, 300]
    assert run.history[-1]["test_error"] == pytest.approx(np.mean(errors))
    (paths[0] / "metrics.jsonl").unlink()
    assert pool_one(tmp_path).history == []


def test_no_fold_is_exported(tmp_path):
    finished_run_folders.write_folds(tmp_path, FIVE)
    (table,) = by_protocol.make_tables(read(tmp_path).runs)
    (best,) = best_run.best_runs(table)
    assert best.reason.startswith("Each fold has left out what it tests. ")
    assert shlex.split(best.command) == [
        "python", "train_main.py", f"--flagfile={tmp_path}/fold-0/run.flags", "--folds=0",
        "--fold=-1", f"--workdir={tmp_path}-final",
    ]  # fmt: skip


def test_folds_are_not_those_of_a_paper(tmp_path):
    finished_run_folders.write_folds(tmp_path, FIVE, dataset="svhn")
    assert all(by_paper.published_error(run) is None for run in read(tmp_path).runs)


def test_runs_without_folds_stay_as_they_are():
    runs = [finished_run_folders.make_run(seed=k) for k in range(3)]
    assert fold_groups.pool(runs) == (runs, [])


def test_every_fold_is_in_the_lists_of_runs(tmp_path):
    paths = finished_run_folders.write_folds(tmp_path / "runs", FIVE)
    finished = read(tmp_path / "runs")
    contents = report.Report(tuple(by_protocol.make_tables(finished.runs)), finished, "T")
    written = formats.write_report(contents, tmp_path / "report")
    page = written[0].read_text()
    assert all(f'href="../runs/{path.name}/">runs/{path.name}</a>' in page for path in paths)
    assert "seed 0, fold 4" in page
    lines = (tmp_path / "report" / "runs.csv").read_text().splitlines()
    assert len(lines) == 6 and ",folds,fold," in lines[0]
    assert "5 runs, 0 folders left out" in page and "further run" not in page
