"""Two networks that divide the labels: those that seem right, and those that seem wrong.

Li, Socher and Hoi (2020), section 3.1: a network fits labels that are right before labels that are
wrong, so the losses of all labeled images are a mixture of two distributions. w is the probability
that a loss is of the lower one. Each network learns on what the other one divides.
"""

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core import hparams, looks, method
from tf_ssgan.core.monitoring import NoisyLabels
from tf_ssgan.networks import preact_resnet18
from tf_ssgan.nn import clean_probability, distribution, fused_optimizers

PAIR = (0, 1)  # the numbers of the networks
MOMENTUM = 0.9  # of SGD (Li et al. 2020, section 4.1)


@dataclasses.dataclass(frozen=True)
class DivisionHParams(hparams.HParams):
    """Hyperparameters of both networks, and of the division of labels."""

    width: int = option(64, "Channels of the networks' first group.", low=1, high=WIDEST)
    blocks: int = option(
        2, "Residual blocks in each group of the networks: 2 is ResNet-18.", low=1, high=100
    )

    clean_threshold: float = option(
        0.5,
        "Probability w of being right that a label must exceed to be learned as one (Li et al. "
        "2020: tau).",
        low=0,
        high=0.999,
    )
    loss_history: int = option(
        1,
        "Intervals whose losses are averaged for each image (Li et al. 2020: 5 epochs at 90 % "
        "symmetric noise).",
        low=1,
        high=1_000,
    )


class DivisionMethod(method.Method):
    """A method that divides the labeled images anew at each look, by two networks.

    Attributes:
        pair: Both networks.
        duo: Their players.
        classifier: The sum of their logits.
        clean: For each network, w of every labeled image by its own losses, float32 [labeled].
    """

    reads_pools = True
    prefers_clean = True

    def setup(self) -> None:
        """Builds both networks, their players, the classifier, and what is known of the labels."""
        hp, images = self.hp, keras.Input(self.task.image_shape, name="images")
        self.pair = [
            preact_resnet18.classifier(self.task, hp.width, hp.blocks, name=f"network_{k}")
            for k in PAIR
        ]
        self.duo = [
            self.player(net.name, net, fused_optimizers.SGD(hp.learning_rate, MOMENTUM), self.rate)
            for net in self.pair
        ]
        one, two = (network(images) for network in self.pair)
        add = functools.partial(keras.layers.Add, dtype="float32")
        total = {name: add(name=name)([one[name], two[name]]) for name in one}
        self.classifier = keras.Model(images, total, name="classifier")
        self.make_division()

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        raise NotImplementedError(f"{type(self).__module__} does not define rate()")

    def make_division(self) -> None:
        """Makes the buffers: the latest losses of each image, in [0, 1], and w, at first 1."""
        rows, history = self.task.labeled, self.hp.loss_history
        self.latest_losses = [
            self.per_example_buffer(f"losses_{k}", rows, history, initial=-1, dtype="float32")
            for k in PAIR
        ]
        self.clean = [
            self.per_example_buffer(f"clean_{k}", rows, initial=1, dtype="float32") for k in PAIR
        ]

    def look_at_pools(self, look: looks.Look) -> None:
        """Divides all labels anew, once the warm-up is over."""
        if self.stage == "warm_up":
            return
        found = [self._divided(look, k) for k in PAIR]  # a look that is stopped changes nothing
        for k, values in enumerate(found):
            # Of the first worker: others may round otherwise, and divide otherwise.
            latest, probability = map(distribution.of_first_worker, values)
            self.latest_losses[k].assign(latest)
            self.clean[k].assign(probability)

    def _divided(self, look: looks.Look, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The latest losses of each image by network k, and its w."""
        seen = look.predict(self.pair[k], "labeled", "logits")
        latest = np.roll(self.latest_losses[k].numpy(), 1, axis=1)
        losses = _cross_entropies(seen["label"], seen["logits"])
        latest[:, 0] = clean_probability.scale(losses)
        mean = np.mean(latest, axis=1, where=latest >= 0)
        seed = np.random.SeedSequence((self.task.seed, int(self.step.numpy()), k))
        probability = clean_probability.clean_probability(mean, int(seed.generate_state(1)[0]))
        probability[look.checked()] = 1.0
        return latest, probability

    def subsets(self) -> dict[str, np.ndarray]:
        """Pools "clean_k" and "noisy_k" of network k, by the w of the other network.

        Each has the images of at least one batch, if there are so many: the likeliest, or the
        unlikeliest.
        """
        parts = {}
        for k in PAIR:
            probability = self.clean[1 - k].numpy()
            order = np.argsort(-probability, kind="stable")
            right = int((probability > self.hp.clean_threshold).sum())
            parts[f"clean_{k}"] = np.sort(order[: max(right, self.hp.batch_size)])
            parts[f"noisy_{k}"] = np.sort(
                order[min(right, max(0, len(order) - self.hp.batch_size)) :]
            )
        return parts

    def monitors(self) -> tuple[NoisyLabels, ...]:
        """The labels that both networks together take as wrong."""
        return (NoisyLabels(self.noisy_labels),)

    def noisy_labels(self) -> np.ndarray:
        """Whether the mean of both w is at most the threshold: bool [labeled]."""
        mean = np.mean([of.numpy() for of in self.clean], axis=0)
        return mean <= self.hp.clean_threshold


def _cross_entropies(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """-log softmax(l)_y of each image, float32 [n]."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    of_label = np.take_along_axis(shifted, labels[:, None], axis=-1)[:, 0]
    return np.log(np.exp(shifted).sum(axis=-1)) - of_label
