"""The batches of a stream are a pure function of (seed, step)."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core.task import Stream
from tf_ssgan.data import pipeline, pools
from tf_ssgan.data.pools import Pool

STREAMS = {
    "labeled": Stream("labeled", 8, {"image": "plain"}),
    "unlabeled": Stream("unlabeled", 8, {"one": "translated", "two": "translated"}),
}


def batches(count, start=0, seed=0, streams=None, host=None):
    dataset = pipeline.dataset(
        toy_methods.pools(), streams or STREAMS, seed, start, host or pipeline.Host()
    )
    return list(dataset.take(count).as_numpy_iterator())


def same(one, two):
    return all(
        np.array_equal(a, b)
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(two), strict=True)
    )


def test_a_stream_resumes_at_any_step():
    uninterrupted = batches(12)
    for before, after in zip(uninterrupted[7:], batches(5, start=7), strict=True):
        assert same(before, after)
    assert not same(uninterrupted[0], batches(1, seed=1)[0])


def test_an_epoch_contains_every_example_once():
    for first in (0, 5, 10):  # 40 examples, 8 per step
        indices = np.concatenate([b["unlabeled"]["index"] for b in batches(5, start=first)])
        assert sorted(indices) == list(range(40))
    orders = [[*b["unlabeled"]["index"]] for b in batches(10)]
    assert orders[0] != orders[5]


def test_no_example_occurs_twice_in_a_batch_if_batches_do_not_divide_the_pool():
    streams = {"unlabeled": Stream("unlabeled", 12, {"one": "plain"})}  # 40 = 3 * 12 + 4
    for batch in batches(30, streams=streams):
        assert len(set(batch["unlabeled"]["index"])) == 12


def test_a_pool_smaller_than_a_batch_is_repeated_evenly():
    streams = {"labeled": Stream("labeled", 30, {"image": "plain"})}  # 12 examples
    indices = np.concatenate([b["labeled"]["index"] for b in batches(2, streams=streams)])
    assert set(np.bincount(indices, minlength=12)) == {5}


def test_images_and_labels_belong_together():
    images, labels = toy_methods.images()
    for batch in batches(3):
        index = batch["labeled"]["index"]
        np.testing.assert_array_equal(batch["labeled"]["label"], labels[index])
        np.testing.assert_allclose(
            batch["labeled"]["image"], (images[index] - 127.5) / 127.5, atol=1e-6
        )


def test_unlabeled_batches_carry_no_label_and_two_different_views():
    (batch,) = batches(1)
    assert set(batch["unlabeled"]) == {"index", "one", "two"}
    assert not np.array_equal(batch["unlabeled"]["one"], batch["unlabeled"]["two"])
    assert batch["unlabeled"]["one"].dtype == np.float32
    assert np.abs(batch["unlabeled"]["one"]).max() <= 1


@pytest.mark.parametrize(("local", "firsts"), [(4, [0]), (2, [0, 2]), (1, [0, 1, 2, 3])])
def test_hosts_and_replicas_share_the_rows_of_the_same_batches(local, firsts):
    whole = batches(2)
    rows = {}
    for first in firsts:
        for i, element in enumerate(batches(2 * local, host=pipeline.Host(4, local, first))):
            rows[i // local, first + i % local] = element
    for step in range(2):
        parts = [rows[step, rank] for rank in range(4)]
        joined = tf.nest.map_structure(lambda *p: np.concatenate(p), *parts)
        assert same(joined, whole[step])


def test_examples_must_be_divisible_by_replicas():
    with pytest.raises(ValueError, match="8 examples per step cannot be shared by 3"):
        pipeline.dataset(toy_methods.pools(), STREAMS, 0, 0, pipeline.Host(3, 1, 0))


def test_unknown_views_are_refused_before_the_first_batch():
    streams = {"unlabeled": Stream("unlabeled", 8, {"one": "flip turned"})}
    with pytest.raises(ValueError, match="no operation 'turned'"):
        pipeline.dataset(toy_methods.pools(), streams, 0, 0)


def test_two_streams_over_one_pool_have_different_orders():
    streams = {k: Stream("unlabeled", 8, {"v": "plain"}) for k in ("a", "b")}
    (batch,) = batches(1, streams=streams)
    assert [*batch["a"]["index"]] != [*batch["b"]["index"]]


TWO = {"one": "plain", "two": "plain"}
FLIPPED = {"unlabeled": Stream("unlabeled", 8, TWO, shared="flip")}


def flips(batch, view):
    """Whether each image of a view is mirrored; no toy image is symmetric."""
    originals = (toy_methods.images()[0][batch["index"]] - 127.5) / 127.5
    mirrored = [np.allclose(a, b[:, ::-1]) for a, b in zip(batch[view], originals, strict=True)]
    same = [np.allclose(a, b) for a, b in zip(batch[view], originals, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    return mirrored


def test_shared_operations_are_drawn_once_for_all_views():
    drawn = []
    for batch in batches(6, streams=FLIPPED):
        one, two = (flips(batch["unlabeled"], view) for view in TWO)
        assert one == two
        drawn += one
    assert 10 < sum(drawn) < 38  # of 48, each with probability .5
    apart = {"unlabeled": Stream("unlabeled", 8, {"one": "flip", "two": "flip"})}
    (batch,) = batches(1, streams=apart)
    assert flips(batch["unlabeled"], "one") != flips(batch["unlabeled"], "two")


def test_shared_operations_come_before_those_of_the_views():
    """The shifted view is that of images which were flipped beforehand."""
    views = TWO | {"shifted": "translated"}
    (batch,) = batches(1, streams={"unlabeled": Stream("unlabeled", 8, views, shared="flip")})
    index, flipped = batch["unlabeled"]["index"], toy_methods.images()[0]
    mirrored = index[np.array(flips(batch["unlabeled"], "one"))]
    flipped[mirrored] = flipped[mirrored, :, ::-1]
    stream = Stream("unlabeled", 8, {"shifted": "translated"})
    pools = {"unlabeled": Pool(flipped, np.arange(len(flipped)))}
    expected = next(iter(pipeline.dataset(pools, {"unlabeled": stream}, 0, 0)))["unlabeled"]
    np.testing.assert_array_equal(batch["unlabeled"]["shifted"], expected["shifted"])


def test_shared_operations_are_the_same_on_replicas_and_when_a_run_resumes():
    whole = batches(4, streams=FLIPPED)
    assert all(map(same, whole[2:], batches(2, start=2, streams=FLIPPED)))
    halves = batches(8, streams=FLIPPED, host=pipeline.Host(2, 2, 0))
    for step in range(4):
        pair = halves[2 * step : 2 * step + 2]
        assert same(tf.nest.map_structure(lambda *p: np.concatenate(p), *pair), whole[step])


def test_a_stream_without_shared_operations_is_what_it_was():
    plain = {"unlabeled": Stream("unlabeled", 8, {"one": "flip"})}
    with_none = {"unlabeled": Stream("unlabeled", 8, {"one": "flip"}, shared="")}
    assert same(batches(1, streams=plain), batches(1, streams=with_none))


def test_indices_are_places_if_the_pool_has_them():
    labeled = toy_methods.pools()["labeled"]
    few = {"few": pools.subset(labeled, np.array([9, 2, 5]))}
    streams = {"few": Stream("few", 6, {"image": "plain"})}
    batch = next(iter(pipeline.dataset(few, streams, 0, 0)))["few"]
    assert sorted(batch["index"].numpy().tolist()) == [2, 2, 5, 5, 9, 9]
    np.testing.assert_array_equal(batch["label"], labeled.labels[batch["index"].numpy()])
