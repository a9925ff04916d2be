"""Losses: pure functions of tensors, each with its formula and its source.

Logits come in, float32 scalars go out; means are over the batch unless a sum is written. `lse` is
log-sum-exp over the classes. In the K+1-class losses the fake class has the fixed logit 0, so
D(x) = P(real | x) = Z / (Z + 1) with Z = exp(lse) (Salimans et al. 2016, section 5).
"""

import math
from collections.abc import Callable

import tensorflow as tf

from tf_ssgan import replicas


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean of lse(l_i) - l_i[y_i] over the examples that have a label.

    Args:
        labels: int [batch]; a negative label means unknown and counts for nothing.
        logits: [batch, classes].

    Returns:
        A float32 scalar; 0 if no example has a label.
    """
    known = tf.cast(labels >= 0, tf.float32)
    per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.maximum(labels, 0), tf.cast(logits, tf.float32)
    )
    return tf.math.divide_no_nan(tf.reduce_sum(per_example * known), tf.reduce_sum(known))


def one_against_rest(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of each class's sigmoid, summed over the classes, mean over the batch.

    -sum_k [ v_k log g_k + (1 - v_k) log(1 - g_k) ], g = sigmoid(l), v one-hot of the label (Hu et
    al. 2019, equations 5 and 6, whose sum over the classes goes without saying).

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: [batch, classes].

    Returns:
        A float32 scalar, at least 0.
    """
    logits = tf.cast(logits, tf.float32)
    per_class = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.one_hot(labels, logits.shape[-1]), logits
    )
    return tf.reduce_mean(tf.reduce_sum(per_class, axis=-1))


def exchanged_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean of log(e + K - 1) - p_y: a softmax cross-entropy whose arguments are exchanged.

    The one-hot labels are taken for logits, and p = softmax(l) for the target (public code of
    rajas582/weakly-supervised-gan). What is left is the mean absolute error of p_y.

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: [batch, classes].

    Returns:
        A float32 scalar in [log(e + K - 1) - 1, log(e + K - 1)].
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    likelihood = tf.reduce_sum(tf.one_hot(labels, logits.shape[-1]) * probabilities, axis=-1)
    return math.log(math.e + logits.shape[-1] - 1) - tf.reduce_mean(likelihood)


def real_or_fake(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Unsupervised half of the K+1 discriminator loss, in full form.

    -E log D(real) - E log(1 - D(fake)) = E softplus(-lse(real)) + E softplus(lse(fake)).
    The public code of Salimans et al. (2016) takes half of it (weight 0.5).

    Args:
        real_logits: [batch, classes], images from the data.
        fake_logits: [batch, classes], generated images.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-_lse(real_logits))) + tf.reduce_mean(
        tf.nn.softplus(_lse(fake_logits))
    )


def fool(fake_logits: tf.Tensor) -> tf.Tensor:
    """Generator loss -E log D(G(z)) = E softplus(-lse) (Jiang et al. 2019, algorithm 1).

    Args:
        fake_logits: [batch, classes], generated images.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-_lse(fake_logits)))


def feature_matching(real_features: tf.Tensor, fake_features: tf.Tensor) -> tf.Tensor:
    """Mean over features of |E f(x) - E f(G(z))| (Salimans et al. 2016, section 3.1, public code).

    The two batches may differ in size. Their means are taken over all replicas.

    Args:
        real_features: [batch, features].
        fake_features: [other batch, features].

    Returns:
        A float32 scalar, at least 0.
    """
    real = replicas.mean(tf.reduce_mean(tf.cast(real_features, tf.float32), axis=0))
    fake = replicas.mean(tf.reduce_mean(tf.cast(fake_features, tf.float32), axis=0))
    return tf.reduce_mean(tf.abs(real - fake))


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


def pair_weights(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How strongly `real_or_fake` acts on each pair of an image and a class (Park et al. 2020).

    It pulls real images to class j with omega_ij = softmax(l_i)_j (1 - D(x_i)), and pushes
    generated ones away with softmax(l_i)_j D(G(z_i)): minus and plus its gradients with respect to
    the logits, times the batch.

    Args:
        real_logits: [batch, classes], images from the data.
        fake_logits: [batch, classes], generated images.

    Returns:
        float32 [batch, classes] each, in (0, 1).
    """
    real, fake = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    pull = tf.nn.softmax(real) * tf.sigmoid(-_lse(real))[:, tf.newaxis]
    push = tf.nn.softmax(fake) * tf.sigmoid(_lse(fake))[:, tf.newaxis]
    return pull, push


