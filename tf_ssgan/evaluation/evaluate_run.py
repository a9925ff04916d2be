"""A whole judgment of a run: answers, scores, figures, clusters."""

import dataclasses
import json
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common import files
from tf_ssgan.evaluation import (
    classifier_comparison,
    figures,
    generator_scores,
    inception,
    reference_classifier,
    reference_network,
    results_file,
    sampling,
    tsne,
)
from tf_ssgan.evaluation.options import EvaluateOptions
from tf_ssgan.methods.bases import gan
from tf_ssgan.metrics import generative
from tf_ssgan.training import build, workdir

WAYS = 8  # rows of interpolations
TAUS = (np.inf, 2.0, 1.0, 0.5, 0.25)  # bounds of latents, a row each


@dataclasses.dataclass
class EvaluationResult:
    """What a judgment found.

    Attributes:
        judged: For `result.json`.
        pictures: File name -> PNG.
        left_out: Sentences on what was not done, and why.
    """

    judged: dict[str, Any]
    pictures: dict[str, bytes] = dataclasses.field(default_factory=dict)
    left_out: list[str] = dataclasses.field(default_factory=list)


def evaluate(wanted: EvaluateOptions) -> EvaluationResult:
    """Judges a run and writes down what was found.

    Raises:
        UserError: No such run, data or weights, or runs that are not alike.
    """
    with workdir.locked(wanted.workdir), workdir.writing(wanted.workdir):
        runs = [build.reopen(wanted.workdir, wanted.data_dir)]
        if wanted.other is not None:
            runs.append(build.reopen(wanted.other, wanted.data_dir))
            classifier_comparison.check_alike(
                f"--against={wanted.against}", runs[1].arrays.info, runs[0]
            )
        found = _Judgment(wanted, runs).whole()
        _write(runs[0], found)
    return found


