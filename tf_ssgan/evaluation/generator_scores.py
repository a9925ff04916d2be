"""The scores of a generator, each beside that of as many real images.

Scores depend on the number of images: the Inception Score of few is lower, their Frechet distance
higher. Generated and real images are scored in equal numbers, so that the score of real ones is
about what a perfect generator would have. It is no bound: images that are all typical of their
class have a higher Inception Score than real ones.
"""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.data import dataset_info
from tf_ssgan.evaluation import reference_network
from tf_ssgan.metrics import generative

SCORES = ("inception_score", "frechet_distance", "kernel_distance")


@dataclasses.dataclass(frozen=True)
class ImageSets:
    """The images that are compared.

    Attributes:
        generated: uint8 [n, h, w, c].
        test: All test images, in random order.
        training: Training images, as many as generated ones or all there are.
    """

    generated: np.ndarray
    test: np.ndarray
    training: np.ndarray

    @property
    def scored(self) -> int:
        """Images whose Inception Score is measured, of generated and of test images alike."""
        return min(len(self.generated), len(self.test))

    @property
    def compared(self) -> int:
        """Images whose distances are measured, of generated and of training images alike."""
        return min(len(self.generated), len(self.training))


def add_real_images(generated: np.ndarray, arrays: dataset_info.Arrays, seed: int) -> ImageSets:
    """Chooses the real images that generated ones are compared with.

    Args:
        generated: uint8 [n, h, w, c].
        arrays: The data.
        seed: Decides on the order of the test images, which may be sorted by class, and on which
            training images are taken.
    """
    random = np.random.default_rng(seed)
    test = arrays.test_images[random.permutation(len(arrays.test_images))]
    order = random.permutation(len(arrays.train_images))
    return ImageSets(generated, test, arrays.train_images[order[: len(generated)]])


def measure(
    reference: reference_network.ReferenceNetwork, images: ImageSets, seed: int
) -> dict[str, Any]:
    """Scores generated images, and as many real ones, by one reference network.

    The Inception Score is that of generated and of test images. The distances are those to all test
    images, of generated images and of training images. If there are more generated images than
    real ones, the first are used.

    Args:
        reference: The network.
        images: At least `generative.SPLITS` of each kind.
        seed: Decides on the subsets of the kernel distance.

    Returns:
        For `json.dump`: the network's fingerprint, how many images there were, and the scores, of
        generated images and under "real" of real ones.
    """
    scored, compared = images.scored, images.compared
    generated, test, training = (
        reference.predict(pixels, f"scoring {name} images")
        for name, pixels in (
            ("generated", images.generated[: max(scored, compared)]),
            ("test", images.test),
            ("training", images.training),
        )
    )
    return {
        "fingerprint": reference.fingerprint,
        "images": {
            "generated": len(images.generated),
            "test": len(images.test),
            "inception_score": scored,
            "distances": compared,
        },
        "seed": seed,
        **_scores(generated.first(scored), generated.first(compared), test, seed),
        "real": _scores(test.first(scored), training.first(compared), test, seed),
    }


def means(scores: dict[str, Any]) -> dict[str, float]:
    """The scores of generated images that `measure` returned, without standard deviations."""
    values = {name: scores[name] for name in SCORES if name in scores}
    return {k: v["mean"] if isinstance(v, dict) else v for k, v in values.items()}


def _scores(
    scored: reference_network.NetworkOutputs,
    compared: reference_network.NetworkOutputs,
    test: reference_network.NetworkOutputs,
    seed: int,
) -> dict[str, Any]:
    """The Inception Score of `scored`, if there are classes, and the distances to `test`."""
    scores = {}
    if scored.probabilities is not None:
        scores["inception_score"] = _mean_and_std(*generative.inception_score(scored.probabilities))
    moments = (*generative.moments(compared.features), *generative.moments(test.features))
    scores["frechet_distance"] = generative.frechet_distance(*moments)
    distance = generative.kernel_distance(compared.features, test.features, seed=seed)
    return scores | {"kernel_distance": _mean_and_std(*distance)}


def _mean_and_std(mean: float, stddev: float) -> dict[str, float]:
    return {"mean": mean, "std": stddev}