def confidence(logits: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of the largest class probability.

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar in [1 / classes, 1].
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    return tf.reduce_mean(tf.reduce_max(probabilities, axis=-1))


def angle(features: tf.Tensor, vectors: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean angle of features to their predicted class's vector (Park et al. 2020, proposition 2).

    Args:
        features: [batch, width].
        vectors: [width, classes], one column a class.
        logits: [batch, classes]; the largest is the prediction.

    Returns:
        A float32 scalar in degrees, in [0, 180].
    """
    ours = tf.math.l2_normalize(tf.cast(features, tf.float32), axis=1)
    theirs = tf.math.l2_normalize(tf.cast(vectors, tf.float32), axis=0)
    predicted = tf.gather(tf.transpose(theirs), tf.argmax(logits, axis=-1))
    # Rounding may leave a cosine a little outside of [-1, 1], where acos is not a number.
    cosine = tf.clip_by_value(tf.reduce_sum(ours * predicted, axis=1), -1.0, 1.0)
    return tf.reduce_mean(tf.acos(cosine)) * (180.0 / math.pi)


def source_error(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a source head: E softplus(-s(real)) + E softplus(s(fake)).

    -E log P(S = real | x_r) - E log P(S = fake | x_f), the negative L_S of Odena et al. (2017),
    equation 2.

    Args:
        real: Source logits of images from the data, of any shape.
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-tf.cast(real, tf.float32))) + tf.reduce_mean(
        tf.nn.softplus(tf.cast(fake, tf.float32))
    )


def source_fool(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss against a source head: -E log P(S = real | G(z, c)) = E softplus(-s).

    The non-saturating form (Goodfellow et al. 2014, section 3).

    Args:
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-tf.cast(fake, tf.float32)))


def wasserstein(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Critic loss E s(fake) - E s(real), the negative distance (Arjovsky et al. 2017, equation 2).

    Args:
        real: Scores of images from the data, of any shape.
        fake: Scores of generated images, of any shape.

    Returns:
        A float32 scalar.
    """
    return -wasserstein_fool(fake) - tf.reduce_mean(tf.cast(real, tf.float32))


def wasserstein_fool(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss -E s(G(z)) against a critic (Arjovsky et al. 2017).

    Args:
        fake: Scores of generated images, of any shape.

    Returns:
        A float32 scalar.
    """
    return -tf.reduce_mean(tf.cast(fake, tf.float32))


def least_squares(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """E (sigmoid(s(real)) - 1)^2 + E sigmoid(s(fake))^2 (Mao et al. 2017, equation 2).

    With 1 for "real" and 0 for "generated", of probabilities, and without their halves.

    Args:
        real: Source logits of images from the data, of any shape.
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar in [0, 2].
    """
    return least_squares_fool(real) + tf.reduce_mean(
        tf.square(tf.sigmoid(tf.cast(fake, tf.float32)))
    )


def least_squares_fool(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss E (sigmoid(s(G(z))) - 1)^2 (Mao et al. 2017, equation 2).

    Args:
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar in [0, 1].
    """
    return tf.reduce_mean(tf.square(tf.sigmoid(tf.cast(fake, tf.float32)) - 1.0))


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor, mix: tf.Tensor
) -> tf.Tensor:
    """E (||grad s(x)||_2 - 1)^2 at x = mix real + (1 - mix) fake (Gulrajani et al. 2017).

    Computed in float32; whoever builds the critic builds it in float32 too. The norm has 1e-12
    under its root, so that the penalty of a critic without slope, 1, has a gradient.

    Args:
        critic: Images -> scores, one an image; it is differentiated twice.
        real: [batch, ...], images from the data.
        fake: The same shape, generated images.
        mix: U[0, 1], [batch, 1, ...].

    Returns:
        A float32 scalar, at least 0.
    """
    between = mix * tf.cast(real, tf.float32) + (1.0 - mix) * tf.cast(fake, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = tf.cast(critic(between), tf.float32)
    slope = tape.gradient(scores, between)
    norm = tf.sqrt(tf.reduce_sum(tf.square(slope), range(1, slope.shape.rank)) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1.0))


def divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """Mean of KL(p || q) = sum_k p_k (log p_k - log q_k), p of `logits` and q of `other_logits`.

    Gradients go into both; whoever wants one of them fixed stops it before.

    Args:
        logits: [batch, classes].
        other_logits: [batch, classes].

    Returns:
        A float32 scalar, at least 0 but for rounding.
    """
    return tf.reduce_mean(_divergence(logits, other_logits))


def entropy(logits: tf.Tensor) -> tf.Tensor:
    """Mean of -sum_k p_k log p_k (Grandvalet and Bengio 2005), in [0, log classes].

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar.
    """
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    return -tf.reduce_mean(tf.reduce_sum(tf.exp(log_p) * log_p, axis=-1))


def unit(direction: tf.Tensor) -> tf.Tensor:
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
    clean, direction = tf.stop_gradient(logits), unit(direction)
    for _ in range(iterations):
        step = probe * direction
        with tf.GradientTape() as tape:
            tape.watch(step)
            # The sum, not the mean: as if the batch had one image, however large it is.
            changed = tf.reduce_sum(_divergence(clean, predict(step)))
        direction = unit(tf.stop_gradient(tape.gradient(changed, step)))
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
    selected = replicas.mean(tf.reduce_sum(mask))
    return tf.math.divide_no_nan(replicas.mean(tf.reduce_sum(mask * values)), selected)


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


def contrastive(one: tf.Tensor, two: tf.Tensor, temperature: float) -> tf.Tensor:
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
    everyone = tf.concat([replicas.gathered(view) for view in views], 0)
    batch, total = one.shape[0], everyone.shape[0] // 2
    mine = replicas.rank() * batch + tf.range(batch)
    myself = tf.concat([mine, mine + total], 0)
    similar = tf.matmul(tf.concat(views, 0), everyone, transpose_b=True) / temperature
    similar -= 1e9 * tf.one_hot(myself, 2 * total)  # nothing is its own other view
    other = tf.concat([mine + total, mine], 0)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=other, logits=similar)
    )


def half_squares(weights: list[tf.Tensor]) -> tf.Tensor:
    """Half the sum of squares of all weights: its gradient decays them.

    Args:
        weights: Kernels of any shape.

    Returns:
        A float32 scalar.
    """
    return tf.add_n([tf.nn.l2_loss(tf.cast(weight, tf.float32)) for weight in weights])


def _divergence(logits: tf.Tensor, other_logits: tf.Tensor) -> tf.Tensor:
    """KL(p || q) of each example, float32 [batch]."""
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    log_q = tf.nn.log_softmax(tf.cast(other_logits, tf.float32))
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)


def _lse(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.cast(logits, tf.float32), axis=-1)
