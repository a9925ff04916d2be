"""The whole evaluation of a run: test sets, scores of the generator, figures, clusters."""

import dataclasses
import json
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ssgan.common import files
from tf_ssgan.data import datasets
from tf_ssgan.evaluation import (
    classifier_comparison,
    figures,
    generator_scores,
    inception,
    options,
    reference_classifier,
    reference_network,
    results_file,
    sampling,
    tsne,
)
from tf_ssgan.evaluation.options import EvaluateOptions
from tf_ssgan.metrics import generative
from tf_ssgan.training import build, events, run_paths
from tf_ssgan.training.workdir import Workdir

INTERPOLATIONS = 8  # rows of the figure
TAUS = (np.inf, 2.0, 1.0, 0.5, 0.25)  # bounds of the latents, a row each


@dataclasses.dataclass
class EvaluationResult:
    """What an evaluation measured.

    Attributes:
        measured: For `evaluation.json`.
        figures: File name -> PNG.
        left_out: Sentences on what was left out, and why.
    """

    measured: dict[str, Any]
    figures: dict[str, bytes] = dataclasses.field(default_factory=dict)
    left_out: list[str] = dataclasses.field(default_factory=list)


def evaluate(
    chosen: EvaluateOptions, sources: options.EvaluationSources | None = None
) -> EvaluationResult:
    """Evaluates a run and writes `evaluation.json` and the figures into its folder.

    Args:
        chosen: The options.
        sources: The data, as `options.check` found them; found now if they are not given.

    Raises:
        UserError: No such run, data or weights, or runs that are not alike.
    """
    workdir = Workdir(chosen.workdir)
    with workdir.locked() as check_folder, workdir.writing(check_folder):
        sources = sources or options.find_sources(chosen)
        folders = [folder for folder in (chosen.workdir, chosen.other) if folder]
        runs = [build.reopen(*pair) for pair in zip(folders, sources.runs, strict=True)]
        if chosen.against:
            options.check_alike(f"--against={chosen.against}", runs[1].info, runs[0].info)
        result = _Evaluation(chosen, runs, sources.dataset).whole()
        check_folder()
        _write(runs[0], result)
    return result


