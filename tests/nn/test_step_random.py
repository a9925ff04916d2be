"""Random numbers are a function of (seed, step, call site, replica)."""

import time

import numpy as np
import pytest
import scipy.stats
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


def drawn(call, count=4000):
    """What `call` returns in each of so many steps, stacked."""

    @tf.function
    def one(step):
        return call(step_random.StepRandom(11, step))

    return np.array([one(tf.constant(step, tf.int64)).numpy() for step in range(count)])


@pytest.mark.parametrize("alpha", [0.1, 1.0, 4.0])
def test_beta_numbers_have_the_distribution_of_scipy(alpha):
    """Mean 1/2 and variance 1 / (4 (2 alpha + 1)), and every quantile."""
    numbers = drawn(lambda random: random.beta(alpha))
    assert numbers.dtype == np.float32 and numbers.min() >= 0 and numbers.max() <= 1
    exact = scipy.stats.beta(alpha, alpha)
    assert abs(numbers.mean() - 0.5) < 4 * exact.std() / 4000**0.5
    assert numbers.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)
    points = np.linspace(0.001, 0.999, 999)
    below = np.searchsorted(np.sort(numbers), points) / 4000
    # 1.63 / sqrt(n) is exceeded by one sample of a hundred.
    assert np.abs(below - exact.cdf(points)).max() < 1.63 / 4000**0.5


@pytest.mark.parametrize(("alpha", "largest"), [(0.1, 5e-7), (1.0, 1e-7), (4.0, 3e-2)])
def test_between_its_points_the_quantile_function_is_nearly_linear(alpha, largest):
    """With 4, only the outermost ones are off, which are drawn once in 2,000 steps."""
    known = np.linspace(0, 1, 4097)
    asked = np.linspace(0, 1, 10 * 4096 + 1)
    found = np.interp(asked, known, step_random._beta_quantiles(alpha))
    wrong = np.abs(found - scipy.stats.beta(alpha, alpha).ppf(asked))
    assert wrong.max() < largest and wrong[20:-20].max() < 2e-3
    assert wrong.mean() < 1e-5


def test_another_step_seed_or_call_gives_another_beta_number_and_another_order():
    first = step_random.StepRandom(0, 0)
    others = [first, step_random.StepRandom(0, 1), step_random.StepRandom(1, 0)]
    assert len({float(random.beta(1.0)) for random in [step_random.StepRandom(0, 0), *others]}) == 3
    assert len({tuple(random.order(9).numpy()) for random in others}) == 3
    assert float(first.beta(1.0)) != float(first.beta(1.0))
    assert first.order(9).numpy().tolist() != first.order(9).numpy().tolist()


def test_every_order_of_a_batch_is_equally_likely():
    orders = drawn(lambda random: random.order(4), count=2400)
    assert orders.dtype == np.int32
    assert np.all(np.sort(orders, axis=1) == np.arange(4))
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    # 100 each; the sum has a chi-squared distribution with 23 degrees of freedom.
    assert np.sum((counts - 100) ** 2) / 100 < scipy.stats.chi2(23).ppf(0.99)


def test_the_order_of_a_large_batch_is_a_permutation():
    order = step_random.StepRandom(2, 3).order(20_000).numpy()
    np.testing.assert_array_equal(np.sort(order), np.arange(20_000))
    assert abs(np.corrcoef(order, np.arange(20_000))[0, 1]) < 0.02


def test_every_replica_has_the_beta_number_and_the_order_of_one():
    def numbers_of(rows):
        with step_random.at(7, 3) as random:
            return random.beta(0.5), random.order(rows)

    alone = numbers_of(8)
    strategy = distribution.strategy(2)
    both = tf.function(lambda: strategy.run(numbers_of, args=(4,)))()
    for expected, shared in zip(alone, both, strict=True):
        for value in strategy.experimental_local_results(shared):
            np.testing.assert_array_equal(value, expected)


def test_a_permutation_has_every_number_once_and_another_in_each_call_step_and_run():
    randoms = [step_random.StepRandom(*key) for key in ((0, 0), (0, 1), (1, 0))]
    made = [random.permutation(9).numpy() for random in randoms + randoms]
    for one in made:
        assert one.dtype == np.int32
        np.testing.assert_array_equal(np.sort(one), np.arange(9))
    assert len({tuple(one) for one in made}) == 6
    again = step_random.StepRandom(0, 0).permutation(9)
    np.testing.assert_array_equal(again, made[0])
    assert step_random.StepRandom(0, 0).permutation(1).numpy().tolist() == [0]


def test_every_permutation_is_equally_likely():
    made = drawn(lambda random: random.permutation(3), count=1200)
    counts = np.unique(made, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    # 200 each; the sum has a chi-squared distribution with 5 degrees of freedom.
    assert np.sum((counts - 200) ** 2) / 200 < scipy.stats.chi2(5).ppf(0.99)


def test_every_replica_has_the_permutation_of_one():
    """Unlike an order of the batch, it does not grow with the replicas."""

    def permutation():
        with step_random.at(7, 3) as random:
            return random.permutation(12)

    strategy = distribution.strategy(2)
    both = tf.function(lambda: strategy.run(permutation))()
    for value in strategy.experimental_local_results(both):
        np.testing.assert_array_equal(value, permutation())


def test_beta_numbers_and_orders_compile_under_xla_once_for_all_steps():
    """Compiled anew for each step, this would take a minute."""

    @tf.function(jit_compile=True)
    def compiled(step):
        random = step_random.StepRandom(5, step)
        return random.beta(0.5), random.order(16)

    began = time.process_time()
    made = [compiled(tf.constant(step, tf.int64)) for step in range(400)]
    assert time.process_time() - began < 20
    shares, orders = (np.stack(values) for values in zip(*made, strict=True))
    assert np.all(np.sort(orders, axis=1) == np.arange(16))
    assert abs(shares.mean() - 0.5) < 0.06 and shares.var() == pytest.approx(1 / 8, rel=0.2)
