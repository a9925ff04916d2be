"""Losses between two predictions for the same image: consistency, pseudo-labels, contrast."""

from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.nn import distribution


def squared_distance(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of ||one_i - two_i||^2, summed over the last axis.

    Jiang et al. (2019), section 2.1, with the weight w(t) left to the caller. Laine and Aila (2017)
    take the mean over the K classes instead: their weight 100 is 10 here at K = 10.

    Args:
        one: [batch, width], one branch.
        two: [batch, width], the other branch.

    Returns:
        A float32 scalar, at least 0; gradients flow into both.
    """
    difference = tf.cast(one, tf.float32) - tf.cast(two, tf.float32)
    return tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1))


def kl_divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """Mean of KL(p || q) = sum_k p_k (log p_k - log q_k), p of `logits` and q of `other_logits`.

    Gradients go into both; whoever wants one of them fixed stops it before.

    Args:
        logits: [batch, classes].
        other_logits: [batch, classes].

    Returns:
        A float32 scalar, at least 0 but for rounding.
    """
    return tf.reduce_mean(_divergence(logits, other_logits))


def unit_norm(direction: tf.Tensor) -> tf.Tensor:
    """Scales each example to length 1: by its largest magnitude first, then by its norm.

    In the order of the public code of Miyato et al. (2018), with its guards: gradients too small to
    be squared in float32 survive, one under about 1e-13 is shorter than 1, and 0 stays 0.

    Args:
        direction: float32 [batch, ...].

    Returns:
        The same shape.
    """
    axes = range(1, direction.shape.rank)
    largest = tf.reduce_max(tf.abs(direction), axes, keepdims=True)
    scaled = direction / (1e-12 + largest)
    return scaled * tf.math.rsqrt(1e-6 + tf.reduce_sum(tf.square(scaled), axes, keepdims=True))


def adversarial_direction(
    predict: Callable[[tf.Tensor], tf.Tensor],
    logits: tf.Tensor,
    direction: tf.Tensor,
    probe: float,
    iterations: int,
) -> tf.Tensor:
    """About the direction in which a small step changes the prediction most (Miyato et al. 2018).

    Power iteration, algorithm 1: d <- unit(grad_r KL(p || q(r)) at r = probe d).

    Args:
        predict: Perturbation [batch, ...] -> logits [batch, classes] of the perturbed images.
        logits: [batch, classes], of the images as they are.
        direction: float32 [batch, ...], N(0, 1).
        probe: Length of the step at which the gradient is taken, xi.
        iterations: Of the power method.

    Returns:
        [batch, ...], each example of length 1, or 0 where there is no slope that float32
        can tell; no gradient.
    """
    clean, direction = tf.stop_gradient(logits), unit_norm(direction)
    for _ in range(iterations):
        step = probe * direction
        with tf.GradientTape() as tape:
            tape.watch(step)
            # The sum, not the mean: as if the batch had one image, however large it is.
            changed = tf.reduce_sum(_divergence(clean, predict(step)))
        direction = unit_norm(tf.stop_gradient(tape.gradient(changed, step)))
    return direction


def pseudo_labels(
    logits: tf.Tensor, threshold: float, strict: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """The likeliest classes, and where they are likely enough (Lee 2013; Sohn et al. 2020).

    Args:
        logits: [batch, classes].
        threshold: Probability from which on a class counts.
        strict: Whether it must be exceeded.

    Returns:
        int64 [batch], the classes, and float32 [batch], 1 where the class counts and 0 elsewhere;
        no gradient.
    """
    probabilities = tf.nn.softmax(tf.cast(tf.stop_gradient(logits), tf.float32))
    largest = tf.reduce_max(probabilities, axis=-1)
    counts = largest > threshold if strict else largest >= threshold
    return tf.argmax(logits, axis=-1), tf.cast(counts, tf.float32)


def masked_cross_entropy(
    labels: tf.Tensor, logits: tf.Tensor, mask: tf.Tensor, of_selected: bool = False
) -> tf.Tensor:
    """Cross-entropy of the selected examples, divided by the batch or by how many are selected.

    Args:
        labels: int [batch].
        logits: [batch, classes].
        mask: float32 [batch], 1 for the selected examples.
        of_selected: Divide by the number of selected examples (of the whole batch, over the
            replicas) instead of by the batch.

    Returns:
        A float32 scalar; 0 if none is selected.
    """
    per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels, tf.cast(logits, tf.float32)
    )
    return masked_mean(per_example, mask) if of_selected else tf.reduce_mean(mask * per_example)


def masked_mean(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Mean of the selected values, over all replicas; 0 if none is selected.

    Args:
        values: float32 [batch].
        mask: float32 [batch], 1 for the selected ones.

    Returns:
        A float32 scalar.
    """
    selected = distribution.mean_over_replicas(tf.reduce_sum(mask))
    return tf.math.divide_no_nan(
        distribution.mean_over_replicas(tf.reduce_sum(mask * values)), selected
    )


def attention_divergence(weak: tf.Tensor, strong: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """KL between attention over the positions of two views, mean over the selected images.

    KL(softmax(weak) || softmax(strong)), the softmax over the positions, at most log positions
    where one of them is uniform. Gradients go into both.

    Args:
        weak: [batch, positions], attention of one view.
        strong: [batch, positions], of the other.
        mask: float32 [batch], 1 for the selected images.

    Returns:
        A float32 scalar; 0 if none is selected.
    """
    return masked_mean(_divergence(weak, strong), mask)


def nt_xent(one: tf.Tensor, two: tf.Tensor, temperature: float) -> tf.Tensor:
    """NT-Xent: each vector shall find its image's other view among all (Chen et al. 2020, eq. 1).

    Of 2 B vectors of length 1 the mean of -log( exp(v.v'/T) / sum_{w != v} exp(v.w/T) ), v' the
    other view; B is the batch over all replicas.

    Args:
        one: [batch, width], vectors of one view, of any length.
        two: [batch, width], of the other view of the same images.
        temperature: T.

    Returns:
        A float32 scalar; log(2 B - 1) where all are alike.
    """
    views = [tf.math.l2_normalize(tf.cast(view, tf.float32), axis=-1) for view in (one, two)]
    everyone = tf.concat([distribution.gather_over_replicas(view) for view in views], 0)
    batch, total = one.shape[0], everyone.shape[0] // 2
    mine = distribution.replica_rank() * batch + tf.range(batch)
    myself = tf.concat([mine, mine + total], 0)
    similar = tf.matmul(tf.concat(views, 0), everyone, transpose_b=True) / temperature
    similar -= 1e9 * tf.one_hot(myself, 2 * total)  # nothing is its own other view
    other = tf.concat([mine + total, mine], 0)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=other, logits=similar)
    )


def _divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """KL(p || q) of each example, float32 [batch]."""
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    log_q = tf.nn.log_softmax(tf.cast(other_logits, tf.float32))
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)
