"""The steps of mean teacher and ICT on CNN13, from stock Keras layers.

Weight normalization and mean-only batch normalization, which Keras does not have, are left out: the
convolutions of mean teacher have biases instead.
"""

from collections.abc import Callable

import common
import keras
import steps
import tensorflow as tf

from stock import parts
from tf_ssgan.nn import losses


def networks(step: steps.TeacherStep, size: steps.Size) -> dict[str, keras.Model]:
    """Builds the student; the teacher is a copy of it."""
    return {"discriminator": classifier(step, size)}


def batch(step: steps.TeacherStep, size: steps.Size) -> list[tf.Tensor]:
    """A batch, its labels, and a second batch.

    The second one is another view of the first (mean teacher), or unlabeled images (ICT).
    """
    return [parts.images(size), parts.labels(size), parts.images(size)]


def classifier(step: steps.TeacherStep, size: steps.Size) -> keras.Model:
    """Images [batch, side, side, channels] -> logits [batch, classes]."""
    images = keras.Input((size.side, size.side, size.channels))
    x = images if step.mixing else keras.layers.GaussianNoise(common.NOISE)(images)
    for channels in (size.width, 2 * size.width):
        for _ in range(3):
            x = _conv(x, channels, 3, step.mixing)
        x = keras.layers.MaxPooling2D(2, padding="same")(x)
        if not step.mixing:
            x = keras.layers.Dropout(common.HIDDEN_DROPOUT)(x)
    x = _conv(x, 4 * size.width, 3, step.mixing, "valid" if size.side >= 24 else "same")
    x = _conv(x, 2 * size.width, 1, step.mixing)
    x = _conv(x, size.width, 1, step.mixing)
    features = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(size.classes)(features))


def train_function(
    step: steps.TeacherStep, size: steps.Size, discriminator: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The training step: (images, labels, second batch) -> losses."""
    teacher = keras.models.clone_model(discriminator)
    teacher.set_weights(discriminator.get_weights())
    return (_ict if step.mixing else _mean_teacher)(discriminator, teacher)


def _mean_teacher(
    student: keras.Model, teacher: keras.Model
) -> Callable[..., tuple[tf.Tensor, ...]]:
    adam = parts.adam()

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, ...]:
        target = tf.nn.softmax(teacher(others, training=True))
        with tf.GradientTape() as tape:
            logits = student(images, training=True)
            loss = losses.cross_entropy(labels, logits)
            distance = losses.mean_squared_difference(logits, target)
            loss += common.CONSISTENCY_WEIGHT * distance
        parts.minimize(tape, loss, student.trainable_weights, adam)
        _average(teacher, student)
        return (loss,)

    return train


def _ict(student: keras.Model, teacher: keras.Model) -> Callable[..., tuple[tf.Tensor, ...]]:
    sgd = keras.optimizers.SGD(0.1, 0.9)

    @tf.function
    def train(images: tf.Tensor, labels: tf.Tensor, unlabeled: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # The beta distribution with both parameters 1 is the uniform one.
        share, unlabeled_share = tf.random.uniform([]), tf.random.uniform([])
        order, unlabeled_order = (
            tf.random.shuffle(tf.range(x.shape[0])) for x in (images, unlabeled)
        )
        predicted = tf.nn.softmax(teacher(unlabeled, training=True))
        target = _mixed(predicted, unlabeled_order, unlabeled_share)
        with tf.GradientTape() as tape:
            logits = student(_mixed(images, order, share), training=True)
            loss = share * losses.cross_entropy(labels, logits)
            loss += (1.0 - share) * losses.cross_entropy(tf.gather(labels, order), logits)
            mixed = _mixed(unlabeled, unlabeled_order, unlabeled_share)
            distance = losses.mean_squared_difference(student(mixed, training=True), target)
            loss += common.CONSISTENCY_WEIGHT * distance
            loss += 1e-4 * tf.add_n([tf.nn.l2_loss(w) for w in student.trainable_weights])
        parts.minimize(tape, loss, student.trainable_weights, sgd)
        _average(teacher, student)
        return (loss,)

    return train


def _mixed(values: tf.Tensor, order: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return share * values + (1.0 - share) * tf.gather(values, order)


def _average(teacher: keras.Model, student: keras.Model) -> None:
    """Moves the teacher's weights toward the student's."""
    decay = common.TEACHER_DECAY
    for slow, fast in zip(teacher.trainable_weights, student.trainable_weights, strict=True):
        slow.assign(decay * slow + (1.0 - decay) * fast)


def _conv(
    x: keras.KerasTensor, channels: int, kernel: int, normalized: bool, padding: str = "same"
) -> keras.KerasTensor:
    """A convolution with a bias, or with batch normalization, and a leaky ReLU."""
    x = keras.layers.Conv2D(channels, kernel, padding=padding, use_bias=not normalized)(x)
    x = keras.layers.BatchNormalization()(x) if normalized else x
    return keras.layers.LeakyReLU(common.SMALL_SLOPE)(x)
