"""Two classifiers on the same images."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.evaluation import classifier_comparison
from tf_ssgan.metrics import significance
from tf_ssgan.training import build


@pytest.fixture(scope="module")
def pair(make_run):
    return [build.reopen(make_run("frgan")), build.reopen(make_run("supervised"))]


def write(folder, classes=3, size=8, count=40, seed=7):
    folder.mkdir()
    for name in ("train", "test"):
        pixels, labels = toy_methods.images(count, size, seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels % classes)
    (folder / "classes.txt").write_text("\n".join(("dark", "gray", "light")[:classes]) + "\n")
    return f"npz:{folder}"


def right(run, images, labels):
    network = run.method.exported_classifier
    return (
        network(toy_methods.centered(images), training=False)["logits"].numpy().argmax(1) == labels
    )


def test_each_is_asked_about_every_test_image(pair):
    arrays = pair[0].arrays
    (found,) = classifier_comparison.compare(pair, "", "")
    both = [right(run, arrays.test_images, arrays.test_labels) for run in pair]
    expected = significance.mcnemar(*both)
    assert found["images"] == 60 and "drop" not in found
    assert found["test_error"] == pytest.approx(100 * (1 - both[0].mean()))
    assert found["against"]["test_error"] == pytest.approx(100 * (1 - both[1].mean()))
    counted = [found["against"][name] for name in ("both", "only_first", "only_second", "neither")]
    assert counted == [expected.both, expected.only_first, expected.only_second, expected.neither]
    assert sum(counted) == 60 and found["against"]["p"] == expected.p
    assert found["against"]["run"] == str(pair[1].workdir)


def test_on_another_data_set_the_drop_is_told(pair, tmp_path):
    own, other = classifier_comparison.compare(pair, write(tmp_path / "other"), "")
    assert other["images"] == 40
    assert other["drop"] == pytest.approx(other["test_error"] - own["test_error"])
    theirs = other["against"], own["against"]
    assert theirs[0]["drop"] == pytest.approx(theirs[0]["test_error"] - theirs[1]["test_error"])


def test_a_run_alone_is_compared_with_nobody(pair):
    (found,) = classifier_comparison.compare(pair[:1], "", "")
    assert "against" not in found
    share = found["test_error"] / 100
    assert found["standard_error"] == pytest.approx(100 * (share * (1 - share) / 60) ** 0.5)


def test_runs_with_other_test_images_are_not_compared_on_them(pair, make_run, tmp_path):
    name = write(tmp_path / "moved", seed=8)
    stranger = build.reopen(make_run("supervised", dataset=name))
    assert not classifier_comparison.same_test_images(pair[0], stranger)
    own, other = classifier_comparison.compare([pair[0], stranger], write(tmp_path / "other"), "")
    assert "against" not in own and other["against"]["run"] == str(stranger.workdir)


def test_images_or_classes_unlike_the_runs_are_refused(pair, tmp_path):
    with pytest.raises(errors.UserError, match="of 2 classes .* the run learned .* of 3"):
        classifier_comparison.compare(pair, write(tmp_path / "two", classes=2), "")
    with pytest.raises(errors.UserError, match=r"images \(16, 16, 1\)"):
        classifier_comparison.compare(pair, write(tmp_path / "large", size=16), "")
