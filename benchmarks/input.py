"""How fast images become what FixMatch reads, beside Pillow and Keras.

    python benchmarks/input.py [--size=32] [--rounds=3] [--seconds=10]

Every image is seen twice, float32 in [-1, 1], in batches of 448: weakly (flip, crop) and strongly
(the same, two operations of RandAugment, a gray square). Each round takes, in this order, Pillow
an image at a time in one process (`pillow_views.py`), the same in as many processes as there are
cores, Keras' layers RandomFlip, RandomCrop and RandAugment in tf.data, and ours, the streams a
method reads. Medians over the rounds; images are noise and lie in memory.

Keras is spared the square, and its RandAugment, with its defaults, draws one pair of layers for a
whole batch. Its draws cannot be keyed by (seed, stream, view, step): its
`get_random_transformation` does not look at its argument `seed`; all come from a generator whose
state would have to be saved.
"""

import argparse
import collections
import itertools
import multiprocessing
import os
import pathlib
import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import pillow_views  # noqa: E402

# TensorFlow is imported where it is used: the pool's processes run this file anew without it.
BATCH, IMAGES = 448, 4480
VIEWS = {"weak": "flip crop", "strong": "flip crop randaugment cutout"}
BASE = "Pillow in a loop"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=32, help="of the images, in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    args = parser.parse_args(argv)
    shape = (IMAGES, args.size, args.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        print(told(measure(images, pool, cores, args.rounds, args.seconds), cores))


def measure(
    images: np.ndarray, pool, cores: int, rounds: int, seconds: float
) -> dict[str, list[float]]:
    """What is measured -> images a second, of each round."""
    rates = collections.defaultdict(list)
    for _ in range(rounds):
        rates[BASE].append(rate(loop(images), seconds))
        rates[f"Pillow in {cores} processes"].append(rate(pooled(images, pool, cores), seconds))
        rates["Keras' layers in tf.data"].append(rate(keras_layers(images), seconds))
        rates["ours"].append(rate(ours(images), seconds))
    return rates


def rate(batches: Iterator, seconds: float) -> float:
    """Images a second once it runs; at least one batch is measured."""
    for _ in range(3):
        next(batches)
    began, count = time.perf_counter(), 0
    while not count or time.perf_counter() - began < seconds:
        next(batches)
        count += 1
    passed = time.perf_counter() - began
    batches.close()  # nothing may run on behind the next measurement
    return count * BATCH / passed


def loop(images: np.ndarray) -> Iterator[tuple]:
    """One process, an image at a time."""
    for batch in pieces(images):
        yield views(batch)


def pooled(images: np.ndarray, pool, processes: int) -> Iterator[tuple]:
    """Every process makes whole batches, two in hand for each."""
    batches = pieces(images)
    ahead = itertools.islice(batches, 2 * processes)
    pending = collections.deque(pool.apply_async(views, [batch]) for batch in ahead)
    try:
        for batch in batches:
            made = pending.popleft().get()
            pending.append(pool.apply_async(views, [batch]))
            yield made
    finally:
        for result in pending:
            result.wait()


def pieces(images: np.ndarray) -> Iterator[np.ndarray]:
    """Batches in order, without end."""
    for first in itertools.cycle(range(0, len(images), BATCH)):
        yield images[first : first + BATCH]


def views(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weak and the strong view of a batch."""
    weak, strong = zip(*map(pillow_views.both, batch), strict=True)
    return np.stack(weak), np.stack(strong)


def keras_layers(images: np.ndarray) -> Iterator[tuple]:
    """Keras' preprocessing layers, batched in tf.data."""
    import keras
    import tensorflow as tf

    size, pad = images.shape[1], images.shape[1] // 8
    flip = keras.layers.RandomFlip("horizontal")
    crop = keras.layers.RandomCrop(size, size)
    randaugment = keras.layers.RandAugment()

    def weak(batch):
        padded = tf.pad(batch, [[0, 0], [pad, pad], [pad, pad], [0, 0]], "REFLECT")
        return crop(flip(padded, training=True), training=True)

    def both(batch):
        seen = weak(batch), randaugment(weak(batch), training=True)
        return tuple((view - 127.5) / 127.5 for view in seen)

    batches = tf.data.Dataset.from_tensor_slices(images).repeat().batch(BATCH, drop_remainder=True)
    yield from batches.map(both, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def ours(images: np.ndarray) -> Iterator[dict]:
    """The stream a method reads."""
    from tf_ssgan.core.task import Stream
    from tf_ssgan.data import pipeline, pools

    unlabeled = {"unlabeled": pools.Pool(images, np.arange(len(images)))}
    yield from pipeline.dataset(unlabeled, {"images": Stream("unlabeled", BATCH, VIEWS)}, 0, 0)


def told(rates: dict[str, list[float]], cores: int) -> str:
    """A table in Markdown."""
    medians = {what: statistics.median(values) for what, values in rates.items()}
    lines = [f"{cores} cores", "", f"| | images/s | times {BASE} |", "| --- | ---: | ---: |"]
    for what, median in medians.items():
        lines.append(f"| {what} | {median:,.0f} | {median / medians[BASE]:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
