"""Two classifiers on the same images."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.evaluation import classifier_comparison, judging_sets, learned_images
from tf_ssgan.metrics import binomial, linear_baseline, significance
from tf_ssgan.training import build


@pytest.fixture(scope="module")
def pair(make_run):
    return [build.reopen(make_run("frgan")), build.reopen(make_run("supervised"))]


def write(folder, classes=3, size=8, count=40, seed=7):
    folder.mkdir()
    for name, part in (("train", 100), ("test", 0)):
        pixels, labels = toy_methods.images(count, size, seed + part)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels % classes)
    (folder / "classes.txt").write_text("\n".join(("dark", "gray", "light")[:classes]) + "\n")
    return f"npz:{folder}"


def right(run, images, labels):
    network = run.method.exported_classifier
    return (
        network(toy_methods.centered(images), training=False)["logits"].numpy().argmax(1) == labels
    )


def test_both_are_evaluated_on_every_test_image(pair):
    arrays = pair[0].arrays
    (entry,) = classifier_comparison.compare(pair)
    both = [right(run, arrays.test_images, arrays.test_labels) for run in pair]
    expected = significance.mcnemar(*both)
    assert entry["images"] == 60 and "drop" not in entry
    assert entry["test_error"] == pytest.approx(100 * (1 - both[0].mean()))
    assert entry["against"]["test_error"] == pytest.approx(100 * (1 - both[1].mean()))
    counts = [entry["against"][name] for name in ("both", "only_first", "only_second", "neither")]
    assert counts == [expected.both, expected.only_first, expected.only_second, expected.neither]
    assert sum(counts) == 60 and entry["against"]["p"] == expected.p
    assert entry["against"]["run"] == str(pair[1].workdir)


def test_the_drop_to_another_data_set_is_measured(pair, tmp_path):
    own, other = classifier_comparison.compare(pair, datasets.find(write(tmp_path / "other")))
    assert other["images"] == 40
    assert other["drop"] == pytest.approx(other["test_error"] - own["test_error"])
    theirs = other["against"], own["against"]
    assert theirs[0]["drop"] == pytest.approx(theirs[0]["test_error"] - theirs[1]["test_error"])


def test_a_single_run_has_a_standard_error_and_no_comparison(pair):
    (entry,) = classifier_comparison.compare(pair[:1])
    assert "against" not in entry
    share = entry["test_error"] / 100
    assert entry["standard_error"] == pytest.approx(100 * binomial.standard_error(share, 60))


def test_runs_with_other_test_images_are_not_compared_on_them(pair, make_run, tmp_path):
    name = write(tmp_path / "moved", seed=8)
    stranger = build.reopen(make_run("supervised", dataset=name))
    assert not classifier_comparison.same_test_images(pair[0], stranger)
    own, other = classifier_comparison.compare(
        [pair[0], stranger], datasets.find(write(tmp_path / "other"))
    )
    assert "against" not in own and other["against"]["run"] == str(stranger.workdir)


def test_images_of_another_size_are_refused(pair, tmp_path):
    with pytest.raises(
        errors.UserError, match=r"images \(16, 16, 1\), the run learned \(8, 8, 1\)"
    ):
        classifier_comparison.compare(pair, datasets.find(write(tmp_path / "large", size=16)))


def test_fewer_classes_are_matched_by_name(pair, tmp_path):
    name = write(tmp_path / "two", classes=2)
    (tmp_path / "two" / "classes.txt").write_text("light\nDARK\n")
    judged = judging_sets.load_judging(datasets.find(name), pair[0])
    with np.load(tmp_path / "two" / "test.npz") as archive:
        assert judged.labels.tolist() == [(2, 0)[label] for label in archive["label"]]
    assert judged.notes == (f"The class 'DARK' of {name} is read as the run's class 'dark'.",)
    _, entry = classifier_comparison.compare(pair, datasets.find(name))
    assert entry["classes_without_test_images"] == ["gray"] and entry["images"] == 40


def test_classes_that_the_run_does_not_know_are_refused(pair, tmp_path):
    name = write(tmp_path / "other")
    (tmp_path / "other" / "classes.txt").write_text("dark\ngrey\npink\n")
    with pytest.raises(errors.UserError) as caught:
        classifier_comparison.compare(pair, datasets.find(name))
    message = str(caught.value)
    assert "has images of 'grey', 'pink', which the run does not know" in message
    assert "it learned 'dark', 'gray', 'light'. Did you mean 'gray' by 'grey'?" in message


def test_one_archive_is_enough_to_judge(pair, tmp_path):
    name = write(tmp_path / "tests")
    (tmp_path / "tests" / "train.npz").unlink()
    _, entry = classifier_comparison.compare(pair, datasets.find(name))
    assert (entry["part"], entry["images"]) == ("test", 40)
    name = write(tmp_path / "labeled")
    (tmp_path / "labeled" / "test.npz").unlink()
    _, entry = classifier_comparison.compare(pair, datasets.find(name))
    assert (entry["part"], entry["images"]) == ("labeled", 40)


def test_training_images_among_those_that_judge_are_left_out(pair, tmp_path):
    name = write(tmp_path / "mixed")
    path = tmp_path / "mixed" / "test.npz"
    with np.load(path) as archive:
        pixels, labels = archive["image"].copy(), archive["label"]
    arrays, ids = pair[0].arrays, pair[0].protocol.labeled_ids[:7]
    pixels[:7] = arrays.train_images[ids]
    np.savez(path, image=pixels, label=labels)
    _, entry = classifier_comparison.compare(pair, datasets.find(name))
    moved = int((pair[0].protocol.labels[:7] != labels[:7]).sum())
    assert entry["left_out"] == {"labeled": 7, "unlabeled": 0, "held_out": 0, "relabeled": moved}
    both = [right(run, pixels[7:], labels[7:]) for run in pair]
    assert entry["images"] == 33
    assert entry["test_error"] == pytest.approx(100 * (1 - both[0].mean()))
    assert entry["against"]["both"] == (both[0] & both[1]).sum()
    own, other = classifier_comparison.compare(pair, datasets.find(write(tmp_path / "new")))
    assert not any(own["left_out"].values()) and not any(other["left_out"].values())
    assert own["own"] and not other["own"] and other["own_test_images"] == 0


def test_the_runs_own_data_by_another_name_are_judged_by_its_test_images(pair, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(pair[0].config.dataset.removeprefix("npz:"))
    (entry,) = classifier_comparison.compare(pair, datasets.find(f"npz:{link}"))
    assert (entry["dataset"], entry["images"]) == (pair[0].config.dataset, 60)
    assert "drop" not in entry and entry["own"]


@pytest.fixture(scope="module")
def single(make_run):
    """A supervised run, and what its result.json holds."""
    folder = make_run("supervised")
    return build.reopen(folder), json.loads((folder / "result.json").read_text())


def test_the_runs_own_data_set_gives_the_errors_in_its_result(single):
    run, result = single
    (entry,) = classifier_comparison.compare([run], datasets.find(run.config.dataset))
    assert entry["test_error"] == pytest.approx(result["test_error"])
    assert entry["test_error_raw"] == pytest.approx(result["test_error_raw"])
    assert entry["images"] == 60 and "drop" not in entry


def test_another_data_set_gives_all_quality_metrics_at_the_runs_temperature(single):
    run, result = single
    (entry,) = classifier_comparison.compare([run], datasets.find(run.config.dataset))
    assert entry["temperature"] == result["temperature"] == 1.0  # nine held-out images fit none
    names = [name for name in entry if name.startswith(("average", "top", "expected", "brier"))]
    assert len(names) == 9
    assert [entry[name] for name in names] == pytest.approx([result[name] for name in names])


def test_quality_metrics_are_those_of_the_other_images_only(single, tmp_path):
    own, other = classifier_comparison.compare(
        [single[0]], datasets.find(write(tmp_path / "other"))
    )
    assert "test_error_raw" not in own and "temperature" not in own
    assert other["top1_accuracy"] == pytest.approx(100 - other["test_error"])


def test_without_a_temperature_of_these_weights_it_is_fitted_again(single, tmp_path):
    """It is fitted on the run's validation images, never on those that are evaluated."""
    _, original = single
    entry = evaluated_with(single, tmp_path, steps=1, temperature=9.0)
    assert entry["temperature"] == pytest.approx(original["temperature"])