class _Evaluation:
    """The parts of an evaluation, and what they share."""

    def __init__(
        self,
        chosen: EvaluateOptions,
        runs: list[build.Run],
        other_data: datasets.DataSource | None = None,
    ):
        """Begins with what may be refused, then gets the networks, and generates images."""
        self.options = chosen
        self.runs = runs
        self.run = runs[0]
        self.names = self.run.info.classes
        step = int(self.run.method.step.numpy())
        test_sets = classifier_comparison.compare(runs, other_data, not chosen.generator)
        self.result = EvaluationResult(
            {"step": step, "test_sets": test_sets, "generator_scores": []}
        )
        self.generating: dict[str, build.Run] = {}
        self.samples: dict[str, sampling.Samples] = {}
        if chosen.generator:
            self._prepare_generators()

    def _prepare_generators(self) -> None:
        """Loads or trains the reference networks, and generates images."""
        self.generating = {
            name: run
            for name, run in zip(("generated", "against"), self.runs, strict=False)
            if run.method.sampler()
        }
        self.inception = None
        if self.options.inception and "generated" in self.generating:
            self.inception = inception.inception_network(
                self.options.inception, self.run.info.shape
            )
        self.reference = self._reference_classifier() if self.generating else None
        images, seed = self.options.images, self.options.seed
        self.samples = {
            name: sampling.draw_samples(run.method.sampler(), images, seed, self.reference)
            for name, run in self.generating.items()
        }

    def whole(self) -> EvaluationResult:
        """All parts."""
        self._explain_what_is_missing()
        if "generated" in self.samples:
            self._score()
            self._class_grid()
            self._interpolations()
            self._truncations()
        if self.options.generator:
            self._clusters()
        return self.result

    def _explain_what_is_missing(self) -> None:
        explain = self.result.left_out.append
        generator = self.options.generator
        if generator and "generated" not in self.samples:
            explain(
                f"{self.run.config.method} has no generator: scores, samples and interpolations "
                "are left out."
            )
        if len(self.runs) == 1:
            return
        if generator and "against" not in self.samples:
            explain(f"{self.runs[1].config.method} has no generator: it appears in no figure.")
        own = [entry for entry in self.result.measured["test_sets"] if entry["own"]]
        if not any("against" in entry for entry in own):
            explain("The runs have different test images: they are not compared on them.")

    def _score(self) -> None:
        arrays, seed = self.run.arrays, self.options.seed
        if min(len(arrays.test_images), len(arrays.train_images)) < generative.SPLITS:
            self.result.left_out.append(
                f"Scores need at least {generative.SPLITS} training and test images: they are left "
                "out."
            )
            return
        generated = self.samples["generated"].images
        images = generator_scores.add_real_images(generated, arrays, seed)
        for reference in filter(None, (self.reference, self.inception)):
            scores = generator_scores.measure(reference, images, seed)
            self.result.measured["generator_scores"].append(scores)
        if self.inception and not self.inception.fingerprint["top"]:
            self.result.left_out.append(
                f"{self.options.inception} has no top, so it predicts no classes: its Inception "
                "Score is left out."
            )

    def _class_grid(self) -> None:
        labels = "the class by the reference classifier"
        if self.run.method.sampler().conditional:
            labels = "the class given to the generator"
        self.result.figures["evaluation_classes.png"] = figures.class_grid(
            self.samples["generated"], self.names, f"Generated images by {labels}"
        )

    def _interpolations(self) -> None:
        sampler = self.run.method.sampler()
        z, *given = sampling.sample_latents(sampler, 2 * INTERPOLATIONS, self.options.seed)
        spherical = not sampling.is_bounded(z)
        starts, ends = z[:INTERPOLATIONS], z[INTERPOLATIONS:]
        latents = sampling.interpolate(starts, ends, figures.COLUMNS, spherical)
        rows = np.arange(INTERPOLATIONS) % len(self.names)
        inputs = [latents.reshape(-1, z.shape[1])]
        if sampler.conditional:
            given = [rows.astype(classes.dtype) for classes in given]
        # Of two images, the interpolation is near the first.
        inputs += [np.repeat(one[:INTERPOLATIONS], figures.COLUMNS, axis=0) for one in given]
        images = sampling.generate(sampler, inputs)
        kind = "spherical, between normal" if spherical else "linear, between uniform"
        self.result.figures["evaluation_interpolations.png"] = figures.image_rows(
            images.reshape(INTERPOLATIONS, figures.COLUMNS, *images.shape[1:]),
            self.names,
            rows if sampler.conditional else (),
            f"Interpolations, {kind} latents",
        )

    def _truncations(self) -> None:
        """Figure 5 of Dravid et al. (2022); uniform latents have no mode to be close to."""
        sampler = self.run.method.sampler()
        z, *given = sampling.sample_latents(sampler, figures.COLUMNS, self.options.seed)
        if sampling.is_bounded(z):
            return
        rows = sampling.truncate(z, TAUS)
        inputs = [
            rows.reshape(-1, z.shape[1]),
            *(np.tile(one, [len(TAUS)] + [1] * (one.ndim - 1)) for one in given),
        ]
        images = sampling.generate(sampler, inputs)
        self.result.figures["evaluation_truncation.png"] = figures.image_rows(
            images.reshape(len(TAUS), figures.COLUMNS, *images.shape[1:]),
            [f"tau {tau:g}" if np.isfinite(tau) else "all" for tau in TAUS],
            range(len(TAUS)),
            "The same latents, cut to [-tau, tau]",
        )

    def _clusters(self) -> None:
        sets = self._balanced_sets()
        if sum(len(samples.labels) for samples in sets.values()) < tsne.MIN_POINTS:
            self.result.left_out.append(
                f"A t-SNE needs at least {tsne.MIN_POINTS} images in classes of equal size: it is "
                "left out."
            )
            return
        self._explain_small_sets(sets)
        # Not the features of one of the runs, which would be measured by its own ruler.
        reference = self.reference or self._reference_classifier()
        fingerprint = reference.fingerprint
        name = f"{fingerprint['network']}, weights {fingerprint['weights_sha256']}"
        features = {
            key: reference_network.outputs(reference.network, samples.images)["features"]
            for key, samples in sets.items()
        }
        embeddings = tsne.embed({key: (features[key], sets[key].labels) for key in sets})
        self.result.measured["clusters"] = {
            "features": f"the features of {name}",
            "seed": self.options.seed,
            "against": self.options.against,
            "sets": {key: embedding.metrics() for key, embedding in embeddings.items()},
        }
        self.result.figures["evaluation_tsne.png"] = figures.cluster_panels(
            {self._caption(key): embedding for key, embedding in embeddings.items()},
            self.names,
            f"t-SNE by the features of {name}; in these features, not in the picture: "
            "mean ± standard deviation of the distances to the class centers",
        )

    def _explain_small_sets(self, sets: dict[str, sampling.Samples]) -> None:
        """Names sets with fewer images of some class than the real one has."""
        real = len(sets["real"].labels)
        each, images = real // len(self.names), self.options.images
        reason = f"fewer than {each:,} of some classes are among the {images:,} generated images"
        if images < real:
            reason = f"--images={images} generates no more"
        for name, samples in sets.items():
            if (count := len(samples.labels)) < real:
                self.result.left_out.append(
                    f"Distances to the class centers: {name} has {count:,} images, real {real:,}, "
                    f"because {reason}. Classes of few images look tighter than they are."
                )

    def _balanced_sets(self) -> dict[str, sampling.Samples]:
        """Real test images and samples, as many of each class."""
        arrays, classes = self.run.arrays, len(self.names)
        real = sampling.Samples(arrays.test_images, arrays.test_labels)
        each = tsne.images_per_class(arrays.test_labels, classes)
        sets = {"real": real} | self.samples
        return {name: samples.balanced(classes, each) for name, samples in sets.items()}

    def _reference_classifier(self) -> reference_network.ReferenceNetwork:
        return reference_classifier.reference_classifier(
            self.run.arrays, self.run.config.dataset, self.options.minutes
        )

    def _caption(self, name: str) -> str:
        if name == "real":
            return "real test images"
        return f"{name}: {self.generating[name].config.method}"


