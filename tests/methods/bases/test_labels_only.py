"""The step of the supervised baselines, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import labels_only


class Method(labels_only.LabelsOnlyMethod):
    """One dense layer that starts from zeros."""

    def setup(self):
        images = keras.Input(self.task.image_shape)
        dense = keras.layers.Dense(3, kernel_initializer="zeros", use_bias=False)
        self.classifier = keras.Model(images, {"logits": dense(keras.layers.Flatten()(images))})
        self.c = self.player("classifier", self.classifier, keras.optimizers.SGD(1.0))

    def streams(self):
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": "plain"})}


def test_a_step_descends_the_mean_cross_entropy_of_the_labels():
    """From equal probabilities of three classes, the gradient by a logit is 1/3, less 1 if true."""
    method = Method(hparams.HParams(average_decay=0.0), toy_methods.task(height=1, width=1))
    x, y = tf.reshape([0.5, -1.0], [2, 1, 1, 1]), tf.constant([0, 2], tf.int64)
    logs = method.one_step({"labeled": {"image": x, "label": y}})
    assert {k: float(v) for k, v in logs.items()} == {"supervised": pytest.approx(np.log(3))}
    moved = -(0.5 * np.array([1 / 3 - 1, 1 / 3, 1 / 3]) - np.array([1 / 3, 1 / 3, 1 / 3 - 1])) / 2
    np.testing.assert_allclose(method.classifier.trainable_variables[0][0], moved, atol=1e-6)


def test_a_batch_without_a_label_is_refused_before_the_run():
    assert Method.needs_labels
