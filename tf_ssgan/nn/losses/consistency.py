"""Losses between two predictions for the same image: consistency, pseudo-labels, contrast."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tf_ssgan.nn import distribution


def squared_distance(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of ||one_i - two_i||^2, summed over the last axis.

    Jiang et al. (2019), section 2.1, without the weight w(t). Laine and Aila (2017) take the mean
    over the K classes instead, so their weight 100 corresponds to 10 here at K = 10.

    Args:
        one: [batch, width], outputs of one branch.
        two: [batch, width], outputs of the other branch.

    Returns:
        A float32 scalar, at least 0; gradients flow into both.
    """
    difference = tf.cast(one, tf.float32) - tf.cast(two, tf.float32)
    return tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1))


def mean_squared_difference(
    logits: tf.Tensor, target: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean of w_i (softmax(l_i) - target_i)^2 over batch and classes.

    Laine and Aila (2017), algorithms 1 and 2.

    Args:
        logits: [batch, classes].
        target: [batch, classes], probabilities.
        weights: float32 [batch], w; None for 1. The sum is divided by the size of the batch, not by
            the sum of their weights.

    Returns:
        A float32 scalar, without weights in [0, 2 / classes]; gradients flow into both.
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    squares = tf.square(probabilities - tf.cast(target, tf.float32))
    return tf.reduce_mean(squares if weights is None else weights[:, tf.newaxis] * squares)


def kl_divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """Mean of KL(p || q) = sum_k p_k (log p_k - log q_k), p of `logits` and q of `other_logits`.

    Gradients flow into both; a caller stops them where it needs a fixed target.

    Args:
        logits: [batch, classes].
        other_logits: [batch, classes].

    Returns:
        A float32 scalar, at least 0 up to rounding.
    """
    return tf.reduce_mean(_divergence(logits, other_logits))


def unit_norm(direction: tf.Tensor) -> tf.Tensor:
    """Scales each example to length 1: by its largest magnitude first, then by its norm.

    With the order and the small constants of the public code of Miyato et al. (2018). Gradients too
    small to be squared in float32 are scaled too; those below about 1e-13 become shorter than 1,
    and 0 stays 0.

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
    """Estimates the direction that changes the predictions most (Miyato et al. 2018).

    Power iteration, algorithm 1: d <- unit_norm(grad_r KL(p || q(r)) at r = probe d).

    Args:
        predict: Perturbation [batch, ...] -> logits [batch, classes] of the perturbed images.
        logits: [batch, classes], of the unperturbed images.
        direction: float32 [batch, ...], random start, N(0, 1).
        probe: xi, length of the perturbation at which the gradient is taken.
        iterations: Number of power iterations.

    Returns:
        [batch, ...], each example of length 1, or 0 if the gradient vanishes in float32; without a
        gradient.
    """
    clean, direction = tf.stop_gradient(logits), unit_norm(direction)
    for _ in range(iterations):
        step = probe * direction
        with tf.GradientTape() as tape:
            tape.watch(step)
            # The sum, not the mean, so that the gradient does not depend on the batch size.
            divergence = tf.reduce_sum(_divergence(clean, predict(step)))
        direction = unit_norm(tf.stop_gradient(tape.gradient(divergence, step)))
    return direction


def pseudo_labels(
    logits: tf.Tensor, threshold: float | tf.Tensor, strict: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """The predicted classes and a confidence mask (Lee 2013; Sohn et al. 2020).

    Args:
        logits: [batch, classes].
        threshold: Smallest probability of a confident prediction, or float32 [classes], that of
            each predicted class.
        strict: Whether the probability must be larger than the threshold.

    Returns:
        int64 [batch], the classes, and float32 [batch], 1 for confident predictions and 0 for the
        others; without a gradient.
    """
    probabilities = tf.nn.softmax(tf.cast(tf.stop_gradient(logits), tf.float32))
    largest, predicted = tf.reduce_max(probabilities, axis=-1), tf.argmax(logits, axis=-1)
    if tf.is_tensor(threshold):
        threshold = tf.gather(threshold, predicted)
    confident = largest > threshold if strict else largest >= threshold
    return predicted, tf.cast(confident, tf.float32)


def class_thresholds(latest: tf.Tensor, classes: int, threshold: float) -> tf.Tensor:
    """A threshold for each class, lower for classes that the classifier has learned less of.

    Zhang et al. (2021), equations 5, 7, 10 and 11. sigma_c images are confident predictions of
    class c, `unused` images of none:

        beta_c = sigma_c / max(max sigma, unused);   threshold_c = threshold beta_c / (2 - beta_c)

    Args:
        latest: int64 [images], the latest confident prediction for each image, -1 for none.
        classes: Number of classes.
        threshold: That of a class with beta 1.

    Returns:
        float32 [classes], in [0, threshold]; 0 for classes without a confident prediction.
    """
    # The segment sum leaves out negative classes.
    images = tf.math.unsorted_segment_sum(tf.ones_like(latest, tf.float32), latest, classes)
    unused = tf.reduce_sum(tf.cast(latest < 0, tf.float32))
    learned = images / tf.maximum(tf.reduce_max(images), unused)
    return threshold * learned / (2.0 - learned)


def align_distribution(
    logits: tf.Tensor, mean_prediction: tf.Tensor, target: Sequence[float]
) -> tf.Tensor:
    """Logits of Normalize(p target / mean) (Berthelot et al. 2020, section 3.1).

    1e-6 is added to target and mean, as in the public code.

    Args:
        logits: [batch, classes], of p.
        mean_prediction: float32 [classes], the mean of predictions so far, sum 1.
        target: [classes], the share of each class, sum 1.

    Returns:
        float32 [batch, classes], without a gradient; the logits if mean and target are equal.
    """
    ratio = (tf.constant(target, tf.float32) + 1e-6) / (mean_prediction + 1e-6)
    return tf.stop_gradient(tf.cast(logits, tf.float32) + tf.math.log(ratio))


def sharpen(probabilities: tf.Tensor, temperature: float) -> tf.Tensor:
    """p_k^(1/T) / sum_j p_j^(1/T) (Berthelot et al. 2019, "MixMatch", equation 7).

    Args:
        probabilities: [batch, classes], p.
        temperature: T, above 0: 1 changes nothing, and towards 0 the largest one becomes 1.

    Returns:
        float32 [batch, classes], without a gradient.
    """
    p = tf.cast(tf.stop_gradient(probabilities), tf.float32)
    # Divided by the largest one first, or high powers of small numbers would all be 0.
    powers = (p / tf.reduce_max(p, axis=-1, keepdims=True)) ** (1.0 / temperature)
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)


def masked_cross_entropy(
    labels: tf.Tensor, logits: tf.Tensor, mask: tf.Tensor, of_selected: bool = False
) -> tf.Tensor:
    """Cross-entropy of the selected examples, divided by the size of the batch or their number.

    Args:
        labels: int [batch].
        logits: [batch, classes].
        mask: float32 [batch], 1 for the selected examples.
        of_selected: Divide by the number of selected examples over all replicas instead of by the
            size of the batch.

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
    """KL divergence of the attention over positions of two views, mean over the selected images.

    KL(softmax(weak) || softmax(strong)), with the softmax over the positions; at most
    log(positions) if `strong` is uniform. Gradients flow into both.

    Args:
        weak: [batch, positions], attention of the weak view.
        strong: [batch, positions], attention of the strong view.
        mask: float32 [batch], 1 for the selected images.

    Returns:
        A float32 scalar; 0 if none is selected.
    """
    return masked_mean(_divergence(weak, strong), mask)


def nt_xent(one: tf.Tensor, two: tf.Tensor, temperature: float) -> tf.Tensor:
    """NT-Xent, the contrastive loss of SimCLR (Chen et al. 2020, equation 1).

    Mean over 2 B vectors v of -log( exp(v.v'/T) / sum_{w != v} exp(v.w/T) ), where v' is the vector
    of the same image's other view, all have length 1, and B is the batch size over all replicas.

    Args:
        one: [batch, width], vectors of one view, of any length.
        two: [batch, width], vectors of the other view of the same images.
        temperature: T.

    Returns:
        A float32 scalar; log(2 B - 1) if all vectors are equal.
    """
    views = [tf.math.l2_normalize(tf.cast(view, tf.float32), axis=-1) for view in (one, two)]
    everything = tf.concat([distribution.gather_over_replicas(view) for view in views], 0)
    batch, total = one.shape[0], everything.shape[0] // 2
    rows = distribution.replica_rank() * batch + tf.range(batch)
    own = tf.concat([rows, rows + total], 0)
    similarity = tf.matmul(tf.concat(views, 0), everything, transpose_b=True) / temperature
    similarity -= 1e9 * tf.one_hot(own, 2 * total)  # leaves w = v out of the sum
    positive = tf.concat([rows + total, rows], 0)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positive, logits=similarity)
    )


def _divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """KL(p || q) of each example, float32 [batch]."""
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    log_q = tf.nn.log_softmax(tf.cast(other_logits, tf.float32))
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)
