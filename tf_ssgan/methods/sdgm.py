"""SDGM: ADGM with the auxiliary latent in the generative model too, a skip deep generative model.

Maaloe, Sonderby, Sonderby and Winther: Auxiliary Deep Generative Models (2016). The image is
generated from a too, and a no longer from the image:

    p(x, y, z, a) = p(z) p(y) p(a | z, y) p(x | a, z, y)

Everything else is as in `adgm`: the posterior, the bounds with log p(x | a, z, y) and
log p(a | z, y), the loss, the classifier and the settings. This is what the public code
(larsmaaloee/auxiliary-deep-generative-models) has.

Departures: those of `adgm`. Images are generated from the mean of p(a | z, y).
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.methods import adgm

PAPER = "Maaloe et al. 2016, public code"
GROUP = "Autoencoders and deep generative models"


@dataclasses.dataclass(frozen=True)
class HParams(adgm.HParams):
    """Hyperparameters of SDGM, those of ADGM."""


class Method(adgm.Method):
    """The skip deep generative model."""

    form = "sdgm"

    def of_a(self, x: tf.Tensor, z: tf.Tensor, y: tf.Tensor, training: bool = False) -> dict:
        """p(a | z, y), for which x does not count."""
        return self.p_a({"latents": z, "label": y}, training=training)

    def of_x(self, a: tf.Tensor, z: tf.Tensor, y: tf.Tensor, training: bool = False) -> dict:
        """p(x | a, z, y)."""
        return self.p_x({"auxiliary": a, "latents": z, "label": y}, training=training)

    def generated(self, z: tf.Tensor, y: tf.Tensor) -> dict:
        """p(x | a, z, y), of the mean of p(a | z, y)."""
        return self.of_x(self.p_a({"latents": z, "label": y})["mean"], z, y)
