"""Own pictures from a folder to the report: what is shown is computed again by scikit-learn."""

import html
import importlib.util
import json
import math
import pathlib
import re

import numpy as np
import pytest
from PIL import Image
from sklearn import dummy, linear_model, metrics, pipeline, preprocessing
from support.wilson import wilson

import tf_ssgan
from tf_ssgan import report
from tf_ssgan.data import datasets
from tf_ssgan.training import summary

pytestmark = pytest.mark.xdist_group("own numbers")

ROOT = pathlib.Path(__file__).parents[2]
CLASSES = ("3", "7", "8")
LABELS = (2, 10, 40)  # 1:5:20


def read(folder):
    """Images and labels of a folder of classes, as a person would read them."""
    files = sorted(folder.rglob("*.png"))
    images = np.stack([np.asarray(Image.open(path)) for path in files])[..., None]
    return images, np.array([CLASSES.index(path.parent.name) for path in files])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """An imbalanced folder, two runs on it, their summaries and the report."""
    here = tmp_path_factory.mktemp("own")
    program = ROOT / "examples" / "own_images" / "from_dataset.py"
    spec = importlib.util.spec_from_file_location("from_dataset", program)
    from_dataset = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(from_dataset)
    arrays = datasets.find("digits").load(datasets.ImageSpec())
    from_dataset.write(here / "digits", arrays, CLASSES, LABELS, unlabeled=100, test=120)
    results = {}
    for method, flags in {
        "supervised": {},
        "fixmatch": {"unlabeled_ratio": 1, "depth": 10},
    }.items():
        results[method] = tf_ssgan.train(
            method, f"folder:{here / 'digits'}", max_steps=12, width=16, batch_size=16,
            workdir=str(here / "runs" / method), precision="float32", **flags,
        )  # fmt: skip
    report.main(["report", str(here / "runs"), f"--to={here / 'report'}"])
    return here, results


@pytest.fixture(params=["supervised", "fixmatch"])
def measured(request, own):
    """A method, its result, the words of its summary, and the right and its own answers."""
    here, results = own
    folder = here / "runs" / request.param
    images, labels = read(here / "digits" / "test")
    predicted = tf_ssgan.load(folder).predict(images).argmax(axis=-1)
    result = json.loads((folder / "result.json").read_text())
    assert result == results[request.param]
    lines = [" ".join(line.split()) for line in summary.format_summary(result, "r").splitlines()]
    return request.param, result, lines, labels, predicted


def page(here):
    """The words of the report's page, without its marks."""
    text = (here / "report" / "report.html").read_text()
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_error_and_its_interval(own, measured):
    method, result, lines, labels, predicted = measured
    wrong = int(metrics.zero_one_loss(labels, predicted, normalize=False))
    low, high = wilson(wrong, 120)
    assert result["test_error"] == pytest.approx(100 * wrong / 120)
    assert result["test_error_interval"] == pytest.approx([low, high])
    shown = f"test_error {100 * wrong / 120:.2f} % 120 {low:.1f} to {high:.1f} %"
    assert any(line.startswith(shown) for line in lines)
    words, markdown = page(own[0]), (own[0] / "report" / "report.md").read_text()
    markdown = markdown.replace("\\", "")
    for digits in (1, 2):  # as many as the table needs
        number = f"{100 * wrong / 120:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
        if number in words:
            assert number in markdown
            break
    else:
        pytest.fail(f"{method}: {number} is not in the report")


def test_recall_of_each_class(own, measured):
    method, result, lines, labels, predicted = measured
    table = metrics.confusion_matrix(labels, predicted, labels=range(3))
    recall = metrics.recall_score(labels, predicted, average=None, zero_division=0)
    assert [kind["right"] for kind in result["class_recall"]] == np.diag(table).tolist()
    assert [kind["images"] for kind in result["class_recall"]] == table.sum(axis=1).tolist()
    assert [kind["predicted"] for kind in result["class_recall"]] == table.sum(axis=0).tolist()
    for k, name in enumerate(CLASSES):
        right, images = table[k, k], table[k].sum()
        shown = f"{name} {100 * recall[k]:.2f} % {right} of {images} ({LABELS[k]} labels)"
        assert shown in lines
    never = [CLASSES[k] for k in np.flatnonzero(table.sum(axis=0) == 0)]
    said = f"None of 120 test images is predicted as {' or '.join(never)}."
    assert (said in lines) is bool(never)


