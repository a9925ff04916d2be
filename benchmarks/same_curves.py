"""Compares the scalars of the steps of two checkouts, step by step.

python benchmarks/same_curves.py --before=../before

For a change that alters the order of sums, so that checksums (`run_checksums.py`) differ. Every
method takes steps of its first stage on the digits (float32, seed 0, without looks at pools) in
both checkouts. The table has the largest difference of its scalars, relative to max(1, |before|),
at the first step and over all steps, and whether all numbers are equal to the bit.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
# Runs in either checkout, whose modules it imports.
STEPS = """
import json, sys
from tf_ssgan.common import startup
with startup.start_up():
    from tf_ssgan.training import build, config, unlabeled_images
name, steps, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
settings = config.configure(
    name, "digits", max_steps=1000, precision="float32", workdir=folder, seed=0
)
run = build.build(settings)
run.method.begin(
    unlabeled_images.initial_images(run), lambda: unlabeled_images.blocks(run)
)
batches, train = iter(build.batches(run, 0)), run.method.make_train_function()
print(json.dumps([{k: float(v) for k, v in train(batches).items()} for _ in range(steps)]))
"""


def scalars(checkout: pathlib.Path, method: str, steps: int) -> list[dict[str, float]]:
    """The scalars of the first steps of a method, one dictionary a step."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", STEPS, method, str(steps), f"{folder}/run"]
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True
        )
    if done.returncode:
        sys.exit(f"{method} in {checkout} failed: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def difference(before: dict[str, float], after: dict[str, float]) -> float:
    """The largest difference of two steps' scalars, relative to max(1, |before|).

    It is infinite if a number is not finite, or the names differ.
    """
    numbers = [*before.values(), *after.values()]
    if before.keys() != after.keys() or not all(map(math.isfinite, numbers)):
        return math.inf
    return max(abs(after[name] - old) / max(1.0, abs(old)) for name, old in before.items())


def main() -> None:
    """Prints a line a method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=pathlib.Path, required=True, help="Folder of older code.")
    parser.add_argument("--after", type=pathlib.Path, default=ROOT, help="Folder of newer code.")
    parser.add_argument("--methods", default="", help="Names, separated by commas; all if empty.")
    parser.add_argument("--steps", type=int, default=20, help="Number of steps.")
    options = parser.parse_args()
    files = sorted((options.before / "tf_ssgan/methods").glob("[a-z]*.py"))
    methods = options.methods.split(",") if options.methods else [path.stem for path in files]
    print("method, first step, all steps, bits", flush=True)
    for name in methods:
        both = [scalars(f.resolve(), name, options.steps) for f in (options.before, options.after)]
        differences = [difference(*pair) for pair in zip(*both, strict=True)]
        equal = "equal" if both[0] == both[1] else "differ"
        print(f"{name:22} {differences[0]:8.1e} {max(differences):8.1e} {equal}", flush=True)


if __name__ == "__main__":
    main()
