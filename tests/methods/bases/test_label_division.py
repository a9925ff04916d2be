"""Labels that two networks divide: by losses, for each other, with few images, over several looks."""

import dataclasses

import numpy as np
import pytest
from support import toy_looks, toy_methods

from tf_ssgan.core.monitoring import NoisyLabels

WRONG = [1, 5, 9]  # places of the labels that are wrong in some tests


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("dividemix")


@pytest.fixture
def method(toy, monkeypatch):
    toy.load(toy.start)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    toy.method.set_stage(0)
    return toy.method


def with_hparams(method, **values):
    method.hp = dataclasses.replace(method.hp, **values)


def confident(places=()):
    """Logits that agree with the labels of the toy task, but for those at some places."""
    labels = toy_methods.images()[1][: toy_methods.LABELED].copy()
    labels[list(places)] = (labels[list(places)] + 1) % toy_methods.CLASSES
    return 4.0 * np.eye(toy_methods.CLASSES, dtype=np.float32)[labels]


def look(method, checked=0, **given):
    method.set_stage(method.stages()["train"])
    method.look_at_pools(toy_looks.GivenLook(method, checked, **given))


def test_labels_with_large_losses_are_doubted(method):
    look(method, logits=confident(WRONG))
    for w in method.clean:
        assert np.flatnonzero(w.numpy() <= 0.5).tolist() == WRONG
        assert w.numpy().min() < 0.01 and np.sort(w.numpy())[3] > 0.99
    assert np.flatnonzero(method.noisy_labels()).tolist() == WRONG
    assert method.monitors() == (NoisyLabels(method.noisy_labels),)


def test_each_network_learns_on_what_the_other_one_divides(method):
    with_hparams(method, batch_size=1)
    given = {id(method.pair[0]): confident(WRONG), id(method.pair[1]): confident([2, 3])}
    look(method, logits=lambda network: given[id(network)])
    parts = {name: places.tolist() for name, places in method.subsets().items()}
    assert parts["noisy_1"] == WRONG and parts["noisy_0"] == [2, 3]
    for k in (0, 1):
        both = parts[f"clean_{k}"] + parts[f"noisy_{k}"]
        assert sorted(both) == list(range(toy_methods.LABELED))


def test_a_part_smaller_than_a_batch_takes_the_next_likeliest_or_unlikeliest(method):
    """Batches of four: of four classes of likelihood, only the two unlikeliest labels are wrong."""
    w = np.linspace(0.45, 1.0, toy_methods.LABELED, dtype=np.float32)  # two are at most .5
    for buffer in method.clean:
        buffer.assign(w)
    assert method.subsets()["noisy_0"].tolist() == [0, 1, 2, 3]
    assert method.subsets()["clean_0"].tolist() == list(range(2, 12))
    for buffer in method.clean:
        buffer.assign(w / 2)  # none is right
    assert method.subsets()["clean_1"].tolist() == [8, 9, 10, 11]
    assert method.subsets()["noisy_1"].tolist() == list(range(12))


def test_before_the_first_look_all_labels_are_taken_as_right(method):
    assert (
        method.subsets()["clean_0"].tolist() == list(range(12)) and not method.noisy_labels().any()
    )


def test_labels_that_are_known_to_be_right_are_never_doubted(method):
    look(method, checked=6, logits=confident(WRONG))
    assert np.flatnonzero(method.noisy_labels()).tolist() == [9]
    assert method.clean[0].numpy()[:6].tolist() == [1.0] * 6


def test_losses_are_averaged_over_the_latest_looks(toy):
    """Two looks: a label that is detected only by the first one keeps half of that loss."""
    toy = toy_methods.Eager("dividemix", loss_history=2)
    method = toy.method
    look(method, logits=confident(WRONG))
    first = method.latest_losses[0].numpy()
    assert set(first[:, 1]) == {-1}  # not yet
    expected = np.isin(np.arange(12), WRONG)  # scaled to [0, 1]
    np.testing.assert_allclose(first[:, 0], expected, atol=1e-6)
    look(method, logits=confident())
    latest = method.latest_losses[0].numpy()
    np.testing.assert_array_equal(latest[:, 1], first[:, 0])
    assert not latest[:, 0].any()  # all losses are equal
    assert np.flatnonzero(method.noisy_labels()).tolist() == WRONG
    look(method, logits=confident())
    np.testing.assert_array_equal(method.latest_losses[0].numpy()[:, 1], latest[:, 0])
    assert not method.noisy_labels().any()


def test_there_is_no_look_in_the_warm_up(method):
    nothing = lambda network: pytest.fail("nothing is predicted")  # noqa: E731
    method.look_at_pools(toy_looks.GivenLook(method, logits=nothing))


def test_the_indices_of_batches_are_places_in_the_labeled_pool(toy, method):
    look(method, logits=confident(WRONG))
    method.step.assign(2)
    batch = next(toy.batches(2))
    assert set(WRONG) <= set(batch["noisy_0"]["index"].numpy().tolist())
    labels = toy_methods.images()[1]
    for part in batch.values():
        np.testing.assert_array_equal(part["label"], labels[part["index"].numpy()])
