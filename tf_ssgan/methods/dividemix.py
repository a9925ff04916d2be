"""DivideMix: two networks, each of which finds labels that may be wrong for the other one.

Li, Socher and Hoi: DivideMix: Learning with Noisy Labels as Semi-supervised Learning (2020),
algorithm 1 and public code (LiJunnan1992/DivideMix). After a warm-up on all labels, at the start of
each evaluation interval, network k predicts all labeled images, and a mixture of two Gaussians is
fitted to its losses CE(y, p): w is the probability that a loss is of the mixture's smaller mean.
The other network learns labels with w > clean_threshold, x, and images without theirs, u:

    y' = sharpen(w y + (1 - w) mean p(x))         p of this network, mean of two views
    q  = sharpen(mean p(u))                       p of both networks, mean of two views each
    x~, y~, u~, q~ = Mix of all of these with all of these in another order, one lambda,
                     lambda = max(l, 1 - l), l ~ Beta(alpha, alpha)
    L = -E sum_k y~_k log p_k(x~) + w(t) E (p(u~) - q~)^2 / K + KL(uniform || E p)
        + weight_decay / 2 ||weights||^2
    w(t) = unlabeled_weight t, t from 0 to 1 over ramp_up of the run after the warm-up
    sharpen(p) = p^(1 / temperature) / sum
    warm-up: L = CE(y, p) - confidence_penalty H(p)

Both networks learn in one step, with guesses made before either moves. The classifier is the sum of
their logits. Labels that are known to be right (`--clean_fraction`, or labels that are checked)
have w = 1. --class_weight is refused: the KL term asks for balanced predictions.

Departures: an epoch is a pass over the labeled images, in the public code over those that seem
right, for one network while the other one waits. An evaluation interval is the smallest number of
whole epochs with at least 50 steps, there an epoch. There the guesses of a network in training mode
enter its moving statistics; here they do not. A part with fewer images than a batch takes the next
likeliest (unlikeliest) ones; the public code fails without any. Keras includes the learning rate in
the velocity; PyTorch multiplies by it afterwards.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import label_division, warm_up, wrn
from tf_ssgan.methods.bases.label_division import PAIR
from tf_ssgan.nn import layers, losses, mixing, schedules

PAPER = "Li et al. 2020, algorithm 1, public code"
GROUP = "Noisy labels"
CODE = "Li et al. 2020, public code"


@dataclasses.dataclass(frozen=True)
class HParams(warm_up.WarmUpHParams, label_division.DivisionHParams):
    """Hyperparameters of DivideMix."""

    batch_size: int = option(
        64,
        "Images per step and network, over all replicas: so many with their labels, and so many "
        "without; in the warm-up, twice as many with their labels.",
        low=1,
        high=LARGEST_BATCH,
    )
    learning_rate: float = inherited(hparams.HParams, "learning_rate", 0.02, CODE)
    weight_decay: float = option(5e-4, "Weight of half the squared norm of all weights.", low=0)
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, CODE)
    rate_drop: float = option(
        0.5, "Fraction of the run after which the learning rate is a tenth; 1 keeps it.",
        low=0, high=1,
    )  # fmt: skip
    flip: Literal["auto", "yes", "no"] = inherited(wrn.WideResNetHParams, "flip")
    warm_up_epochs: int = inherited(warm_up.WarmUpHParams, "warm_up_epochs", 10, CODE)
    confidence_penalty: float = option(
        0.0,
        "Weight of the entropy of predictions in the warm-up, which shall be large (public code: 1 "
        "if wrong labels depend on the class, as with --noise=pair).",
        low=0,
    )
    temperature: float = option(0.5, "Temperature T of sharpening.", above=0)
    alpha: float = option(
        4.0, "Both parameters of the beta distribution of an image's share in a mixture.", above=0
    )
    unlabeled_weight: float = option(
        25.0,
        "Final weight of the loss of images without their labels (Li et al. 2020: lambda_u, 0 to "
        "150, larger for more wrong labels).",
        low=0,
    )
    ramp_up: float = option(
        16 / 300, "Fraction of the run over which this weight rises, after the warm-up.",
        low=0, high=1,
    )  # fmt: skip

    RECIPES = {
        "digits": dict(
            labels=-1, max_steps=600, batch_size=32, width=16, blocks=1, warm_up_epochs=5,
        ),
        "fashion_mnist": dict(labels=-1, epochs=300),
        "svhn": dict(labels=-1, epochs=300),
        "cifar10": dict(labels=-1, epochs=300),
        "cifar100": dict(labels=-1, epochs=300, warm_up_epochs=30, unlabeled_weight=150.0),
    }  # fmt: skip

    @property
    def labeled_examples(self) -> int:
        """Images a step of the warm-up."""
        return 2 * self.batch_size

    def epoch_steps(self, labeled: int, unlabeled: int) -> int:
        """Steps of an epoch: a pass over the labeled pool, all that it reads."""
        del unlabeled
        return max(1, labeled // self.labeled_examples)


class Method(label_division.DivisionMethod, warm_up.WarmUpMethod):
    """Two networks that learn from each other's division of the labels."""

    reports = ("supervised", "consistency", "balance")
    reports_in = {"warm_up": ("supervised",)}
    needs_labels = True
    weighs_classes = True

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        return self.hp.learning_rate * tf.where(self.progress() < self.hp.rate_drop, 1.0, 0.1)

    def weight(self) -> tf.Tensor:
        """w(t)."""
        since = tf.cast(self.step.value - self.stages()["train"], tf.float32) / self.task.steps
        ramp = self.hp.ramp_up
        return self.hp.unlabeled_weight * schedules.linear_ramp(since / ramp if ramp else 1.0)

    def streams(self) -> dict[str, Stream]:
        """Labeled images for each network; then both parts of what the other one divided."""
        flips = self.task.flip if self.hp.flip == "auto" else self.hp.flip == "yes"
        view, n = "flip crop_zeros" if flips else "crop_zeros", self.hp.batch_size
        if self.stage == "warm_up":
            return {f"labeled_{k}": Stream("labeled", 2 * n, {"image": view}) for k in PAIR}
        names = [f"{part}_{k}" for k in PAIR for part in ("clean", "noisy")]
        return {name: Stream(name, n, {"one": view, "two": view}) for name in names}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of both networks."""
        if self.stage == "warm_up":
            found = [self.warm_up_step(k, batch[f"labeled_{k}"]) for k in PAIR]
            return self.end_step(supervised=tf.add_n(found) / 2)
        targets = [self.targets(k, batch) for k in PAIR]  # before either network moves
        found = [self.mixed_step(k, batch, *targets[k]) for k in PAIR]
        return self.end_step(**{name: (found[0][name] + found[1][name]) / 2 for name in found[0]})

    def warm_up_step(self, k: int, batch: dict) -> tf.Tensor:
        """Network k learns from labels as they are; its cross-entropy."""
        with tf.GradientTape() as tape:
            logits = self.pair[k](batch["image"], training=True)["logits"]
            supervised = losses.cross_entropy(batch["label"], logits)
            loss = supervised - self.hp.confidence_penalty * losses.entropy(logits)
            loss += self.decay(k)
        self.duo[k].minimize(loss, tape)
        return supervised

    def targets(self, k: int, batch: dict) -> tuple[tf.Tensor, tf.Tensor]:
        """Targets y' of x and q of u for network k: float32 [rows, classes], without a gradient."""
        x, u = batch[f"clean_{k}"], batch[f"noisy_{k}"]

        def mean(network: keras.Model, images: dict, training: bool) -> tf.Tensor:
            views = (network(images[view], training=training) for view in ("one", "two"))
            return tf.add_n([tf.nn.softmax(outputs["logits"]) for outputs in views]) / 2

        with layers.frozen_statistics():
            of_x, of_u = mean(self.pair[k], x, True), mean(self.pair[k], u, True)
        of_u = (of_u + mean(self.pair[1 - k], u, False)) / 2
        w = tf.gather(self.clean[1 - k].value, x["index"])[:, tf.newaxis]
        refined = w * tf.one_hot(x["label"], self.task.classes) + (1.0 - w) * of_x
        sharp = [losses.sharpen(p, self.hp.temperature) for p in (refined, of_u)]
        return tf.stop_gradient(sharp[0]), tf.stop_gradient(sharp[1])

    def mixed_step(self, k: int, batch: dict, y: tf.Tensor, q: tf.Tensor) -> dict[str, tf.Tensor]:
        """Network k learns from mixtures; its losses."""
        x, u = batch[f"clean_{k}"], batch[f"noisy_{k}"]
        images = [x["one"], x["two"], u["one"], u["two"]]
        rows = sum(part.shape[0] for part in images)
        mix = mixing.draw(self.step_random(), self.hp.alpha, rows, favored=True)
        images = tf.concat(mix.mixed_parts(images), 0)
        targets = tf.split(tf.concat(mix.mixed_parts([y, y, q, q]), 0), 2)
        with tf.GradientTape() as tape:
            logits = self.pair[k](images, training=True)["logits"]
            on_x, on_u = tf.split(logits, 2)
            terms = {
                "supervised": losses.soft_cross_entropy(targets[0], on_x),
                "consistency": losses.mean_squared_difference(on_u, targets[1]),
                "balance": losses.uniform_divergence(logits),
            }
            loss = terms["supervised"] + self.weight() * terms["consistency"] + terms["balance"]
            loss += self.decay(k)
        self.duo[k].minimize(loss, tape)
        return terms

    def decay(self, k: int) -> tf.Tensor:
        """Weight decay of network k."""
        return self.hp.weight_decay * losses.l2_loss([w.value for w in self.duo[k].variables])
