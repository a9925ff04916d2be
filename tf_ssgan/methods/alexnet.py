"""AlexNet trained on the labeled images alone: the CIFAR-10 baseline of AC-GAN.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), CIFAR-10. The network is that of
Krizhevsky et al. (2012).

    L = CE(labeled)

Departures: we export an EMA of the weights, which the public code lacks, and also report the raw
weights, at the last step and at the best validation accuracy. The public code has the softmax in
the network; here it is in the loss. Its initial kernels are N(0, 0.02^2), although its README says
N(1, 0.02^2).
"""

import dataclasses

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import labels_only, optimizers
from tf_ssgan.networks import alexnet

PAPER = "Dravid et al. 2022, baseline; Krizhevsky et al. 2012"
GROUP = "Baselines"


@dataclasses.dataclass(frozen=True)
class HParams(optimizers.AdamHParams):
    """Hyperparameters of the AlexNet baseline."""

    learning_rate: float = option(
        2e-4, "Learning rate of Adam (public code of Dravid et al. 2022).", low=0
    )
    width: int = option(
        64, "Channels of the first convolution (Dravid et al. 2022).", low=1, high=WIDEST
    )
    dropout: float = option(
        0.5,
        "Dropout rate of the two hidden layers, 0 to 0.99 (Krizhevsky et al. 2012).",
        low=0,
        high=0.99,
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=32),
        "fashion_mnist": dict(labels=500, labeled_epochs=1000),
        "cifar10": dict(labels=-1, labeled_epochs=1000),
        "cifar100": dict(labels=-1, labeled_epochs=1000),
    }


class Method(labels_only.LabelsOnlyMethod, optimizers.AdamMethod):
    """AlexNet with cross-entropy on the labeled images."""

    def setup(self) -> None:
        """Makes the network and its optimizer."""
        self.classifier = alexnet.classifier(self.task, self.hp.width, dropout=self.hp.dropout)
        self.c = self.player("classifier", self.classifier, self.adam())

    def streams(self) -> dict[str, Stream]:
        """Labeled images without augmentation."""
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": "plain"})}
