"""The scores of a generator, each beside the score of real images, which is its ceiling."""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.data import dataset_info
from tf_ssgan.evaluation import reference_network
from tf_ssgan.metrics import generative

SCORES = ("inception_score", "frechet_distance", "kernel_distance")


@dataclasses.dataclass(frozen=True)
class ImageSets:
    """What is compared.

    Attributes:
        generated: uint8 [n, h, w, c].
        test: All test images, in random order.
        training: Training images, as many as generated ones or all there are.
    """

    generated: np.ndarray
    test: np.ndarray
    training: np.ndarray


def gather(generated: np.ndarray, arrays: dataset_info.Arrays, seed: int) -> ImageSets:
    """Chooses the real images that generated ones are compared with.

    Args:
        generated: uint8 [n, h, w, c].
        arrays: The data.
        seed: Decides on the order of the test images, which may be sorted by class, and on which
            training images are taken.
    """
    chance = np.random.default_rng(seed)
    test = arrays.test_images[chance.permutation(len(arrays.test_images))]
    order = chance.permutation(len(arrays.train_images))
    return ImageSets(generated, test, arrays.train_images[order[: len(generated)]])


def measure(
    judge: reference_network.ReferenceNetwork, pictures: ImageSets, seed: int
) -> dict[str, Any]:
    """Measures generated images, and real ones, by one judge.

    Distances are those to the test images, of generated images and of training images.

    Args:
        judge: Who looks at them.
        pictures: At least `scores.SPLITS` of each kind.
        seed: Decides on the subsets of the kernel distance.

    Returns:
        For `json.dump`: the judge's stamp, how many images there were, and the scores, of
        generated images and under "real" of real ones.
    """
    seen = {
        field.name: judge.look(getattr(pictures, field.name), f"looking at {field.name} images")
        for field in dataclasses.fields(pictures)
    }
    test = seen["test"]
    return {
        "stamp": judge.stamp,
        "images": {name: len(said.features) for name, said in seen.items()},
        "seed": seed,
        **_scores(seen["generated"].probabilities, seen["generated"], test, seed),
        "real": _scores(test.probabilities, seen["training"], test, seed),
    }


def numbers(scored: dict[str, Any]) -> dict[str, float]:
    """The scores of generated images in what `measure` found, without their deviations."""
    found = {name: scored[name] for name in SCORES if name in scored}
    return {k: v["mean"] if isinstance(v, dict) else v for k, v in found.items()}


def _scores(
    answers: np.ndarray | None,
    seen: reference_network.NetworkOutputs,
    test: reference_network.NetworkOutputs,
    seed: int,
) -> dict[str, Any]:
    """The score of answers, where there are any, and the distances of what was seen to `test`."""
    found = {}
    if answers is not None:
        found["inception_score"] = _spread(generative.inception_score(answers))
    moments = (*generative.moments(seen.features), *generative.moments(test.features))
    found["frechet_distance"] = generative.frechet_distance(*moments)
    distance = generative.kernel_distance(seen.features, test.features, seed=seed)
    return found | {"kernel_distance": _spread(distance)}


def _spread(found: tuple[float, float]) -> dict[str, float]:
    return {"mean": found[0], "std": found[1]}
