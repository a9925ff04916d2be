"""A program that stands in for train_main.py: it leaves the files of a run, and trains nothing.

Its flag --fails=RATE diverges at that rate, --refuses=RATE refuses the folder, --waits hangs until
it is told to stop. A finished run is reported and not repeated, as by the real one. It writes how
often it was started into `starts`, and takes TRAINED_SECONDS of the environment;
the method TRAINED_FAILS of the environment diverges.
"""

import fcntl
import json
import os
import pathlib
import signal
import sys
import time


def main(flags):
    rate, steps = float(flags.get("noise_rate", 0)), int(flags.get("max_steps", 4))
    workdir = pathlib.Path(flags["workdir"])
    workdir.mkdir(parents=True, exist_ok=True)
    lock = (workdir / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (workdir / "starts").open("a") as starts:
        starts.write("x")
    if (workdir / "result.json").exists():
        return print(f"{workdir} is finished; this is its result.")
    if rate == float(flags.get("refuses", -1)):
        print(f"{workdir} holds another run.", file=sys.stderr)
        raise SystemExit(2)
    seed = int(flags.get("seed", 0))
    config = {"method": flags.get("method", "frgan"), "dataset": flags.get("dataset", "digits"),
              "labels": int(flags.get("labels", 50)), "seed": seed, "max_steps": steps, "epochs": 0}  # fmt: skip
    (workdir / "config.json").write_text(json.dumps(config))
    (workdir / "run.flags").write_text("".join(f"--{k}={v}\n" for k, v in flags.items()))
    (workdir / "metrics.jsonl").unlink(missing_ok=True)
    with (workdir / "metrics.jsonl").open("a") as file:
        for step in (steps // 2, steps):
            error = 50 * rate + 100 / step
            line = {"step": step, "epoch": step / 2, "test_error": error, "test_error_raw": 90.0}
            file.write(json.dumps(line) + "\n")
            file.flush()
            failing = flags.get("method") == os.environ.get("TRAINED_FAILS", "none")
            if failing or rate == float(flags.get("fails", -1)):
                print("Stopped at step 2: supervised is nan.\n", file=sys.stderr)
                raise SystemExit(3)
            if "waits" in flags:
                wait(workdir)
            time.sleep(float(os.environ.get("TRAINED_SECONDS", 0)) / 2)
    result = config | {"split_seed": seed, "steps": steps, "epochs": steps / 2, "seconds": 1.0,
                       "test_error": error + seed, "test_error_raw": 90.0}  # fmt: skip
    (workdir / "result.json").write_text(json.dumps(result))


def wait(workdir):
    def stop(number, frame):
        (workdir / "saved").write_text(str(number))
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    (workdir / "ready").touch()
    time.sleep(60)


if __name__ == "__main__":
    main(dict((word.lstrip("-") + "=").split("=")[:2] for word in sys.argv[1:]))
