"""How long a training step takes, compared with stock Keras, PyTorch, and its linear maps alone.

    python benchmarks/step_time.py --methods=frgan,ssgan --rounds=3 --json=step_time.json

Each measurement runs in a process of its own, because the thread pools of TensorFlow and PyTorch
disturb each other. Processes run one after another: ours, stock Keras, PyTorch, roofline, then the
next method, then the next round. Compare only figures of one run.

    ours          The project's step as `fit` calls it, with input pipeline, weight normalization
                  and EMA (`ours.py`).
    stock Keras   The same networks and step from Keras' own layers in float32, with the batch in
                  memory. Keras has no weight normalization, so this has none, and no mean-only
                  batch normalization either (`stock/`).
    PyTorch       The same in PyTorch, if it is installed: weight normalization, channels_last,
                  the faster of bfloat16 autocast and float32 (`pytorch/`).
    roofline      The sum of the times of the step's convolutions and dense maps, each alone, in
                  the number format of ours (`roofline.py`).

Images per second count the images that a step reads, labeled and unlabeled. Each method is measured
with its default hyperparameters, which are its paper's: for example 28x28x1, batch 100 and width
128 for the AC-GAN family, and 32x32x3, batch 100 and width 64 for FR-GAN's (`sizes.py`). But
`local_gan` is measured in the second half of its run, with 2 tangents instead of 10 (`steps.py`).
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

import common
import steps
import tables

import tf_ssgan  # noqa: F401  before Keras, whose settings it checks

IMPLEMENTATIONS = ("ours", "stock", "pytorch", "roofline")


def main(argv: list[str] | None = None) -> None:
    """Measures what the command line asks for, and prints the result."""
    args = _parser().parse_args(argv)
    if args.only:
        print(json.dumps(_measure_here(args.only, args.methods[0], args.at, args.repeats)))
        return
    sizes = _sizes(args)
    facts = tables.machine() | {
        "sizes": tables.merged({f"{_format(sizes[name])} ({name})" for name in args.methods}),
        "rounds": args.rounds,
        "repeats": args.repeats,
    }
    measurements = measure_all(args, sizes)
    print(tables.render(measurements, facts, args.layers))
    if args.json:
        content = {"facts": facts, "summary": tables.summary(measurements)}
        content["measurements"] = measurements
        args.json.write_text(json.dumps(content, indent=1))


def measure_all(args: argparse.Namespace, sizes: dict[str, steps.Size]) -> tables.Measurements:
    """Measures in the order of rounds, then methods, then implementations.

    Args:
        args: The command line.
        sizes: Method -> the size it is measured at.
    """
    used = [name for name in IMPLEMENTATIONS if name != "pytorch" or _has_torch()]
    measurements = {method: {name: [] for name in used} for method in args.methods}
    for number in range(args.rounds):
        for method in args.methods:
            for name in used:
                print(f"round {number + 1}: {method}, {name}", file=sys.stderr, flush=True)
                measurements[method][name].append(
                    _measure(name, method, sizes[method], args.repeats)
                )
            _check_same_networks(method, measurements[method])
    return measurements


def _measure(name: str, method: str, size: steps.Size, repeats: int) -> dict[str, Any]:
    """Runs one measurement in a process of its own."""
    at = json.dumps(dataclasses.asdict(size))
    options = [f"--only={name}", f"--methods={method}", f"--at={at}", f"--repeats={repeats}"]
    return _run(f"measuring {method}, {name}", [__file__, *options])


def _measure_here(name: str, method: str, at: str, repeats: int) -> dict[str, Any]:
    """Measures in this process; the roofline is no step, but the sum of its parts."""
    module, size = importlib.import_module(name), steps.Size(**json.loads(at))
    if name == "roofline":
        return module.measure(method, size, repeats)
    return common.measure(module.prepare(method, size), repeats)


def _sizes(args: argparse.Namespace) -> dict[str, steps.Size]:
    """Method -> the size it is measured at; `sizes` imports TensorFlow, so it is a process too."""
    if args.size == "toy":
        return dict.fromkeys(args.methods, steps.TOY)
    script = pathlib.Path(__file__).with_name("sizes.py")
    found = _run("reading the sizes", [str(script), *args.methods])
    return {method: steps.Size(**size) for method, size in found.items()}


def _run(task: str, arguments: list[str]) -> dict[str, Any]:
    """Runs a script, which prints JSON in its last line; exits if it fails."""
    # A checkout need not be installed.
    paths = [str(pathlib.Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{task} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _check_same_networks(method: str, measured: dict[str, list[dict[str, Any]]]) -> None:
    """Exits if the networks differ in their number of kernels and biases."""
    sizes = {k: v[-1]["parameters"] for k, v in measured.items() if "parameters" in v[-1]}
    if any(size != sizes["ours"] for size in sizes.values()):
        sys.exit(f"{method}: the networks differ in their number of weights: {sizes}")


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def _format(size: steps.Size) -> str:
    return ", ".join(f"{k} {v}" for k, v in dataclasses.asdict(size).items() if v)


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
    parser.add_argument("--at", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