def _write(run: build.Run, result: EvaluationResult) -> None:
    """Writes the figures and `evaluation.json`; an evaluation of earlier weights goes."""
    workdir = run.workdir
    workdir.remove_leftovers()
    before = workdir.read_evaluation()
    if before is None or before["step"] != result.measured["step"]:
        for name in run_paths.EVALUATION_FIGURES:
            (workdir.path / name).unlink(missing_ok=True)
    for name, png in result.figures.items():
        files.replace(workdir.path / name, png)
    if result.figures:
        _write_summaries(run, result)
    merged = results_file.merged(before, result.measured)
    files.replace(workdir.evaluation_file, json.dumps(merged, indent=1))


def _write_summaries(run: build.Run, result: EvaluationResult) -> None:
    """Adds the figures and scores to the run's TensorBoard."""
    writer = events.evaluation_writer(run.workdir)
    with writer.as_default(step=result.measured["step"]):
        for name, png in result.figures.items():
            tag = name.removesuffix(".png").replace("_", "/", 1)
            events.image(tag, tf.io.decode_png(png, channels=3)[None])
        for scores in result.measured["generator_scores"]:
            weights = scores["fingerprint"]["weights_sha256"]
            for name, value in generator_scores.means(scores).items():
                events.scalar(f"evaluation/{name}_{weights}", value)
    writer.close()
