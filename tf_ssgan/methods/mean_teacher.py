"""Mean teacher: the student must agree with a teacher, the average of the student over the steps.

Tarvainen and Valpola: Mean teachers are better role models (2017), equations 1 and 2, and public
code for TensorFlow (CuriousAI/mean-teacher). Student and teacher see two translated views of each
image, both in training mode, with noise and dropout of their own. With p and p' the class
probabilities of student and teacher, B images a step and K classes:

    L = 1/B sum of CE over the labeled images + w(t) 1/B sum of ||p - p'||^2 / K,  no gradient in p'
    teacher weights <- d teacher weights + (1 - d) student weights, after each step
    w(t) = consistency_weight (share of labeled images in a batch) exp(-5 (1 - t)^2)
    learning rate: rises like w, falls as exp(-12.5 t^2) at the end, where beta_1 falls to .5
    d and Adam's beta_2: .99 until the ramp-up is over, then .999; on CIFAR-10 .999 throughout

The teacher has the moving means of its own passes. It is exported. On CIFAR-10 a batch is drawn
from all images, with the labels that are known. On SVHN it has one labeled image and 99 without
their labels (--labeled_per_batch), and the second sum is over these. The weights of the public
code, 1 on SVHN, 100 n / 50000 on CIFAR-10 and 100 with all labels, are 100 times the share of
labeled images in a batch.

Departures: In the public code the teacher moves before the student in each step (in the paper's
equation after it), and moving means begin at 0 instead of at those of the first images. Adam's
correction of its first steps is that of a constant beta_2. With --average_decay=0 the teacher is
the student in another view, and the raw weights are exported. CIFAR-100 is not in the paper; its
recipe is that of CIFAR-10. In short runs half of a batch is labeled: on digits, where 4 of 100
images would be, the errors of 1,000 steps were 14.7 % instead of 3.9 % (held-out images, seed 0).
Their decays are constant, because a teacher with .999 would remember most of 1,000 steps.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import losses

PAPER = "Tarvainen and Valpola 2017, equations 1 and 2, public code"
GROUP = "Consistency and pseudo-labels"
BETA_2 = 0.999  # Adam's, after the ramp-up
SVHN = {"ramp_up": 40 / 180, "ramp_down": 25 / 180, "normalization": "per_image"}
CIFAR = {"ramp_up_decay": 0.999, "ramp_up_beta_2": BETA_2, "normalization": "contrast_zca"}


@dataclasses.dataclass(frozen=True)
class HParams(ramps.RampHParams, cnn13.LabeledPerBatchHParams):
    """Hyperparameters of mean teacher."""

    batch_size: int = option(
        100,
        "Images per step, labeled and unlabeled together, over all replicas.",
        low=1,
        high=LARGEST_BATCH,
    )
    labeled_per_batch: int = option(
        0,
        "Labeled images of a batch, drawn apart from the unlabeled ones (1 on SVHN in the public "
        "code); 0 draws the whole batch from all images, with the labels that are known.",
        low=0,
        high=LARGEST_BATCH,
    )
    average_decay: float = option(
        0.999,
        "Decay of the teacher, which is exported, after the ramp-up. 0 exports the raw weights.",
        low=0,
        high=1,
    )
    ramp_up_decay: float = option(
        0.99, "Decay of the teacher in the ramp-up, at most average_decay.", low=0, high=1
    )
    ramp_up_beta_2: float = option(
        0.99, f"Adam's beta_2 in the ramp-up; {BETA_2} after it.", low=0, high=0.9999
    )
    consistency_weight: float = option(
        100.0, "Largest consistency weight, times the share of labeled images in a batch.", low=0
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, width=32, consistency_weight=20.0),
        "digits/short": dict(moving_decay=0.95),
        "svhn": dict(labels=1000, max_steps=180_000, labeled_per_batch=1, **SVHN),
        "cifar10": dict(labels=4000, max_steps=150_000, **CIFAR),
        "cifar100": dict(labels=10_000, max_steps=150_000, **CIFAR),
        "fashion_mnist": dict(labels=1000, max_steps=150_000),
        "short": dict(
            labeled_per_batch=50, average_decay=0.99, ramp_up_beta_2=0.999, moving_decay=0.99,
        ),
    }  # fmt: skip

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run, with at most half of a batch drawn from the labeled images.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels", "batch_size" and
                "devices".
            short: Whether the run is too short for the schedule of the paper.
        """
        recipe = super().recipe(dataset, given, short)
        half = given.get("batch_size", cls.batch_size) // 2
        if cls.recipe_labels(dataset, given) == -1:
            half = 0  # all images have a label
        half -= half % (given.get("devices") or 1)  # replicas share them
        return recipe | {"labeled_per_batch": min(recipe.get("labeled_per_batch", 0), half)}

    @property
    def labeled_examples(self) -> int:
        """Images per step that may have a label."""
        return self.labeled_per_batch or self.batch_size

    @property
    def unlabeled_examples(self) -> int:
        """Images per step whose predictions must agree."""
        return self.batch_size - self.labeled_per_batch