def test_guessing(own, measured):
    _, result, lines, labels, _ = measured
    nothing = np.zeros((120, 1))
    guess = dummy.DummyClassifier(strategy="most_frequent").fit(nothing, labels)
    wrong = round(120 * (1 - guess.score(nothing, labels)))
    name, (low, high) = CLASSES[guess.predict(nothing[:1])[0]], wilson(wrong, 120)
    assert result["guessing"] == {
        "name": name,
        "error": pytest.approx(100 * wrong / 120),
        "interval": pytest.approx([low, high]),
    }
    shown = f"guessing {100 * wrong / 120:.2f} % 120 {low:.1f} to {high:.1f} %"
    assert f"{shown} (always answers {name})" in lines
    assert "always the commonest class" in page(own[0])


def test_the_linear_classifier_and_the_verdict_on_it(own, measured):
    method, result, lines, labels, predicted = measured
    (learned, known), (images, _) = (read(own[0] / "digits" / part) for part in ("labeled", "test"))
    flat = [part.reshape(len(part), -1) / 255.0 for part in (learned, images)]
    spread = flat[0].std(axis=0)
    least = 0.3 * spread.mean()  # a margin that never varies does not decide
    flat = [(part - flat[0].mean(axis=0)) / np.maximum(spread, least) for part in flat]
    model = linear_model.LogisticRegression(C=30 / 256, tol=1e-6, max_iter=1000)
    its = model.fit(flat[0], known).predict(flat[1])
    wrong = int((its != labels).sum())
    only_run = int(((predicted == labels) & (its != labels)).sum())
    only_its = int(((predicted != labels) & (its == labels)).sum())
    tail = sum(math.comb(only_run + only_its, k) for k in range(min(only_run, only_its) + 1))
    p = min(1.0, 2 * tail / 2 ** (only_run + only_its))
    linear = result["linear"]
    assert linear["error"] == pytest.approx(100 * wrong / 120)
    assert (linear["only_run_right"], linear["only_linear_right"]) == (only_run, only_its)
    assert linear["p"] == pytest.approx(p)
    low, high = wilson(wrong, 120)
    shown = f"linear classifier {100 * wrong / 120:.2f} % 120 {low:.1f} to {high:.1f} %"
    assert any(line.startswith(shown) for line in lines)
    words = "beats" if p < 0.05 else "is not told apart from"
    if only_run <= only_its:
        words = "does not beat"
    assert any(f"{method} {words} the linear classifier" in line for line in lines)
    assert re.search(rf"{method} {words.replace(' from', '')}", page(own[0]))


def test_a_plain_linear_classifier_is_no_better(own):
    """The one that is shown is not made weak to be beaten."""
    here, results = own
    (learned, known), (images, labels) = (
        read(here / "digits" / part) for part in ("labeled", "test")
    )
    flat = [part.reshape(len(part), -1) for part in (learned, images)]
    usual = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(max_iter=1000)
    )
    error = 100 * (1 - usual.fit(flat[0], known).score(flat[1], labels))
    assert results["supervised"]["linear"]["error"] <= error + 5.0


def test_numbers_of_the_split(own):
    here, results = own
    protocol = json.loads((here / "runs/supervised/protocol.json").read_text())
    assert protocol["sizes"]["labeled"] == sum(LABELS)
    assert np.bincount(protocol["labels"]).tolist() == list(LABELS)
    assert results["supervised"]["validation_images"] == 0
    assert results["fixmatch"]["linear"]["error"] == results["supervised"]["linear"]["error"]
