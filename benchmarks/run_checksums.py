"""Checksums of short runs, to show that a change of the code changes no result.

python benchmarks/run_checksums.py --checkout=../before
python benchmarks/run_checksums.py

Trains every method for a few steps on the digits (float32, one core, seed 0) and prints SHA-256
sums of the weights of its last checkpoint and of the values in its metrics.jsonl. Names and times
do not count, so that renamed networks and scalars leave the sums as they are. Sums depend on the
processor and on the versions of TensorFlow and NumPy: compare two checkouts on one machine.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
TIMES = ("seconds", "images_per_second", "waiting_percent")


def metric_sum(path: pathlib.Path) -> str:
    """SHA-256 of the values of a metrics.jsonl, in their order; names and times do not count."""
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    values = [[v for k, v in line.items() if k not in TIMES] for line in lines]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def weight_sum(checkpoint: pathlib.Path) -> str:
    """SHA-256 of all variables of a checkpoint, whatever their names and order."""
    import tf_ssgan  # noqa: F401, I001  before Keras, whose settings it checks
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(checkpoint / "state"))
    sums = []
    for name in reader.get_variable_to_shape_map():
        if "OBJECT_GRAPH" not in name and "save_counter" not in name:
            value = reader.get_tensor(name)
            about = f"{value.dtype}{value.shape}".encode()
            sums.append(hashlib.sha256(about + value.tobytes()).hexdigest())
    return hashlib.sha256("".join(sorted(sums)).encode()).hexdigest()


def train(checkout: pathlib.Path, method: str, steps: int, workdir: pathlib.Path, core: int) -> str:
    """Trains one method in a process of its own; returns its line of the table."""
    command = [sys.executable, "train_main.py", f"--method={method}", "--dataset=digits"]
    command += [f"--max_steps={steps}", "--precision=float32", "--seed=0", f"--workdir={workdir}"]
    surroundings = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(checkout)}
    ran = subprocess.run(
        command,
        cwd=checkout,
        env=surroundings,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if ran.returncode:
        return f"{method:20} failed: {ran.stderr.strip()[-300:]}"
    (checkpoint,) = sorted(workdir.glob("checkpoints/step-*"))[-1:]
    weights, metrics = weight_sum(checkpoint), metric_sum(workdir / "metrics.jsonl")
    return f"{method:20} {weights[:16]} {metrics[:16]}"


def main() -> None:
    """Prints a line a method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=pathlib.Path, default=ROOT, help="Folder of the code.")
    parser.add_argument("--methods", default="", help="Names, separated by commas; all if empty.")
    parser.add_argument("--steps", type=int, default=12, help="Length of each run.")
    options = parser.parse_args()
    checkout = options.checkout.resolve()
    files = sorted((checkout / "tf_ssgan/methods").glob("[a-z]*.py"))
    methods = options.methods.split(",") if options.methods else [path.stem for path in files]
    cores = sorted(os.sched_getaffinity(0))
    print(f"{platform.processor() or platform.machine()}; method, weights, metrics", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        concurrent.futures.ThreadPoolExecutor(len(cores)) as pool,
    ):
        waiting = [
            pool.submit(
                train,
                checkout,
                name,
                options.steps,
                pathlib.Path(folder) / name,
                cores[i % len(cores)],
            )
            for i, name in enumerate(methods)
        ]
        for done in waiting:
            print(done.result(), flush=True)


if __name__ == "__main__":
    main()
