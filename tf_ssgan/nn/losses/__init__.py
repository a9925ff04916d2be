"""Losses: pure functions of tensors, each with its formula and its source.

They take logits and return float32 scalars, which are means over the batch unless a docstring says
otherwise.
"""

from tf_ssgan.nn.losses.classification import (
    cross_entropy,
    entropy,
    exchanged_cross_entropy,
    l2_loss,
    mean_confidence,
    one_vs_rest,
)
from tf_ssgan.nn.losses.clustering import (
    admitted,
    class_sums,
    cluster_weights,
    cross_entropies,
    pair_loss,
    pair_terms,
)
from tf_ssgan.nn.losses.consistency import (
    adversarial_direction,
    align_distribution,
    attention_divergence,
    class_thresholds,
    kl_divergence,
    masked_cross_entropy,
    masked_mean,
    mean_squared_difference,
    nt_xent,
    pseudo_labels,
    squared_distance,
    unit_norm,
)
from tf_ssgan.nn.losses.gan import (
    feature_matching,
    generator_loss,
    gradient_penalty,
    least_squares_critic_loss,
    least_squares_generator_loss,
    mean_angle,
    pair_weights,
    real_or_fake,
    source_generator_loss,
    source_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)

__all__ = [
    "admitted",
    "adversarial_direction",
    "align_distribution",
    "attention_divergence",
    "class_sums",
    "class_thresholds",
    "cluster_weights",
    "cross_entropies",
    "cross_entropy",
    "entropy",
    "exchanged_cross_entropy",
    "feature_matching",
    "generator_loss",
    "gradient_penalty",
    "kl_divergence",
    "l2_loss",
    "least_squares_critic_loss",
    "least_squares_generator_loss",
    "masked_cross_entropy",
    "masked_mean",
    "mean_angle",
    "mean_confidence",
    "mean_squared_difference",
    "nt_xent",
    "one_vs_rest",
    "pair_loss",
    "pair_terms",
    "pair_weights",
    "pseudo_labels",
    "real_or_fake",
    "source_generator_loss",
    "source_loss",
    "squared_distance",
    "unit_norm",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]
