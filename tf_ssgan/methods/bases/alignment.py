"""Distribution alignment: predictions for unlabeled images, as frequent by class as the labels.

Berthelot et al.: ReMixMatch (2020), section 3.1 and public code. Before a prediction p becomes a
pseudo-label, it is multiplied by the share of each class among the labels and divided by the mean
of earlier predictions:

    p~ = Normalize(p (share + 1e-6) / (mean + 1e-6)),   mean over the 128 batches before

It assumes that unlabeled images have their classes in the same shares as the labels.

With --pl_mode=epoch, `pseudo_label` takes the mean over the unlabeled pool instead, each time it
makes pseudo-labels, these predictions included.

Departure: before there are 128 batches, the missing ones count as predictions with the shares of
the labels, so that a run begins without alignment. The public code takes 1 / K, which is the same
for its labels.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.nn import distribution, losses

BATCHES = 128  # whose predictions are averaged


@dataclasses.dataclass(frozen=True)
class AlignmentHParams(hparams.HParams):
    """Hyperparameters of a method that may align its pseudo-labels."""

    align_distribution: bool = option(
        False,
        "Whether predictions for unlabeled images are scaled so that their classes become as "
        "frequent as among the labels, before they become pseudo-labels (Berthelot et al. 2020, "
        "section 3.1).",
        since="0.4.0",
    )


class DistributionAlignment(method.Method):
    """A method whose pseudo-labels may be aligned with the labels."""

    hp: AlignmentHParams

    def make_alignment(self, rows: int) -> None:
        """Makes the memory of mean predictions, if predictions are aligned.

        Args:
            rows: Number of mean predictions that it keeps.
        """
        if self.hp.align_distribution:
            start = np.tile(np.float32(self.task.class_frequencies), (rows, 1))
            self.mean_predictions = self.buffer("mean_predictions", start)

    def align(self, logits: tf.Tensor, included: bool = False) -> tf.Tensor:
        """The logits of p~, whose mean prediction is then remembered for that of the oldest batch.

        Args:
            logits: [rows, classes], for unlabeled images.
            included: Whether these predictions are among those whose mean aligns them.

        Returns:
            As `aligned`.
        """
        if not self.hp.align_distribution:
            return logits
        before = self.aligned(logits)
        predictions = tf.nn.softmax(tf.cast(tf.stop_gradient(logits), tf.float32))
        newest = distribution.mean_over_replicas(tf.reduce_mean(predictions, axis=0))
        kept = self.mean_predictions.value[1:]
        self.mean_predictions.assign(tf.concat([kept, newest[tf.newaxis]], axis=0))
        return self.aligned(logits) if included else before

    def aligned(self, logits: tf.Tensor) -> tf.Tensor:
        """The logits of p~, without a gradient; the logits themselves if nothing is aligned.

        Args:
            logits: [rows, classes], for unlabeled images.
        """
        if not self.hp.align_distribution:
            return logits
        mean = tf.reduce_mean(self.mean_predictions.value, axis=0)
        return losses.align_distribution(logits, mean, self.task.class_frequencies)
