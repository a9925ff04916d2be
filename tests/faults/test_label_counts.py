"""Numbers of labels, from none to all of them."""

import re

import pytest

import flags
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.training import build, config, loop, precheck


def refusal(do, *args):
    with pytest.raises(errors.UserError) as caught:
        do(*args)
    assert caught.value.status == 2 and "\n" not in str(caught.value)
    return str(caught.value)


def build_run(dataset, method="supervised", **other):
    small = {"width": 4, "batch_size": 4, "workdir": "unused", "precision": "float32"}
    return build.build(config.configure(method, dataset, **(small | other)))


def test_too_many_labels_for_a_class_are_refused_with_the_largest_number():
    message = refusal(precheck.check_run, {"labels": 1160})
    most = int(re.search(r"--labels may be at most (\d+)", message).group(1))
    assert "class" in message and 1000 < most < 1160
    precheck.check_run({"labels": most})
    assert "at most" in refusal(precheck.check_run, {"labels": most + 1})
    precheck.check_run({"labels": most + 1, "label_split": "proportional"})


def test_more_labels_than_images_are_refused():
    assert "at most 1168" in refusal(
        precheck.check_run, {"labels": 1169, "label_split": "proportional"}
    )


def test_a_number_that_classes_do_not_divide_is_shared_evenly(squares):
    counts = sorted(
        (build_run(squares.dataset, labels=8).protocol.labels[:, None] == range(3)).sum(0)
    )
    assert counts == [2, 3, 3]


def test_a_method_that_learns_only_from_labels_needs_some(squares):
    message = refusal(lambda: build_run(squares.dataset, labels=0))
    assert "--labels=0" in message and "--method=supervised" in message


def test_a_gan_can_train_without_labels(squares, short_intervals, tmp_path, curves):
    settings = config.configure(
        "frgan",
        squares.dataset,
        labels=0,
        max_steps=3,
        batch_size=12,
        width=4,
        latent_size=8,
        precision="float32",
        workdir=str(tmp_path / "run"),
    )
    result = loop.run(settings)
    assert (result["labels"], result["steps"]) == (0, 3)
    (line,) = curves(tmp_path / "run")
    assert line["supervised"] == 0.0 and line["adversarial"] > 0


def test_all_labels_are_those_that_are_not_held_out(squares, short_intervals, tmp_path):
    run = build_run(squares.dataset, labels=-1, workdir=str(tmp_path / "run"), max_steps=9)
    assert len(run.protocol.labeled_ids) == len(run.protocol.unlabeled_ids) == 36
    assert len(run.protocol.validation_ids) == 4
    result = loop.run(run.config)
    assert (result["labels"], result["steps"]) == (36, 9)


def test_a_batch_larger_than_all_images_repeats_them(squares, short_intervals, tmp_path):
    settings = config.configure(
        "supervised",
        squares.dataset,
        labels=3,
        batch_size=50,
        width=4,
        max_steps=2,
        precision="float32",
        workdir=str(tmp_path / "run"),
    )
    assert loop.run(settings)["steps"] == 2


@pytest.mark.parametrize(
    "words, text",
    [
        (["--labels=-3"], "--labels=-3: expected at least -2"),
        (["--validation=1297"], "validation must be 0 to 1296"),
        (["--noise_rate=1.5"], "noise_rate must be a fraction from 0 to 1, got 1.5"),
        (["--noise_rate=0.5"], "noise_rate 0.5 without a kind of noise would do nothing"),
        (["--clean_fraction=1", "--noise=permute"], "leaves none for --noise=permute"),
        (["--clean_fraction=.005"], "--clean_fraction=0.005 of 50 labels is less than one image"),
        (["--max_steps=0", "--epochs=0"], "leave no steps"),
    ],
)
def test_impossible_numbers_are_refused(capsys, tmp_path, words, text):
    with pytest.raises(SystemExit) as exited, program.exit_on_user_error():
        config = flags.parse(["train_main.py", *words, f"--workdir={tmp_path / 'run'}"])
        build.build(config)
    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert text in err and err.count("\n") == 1
