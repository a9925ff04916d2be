"""How long a training step takes, compared with stock Keras, PyTorch, and its linear maps alone.

    python benchmarks/step_time.py --methods=frgan,ssgan --rounds=3 --json=step_time.json

Each measurement runs in a process of its own, because the thread pools of TensorFlow and PyTorch
disturb each other. Processes run one after another: ours, stock Keras, PyTorch, roofline, then the
next method, then the next round. Compare only figures of one run.

    ours          The project's step as `fit` calls it, with input pipeline, weight normalization
                  and EMA (`ours.py`).
    stock Keras   The same networks and step from Keras' own layers in float32, with the batch in
                  memory. Keras has no weight normalization, so this has none (`stock/`).
    PyTorch       The same in PyTorch, if it is installed: weight normalization, channels_last,
                  the faster of bfloat16 autocast and float32 (`pytorch/`).
    roofline      The sum of the times of the step's convolutions and dense maps, each alone, in
                  the number format of ours (`roofline.py`).

Images per second count the images that a step reads, labeled and unlabeled. Each method is measured
at its paper's size, for example 28x28x1, batch 100 and width 128 for the AC-GAN family, and
32x32x3, batch 100 and width 64 for FR-GAN's (`steps.py`).
"""

import argparse
import dataclasses
import importlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import steps
import tables

IMPLEMENTATIONS = ("ours", "stock", "pytorch", "roofline")


def main(argv: list[str] | None = None) -> None:
    """Measures what the command line asks for, and prints the result."""
    args = _parser().parse_args(argv)
    if args.only:
        method = args.methods[0]
        size = steps.STEPS[method].sizes[args.size]
        measured = importlib.import_module(args.only).measure(method, size, args.repeats)
        print(json.dumps(measured))
        return
    facts = tables.machine() | {
        "sizes": tables.merged(
            {f"{_size(method, args.size)} ({method})" for method in args.methods}
        ),
        "rounds": args.rounds,
        "repeats": args.repeats,
    }
    measurements = measure_all(args)
    print(tables.render(measurements, facts, args.layers))
    if args.json:
        content = {"facts": facts, "summary": tables.summary(measurements)}
        content["measurements"] = measurements
        args.json.write_text(json.dumps(content, indent=1))


def measure_all(args: argparse.Namespace) -> tables.Measurements:
    """Measures in the order of rounds, then methods, then implementations."""
    used = [name for name in IMPLEMENTATIONS if name != "pytorch" or _has_torch()]
    measurements = {method: {name: [] for name in used} for method in args.methods}
    for number in range(args.rounds):
        for method in args.methods:
            for name in used:
                print(f"round {number + 1}: {method}, {name}", file=sys.stderr, flush=True)
                measurements[method][name].append(_measure(name, method, args))
            _check_same_networks(method, measurements[method])
    return measurements


def _measure(name: str, method: str, args: argparse.Namespace) -> dict[str, Any]:
    """Runs one measurement in a process of its own."""
    command = [sys.executable, __file__, f"--only={name}", f"--methods={method}"]
    command += [f"--size={args.size}", f"--repeats={args.repeats}"]
    # A checkout need not be installed.
    paths = [str(pathlib.Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"measuring {method}, {name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _check_same_networks(method: str, measured: dict[str, list[dict[str, Any]]]) -> None:
    """Exits if the networks differ in their number of kernels and biases."""
    sizes = {k: v[-1]["parameters"] for k, v in measured.items() if "parameters" in v[-1]}
    if any(size != sizes["ours"] for size in sizes.values()):
        sys.exit(f"{method}: the networks differ in their number of weights: {sizes}")


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def _size(method: str, name: str) -> str:
    size = dataclasses.asdict(steps.STEPS[method].sizes[name])
    return ", ".join(f"{k} {v}" for k, v in size.items())


def _methods(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - set(steps.STEPS)):
        known = ", ".join(steps.STEPS)
        raise argparse.ArgumentTypeError(f"no such method: {', '.join(unknown)}; known: {known}")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everything = ",".join(steps.STEPS)
    parser.add_argument(
        "--methods", type=_methods, default=everything, help="comma-separated names"
    )
    parser.add_argument("--size", choices=("paper", "toy"), default="paper", help="sizes")
    parser.add_argument("--rounds", type=_positive, default=3, help="number of rounds")
    parser.add_argument("--repeats", type=_positive, default=3, help="timed steps per round")
    parser.add_argument("--layers", action="store_true", help="print the layers of the steps too")
    parser.add_argument("--json", type=pathlib.Path, help="file for all measurements")
    parser.add_argument("--only", choices=IMPLEMENTATIONS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
