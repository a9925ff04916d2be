"""The run to export: held-out images choose it, or else it is said that test images did."""

import shlex

import pytest
from support import finished_run_folders

from tf_ssgan.reports import best_run, by_protocol

FEW = {"validation_images": 6}


def runs_of(method, errors, validation, folder="runs", outcome=(), **changed):
    return [
        finished_run_folders.make_run(
            error, f"{folder}/{method}-{seed}", {"validation_error": own} | dict(outcome),
            method=method, seed=seed, **changed,
        )
        for seed, (error, own) in enumerate(zip(errors, validation, strict=True))
    ]  # fmt: skip


def best_of(*runs):
    (table,) = by_protocol.make_tables(runs)
    return list(best_run.best_runs(table))


def test_enough_held_out_images_choose_the_run():
    runs = [*runs_of("frgan", (4.0, 5.0), (8.0, 7.0)), *runs_of("vat", (9.0, 9.0), (9.0, 6.0))]
    (best,) = best_of(*runs)
    assert best.command == "python -m export.export_main --run=runs/vat-1 --to=served/digits"
    # 6 % of 129 and 9 % of 500 images.
    assert best.reason == (
        "vat (50 labels, seed 1) has the lowest error on held-out images of all runs of this table, "
        "in percent 6.0 [3.2, 11.8], of 129 images. Test images had no part in this choice: its "
        "error on 500 of them is 9.0 [6.8, 11.8]."
    )
    assert not best.by_test_images


def test_test_errors_do_not_break_ties_of_held_out_images():
    (best,) = best_of(*runs_of("frgan", (9.0, 1.0), (6.0, 6.0)))
    assert "--run=runs/frgan-0 " in best.command


@pytest.mark.parametrize(
    "outcome, reason",
    [
        (FEW, "6 held-out images are too few to choose a run by; 100 are needed, so nothing but "),
        ({"validation_images": 0, "validation_error": None}, "No images are held out to"),
        ({"validation_images": 1}, "1 held-out image is too few to choose a run by; "),
        ({"validation_error": None}, "Not every run has a validation error, so nothing but "),
    ],
)
def test_without_them_the_lowest_seed_of_the_best_method_is_taken(outcome, reason):
    """The lowest error of all is that of another seed, which plays no part."""
    runs = [*runs_of("frgan", (6.0, 2.0), (1.0, 1.0), outcome=outcome),
            *runs_of("vat", (5.0, 5.0), (1.0, 1.0), outcome=outcome)]  # fmt: skip
    (best,) = best_of(*runs)
    assert best.by_test_images and "--run=runs/frgan-0 " in best.command
    assert best.reason.startswith(reason.partition(" to")[0])
    assert (
        "On them frgan (50 labels) has the lowest mean error, in percent 4.0 ± 2.8 (2)."
        in best.reason
    )
    assert (
        "lowest seed is taken, seed 0, because nothing but chance tells seeds apart." in best.reason
    )
    assert (
        "The error is slightly optimistic: the test images have chosen the method." in best.reason
    )


def test_one_run_with_few_held_out_images_makes_test_images_choose():
    runs = [*runs_of("frgan", (6.0,), (1.0,)), *runs_of("vat", (5.0,), (9.0,), outcome=FEW)]
    (best,) = best_of(*runs)
    assert best.by_test_images and "--run=runs/vat-0 " in best.command


def test_one_method_is_chosen_by_nothing():
    (best,) = best_of(*runs_of("frgan", (6.0, 5.0), (1.0, 0.5), outcome=FEW))
    assert not best.by_test_images and "optimistic" not in best.reason
    assert "--run=runs/frgan-0 " in best.command
    (best,) = best_of(*runs_of("frgan", (6.0,), (1.0,), outcome=FEW))
    assert best.reason == "frgan (50 labels, seed 0) is the only run."


def test_other_data_have_a_run_of_their_own():
    other = {"data_sha256": finished_run_folders.sha256("other")}
    runs = [*runs_of("frgan", (6.0,), (1.0,)), *runs_of("vat", (5.0,), (9.0,), outcome=other)]
    # The two differ in nothing but the fingerprint of their data.
    assert [best.title.rpartition(" ")[0] for best in best_of(*runs)] == 2 * [
        "The run to export, of the runs on 500 test images, 1,297 training images, data"
    ]
    assert len({best.title for best in best_of(*runs)}) == 2


