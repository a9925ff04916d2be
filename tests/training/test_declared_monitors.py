"""A method that is written here and nowhere else: what it declares is drawn, watched and exported.

It has no base but the contract, a decoder instead of a generator, and names of its own.
"""

import dataclasses
import math
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import toy_methods
from tensorboard.backend.event_processing import event_accumulator

from export import servable
from tf_ssgan import methods, report
from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.core.monitoring import Bound, ImagePairs, ImageRows, NoisyLabels, PseudoLabels
from tf_ssgan.core.sampler import Sampler
from tf_ssgan.core.task import Stream
from tf_ssgan.nn import losses
from tf_ssgan.training import build, config, loop, metrics_log, monitors, summary

NAME, LATENTS = "decoded", 4


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """Hyperparameters of the method."""

    certainty: float = option(0.3, "Probability of a confident prediction.", above=0, high=1)


class Method(method.Method):
    """A linear classifier, and a decoder that learns the mean image."""

    reports = ("supervised", "reconstruction")

    def setup(self):
        image, z = keras.Input(self.task.image_shape), keras.Input((LATENTS,))
        logits = keras.layers.Dense(self.task.classes)(keras.layers.Flatten()(image))
        self.classifier = keras.Model(image, {"logits": logits}, name="classifier")
        pixels = keras.layers.Dense(math.prod(self.task.image_shape), activation="tanh")(z)
        decoded = keras.layers.Reshape(self.task.image_shape)(pixels)
        self.decoder = keras.Model(z, decoded, name="decoder")
        both = [self.classifier, self.decoder]
        self.p = self.player("both", both, keras.optimizers.SGD(self.hp.learning_rate))

    def streams(self):
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": "plain"})}

    def sampler(self):
        return Sampler(self.decoder, self.latents, lambda rows: tf.eye(rows, LATENTS))

    def monitors(self):
        halved = ImagePairs("halved", lambda images: images / 2, examples=5)
        shades = ImageRows("tangents", self.shades, examples=3, titles=("x", "half"))
        noisy = NoisyLabels(lambda: np.arange(self.task.labeled) < 4)
        return halved, PseudoLabels(self.hp.certainty), shades, noisy, Bound(self.bound)

    def bound(self, images):
        """Of images around the mean image, as a Gaussian."""
        mean = self.decoder(tf.zeros([len(images), LATENTS]), training=False)
        return losses.gaussian_log_density(images, mean, tf.zeros([]), axes=3)

    def shades(self, images):
        return tf.stack([images, images / 2], axis=1)

    def latents(self, rows):
        return self.step_random().normal(rows, LATENTS)

    def train_step(self, batch):
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        with tf.GradientTape() as tape:
            supervised = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
            decoded = self.decoder(self.latents(x.shape[0]), training=True)
            reconstruction = tf.reduce_mean(tf.square(decoded - x))
            loss = supervised + reconstruction
        self.p.minimize(loss, tape)
        return self.end_step(supervised=supervised, reconstruction=reconstruction)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """The folder of a run of two evaluation intervals; the method is known in this module."""
    module = types.ModuleType(f"tf_ssgan.methods.{NAME}")
    module.HParams, module.Method, module.PAPER = HParams, Method, "Anonymous 2000"
    folder, names = tmp_path_factory.mktemp("declared"), (*methods.names(), NAME)
    for name, count, seed in (("train", 40, 0), ("test", 30, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        patch.setattr(methods, "names", lambda: names)
        patch.setattr(loop, "MIN_EVALUATION_INTERVAL", 2)
        settings = config.configure(
            NAME, f"npz:{folder}", labels=12, validation=0, batch_size=20, max_steps=4,
            learning_rate=0.01, precision="float32", workdir=str(folder / "run"),
            noise="wrong", noise_rate=0.25,
        )  # fmt: skip
        loop.run(settings)
        yield folder / "run"


def test_samples_pairs_and_rows_of_images_are_pictures(workdir):
    for name in ("samples", "halved"):
        with Image.open(workdir / f"{name}.png") as picture:
            assert min(picture.size) > 8 * 8, name
    events = event_accumulator.EventAccumulator(
        str(workdir / "tensorboard"), size_guidance={event_accumulator.TENSORS: 0}
    ).Reload()
    with Image.open(workdir / "tangents.png") as rows:
        assert rows.size[1] > rows.size[0] > 200  # two columns, three rows, enlarged
    for tag in ("samples", "halved", "tangents"):
        assert [event.step for event in events.Tensors(tag)] == [2, 4], tag
    assert "pseudo_labels" in events.Tags()["tensors"]


def test_pseudo_labels_are_in_the_metrics_after_the_errors(workdir):
    lines = metrics_log.history(workdir / "metrics.jsonl")
    assert [line["step"] for line in lines] == [2, 4]
    # Of three classes, the most probable one has at least a third: more than 0.3.
    assert [line["pseudo_label_percent"] for line in lines] == [100.0, 100.0]
    names = list(lines[0])
    start = names.index("test_error_raw")
    assert names[start + 1 : start + 4] == [
        "pseudo_label_percent", "pseudo_label_right_percent", "pseudo_label_judged",
    ]  # fmt: skip
    assert [line["pseudo_label_judged"] for line in lines] == [28, 28]  # 40 images, 12 learned


def test_noisy_labels_are_in_the_metrics_beside_the_truth(workdir):
    """Of twelve labels three are wrong, and the first four are detected."""
    run = build.reopen(workdir)
    true = run.arrays.train_labels[run.protocol.labeled_ids]
    right = int((run.protocol.labels != true)[:4].sum())
    for line in metrics_log.history(workdir / "metrics.jsonl"):
        assert line["noisy_label_percent"] == pytest.approx(100 / 3)
        assert line["noisy_label_precision_percent"] == pytest.approx(100 * right / 4)
        assert line["noisy_label_recall_percent"] == pytest.approx(100 * right / 3)


def test_the_bound_is_in_the_metrics_and_that_of_the_last_step_in_the_result(workdir):
    """Recomputed from the saved weights: the mean over the 30 test images."""
    run, lines = build.reopen(workdir), metrics_log.history(workdir / "metrics.jsonl")
    images = toy_methods.centered(run.arrays.test_images)
    squares = tf.reduce_sum(
        tf.square(images - run.method.decoder(tf.zeros([1, LATENTS]))), [1, 2, 3]
    )
    expected = -0.5 * (64 * math.log(2 * math.pi) + float(tf.reduce_mean(squares)))
    assert lines[-1]["test_bound"] == pytest.approx(expected, rel=1e-5)
    assert lines[0]["test_bound"] != lines[-1]["test_bound"]
    result = run.workdir.read_result()
    assert result["test_bound"] == lines[-1]["test_bound"]
    assert f"{expected:9.2f}  (nats per image" in summary.format_summary(result, str(workdir))


def test_without_noise_nobody_knows_which_labels_are_wrong():
    run = types.SimpleNamespace(protocol=types.SimpleNamespace(noise="none"))
    noisy = NoisyLabels(lambda: np.array([True, False]))
    monitor = monitors.NoisyLabelsMonitor(run, None, noisy)
    assert monitor.scalars() == {"noisy_label_percent": 50.0}


def test_the_decoder_is_exported(workdir, tmp_path):
    run = build.reopen(workdir)
    servable.write_saved_model(servable.networks_in_float32(run), tmp_path / "1")
    generate = tf.saved_model.load(str(tmp_path / "1")).signatures["generate"]
    sampler = run.method.sampler()
    images = generate(latents=sampler.fixed_latents(3))["image"]
    assert images.dtype == tf.uint8
    expected = 127.5 * sampler.sample(3) + 127.5
    np.testing.assert_allclose(tf.cast(images, tf.float32), expected, atol=0.51)


def test_the_page_of_a_report_shows_its_pictures(workdir, tmp_path):
    report.main(["report", str(workdir), f"--to={tmp_path}"])
    page = (tmp_path / "report.html").read_text()
    assert NAME in page
    for caption in (
        "generated images",
        "images, halved, difference",
        "images, their reconstructions, tangents",
    ):
        assert caption in page
