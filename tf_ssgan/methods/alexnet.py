"""AlexNet on the labeled images alone: the baseline for photographs of AC-GAN for classification.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), CIFAR-10; the network is that of
Krizhevsky et al. (2012).

    L = CE(labeled)

Departures: the public code averages no weights; their average is shipped here and the raw ones are
reported beside it, at the last step and where validation was best. Its softmax inside the network
is in the loss. Its initial kernels are N(0, 0.02^2), which its README calls N(1, 0.02^2).
"""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.core.task import Stream
from tf_ssgan.networks import alexnet
from tf_ssgan.nn import losses

PAPER = "Dravid et al. 2022, baseline; Krizhevsky et al. 2012"


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """Hyper-parameters of the baseline."""

    learning_rate: float = option(2e-4, "Step size (public code of Dravid et al. 2022).", low=0)
    beta_1: float = option(
        0.5, "Adam's first-moment decay (public code of Dravid et al. 2022).", low=0, high=1
    )
    width: int = option(64, "Channels of the first convolution (Dravid et al. 2022).", low=1)
    dropout: float = option(
        0.5, "Rate of the two dropout layers (Krizhevsky et al. 2012).", low=0, high=0.99
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=32),
        "fashion_mnist": dict(labels=500, max_steps=5000),
        "cifar10": dict(labels=-1, epochs=1000),
        "cifar100": dict(labels=-1, epochs=1000),
    }


class Method(method.Method):
    """Learns from the labeled images only."""

    reports = ("supervised",)
    needs_labels = True

    def setup(self) -> None:
        """One network, one player."""
        self.classifier = alexnet.classifier(self.task, self.hp.width, dropout=self.hp.dropout)
        adam = keras.optimizers.Adam(self.hp.learning_rate, beta_1=self.hp.beta_1, epsilon=1e-8)
        self.c = self.player("classifier", self.classifier, adam)

    def streams(self) -> dict[str, Stream]:
        """Labeled images only, as they are."""
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": "plain"})}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step down the cross-entropy."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        with tf.GradientTape() as tape:
            loss = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
        self.c.minimize(loss, tape)
        return self.end_step(supervised=loss)