def test_the_temperature_in_the_result_is_taken(single, tmp_path):
    entry = evaluated_with(single, tmp_path, temperature=9.0)
    assert entry["temperature"] == 9.0


def evaluated_with(single, tmp_path, temperature, **changed):
    """The entry of another data set for a copy of the run with another result."""
    return entries_with(single, tmp_path, temperature, **changed)[1]


def entries_with(single, tmp_path, temperature, **changed):
    """The entries of the own and of another data set."""
    run, original = single
    folder = shutil.copytree(run.workdir.path, tmp_path / "run")
    fitted = original["calibration"] | {"temperature": temperature}
    result = (
        original | {"temperature": temperature, "calibration": fitted | {"images": 100}} | changed
    )
    (folder / "result.json").write_text(json.dumps(result))
    run = build.reopen(pathlib.Path(folder))
    return classifier_comparison.compare([run], datasets.find(write(tmp_path / "other")))


def test_own_test_images_that_the_run_knows_are_left_out_if_others_are_evaluated(
    single, tmp_path, monkeypatch, capsys
):
    run, _ = single
    every = learned_images.Sorted(np.full(60, learned_images.LABELED))
    sort_out = learned_images.sort_out
    monkeypatch.setattr(
        learned_images,
        "sort_out",
        lambda runs, images, labels: every if len(labels) == 60 else sort_out(runs, images, labels),
    )
    with pytest.raises(errors.UserError, match="Nothing is left to judge by: the run knows all 60"):
        classifier_comparison.compare([run])
    assert classifier_comparison.compare([run], required=False) == []  # its generator is
    (entry,) = classifier_comparison.compare([run], datasets.find(write(tmp_path / "other")))
    assert entry["images"] == 40 and "drop" not in entry
    assert capsys.readouterr().out.count("own test images are left out: Nothing is left") == 2


def test_a_linear_classifier_of_the_same_labels_stands_beside_every_error(single, tmp_path):
    run, original = single
    own, other = entries_with(single, tmp_path, temperature=1.0)
    assert own["linear"] == original["linear"]
    images, labels = toy_methods.images(40, 8, 7)
    learned = run.protocol
    answers = linear_baseline.learn_and_answer(
        run.arrays.train_images, learned.labeled_ids, learned.labels, images
    )
    its, ours = answers.predicted == labels % 3, right(run, images, labels % 3)
    assert other["linear"]["error"] == pytest.approx(100 * (1 - its.mean()))
    assert other["linear"]["only_run_right"] == (ours & ~its).sum()
    assert other["linear"]["only_linear_right"] == (its & ~ours).sum()
