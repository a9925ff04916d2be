"""Random numbers are a function of (seed, step, call site, replica)."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, step_random


def numbers(seed=0, step=0, rows=4):
    with step_random.at(seed, step) as random:
        return [
            random.uniform(rows, 3).numpy(),
            random.normal(rows, 3).numpy(),
            random.integers(rows, 3, low=0, high=1000).numpy(),
            random.bytes(rows, 5).numpy(),
        ]


def test_the_same_key_gives_the_same_numbers_and_another_key_others():
    for one, two in zip(numbers(), numbers(), strict=True):
        np.testing.assert_array_equal(one, two)
    for other in (numbers(seed=1), numbers(step=1), numbers(seed=2**40)):
        for one, two in zip(numbers(), other, strict=True):
            assert not np.array_equal(one, two)


def test_bytes_of_neighboring_steps_are_not_shifted_copies():
    def flat(step):
        with step_random.at(0, step) as random:
            return random.bytes(4, 4096).numpy().ravel()

    one, two = flat(5), flat(6)
    for lag in range(-128, 129, 4):
        ours = one[max(lag, 0) : len(one) + min(lag, 0)]
        theirs = two[max(-lag, 0) : len(two) - max(lag, 0)]
        assert np.mean(ours == theirs) < 0.02  # 1/256 by chance


def test_two_calls_of_a_step_differ():
    with step_random.at(0, 0) as random:
        assert not np.array_equal(random.uniform(8, 2), random.uniform(8, 2))


def test_ranges_and_moments():
    with step_random.at(3, 5) as random:
        uniform = random.uniform(4000, 4, low=-1.0).numpy()
        assert uniform.min() >= -1 and uniform.max() < 1 and abs(uniform.mean()) < 0.02
        whole = random.integers(4000, low=-2, high=3).numpy()
        assert set(whole) == {-2, -1, 0, 1, 2}
        counts = np.bincount(random.bytes(4000, 16).numpy().ravel(), minlength=256)
        assert counts.min() > 180 and counts.max() < 330  # 250 expected, standard deviation 16
        normal = random.normal(4000, 4).numpy()
        assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03


@pytest.mark.parametrize("parts", [[8], [4, 4], [2, 4, 2]])
def test_two_replicas_share_the_numbers_of_one(parts):
    """Row r of replica k in a part is row k * rows + r of the whole part."""

    def numbers_of(own):
        with step_random.at(7, 3) as random, random.concatenated(own):
            rows = sum(own)
            return random.uniform(rows, 2), random.bytes(rows, 3)

    whole = numbers_of(parts)
    strategy = distribution.strategy(2)
    pieces = tf.function(lambda: strategy.run(numbers_of, args=([p // 2 for p in parts],)))()
    for alone, shared in zip(whole, pieces, strict=True):
        first, second = (x.numpy() for x in strategy.experimental_local_results(shared))
        offset, expected = 0, ([], [])
        for part in parts:
            block = alone.numpy()[offset : offset + part]
            expected[0].append(block[: part // 2])
            expected[1].append(block[part // 2 :])
            offset += part
        np.testing.assert_array_equal(first, np.concatenate(expected[0]))
        np.testing.assert_array_equal(second, np.concatenate(expected[1]))


def test_a_piece_of_a_batch_has_its_rows_of_the_whole_batch():
    whole = step_random.StepRandom(1, 2, piece=(6, 0)).uniform(6, 2)
    np.testing.assert_array_equal(
        step_random.StepRandom(1, 2, piece=(6, 4)).uniform(2, 2), whole[4:]
    )


def test_outside_of_a_step_there_are_no_random_numbers():
    with pytest.raises(RuntimeError, match="outside of a step"):
        step_random.current()
