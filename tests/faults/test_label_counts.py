"""Numbers of labels, up to all of them and down to none."""

import re

import pytest

import flags
from flags import precheck, program
from tf_ssgan.common import errors
from tf_ssgan.training import build, config, loop


def refused(do, *args):
    with pytest.raises(errors.UserError) as told:
        do(*args)
    assert told.value.status == 2 and "\n" not in str(told.value)
    return str(told.value)


def made(dataset, method="supervised", **other):
    small = {"width": 4, "batch_size": 4, "workdir": "unused"}
    return build.build(config.configure(method, dataset, **(small | other)))


def test_more_labels_than_a_class_has_names_the_most_there_may_be():
    message = refused(precheck.check_command_line, {"labels": 1160})
    most = int(re.search(r"--labels may be at most (\d+)", message).group(1))
    assert "class" in message and 1000 < most < 1160
    precheck.check_command_line({"labels": most})
    assert "at most" in refused(precheck.check_command_line, {"labels": most + 1})
    precheck.check_command_line({"labels": most + 1, "label_split": "proportional"})


def test_more_labels_than_images():
    assert "at most 1168" in refused(
        precheck.check_command_line, {"labels": 1169, "label_split": "proportional"}
    )


def test_a_number_that_classes_do_not_divide_is_dealt_evenly(squares):
    counts = sorted((made(squares.dataset, labels=8).protocol.labels[:, None] == range(3)).sum(0))
    assert counts == [2, 3, 3]


def test_no_labels_for_a_method_that_learns_from_nothing_else(squares):
    message = refused(lambda: made(squares.dataset, labels=0))
    assert "--labels=0" in message and "--method=supervised" in message


def test_no_labels_for_a_gan_are_legal(squares, short_laps, tmp_path, curves):
    settings = config.configure(
        "frgan",
        squares.dataset,
        labels=0,
        max_steps=3,
        batch_size=12,
        width=4,
        latent_size=8,
        workdir=str(tmp_path / "run"),
    )
    result = loop.run(settings)
    assert (result["labels"], result["steps"]) == (0, 3)
    (line,) = curves(tmp_path / "run")
    assert line["supervised"] == 0.0 and line["adversarial"] > 0


def test_all_labels_are_all_that_are_not_held_out(squares, short_laps, tmp_path):
    run = made(squares.dataset, labels=-1, workdir=str(tmp_path / "run"), max_steps=9)
    assert len(run.protocol.labeled_ids) == len(run.protocol.unlabeled_ids) == 36
    assert len(run.protocol.validation_ids) == 4
    result = loop.run(run.config)
    assert (result["labels"], result["steps"]) == (36, 9)


def test_a_batch_larger_than_all_images_repeats_them(squares, short_laps, tmp_path):
    settings = config.configure(
        "supervised",
        squares.dataset,
        labels=3,
        batch_size=50,
        width=4,
        max_steps=2,
        workdir=str(tmp_path / "run"),
    )
    assert loop.run(settings)["steps"] == 2


@pytest.mark.parametrize(
    "words, told",
    [
        (["--labels=-3"], "--labels=-3: expected at least -2"),
        (["--validation=1297"], "validation must be 0 to 1296"),
        (["--noise_rate=1.5"], "noise_rate must be a fraction from 0 to 1, got 1.5"),
        (["--noise_rate=0.5"], "noise_rate 0.5 without a kind of noise would do nothing"),
        (["--clean_fraction=1", "--noise=permute"], "leaves none for --noise=permute"),
        (["--clean_fraction=.005"], "--clean_fraction=0.005 of 50 labels is less than one image"),
        (["--max_steps=0", "--epochs=0"], "leave no run"),
    ],
)
def test_numbers_that_make_no_run(capsys, tmp_path, words, told):
    with pytest.raises(SystemExit) as left, program.exit_on_user_error():
        flags.parse(["train_main.py", *words, f"--workdir={tmp_path / 'run'}"])
        build.build(flags.config())
    assert left.value.code == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
