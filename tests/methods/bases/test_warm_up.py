"""A first stage on labels alone: its length, and epochs that are counted in it too."""

import dataclasses

import pytest
from support import toy_methods

from tf_ssgan.methods.bases import warm_up


class Counting(warm_up.WarmUpMethod):
    """A method without a network."""

    def setup(self):
        self.classifier = None

    def exported(self):
        return None


def method(epochs, steps=60, labeled=12, batch_size=8):
    task = dataclasses.replace(toy_methods.task(steps=steps), labeled=labeled)
    return Counting(warm_up.WarmUpHParams(warm_up_epochs=epochs, batch_size=batch_size), task)


@pytest.mark.parametrize(
    "epochs, labeled, first",
    [(1, 12, 2), (3, 12, 6), (3, 16, 6), (3, 17, 9), (100, 12, 30)],
)
def test_the_warm_up_is_passes_over_the_labels_and_at_most_half_of_the_run(epochs, labeled, first):
    assert method(epochs, labeled=labeled).stages() == {"warm_up": 0, "train": first}


def test_without_epochs_there_is_none():
    assert method(0).stages() == {"train": 0}


def test_epochs_are_passes_over_the_labels_and_then_over_the_pool():
    """Passes of two steps, twice; then epochs of five steps."""
    made, epochs = method(2), []
    for step in (0, 1, 2, 3, 4, 8, 9, 14):
        made.step.assign(step)
        epochs.append(int(made.epoch()))
    assert epochs == [0, 0, 1, 1, 2, 2, 3, 4]
