"""What methods declare to be watched."""

import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core import monitoring
from tf_ssgan.nn import step_random


@pytest.mark.parametrize(
    "name, strict", [("fixmatch", False), ("fixmatch_attention", False), ("pseudo_label", True)]
)
def test_methods_declare_the_pseudo_labels_that_they_train_on(name, strict):
    method = toy_methods.Toy(name, threshold=0.7).method
    assert method.monitors() == (monitoring.PseudoLabels(0.7, strict, method.aligned),)
    assert method.sampler() is None


def test_vat_declares_perturbed_images_in_a_batch_of_its_size():
    method = toy_methods.Toy("vat").method
    (declared,) = method.monitors()
    assert declared.name == "perturbed" and declared.examples == method.hp.unlabeled_examples
    images = toy_methods.centered(toy_methods.images(4)[0])
    with step_random.at(0, 0):
        perturbed = declared.transform(images)
    with step_random.at(0, 0):
        expected = images + method.perturbation(images)
    tf.debugging.assert_equal(perturbed, expected)
    assert float(tf.reduce_max(tf.abs(perturbed - images))) > 0.01