class Method(ramps.RampMethod, cnn13.CNN13Method):
    """A student that learns from labels and from its average, the teacher."""

    reports = ("supervised", "consistency")

    def setup(self) -> None:
        """Builds the student, its player and the teacher."""
        self.classifier = self.build_network()
        self.c = self.player(
            "classifier", self.classifier, self.adam(), self.rate, self.beta_1, self.beta_2
        )
        self.teacher = self.average(self.classifier, self.decay, statistics="own")

    def exported(self) -> keras.Model:
        """The teacher."""
        return self.teacher if self.hp.average_decay > 0 else self.classifier

    def ramping_up(self) -> tf.Tensor:
        """Whether the ramp-up is not over."""
        return self.progress() < self.hp.ramp_up

    def decay(self) -> tf.Tensor:
        """The decay of the teacher at this step."""
        after = self.hp.average_decay
        return tf.where(self.ramping_up(), min(self.hp.ramp_up_decay, after), after)

    def beta_2(self) -> tf.Tensor:
        """Adam's beta_2 at this step."""
        return tf.where(self.ramping_up(), self.hp.ramp_up_beta_2, BETA_2)

    def weight(self) -> tf.Tensor:
        """w(t)."""
        share = self.task.labeled / self.task.unlabeled
        if self.hp.labeled_per_batch:
            share = self.hp.labeled_per_batch / self.hp.batch_size
        return self.hp.consistency_weight * share * self.rise()

    def streams(self) -> dict[str, Stream]:
        """All images with the labels that are known, or labeled and unlabeled ones apart."""
        view = self.with_flips("translated")
        views, hp = {"student": view, "teacher": view}, self.hp
        if not hp.labeled_per_batch:
            return {"mixed": Stream("mixed", hp.batch_size, views)}
        return {
            "labeled": Stream("labeled", hp.labeled_examples, views),
            "unlabeled": Stream("unlabeled", hp.unlabeled_examples, views),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the labels of a batch, and on the agreement with the teacher.

        The first stream has the labels, and the last one the images that must agree.
        """
        hp, parts = self.hp, [batch[name] for name in self.streams()]
        y = parts[0]["label"]
        targets = self.forward_concat(self.teacher, *(part["teacher"] for part in parts))
        with tf.GradientTape() as tape:
            outputs = self.forward_concat(self.classifier, *(part["student"] for part in parts))
            supervised = (hp.labeled_examples / hp.batch_size) * losses.cross_entropy(
                y, outputs[0]["logits"], self.label_weights(y), of_batch=True
            )
            consistency = (hp.unlabeled_examples / hp.batch_size) * losses.mean_squared_difference(
                outputs[-1]["logits"], tf.nn.softmax(targets[-1]["logits"])
            )
            loss = supervised + self.weight() * consistency
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, consistency=consistency)
