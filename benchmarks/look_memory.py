"""What a look at a whole pool takes: time and memory, by the number of images.

    python benchmarks/look_memory.py --images=10000,50000

Features and labels are random, so this is the part of `label_propagation` outside of its network:
neighbors, graph, and labels that spread over it (128 features, 50 neighbors, 10 classes). Each
number of images is measured in a process of its own, whose peak without the features is shown. The
predictions of `dividemix` are a row of logits for each image, and need no measurement.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

FEATURES, NEIGHBORS, CLASSES = 128, 50, 10
_ROOT = pathlib.Path(__file__).resolve().parents[1]


def main(argv: list[str] | None = None) -> None:
    """Measures what the command line asks for, and prints a table."""
    args = _parser().parse_args(argv)
    if args.only:
        print(json.dumps(measure_here(args.only)))
        return
    print(render([measure(count) for count in args.images]))


def measure(images: int) -> dict[str, float]:
    """What a process of its own measures, see `measure_here`.

    Args:
        images: Number of images.
    """
    paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, __file__, f"--only={images}"]
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"measuring {images} images failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_here(images: int) -> dict[str, float]:
    """Images, seconds of neighbors and of spreading, and what the peak rises by, in MiB.

    Args:
        images: Number of images.
    """
    import numpy as np

    from tf_ssgan.nn import label_propagation

    random = np.random.default_rng(0)
    features = random.normal(size=(images, FEATURES)).astype(np.float32)
    labels = np.where(np.arange(images) < 10 * CLASSES, np.arange(images) % CLASSES, -1)
    before, began = _peak(), time.perf_counter()
    near = label_propagation.nearest_neighbors(features, NEIGHBORS)
    found = time.perf_counter()
    graph = label_propagation.affinity(*near)
    scores = label_propagation.propagate(graph, labels, CLASSES)
    label_propagation.pseudo_labels(scores, labels)
    ended = time.perf_counter()
    return {
        "images": images,
        "neighbors": found - began,
        "spreading": ended - found,
        "mebibytes": _peak() - before,
    }


def render(rows: list[dict[str, float]]) -> str:
    """A table of what was measured.

    Args:
        rows: What `measure` returned.
    """
    lines = ["  images   neighbors, s   spreading, s   memory, MiB"]
    for row in rows:
        lines.append(
            f"{row['images']:8,d} {row['neighbors']:14.1f} {row['spreading']:14.1f} "
            f"{row['mebibytes']:13,.0f}"
        )
    return "\n".join(lines)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=_counts, default=[10_000, 50_000])
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    return parser


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
