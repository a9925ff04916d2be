"""Whole evaluations of tiny runs, by the program."""

import dataclasses
import json
import shutil
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_ssgan import evaluate
from tf_ssgan.common import errors, files
from tf_ssgan.core.sampler import Sampler
from tf_ssgan.evaluation import (
    evaluate_run,
    figures,
    inception,
    options,
    reference_classifier,
    reference_network,
    sampling,
    tsne,
)
from tf_ssgan.training import build
from tf_ssgan.training.workdir import Workdir

FAST = ["--images=120", "--minutes=0.1"]
FIGURES = {"evaluation_classes.png", "evaluation_interpolations.png", "evaluation_tsne.png"}


def evaluated(capsys, run, *flags):
    """What evaluation.json holds afterwards, and what was printed."""
    evaluate.main(["evaluate", f"--run={run}", *FAST, *flags])
    return read(run), capsys.readouterr().out


def read(run):
    return json.loads((run / "evaluation.json").read_text())


@pytest.fixture
def copy_run(make_run, tmp_path):
    """A function method -> a copy of its run, to be written into."""

    def copy(method):
        return shutil.copytree(make_run(method), tmp_path / method)

    return copy


def test_a_generator_is_evaluated_beside_another_one(copy_run, capsys):
    run, other = copy_run("frgan"), copy_run("acgan")
    result = (run / "result.json").read_text()
    measured, text = evaluated(capsys, run, "--generator", f"--against={other}")
    assert (run / "result.json").read_text() == result
    assert measured["step"] == 2
    (scores,) = measured["generator_scores"]
    numbers = {"generated": 120, "test": 60, "inception_score": 60, "distances": 90}
    assert scores["images"] == numbers
    fingerprint = scores["fingerprint"]
    assert fingerprint["network"] == "small_cnn/1" and fingerprint["classes"][0] == "dark"
    assert 1 <= scores["inception_score"]["mean"] <= 3
    assert set(measured["clusters"]["sets"]) == {"real", "generated", "against"}
    assert measured["test_sets"][0]["against"]["run"] == str(other)
    assert FIGURES <= {path.name for path in run.iterdir()}
    for name in FIGURES:
        assert Image.open(run / name).format == "PNG"
    assert not (run / "evaluation_truncation.png").exists()  # its latents are uniform
    assert "McNemar" in text and "nothing to compare" in text
    points = {name: own["points"] for name, own in measured["clusters"]["sets"].items()}
    few = (f"generated has {points['generated']} images, real 60, because fewer than 20 of some "
           "classes are among the 120 generated images. Classes")  # fmt: skip
    assert points["generated"] < points["real"] == 60 and few in text
    assert not (other / "evaluation_tsne.png").exists()


@pytest.fixture(scope="module")
def before(make_run, use_test_cache, tmp_path_factory):
    """A run of acgan whose generator was evaluated, to be read or copied, and its evaluation."""
    run = shutil.copytree(make_run("acgan"), tmp_path_factory.mktemp("evaluated") / "acgan")
    with pytest.MonkeyPatch.context() as patch:
        use_test_cache(patch)
        evaluate.main(["evaluate", f"--run={run}", "--generator", *FAST])
    return run, read(run)


def test_scores_of_two_runs_by_one_network_are_printed_together(copy_run, capsys, before):
    run, (other, theirs) = copy_run("frgan"), before
    mine, text = evaluated(capsys, run, "--generator", f"--against={other}")
    scores = [measured["generator_scores"][0] for measured in (theirs, mine)]
    assert scores[0]["fingerprint"] == scores[1]["fingerprint"]
    assert f"{scores[0]['frechet_distance']:.4g}" in text
    assert "nothing to compare" not in text


def test_the_same_evaluation_again_gives_the_same_numbers(before, tmp_path, capsys):
    run, first = before
    again, _ = evaluated(capsys, shutil.copytree(run, tmp_path / "acgan"), "--generator")
    assert again == first


