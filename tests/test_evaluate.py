"""Judging a run on another data set."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan import evaluate
from tf_ssgan.common import errors
from tf_ssgan.training import config, loop


def written(folder, classes=3, size=8, seed=0):
    """A data set of colored squares as npz:DIR."""
    folder.mkdir()
    for name, count, own in (("train", 40, seed), ("test", 12, seed + 1)):
        pixels, _ = toy_methods.images(count, size, own)
        np.savez(folder / f"{name}.npz", image=pixels, label=np.arange(count) % classes)
    return f"npz:{folder}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished supervised run on squares."""
    folder = tmp_path_factory.mktemp("evaluate")
    settings = config.configure(
        "supervised", written(folder / "own"), labels=6, batch_size=8, width=4, max_steps=2,
        workdir=str(folder / "run"),
    )  # fmt: skip
    return settings, loop.run(settings)


def test_on_its_own_test_images_it_finds_the_result_of_the_run(run):
    settings, result = run
    found = evaluate.judge(pathlib.Path(settings.workdir), settings.dataset)
    assert found["test_error"] == pytest.approx(result["test_error"])
    assert found["test_error_raw"] == pytest.approx(result["test_error_raw"])
    assert (found["images"], found["step"]) == (12, 2)


def test_it_measures_all_that_the_run_did_at_the_runs_temperature(run):
    settings, result = run
    found = evaluate.judge(pathlib.Path(settings.workdir), settings.dataset)
    assert found["temperature"] == result["temperature"] != 1.0
    names = [name for name in found if name.startswith(("average", "top", "expected", "brier"))]
    assert len(names) == 9
    assert [found[name] for name in names] == pytest.approx([result[name] for name in names])


def test_a_result_that_tells_no_temperature_or_of_other_weights(run, tmp_path):
    """It is fitted on the run's validation images, never on those that are judged."""
    settings, result = run
    workdir = shutil.copytree(settings.workdir, tmp_path / "run")
    other = written(tmp_path / "other", seed=5)
    for told in ({"steps": 2}, {"steps": 1, "temperature": 9.0}):
        (workdir / "result.json").write_text(json.dumps(told))
        assert evaluate.judge(workdir, other)["temperature"] == pytest.approx(result["temperature"])
    (workdir / "result.json").write_text(json.dumps({"steps": 2, "temperature": 9.0}))
    assert evaluate.judge(workdir, other)["temperature"] == 9.0


def test_the_program_adds_a_line(run, capsys):
    settings, result = run
    words = [f"--run={settings.workdir}", f"--dataset={settings.dataset}"]
    evaluate.main(["evaluate", *words])
    lines = (pathlib.Path(settings.workdir) / "evaluations.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["test_error"] == pytest.approx(result["test_error"])
    assert "12 images" in capsys.readouterr().out


def test_images_or_classes_unlike_the_runs_are_refused(run, tmp_path):
    settings, _ = run
    with pytest.raises(errors.UserError, match="of 2 classes .* the run learned .* of 3"):
        evaluate.judge(pathlib.Path(settings.workdir), written(tmp_path / "two", classes=2))
    with pytest.raises(errors.UserError, match=r"images \(16, 16, 1\)"):
        evaluate.judge(pathlib.Path(settings.workdir), written(tmp_path / "large", size=16))


def test_both_names_are_asked_for():
    with pytest.raises(errors.UserError, match="--run=FOLDER and --dataset=NAME"):
        evaluate.main(["evaluate", "--run=somewhere"])
