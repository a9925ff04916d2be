"""What `evaluation.json` holds, and the parts of it; see `run_file_contents`."""

from typing import Literal, Self

import pydantic

from tf_ssgan.training.run_file_contents import (
    ABSENT,
    Content,
    Count,
    Fraction,
    Name,
    Percent,
    Positive,
    Real,
    Size,
    Temperature,
    Text,
)


class Spread(Content):
    """A mean and its standard deviation."""

    mean: Real
    std: Size


class Distances(Content):
    """The mean of distances, and their standard deviation."""

    mean: Size
    std: Size


class Scores(Content):
    """Scores of images by a reference network, see `evaluation.generator_scores`."""

    inception_score: Spread = ABSENT
    frechet_distance: Size
    kernel_distance: Spread  # may be negative: its estimate is without bias


class Fingerprint(Content):
    """The reference network of scores: its file, or what it was trained on."""

    network: Name
    weights_sha256: Name
    temperature: Temperature
    file: Text = ABSENT
    top: bool = True  # whether it predicts classes
    dataset: Name = ABSENT
    test_accuracy: Percent = ABSENT

    @pydantic.model_validator(mode="after")
    def _check_kind(self) -> Self:
        if self.file is None and (self.dataset is None or self.test_accuracy is None):
            raise ValueError("expected file, or dataset and test_accuracy")
        return self


class ImageCounts(Content):
    """Numbers of images that scores were computed from; older evaluations have other ones."""

    __pydantic_extra__: dict[str, Count]
    generated: Count
    test: Count


class GeneratorScores(Scores):
    """Scores of a generator, and under "real" those of real images."""

    fingerprint: Fingerprint
    images: ImageCounts
    seed: Count
    real: Scores

    @pydantic.model_validator(mode="after")
    def _check_inception_scores(self) -> Self:
        for scores in (self, self.real):
            if (scores.inception_score is not None) != self.fingerprint.top:
                raise ValueError("expected an inception_score if the network predicts classes")
        return self


class Errors(Content):
    """The error of a classifier on some test images, in percent."""

    test_error: Percent
    standard_error: Size
    drop: Real = ABSENT


class Against(Errors):
    """The errors of another run, and McNemar's test."""

    run: Text
    only_first: Count
    only_second: Count
    p: Fraction


class TestSetErrors(Errors):
    """An evaluation on some test images, see `evaluation.classifier_comparison`."""

    dataset: Name
    images: Positive
    part: Literal["test", "labeled"]
    classes_without_test_images: list[Text]
    not_used: Count = 0
    training_images: Count = 0
    test_error_raw: Percent = ABSENT
    against: Against = ABSENT


class ClusterSet(Content):
    """Distances of images to the class centers, see `evaluation.tsne.Embedding.metrics`.

    Those in a t-SNE are not compared across evaluations. Older evaluations lack `distance`, or have
    nothing else; their `pca` was fitted to all sets together.
    """

    distance: Distances = ABSENT
    tsne: Distances = ABSENT
    pca: Distances = ABSENT
    points: Count


class Clusters(Content):
    """Distances to the class centers, see `evaluation.tsne`."""

    features: Name
    seed: Count
    sets: dict[str, ClusterSet]


class Evaluation(Content):
    """`evaluation.json`: what `tf_ssgan.evaluate` measured."""

    step: Count
    test_sets: list[TestSetErrors]
    generator_scores: list[GeneratorScores]
    clusters: Clusters = ABSENT
