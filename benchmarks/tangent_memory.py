"""How much memory the tangents of the localized GAN take: the peak of a process, by their number.

    python benchmarks/tangent_memory.py --tangents=1,2,5,10 --batch=100

Each number is measured in a process of its own, which takes two steps of stage "train" with the
networks of the paper (32 x 32 x 3, width 64, 256 latents). The first step traces, the second one
has everything allocated.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys

import steps

SIZE = steps.Size(**steps.CIFAR10, batch=100, width=64, latent=256)
METHOD = "local_gan"


def main(argv: list[str] | None = None) -> None:
    """Measures what the command line asks for, and prints a table."""
    args = _parser().parse_args(argv)
    size = dataclasses.replace(SIZE, batch=args.batch, width=args.width)
    if args.only:
        print(json.dumps({"mebibytes": measure_here(args.only, size)}))
        return
    peaks = {count: measure(count, size) for count in args.tangents}
    print(render(peaks))


def measure(tangents: int, size: steps.Size) -> float:
    """The peak of a process of its own, in MiB.

    Args:
        tangents: Number of tangents.
        size: Sizes of networks and batch.
    """
    sizes = [f"--batch={size.batch}", f"--width={size.width}"]
    command = [sys.executable, __file__, f"--only={tangents}", *sizes]
    root = str(pathlib.Path(__file__).resolve().parents[1])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"measuring {tangents} tangents failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])["mebibytes"]


def measure_here(tangents: int, size: steps.Size) -> float:
    """The peak of this process after two steps, in MiB.

    Args:
        tangents: Number of tangents.
        size: Sizes of networks and batch.
    """
    import ours  # imports TensorFlow, which the process that starts the others does not need

    steps.STEPS[METHOD] = steps.LocalStep(tangents=tangents)
    (step,) = ours.prepare(METHOD, size).variants.values()
    step()
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def render(peaks: dict[int, float]) -> str:
    """A table of the peaks, and what each further tangent takes.

    Args:
        peaks: Number of tangents -> MiB.
    """
    lines = ["tangents   peak (MiB)"]
    lines += [f"{count:8d} {peak:12,.0f}" for count, peak in peaks.items()]
    fewest, most = min(peaks), max(peaks)
    if most > fewest:
        each = (peaks[most] - peaks[fewest]) / (most - fewest)
        lines.append(f"{each:,.0f} MiB for each further tangent, from {fewest} to {most}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tangents", type=_counts, default=[1, 2, 5, 10])
    parser.add_argument("--batch", type=int, default=SIZE.batch)
    parser.add_argument("--width", type=int, default=SIZE.width)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    return parser


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
