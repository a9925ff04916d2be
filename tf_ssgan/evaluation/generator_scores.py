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
    """The images that are compared.

    Attributes:
        generated: uint8 [n, h, w, c].
        test: All test images, in random order.
        training: Training images, as many as generated ones or all there are.
    """

    generated: np.ndarray
    test: np.ndarray
    training: np.ndarray


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
    """Scores generated images, and real ones, by one reference network.

    The distances are those to the test images, of generated images and of training images.

    Args:
        reference: The network.
        images: At least `generative.SPLITS` of each kind.
        seed: Decides on the subsets of the kernel distance.

    Returns:
        For `json.dump`: the network's fingerprint, how many images there were, and the scores, of
        generated images and under "real" of real ones.
    """
    outputs = {
        field.name: reference.predict(getattr(images, field.name), f"scoring {field.name} images")
        for field in dataclasses.fields(images)
    }
    generated, test, training = (outputs[name] for name in ("generated", "test", "training"))
    return {
        "fingerprint": reference.fingerprint,
        "images": {name: len(output.features) for name, output in outputs.items()},
        "seed": seed,
        **_scores(generated.probabilities, generated, test, seed),
        "real": _scores(test.probabilities, training, test, seed),
    }


def means(scores: dict[str, Any]) -> dict[str, float]:
    """The scores of generated images that `measure` returned, without standard deviations."""
    values = {name: scores[name] for name in SCORES if name in scores}
    return {k: v["mean"] if isinstance(v, dict) else v for k, v in values.items()}


def _scores(
    probabilities: np.ndarray | None,
    outputs: reference_network.NetworkOutputs,
    test: reference_network.NetworkOutputs,
    seed: int,
) -> dict[str, Any]:
    """The score of probabilities, if there are any, and the distances of outputs to `test`."""
    scores = {}
    if probabilities is not None:
        scores["inception_score"] = _mean_and_std(*generative.inception_score(probabilities))
    moments = (*generative.moments(outputs.features), *generative.moments(test.features))
    scores["frechet_distance"] = generative.frechet_distance(*moments)
    distance = generative.kernel_distance(outputs.features, test.features, seed=seed)
    return scores | {"kernel_distance": _mean_and_std(*distance)}


def _mean_and_std(mean: float, stddev: float) -> dict[str, float]:
    return {"mean": mean, "std": stddev}
