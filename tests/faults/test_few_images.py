"""Whole runs on few pictures: what they cannot show is said by every program, in the same words."""

import json
import pathlib
import shutil

import pytest
from support import image_folders

from export import export_main
from tf_ssgan import evaluate
from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.diagnostics import dataset_checks
from tf_ssgan.training import config, loop, summary

COUNTS = {"many": 58, "few": 4, "rare": 2}
UNTESTED = "no test image of few, rare: no test error says anything about them"
NO_TEMPERATURE = "no temperature: 5 held-out images are too few to fit one; 100 are needed"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 64 labeled pictures; a fifth of each class, rounded down, is for the test."""
    folder = tmp_path_factory.mktemp("pictures")
    for label, (kind, count) in enumerate(COUNTS.items()):
        for number in range(count):
            image_folders.save_image(folder / kind / f"{number}.png", label, number, (16, 16))
    return f"folder:{folder}"


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    """A finished run: its folder, and what result.json holds."""
    workdir = tmp_path_factory.mktemp("run") / "few"
    settings = config.configure(
        "supervised", pictures, labels=-1, validation=5, batch_size=8, width=4, max_steps=8,
        precision="float32", workdir=str(workdir),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "MIN_EVALUATION_INTERVAL", 1)
        loop.run(settings)
    return workdir, json.loads((workdir / "result.json").read_text())


def test_few_held_out_pictures_choose_nothing(run):
    _, result = run
    assert result["validation_images"] == 5 and result["validation_error"] is not None
    assert result["test_error_at_best_validation"] is None
    assert result["test_error_raw_at_best_validation"] is None
    assert (result["temperature"], result["calibration"]["images"]) == (1.0, 0)
    assert result["expected_calibration_error_calibrated"] is None
    assert result["classes_without_test_images"] == ["few", "rare"]
    assert result["classes_with_test_images"] == 1


def test_the_summary_says_so(run):
    workdir, result = run
    text = summary.format_summary(result, str(workdir))
    assert f"  N{UNTESTED[1:]}.\n" in text and "(no temperature was fitted)" in text
    few = "5 held-out images are too few to choose a step or to fit a temperature; 100 are needed"
    assert f"  {few}.\n" in text
    assert "average_precision" not in text  # of images of one class
    assert "->" not in text and "best" not in text


def test_the_export_says_so(run, tmp_path):
    result = export_main.export_run(run[0], tmp_path / "served")
    assert f"  {NO_TEMPERATURE}\n" in export_main.format_export(result)
    info = json.loads((result.folder / "assets" / "model_info.json").read_text())
    assert info["calibration"]["note"] == NO_TEMPERATURE
    assert info["calibration"]["temperature"] == 1.0
    assert info["remarks"] == [UNTESTED] and f"\n  {UNTESTED}\n" in export_main.format_export(
        result
    )


def test_the_doctor_warns_of_it(pictures):
    source = datasets.find(pictures)
    findings, _ = dataset_checks.check_dataset(source, datasets.ImageSpec())
    warned = [found.text for found in findings if found.level == "warning"]
    assert UNTESTED in warned


def test_an_evaluation_on_other_pictures_is_judged_by_all_of_them(run, pictures, tmp_path, capsys):
    for number in range(7):
        image_folders.save_image(tmp_path / "FEW" / f"{number}.png", 1, 100 + number, (16, 16))
    name = f"folder:{tmp_path}"
    evaluate.main(["evaluate", f"--run={run[0]}", f"--dataset={name}"])
    text = capsys.readouterr().out
    assert f"The class 'FEW' of {name} is read as the run's class 'few'." in text
    assert f"\n7 labeled images of {name}\n  judged by all its labeled images" in text
    content = json.loads((run[0] / "evaluation.json").read_text())
    own, other = content["test_sets"]
    assert (own["dataset"], own["images"], own["part"]) == (pictures, 11, "test")
    assert (other["images"], other["part"]) == (7, "labeled")
    assert not any(other["left_out"].values())
    assert other["classes_without_test_images"] == ["many", "rare"]
    assert other["expected_calibration_error_calibrated"] is None


def test_other_pictures_judge_a_run_whose_own_changed_or_are_gone(run, pictures, tmp_path, capsys):
    for number in range(4):
        path = tmp_path / "new" / "few" / f"{number}.png"
        image_folders.save_image(path, 1, 300 + number, (16, 16))
    argv = ["evaluate", f"--run={run[0]}", f"--dataset=folder:{tmp_path / 'new'}"]
    folder = pathlib.Path(pictures.removeprefix("folder:"))
    moved = folder / "many/0.png"
    moved.rename(tmp_path / "0.png")
    try:
        evaluate.main(argv)
    finally:
        (tmp_path / "0.png").rename(moved)
    text = capsys.readouterr().out
    assert "The run's own test images are left out: " in text and "fewer" in text
    assert "\n4 labeled images of folder:" in text
    folder.rename(tmp_path / "gone")
    try:
        evaluate.main(argv)
    finally:
        (tmp_path / "gone").rename(folder)
    text = capsys.readouterr().out
    assert "The run's own test images are left out: " in text and "is not a folder" in text
    (entry,) = json.loads((run[0] / "evaluation.json").read_text())["test_sets"][-1:]
    assert entry["images"] == 4 and "drop" not in entry


def test_the_runs_own_folder_is_judged_by_its_own_test_images(run, pictures, capsys):
    evaluate.main(["evaluate", f"--run={run[0]}", f"--dataset={pictures}/."])
    assert f"\n11 test images of {pictures}\n" in capsys.readouterr().out


def test_pictures_that_the_run_knows_do_not_judge_it(run, pictures, tmp_path, capsys):
    copies, folder = tmp_path / "test" / "rare", pictures.removeprefix("folder:")
    copies.mkdir(parents=True)
    for number in range(COUNTS["rare"]):
        shutil.copy(f"{folder}/rare/{number}.png", copies / f"copy {number}.png")
    kept = run[0] / "evaluation.json"
    before = kept.read_bytes() if kept.exists() else None
    with pytest.raises(errors.UserError, match="Nothing is left to judge by: the run knows all 2"):
        evaluate.main(["evaluate", f"--run={run[0]}", f"--dataset=folder:{tmp_path}"])
    assert (kept.read_bytes() if kept.exists() else None) == before
    image_folders.save_image(copies / "new.png", 2, 700, (16, 16))
    evaluate.main(["evaluate", f"--run={run[0]}", f"--dataset=folder:{tmp_path}"])
    text = capsys.readouterr().out
    assert f"\n1 test image of folder:{tmp_path}\n  left out: 2 images that the run knows: " in text
