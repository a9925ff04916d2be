"""What `evaluation.json` holds, and the parts of it; see `run_file_contents`."""

from typing import Annotated, Literal, Self

import pydantic

from tf_ssgan.training.result_contents import ClassCounts, Guessing, Interval, LinearBaseline
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

# The ends of a 95 % interval of the difference of two errors, in points.
Points = Annotated[
    list[Annotated[float, pydantic.Field(ge=-100, le=100)]],
    pydantic.Field(min_length=2, max_length=2),
]


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


class LeftOut(Content):
    """Numbers of images that a run knows, which do not judge it, see `evaluation.learned_images`.

    Those that it learned as another class than they have are among its labeled ones.
    """

    labeled: Count
    unlabeled: Count
    held_out: Count
    relabeled: Count


class Relabeled(Content):
    """An image that a run learned as another class than it has in the data set that judges."""

    image: Text
    learned: Text
    here: Text


class NearCopy(Content):
    """An image that judges and nearly equals a training image."""

    image: Text
    training_image: Text


class NearCopies(Content):
    """How many images that judge nearly equal a training image, and some of them."""

    count: Count
    pairs: list[NearCopy]


class Errors(Content):
    """The error of a classifier on some test images, in percent; older evaluations lack intervals.

    `drop` says how many points it is higher than on the run's own test images, of which there are
    `own_images`.
    """

    test_error: Percent
    standard_error: Size
    interval: Interval = ABSENT
    drop: Real = ABSENT
    drop_interval: Points = ABSENT
    own_images: Positive = ABSENT

    @pydantic.model_validator(mode="after")
    def _check_drop(self) -> Self:
        if self.drop_interval is not None and (self.drop is None or self.own_images is None):
            raise ValueError("expected drop and own_images beside drop_interval")
        return self


class Against(Errors):
    """The errors of another run, and McNemar's test."""

    run: Text
    only_first: Count
    only_second: Count
    p: Fraction


class TestSetErrors(Errors):
    """An evaluation on some test images, see `evaluation.classifier_comparison`.

    Older evaluations lack what stands beside the errors, and count images that the run knows among
    those that judge: as many as `training_images`.
    """

    dataset: Name
    images: Positive
    part: Literal["test", "labeled"]
    classes_without_test_images: list[Text]
    not_used: Count = 0
    training_images: Count = 0
    own: bool = False  # whether they are the run's own test images
    own_test_images: Count = 0
    left_out: LeftOut = ABSENT
    relabeled: list[Relabeled] = ABSENT
    near_copies: NearCopies = ABSENT
    not_checked: Text = ABSENT  # why nobody can tell which ones the run knows
    test_error_raw: Percent = ABSENT
    test_error_raw_interval: Interval = ABSENT
    guessing: Guessing = ABSENT
    guessing_p: Fraction = ABSENT
    linear: LinearBaseline | None = None
    class_recall: list[ClassCounts] = ABSENT
    against: Against = ABSENT

    @pydantic.model_validator(mode="after")
    def _check_relabeled(self) -> Self:
        if self.relabeled and self.left_out is None:
            raise ValueError("expected left_out beside relabeled")
        return self


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