def test_headings_have_the_words_that_tell_their_runs_apart():
    other = {"data_sha256": finished_run_folders.sha256("other"), "test_images": 300}
    runs = [*runs_of("frgan", (6.0,), (1.0,)),
            *runs_of("vat", (5.0, 4.0), (9.0, 8.0), outcome=other)]  # fmt: skip
    first, second = sorted(best_of(*runs), key=lambda best: best.title)
    assert first.title == "The run to export, of the runs on 300 test images"
    assert " on held-out images of the runs on 300 test images, in percent 8.0 " in first.reason
    assert second.title == "The run to export, of the runs on 500 test images"
    assert second.reason.endswith("is the only one of the runs on 500 test images.")


TUNED = {"method": "acgan_trunc", "tau_search": "validation"}


def tuned_runs(errors, validation, **changed):
    return runs_of(**TUNED | {"errors": errors, "validation": validation} | changed)


def test_held_out_labels_do_not_choose_a_run_that_they_tuned():
    runs = [*tuned_runs((4.0,), (1.0,)), *runs_of("frgan", (5.0,), (8.0,)),
            *runs_of("vat", (9.0,), (6.0,))]  # fmt: skip
    (best,) = best_of(*runs)
    assert "--run=runs/vat-0 " in best.command and not best.by_test_images
    assert best.reason == (
        "vat (50 labels, seed 0) has the lowest error on held-out images of the runs that held-out "
        "labels did not tune, in percent 6.0 [3.2, 11.8], of 129 images. Test images had no part in "
        "this choice: its error on 500 of them is 9.0 [6.8, 11.8]. Not among these, because "
        "held-out labels tuned it: acgan_trunc (50 labels), in percent 4.0 [2.6, 6.1] (1) on the "
        "test images."
    )


@pytest.mark.parametrize("tuned", [2.0, 9.0])
def test_one_method_that_they_did_not_tune_is_compared_by_test_images(tuned):
    (best,) = best_of(*tuned_runs((tuned,), (1.0,)), *runs_of("frgan", (5.0,), (8.0,)))
    assert best.by_test_images
    assert f"--run=runs/{'acgan_trunc' if tuned < 5 else 'frgan'}-0 " in best.command
    assert best.reason.startswith(
        "A run that held-out labels tuned is not measured by them, so nothing but the test images "
        "tells which method is best."
    )
    assert "lowest seed" not in best.reason  # there is one run of each


def test_seeds_that_they_tuned_are_told_apart_by_nothing():
    (best,) = best_of(*tuned_runs((6.0, 5.0), (2.0, 1.0)))
    assert not best.by_test_images and "--run=runs/acgan_trunc-0 " in best.command


def test_a_result_that_says_whether_they_tuned_it_is_believed():
    """Whatever the option is called."""
    said = {"tuned_by_held_out": True}
    runs = [*runs_of("frgan", (5.0,), (1.0,), outcome=said), *runs_of("vat", (6.0,), (2.0,)),
            *tuned_runs((7.0,), (3.0,), outcome={"tuned_by_held_out": False})]  # fmt: skip
    (best,) = best_of(*runs)
    assert "--run=runs/vat-0 " in best.command and "frgan (50 labels), in percent" in best.reason


def test_tables_of_papers_name_no_run():
    import dataclasses

    (table,) = by_protocol.make_tables(runs_of("frgan", (6.0,), (1.0,)))
    assert list(best_run.best_runs(dataclasses.replace(table, source="A paper"))) == []


@pytest.mark.parametrize(
    "dataset, model",
    [("folder:/data/my pets", "my-pets"), ("csv:deep/labels.csv", "labels"), ("digits", "digits"),
     ("npz:/x/été.npz", "été"), ("folder:..", "model"), ("cifar10_1/v6", "cifar10_1-v6"),
     ("folder:/a/$(rm x);'", "rm-x")],
)  # fmt: skip
def test_a_command_is_one_for_a_shell(dataset, model):
    folder = "it's $HOME; a b"
    (best,) = best_of(*runs_of("frgan", (6.0,), (1.0,), folder, dataset=dataset))
    assert shlex.split(best.command) == [
        "python", "-m", "export.export_main", f"--run={folder}/frgan-0", f"--to=served/{model}",
    ]  # fmt: skip


def test_the_command_is_one_of_the_program():
    from export import export_main
    from flags import program

    (best,) = best_of(*runs_of("frgan", (6.0,), (1.0,)))
    options, rest = program.read_options(
        export_main.ExportOptions, shlex.split(best.command)[2:], export_main.__doc__
    )
    assert (options.run, options.to, rest) == ("runs/frgan-0", "served/digits", [])
