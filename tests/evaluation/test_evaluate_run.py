"""Whole judgments of tiny runs, by the program."""

import dataclasses
import json
import shutil

import keras
import pytest
import tensorflow as tf
from PIL import Image

from tf_ssgan import judge
from tf_ssgan.common import errors, files
from tf_ssgan.evaluation import evaluate_run, inception, options, reference_network
from tf_ssgan.training import build, workdir

WORDS = ["--images=120", "--minutes=0.1"]
FIGURES = {"judged_classes.png", "judged_interpolations.png", "judged_tsne.png"}


def judged(capsys, run, *words):
    judge.main(["judge", f"--run={run}", *WORDS, *words])
    result = json.loads((run / "result.json").read_text())
    return result, capsys.readouterr().out


@pytest.fixture
def copied(make_run, tmp_path):
    """A function method -> a copy of its run, to be written into."""

    def copy(method):
        return shutil.copytree(make_run(method), tmp_path / method)

    return copy


def test_a_run_is_judged_beside_another_one(copied, capsys):
    run, other = copied("frgan"), copied("acgan")
    before = json.loads((run / "result.json").read_text())
    result, text = judged(capsys, run, f"--against={other}")
    found = result.pop("judged")
    assert result == before
    assert found["step"] == 2
    (scores,) = found["scores"]
    assert scores["images"] == {"generated": 120, "test": 60, "training": 90}
    assert scores["stamp"]["judge"] == "small_cnn/1" and scores["stamp"]["classes"][0] == "dark"
    assert 1 <= scores["inception_score"]["mean"] <= 3
    assert set(found["clusters"]["sets"]) == {"real", "generated", "against"}
    assert found["answers"][0]["against"]["run"] == str(other)
    assert FIGURES <= {path.name for path in run.iterdir()}
    for name in FIGURES:
        assert Image.open(run / name).format == "PNG"
    assert not (run / "judged_truncation.png").exists()  # its latents are uniform
    assert "McNemar" in text and "nothing to compare" in text
    assert not (other / "judged_tsne.png").exists()


@pytest.fixture(scope="module")
def before(make_run, apart, tmp_path_factory):
    """A run of acgan that was judged, to be read or copied, and its result."""
    run = shutil.copytree(make_run("acgan"), tmp_path_factory.mktemp("judged") / "acgan")
    with pytest.MonkeyPatch.context() as patch:
        apart(patch)
        judge.main(["judge", f"--run={run}", *WORDS])
    return run, json.loads((run / "result.json").read_text())


def test_scores_of_two_runs_by_one_judge_are_told_together(copied, capsys, before):
    run, (other, theirs) = copied("frgan"), before
    mine, text = judged(capsys, run, f"--against={other}")
    stamps = [result["judged"]["scores"][0]["stamp"] for result in (theirs, mine)]
    assert stamps[0] == stamps[1]
    assert f"{theirs['judged']['scores'][0]['frechet_distance']:.4g}" in text
    assert "nothing to compare" not in text


def test_the_same_judgment_again_gives_the_same_numbers(before, tmp_path, capsys):
    run, first = before
    again, _ = judged(capsys, shutil.copytree(run, tmp_path / "acgan"))
    assert again == first


