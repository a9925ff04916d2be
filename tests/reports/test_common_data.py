"""Which of several runs are kept if their data or their labeled images differ."""

import pathlib

from support import finished_run_folders

from tf_ssgan.reports import common_data

OTHER = {"data_sha256": finished_run_folders.sha256("other")}


def make_run(folder, **changed):
    return finished_run_folders.make_run(folder=folder, **changed)


def names(runs):
    return [str(run.folder) for run in runs]


def test_of_each_data_set_the_data_of_most_runs_are_kept():
    runs = [make_run("a", outcome=OTHER), make_run("b"), make_run("c", seed=1),
            make_run("d", dataset="svhn", outcome=OTHER)]  # fmt: skip
    kept, left_out = common_data.keep_common_data(runs)
    assert names(kept) == ["b", "c", "d"]
    ((folder, reason),) = left_out
    assert folder == pathlib.Path("a") and "of digits than b" in reason


def test_of_equally_many_the_first_are_kept():
    runs = [
        make_run("a", outcome=OTHER),
        make_run("b"),
        make_run("c"),
        make_run("d", outcome=OTHER),
    ]
    kept, left_out = common_data.keep_common_data(runs)
    assert names(kept) == ["a", "d"] and [str(folder) for folder, _ in left_out] == ["b", "c"]
    assert common_data.keep_common_data([]) == ([], [])


def test_of_each_split_seed_the_labeled_images_of_the_first_run_are_kept():
    changed = {"split_sha256": finished_run_folders.sha256("other")}
    runs = [make_run("a"), make_run("b", seed=1, outcome=changed), make_run("c", outcome=changed)]
    kept, left_out = common_data.keep_common_splits(runs)
    assert names(kept) == ["a", "b"]
    ((folder, reason),) = left_out
    assert folder == pathlib.Path("c") and "the data of a, but not the same labeled" in reason


def test_a_fingerprint_is_shown_short():
    assert common_data.short("0123456789abcdef") == "01234567"