class _Judgment:
    """The parts of a judgment, and what they share."""

    def __init__(self, wanted: EvaluateOptions, runs: list[build.Run]):
        """Does first what may find a mistake, then finds the judges, and draws images."""
        self.wanted = wanted
        self.runs = runs
        self.run = runs[0]
        self.names = self.run.arrays.info.classes
        self.step = int(self.run.method.step.numpy())
        data_dir = wanted.data_dir or self.run.config.data_dir
        answered = classifier_comparison.compare(runs, wanted.dataset, data_dir)
        self.found = EvaluationResult({"step": self.step, "scores": [], "answers": answered})
        self.with_generator = {
            name: run
            for name, run in zip(("generated", "against"), runs, strict=False)
            if isinstance(run.method, gan.GAN)
        }
        self.inception = None
        if wanted.inception and "generated" in self.with_generator:
            self.inception = inception.inception_network(
                wanted.inception, self.run.arrays.info.shape
            )
        self.judge = self._judge() if self.with_generator else None
        self.drawn = {
            name: sampling.draw_samples(run.method, wanted.images, wanted.seed, self.judge)
            for name, run in self.with_generator.items()
        }

    def whole(self) -> EvaluationResult:
        """All parts."""
        self._say_what_is_missing()
        if "generated" in self.drawn:
            self._score()
            self._samples()
            self._interpolations()
            self._truncations()
        self._clusters()
        return self.found

    def _say_what_is_missing(self) -> None:
        say = self.found.left_out.append
        if "generated" not in self.drawn:
            say(
                f"{self.run.config.method} has no generator: scores, samples and interpolations "
                "are left out."
            )
        if len(self.runs) == 1:
            return
        if "against" not in self.drawn:
            say(f"{self.runs[1].config.method} has no generator: it is in no figure.")
        if not classifier_comparison.same_test_images(*self.runs):
            say("The runs have different test images: they are not compared on them.")

    def _score(self) -> None:
        arrays, seed = self.run.arrays, self.wanted.seed
        if min(len(arrays.test_images), len(arrays.train_images)) < generative.SPLITS:
            self.found.left_out.append(
                f"Scores take at least {generative.SPLITS} training and test images: left out."
            )
            return
        pictures = generator_scores.gather(self.drawn["generated"].images, arrays, seed)
        for judge in filter(None, (self.judge, self.inception)):
            self.found.judged["scores"].append(generator_scores.measure(judge, pictures, seed))
        if self.inception and not self.inception.stamp["top"]:
            self.found.left_out.append(
                f"{self.wanted.inception} holds no top, so names no classes: its Inception Score "
                "is left out."
            )

    def _samples(self) -> None:
        by = "the judging classifier's class"
        if sampling.conditional(self.run.method):
            by = "the class that the generator was told"
        self.found.pictures["judged_classes.png"] = figures.classes(
            self.drawn["generated"], self.names, f"Generated images by {by}"
        )

    def _interpolations(self) -> None:
        z, *label = sampling.latents(self.run.method, 2 * WAYS, self.wanted.seed)
        spherical = not sampling.bounded(z)
        ways = sampling.between(z[:WAYS], z[WAYS:], figures.COLUMNS, spherical)
        rows = np.arange(WAYS) % len(self.names)
        inputs = [ways.reshape(-1, z.shape[1])]
        inputs += [np.repeat(rows, figures.COLUMNS).astype(given.dtype) for given in label]
        images = sampling.generate(self.run.method, inputs)
        kind = "spherical, between normal" if spherical else "linear, between uniform"
        self.found.pictures["judged_interpolations.png"] = figures.interpolations(
            images.reshape(WAYS, figures.COLUMNS, *images.shape[1:]),
            [self.names[k] for k in rows] if label else [],
            f"Interpolations, {kind} latents",
        )

    def _truncations(self) -> None:
        """Figure 5 of Dravid et al. (2022); uniform latents have no mode to be near to."""
        z, *label = sampling.latents(self.run.method, figures.COLUMNS, self.wanted.seed)
        if sampling.bounded(z):
            return
        rows = sampling.truncated(z, TAUS)
        inputs = [rows.reshape(-1, z.shape[1]), *(np.tile(given, len(TAUS)) for given in label)]
        images = sampling.generate(self.run.method, inputs)
        self.found.pictures["judged_truncation.png"] = figures.interpolations(
            images.reshape(len(TAUS), figures.COLUMNS, *images.shape[1:]),
            [f"tau {tau:g}" if np.isfinite(tau) else "all" for tau in TAUS],
            "The same latents, cut to [-tau, tau]",
        )

    def _clusters(self) -> None:
        arrays = self.run.arrays
        real = sampling.Samples(arrays.test_images, arrays.test_labels)
        each = tsne.each(arrays.test_labels, len(self.names))
        sets = {
            name: drawn.balanced(len(self.names), each)
            for name, drawn in ({"real": real} | self.drawn).items()
        }
        if sum(len(drawn.labels) for drawn in sets.values()) < tsne.FEWEST:
            self.found.left_out.append(
                f"A t-SNE takes at least {tsne.FEWEST} images in classes of one size: left out."
            )
            return
        network, by = self._features()
        seen = {
            name: reference_network.outputs(network, drawn.images) for name, drawn in sets.items()
        }
        laid = tsne.embed({k: (seen[k]["features"], drawn.labels) for k, drawn in sets.items()})
        self.found.judged["clusters"] = {
            "features": by,
            "seed": self.wanted.seed,
            "against": self.wanted.against,
            "sets": {name: points.metrics() for name, points in laid.items()},
        }
        self.found.pictures["judged_tsne.png"] = figures.clusters(
            {self._caption(name): points for name, points in laid.items()},
            self.names,
            f"t-SNE by {by}; mean ± deviation of the distances to the class centers",
        )

    def _features(self) -> tuple[keras.Model, str]:
        """The network by whose features images are laid out, and what to call it.

        The judge: were it one of the runs, it would be measured by its own ruler.
        """
        judge = self.judge or self._judge()
        about = f"{judge.stamp['judge']}, weights {judge.stamp['weights_sha256']}"
        return judge.network, f"the features of {about}"

    def _judge(self) -> reference_network.ReferenceNetwork:
        return reference_classifier.reference_classifier(
            self.run.arrays, self.run.config.dataset, self.wanted.minutes
        )

    def _caption(self, name: str) -> str:
        if name == "real":
            return "real test images"
        return f"{name}: {self.with_generator[name].config.method}"


def _write(run: build.Run, found: EvaluationResult) -> None:
    """Adds to `result.json`, writes the figures, and both to TensorBoard."""
    for name, picture in found.pictures.items():
        (run.workdir / name).write_bytes(picture)
    writer = tf.summary.create_file_writer(str(run.workdir / "tensorboard"))
    with writer.as_default(step=found.judged["step"]):
        for name, picture in found.pictures.items():
            tag = name.removesuffix(".png").replace("_", "/", 1)
            tf.summary.image(tag, tf.io.decode_png(picture, channels=3)[None])
        for scored in found.judged["scores"]:
            for name, value in generator_scores.numbers(scored).items():
                tf.summary.scalar(f"judged/{name}_{scored['stamp']['weights_sha256']}", value)
    writer.close()
    path = run.workdir / "result.json"
    outcome = json.loads(path.read_text())
    outcome[results_file.KEY] = results_file.merged(outcome.get(results_file.KEY), found.judged)
    files.replace(path, json.dumps(outcome, indent=1))