def test_tensorboard_gets_scores_and_figures(before):
    run, result = before
    assert Image.open(run / "judged_truncation.png").format == "PNG"
    tags = set()
    for path in (run / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags |= {value.tag for value in event.summary.value}
    weights = result["judged"]["scores"][0]["stamp"]["weights_sha256"]
    assert {"judged/classes", "judged/interpolations", "judged/tsne"} <= tags
    assert f"judged/frechet_distance_{weights}" in tags


def test_without_a_generator_the_rest_is_done_and_told(copied, capsys, make_run):
    run = copied("supervised")
    result, text = judged(capsys, run, f"--against={make_run('acgan')}")
    assert result["judged"]["scores"] == []
    assert set(result["judged"]["clusters"]["sets"]) == {"real", "against"}
    assert "supervised has no generator: scores, samples and interpolations are left out." in text
    assert {path.name for path in run.glob("judged_*.png")} == {"judged_tsne.png"}


def test_a_run_without_generator_in_the_second_place_is_told(copied, capsys, make_run):
    result, text = judged(capsys, copied("acgan"), f"--against={make_run('supervised')}")
    assert set(result["judged"]["clusters"]["sets"]) == {"real", "generated"}
    assert "supervised has no generator: it is in no figure." in text


def test_too_few_images_for_a_figure_are_told(copied, capsys):
    result, text = judged(capsys, copied("supervised"))
    assert "clusters" not in result["judged"]
    assert "A t-SNE takes at least 100 images" in text


@pytest.fixture
def whole(make_run):
    """A function change, **flags -> what is found of a run of acgan that `change` was done to."""

    def judge(change, **given):
        run = build.reopen(make_run("acgan"))
        change(run)
        wish = options.EvaluateOptions(run=str(run.workdir), images=120, minutes=0.1, **given)
        return evaluate_run._Judgment(wish, [run]).whole()

    return judge


def test_too_few_images_for_scores_are_told(whole):
    def cut(run):
        run.arrays = dataclasses.replace(
            run.arrays,
            test_images=run.arrays.test_images[:9],
            test_labels=run.arrays.test_labels[:9],
        )

    found = whole(cut)
    assert found.judged["scores"] == [] and "judged_classes.png" in found.pictures
    assert "Scores take at least 10 training and test images: left out." in found.left_out


def test_a_classifier_without_features_is_laid_out_by_the_judge(whole):
    def silence(run):
        shipped = run.method.exported_classifier
        run.method.exported_classifier = keras.Model(
            shipped.input, {"logits": shipped.output["logits"]}
        )

    found = whole(silence).judged["clusters"]
    assert found["features"].startswith("the features of small_cnn/1, weights ")


def test_inception_is_a_second_judge(whole, bright, monkeypatch):
    silent = keras.Model(bright.network.input, {"features": bright.network.output["features"]})
    second = reference_network.ReferenceNetwork(silent, bright.stamp | {"top": False})
    monkeypatch.setattr(inception, "inception_network", lambda file, shape: second)
    found = whole(lambda run: None, inception="w.h5")
    assert [scores["stamp"]["judge"] for scores in found.judged["scores"]] == [
        "small_cnn/1", "brightness",
    ]  # fmt: skip
    assert "inception_score" not in found.judged["scores"][1]
    told = "w.h5 holds no top, so names no classes: its Inception Score is left out."
    assert told in found.left_out


def test_mistakes_in_weights_are_told_before_a_judge_is_trained(whole, monkeypatch, tmp_path):
    def refuse(file, shape):
        raise errors.UserError("no weights")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(inception, "inception_network", refuse)
    with pytest.raises(errors.UserError, match="no weights"):
        whole(lambda run: None, inception="w.h5")
    assert not list(tmp_path.iterdir())


def test_a_run_of_other_classes_is_refused(make_run):
    wish = options.EvaluateOptions(
        run=str(make_run("supervised")), against=str(make_run("supervised", dataset="digits"))
    )
    with pytest.raises(errors.UserError, match=r"--against=.* has images \(16, 16, 1\) of 10"):
        evaluate_run.evaluate(wish)


def test_a_run_that_is_being_trained_is_left_alone(make_run):
    run = make_run("supervised")
    with workdir.locked(run), pytest.raises(errors.UserError, match="Another process"):
        evaluate_run.evaluate(options.EvaluateOptions(run=str(run)))


def test_a_folder_that_cannot_be_written_is_told_and_the_result_is_whole(copied, monkeypatch):
    run = copied("acgan")
    before = (run / "result.json").read_text()

    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(errors.UserError, match="No space left on device"):
        evaluate_run.evaluate(options.EvaluateOptions(run=str(run), images=120, minutes=0.1))
    assert (run / "result.json").read_text() == before
