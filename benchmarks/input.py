"""How fast FixMatch's views are computed, compared with Pillow and Keras.

    python benchmarks/input.py [--size=32] [--rounds=3] [--seconds=10]

Every image has two views, float32 in [-1, 1], in batches of 448: a weak one (flip, crop) and a
strong one (the same, two operations of RandAugment, a gray square). Each round measures, in this
order: Pillow image by image in one process (`pillow_views.py`), the same in one process per core,
Keras' layers RandomFlip, RandomCrop and RandAugment in tf.data, and ours, the streams that a method
reads. The table has medians over the rounds; the images are noise in memory.

The Keras pipeline has no gray square, and Keras' RandAugment, with its defaults, chooses one pair
of operations for a whole batch. Its random numbers cannot depend on (seed, stream, view, step):
`get_random_transformation` ignores its argument `seed` and takes them from a generator whose state
would have to be saved.
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

import tf_ssgan  # noqa: E402, F401  before Keras, whose settings it checks

# TensorFlow is imported in functions: the processes of the pool import this file without it.
BATCH, IMAGES = 448, 4480
VIEWS = {"weak": "flip crop", "strong": "flip crop randaugment cutout"}
BASE = "Pillow in a loop"


def main(argv: list[str] | None = None) -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=32, help="side of the images, in pixels")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds")
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement")
    args = parser.parse_args(argv)
    shape = (IMAGES, args.size, args.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        print(format_table(measure(images, pool, cores, args.rounds, args.seconds), cores))


def measure(
    images: np.ndarray, pool, cores: int, rounds: int, seconds: float
) -> dict[str, list[float]]:
    """What is measured -> images per second, one value per round."""
    rates = collections.defaultdict(list)
    for _ in range(rounds):
        rates[BASE].append(rate(one_process(images), seconds))
        rates[f"Pillow in {cores} processes"].append(rate(processes(images, pool, cores), seconds))
        rates["Keras' layers in tf.data"].append(rate(keras_layers(images), seconds))
        rates["ours"].append(rate(ours(images), seconds))
    return rates


def rate(batches: Iterator, seconds: float) -> float:
    """Images per second after a warm-up of three batches; at least one batch is measured."""
    for _ in range(3):
        next(batches)
    start, count = time.perf_counter(), 0
    while not count or time.perf_counter() - start < seconds:
        next(batches)
        count += 1
    elapsed = time.perf_counter() - start
    batches.close()  # nothing may still run during the next measurement
    return count * BATCH / elapsed


def one_process(images: np.ndarray) -> Iterator[tuple]:
    """Pillow in this process, image by image."""
    for batch in batches_of(images):
        yield views(batch)


def processes(images: np.ndarray, pool, count: int) -> Iterator[tuple]:
    """Pillow in a pool of processes, whole batches in each, with two in advance per process."""
    batches = batches_of(images)
    ahead = itertools.islice(batches, 2 * count)
    pending = collections.deque(pool.apply_async(views, [batch]) for batch in ahead)
    try:
        for batch in batches:
            finished = pending.popleft().get()
            pending.append(pool.apply_async(views, [batch]))
            yield finished
    finally:
        for result in pending:
            result.wait()


def batches_of(images: np.ndarray) -> Iterator[np.ndarray]:
    """Endless batches, in order."""
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
        pair = weak(batch), randaugment(weak(batch), training=True)
        return tuple((view - 127.5) / 127.5 for view in pair)

    batches = tf.data.Dataset.from_tensor_slices(images).repeat().batch(BATCH, drop_remainder=True)
    yield from batches.map(both, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def ours(images: np.ndarray) -> Iterator[dict]:
    """The stream that a method reads."""
    from tf_ssgan.core.task import Stream
    from tf_ssgan.data import pipeline, pools

    unlabeled = {"unlabeled": pools.Pool(images, np.arange(len(images)))}
    yield from pipeline.dataset(unlabeled, {"images": Stream("unlabeled", BATCH, VIEWS)}, 0, 0)


def format_table(rates: dict[str, list[float]], cores: int) -> str:
    """A Markdown table of images per second and speed relative to Pillow."""
    medians = {what: statistics.median(values) for what, values in rates.items()}
    lines = [f"{cores} cores", "", f"| | images/s | times {BASE} |", "| --- | ---: | ---: |"]
    for what, median in medians.items():
        lines.append(f"| {what} | {median:,.0f} | {median / medians[BASE]:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