def test_tensorboard_gets_scores_and_figures(before):
    run, measured = before
    assert Image.open(run / "evaluation_truncation.png").format == "PNG"
    tags = set()
    for path in (run / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags |= {value.tag for value in event.summary.value}
    weights = measured["generator_scores"][0]["fingerprint"]["weights_sha256"]
    assert {"evaluation/classes", "evaluation/interpolations", "evaluation/tsne"} <= tags
    assert f"evaluation/frechet_distance_{weights}" in tags


def test_what_one_evaluation_measured_stays_beside_the_next(before, tmp_path, capsys, squares):
    run = shutil.copytree(before[0], tmp_path / "acgan")
    measured, text = evaluated(capsys, run, f"--dataset={squares}")
    assert measured["generator_scores"] == before[1]["generator_scores"]
    assert measured["clusters"] == before[1]["clusters"]
    (entry,) = measured["test_sets"]  # the run's own data set, evaluated again
    assert "test_error_raw" in entry and f"60 test images of {squares}" in text
    assert "evaluation.json\n" in text  # there are no figures
    assert (run / "evaluation_tsne.png").exists()


def test_an_evaluation_of_earlier_weights_goes_with_its_figures(before, tmp_path, capsys, squares):
    run = shutil.copytree(before[0], tmp_path / "acgan")
    (run / "evaluation.json").write_text(json.dumps(before[1] | {"step": 1}))
    (run / "evaluation_mine.png").write_text("mine")
    measured, _ = evaluated(capsys, run, f"--dataset={squares}")
    assert measured["generator_scores"] == [] and "clusters" not in measured
    assert [path.name for path in run.glob("evaluation_*.png")] == ["evaluation_mine.png"]


def test_without_the_flag_no_reference_network_is_trained(copy_run, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run, other = copy_run("acgan"), copy_run("frgan")
    measured, text = evaluated(capsys, run, f"--against={other}")
    assert measured["test_sets"][0]["against"]["run"] == str(other) and "McNemar" in text
    assert measured["generator_scores"] == [] and not list(run.glob("evaluation_*.png"))
    assert "no generator" not in text and not (tmp_path / "cache").exists()


def test_real_images_have_the_same_distances_alone_and_beside_generated_ones(evaluate_with_real):
    """Alone, beside one and beside two sets of generated images, by the reference classifier."""
    alone, one, two = (evaluate_with_real(*names) for names in ((), ("a",), ("a", "b")))
    for space in ("points", "distance", "pca"):
        assert alone["real"][space] == one["real"][space] == two["real"][space]
        assert two["a"][space] == one["a"][space]
    assert alone["real"]["tsne"] != one["real"]["tsne"]  # the picture is another
    assert alone["real"]["points"] == 120 and alone["real"]["distance"]["mean"] > 0


@pytest.fixture
def evaluate_with_real(arrays):
    """A function names -> metrics of real images and of noise by the reference classifier."""
    reference = reference_classifier.reference_classifier(arrays, "squares", 0.1)
    random = np.random.default_rng(0)
    images = {"real": np.concatenate([arrays.test_images] * 2)}
    images |= {name: random.integers(0, 256, (120, 8, 8, 1), np.uint8) for name in "ab"}
    labels = np.concatenate([arrays.test_labels] * 2)

    def measure(*names):
        features = {
            name: reference_network.outputs(reference.network, images[name])["features"]
            for name in ("real", *names)
        }
        embedded = tsne.embed({name: (own, labels) for name, own in features.items()})
        return {name: embedding.metrics() for name, embedding in embedded.items()}

    return measure


def test_without_a_generator_the_rest_is_done_and_reported(copy_run, capsys, make_run):
    run = copy_run("supervised")
    measured, text = evaluated(capsys, run, "--generator", f"--against={make_run('acgan')}")
    assert measured["generator_scores"] == []
    assert set(measured["clusters"]["sets"]) == {"real", "against"}
    assert "supervised has no generator: scores, samples and interpolations are left out." in text
    assert {path.name for path in run.glob("evaluation_*.png")} == {"evaluation_tsne.png"}


def test_a_second_run_without_a_generator_is_reported(copy_run, capsys, make_run):
    other = make_run("supervised")
    measured, text = evaluated(capsys, copy_run("acgan"), "--generator", f"--against={other}")
    assert set(measured["clusters"]["sets"]) == {"real", "generated"}
    assert "supervised has no generator: it appears in no figure." in text


def test_too_few_images_for_a_figure_are_reported(copy_run, capsys):
    measured, text = evaluated(capsys, copy_run("supervised"), "--generator")
    assert "clusters" not in measured
    assert "A t-SNE needs at least 100 images" in text


@pytest.fixture
def evaluate_changed(make_run):
    """A function change, **options -> the evaluation of an acgan run that `change` was applied to."""

    def run_it(change, **given):
        run = build.reopen(make_run("acgan"))
        change(run)
        chosen = options.EvaluateOptions(
            run=str(run.workdir), generator=True, images=120, minutes=0.1, **given
        )
        return evaluate_run._Evaluation(chosen, [run]).whole()

    return run_it


def test_too_few_images_for_scores_are_reported(evaluate_changed):
    def cut(run):
        run._arrays = dataclasses.replace(
            run.arrays,
            test_images=run.arrays.test_images[:9],
            test_labels=run.arrays.test_labels[:9],
        )

    result = evaluate_changed(cut)
    assert result.measured["generator_scores"] == []
    assert "evaluation_classes.png" in result.figures
    assert "Scores need at least 10 training and test images: they are left out." in result.left_out


def test_the_t_sne_is_by_the_features_of_the_reference_classifier(evaluate_changed):
    def without_features(run):
        exported = run.method.exported_classifier
        run.method.exported_classifier = keras.Model(
            exported.input, {"logits": exported.output["logits"]}
        )

    clusters = evaluate_changed(without_features).measured["clusters"]
    assert clusters["features"].startswith("the features of small_cnn/1, weights ")


@pytest.mark.parametrize(
    "images, cause",
    [
        (200, "because --images=200 generates no more."),
        (490, "because fewer than 49 of some classes are among the 490 generated images."),
    ],
)
def test_the_cause_of_a_small_set_is_the_true_one(make_run, images, cause):
    """Of digits, 49 images of each class are compared."""
    chosen = options.EvaluateOptions(run="r", images=images)
    evaluation = evaluate_run._Evaluation(chosen, [build.reopen(make_run("acgan"))])
    evaluation.names = tuple("0123456789")
    many = np.arange(490) % 10
    evaluation._explain_small_sets({
        "real": sampling.Samples(np.zeros((490, 1)), many),
        "generated": sampling.Samples(np.zeros((190, 1)), many[:190]),
    })  # fmt: skip
    (text,) = evaluation.result.left_out
    assert f"generated has 190 images, real 490, {cause} Classes of few images look" in text


def drawn_rows(monkeypatch, kind, figure):
    """The rows of images of a figure, and the names of the rows.

    The generator of the given kind draws two pixels: the first of its latents, and its class or the
    first pixel of its image, both as they are. Latents are those of the places 0, 1, ... of the
    batch, uniform or normal; so are images and classes.
    """
    z, image, label = keras.Input((5,)), keras.Input((1, 2, 1)), keras.Input((), dtype="int64")
    other = {"near_images": image[:, 0, :1, 0], "conditional": label[:, None] / 10}
    pixel = keras.ops.cast(other.get(kind, z[:, 1:2]), "float32")
    pixels = keras.layers.Reshape((1, 2, 1))(keras.layers.Concatenate()([z[:, :1], pixel]))
    more = {"near_images": [image], "conditional": [label]}.get(kind, [])

    def inputs(rows):
        places = tf.range(rows)
        latents = tf.random.stateless_normal([rows, 5], [0, 3])
        latents = latents if figure == "truncations" else tf.clip_by_value(latents, -0.9, 0.9)
        images = tf.tile(tf.cast(places, tf.float32)[:, None, None, None] / 50, [1, 1, 2, 1])
        given = {"near_images": [images], "conditional": [tf.cast(places % 3, tf.int64)]}
        return [latents, *given.get(kind, [])]

    flag = {kind: True} if more else {}
    sampler = Sampler(keras.Model([z, *more], pixels), inputs, inputs, **flag)
    figures_drawn = []
    monkeypatch.setattr(
        figures,
        "image_rows",
        lambda images, names, labels, title: figures_drawn.append((images, names, list(labels))),
    )
    evaluation = object.__new__(evaluate_run._Evaluation)
    evaluation.run = types.SimpleNamespace(method=types.SimpleNamespace(sampler=lambda: sampler))
    evaluation.names, evaluation.options = ("a", "b", "c"), options.EvaluateOptions(run="r")
    evaluation.result = evaluate_run.EvaluationResult({})
    getattr(evaluation, f"_{figure}")()
    (drawn,) = figures_drawn
    return drawn


@pytest.mark.parametrize("kind", ["plain", "conditional", "near_images"])
def test_what_is_beside_the_latents_stays_the_same_along_an_interpolation(monkeypatch, kind):
    """That is the image of the row's start, or the class of the row; latents go to its end."""
    images, names, labels = drawn_rows(monkeypatch, kind, "interpolations")
    rows = evaluate_run.INTERPOLATIONS
    assert images.shape == (rows, figures.COLUMNS, 1, 2, 1)
    latents = np.clip(tf.random.stateless_normal([2 * rows, 5], [0, 3]), -0.9, 0.9)
    for column, ends in ((0, latents[:rows]), (-1, latents[rows:])):
        np.testing.assert_allclose(images[:, column, 0, 0, 0], 127.5 * ends[:, 0] + 127.5, atol=1)
    classes = np.arange(rows) % 3
    assert labels == (classes.tolist() if kind == "conditional" else [])
    given = {"conditional": classes / 10, "near_images": np.arange(rows) / 50}
    if kind in given:
        expected = np.tile(127.5 * given[kind][:, None] + 127.5, (1, figures.COLUMNS))
        np.testing.assert_allclose(images[:, :, 0, 1, 0], expected, atol=1)


@pytest.mark.parametrize("kind", ["plain", "conditional", "near_images"])
def test_what_is_beside_the_latents_stays_the_same_while_they_are_truncated(monkeypatch, kind):
    """A column has the image or the class of its latents in every row."""
    images, names, labels = drawn_rows(monkeypatch, kind, "truncations")
    taus, columns = evaluate_run.TAUS, figures.COLUMNS
    assert images.shape == (len(taus), columns, 1, 2, 1) and labels == list(range(len(taus)))
    z = tf.random.stateless_normal([columns, 5], [0, 3]).numpy()[:, 0]
    expected = np.clip([np.clip(z, -tau, tau) for tau in taus], -1, 1)
    np.testing.assert_allclose(images[:, :, 0, 0, 0], 127.5 * expected + 127.5, atol=1)
    given = {"conditional": np.arange(columns) % 3 / 10, "near_images": np.arange(columns) / 50}
    if kind in given:
        expected = np.tile(127.5 * given[kind] + 127.5, (len(taus), 1))
        np.testing.assert_allclose(images[:, :, 0, 1, 0], expected, atol=1)


def test_inception_is_a_second_reference_network(evaluate_changed, bright, monkeypatch):
    headless = keras.Model(bright.network.input, {"features": bright.network.output["features"]})
    second = reference_network.ReferenceNetwork(headless, bright.fingerprint | {"top": False})
    monkeypatch.setattr(inception, "inception_network", lambda file, shape: second)
    result = evaluate_changed(lambda run: None, inception="w.h5")
    scores = result.measured["generator_scores"]
    assert [one["fingerprint"]["network"] for one in scores] == ["small_cnn/1", "brightness"]
    assert "inception_score" not in scores[1]
    expected = "w.h5 has no top, so it predicts no classes: its Inception Score is left out."
    assert expected in result.left_out


def test_mistakes_in_weights_are_refused_before_a_network_is_trained(
    evaluate_changed, monkeypatch, tmp_path
):
    def refuse(file, shape):
        raise errors.UserError("no weights")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(inception, "inception_network", refuse)
    with pytest.raises(errors.UserError, match="no weights"):
        evaluate_changed(lambda run: None, inception="w.h5")
    assert not list(tmp_path.iterdir())


def test_a_run_of_other_classes_is_refused(make_run):
    chosen = options.EvaluateOptions(
        run=str(make_run("supervised")), against=str(make_run("supervised", dataset="digits"))
    )
    with pytest.raises(errors.UserError, match=r"--against=.* has images \(16, 16, 1\) of 10"):
        evaluate_run.evaluate(chosen)


def test_a_run_that_is_being_trained_is_left_alone(make_run):
    run = make_run("supervised")
    with Workdir(run).locked(), pytest.raises(errors.UserError, match="Another process"):
        evaluate_run.evaluate(options.EvaluateOptions(run=str(run)))


def test_a_full_disk_is_reported_and_the_evaluation_of_before_is_whole(
    before, tmp_path, monkeypatch
):
    run = shutil.copytree(before[0], tmp_path / "acgan")

    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "replace", full)
    chosen = options.EvaluateOptions(run=str(run), generator=True, images=120, minutes=0.1)
    with pytest.raises(errors.UserError, match="No space left on device"):
        evaluate_run.evaluate(chosen)
    assert read(run) == before[1]
