"""What the supervised baselines share: one step on labeled images."""

import tensorflow as tf

from tf_ssgan.core import method
from tf_ssgan.nn import losses


class LabelsOnlyMethod(method.Method):
    """A method that trains the network of player `self.c` on the labeled images alone."""

    reports = ("supervised",)
    needs_labels = True

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the cross-entropy of a labeled batch."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        with tf.GradientTape() as tape:
            logits = self.classifier(x, training=True)["logits"]
            loss = losses.cross_entropy(y, logits, self.label_weights(y))
        self.c.minimize(loss, tape)
        return self.end_step(supervised=loss)
