"""A program that stands in for train_main.py: it writes the files of a run and trains nothing.

With --fails=RATE it diverges at that rate, with --refuses=RATE it refuses the folder, and with
--waits it hangs until it gets a signal to stop. Like the real program, it reports a finished run
and does not repeat it, or refuses it if the variable TRAINED_DATA, the fingerprint of its data, is
another one now. It counts its starts in the file `starts`. The environment variable
TRAINED_SECONDS is its duration, and the method in TRAINED_FAILS diverges. TRAINED_FAILS_AT,
TRAINED_REFUSES_AT and TRAINED_WAITS have the same effect as the flags, for programs that check the
flags of a run.
"""

import fcntl
import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import file_contents  # noqa: E402
from tf_ssgan.common.version import __version__  # noqa: E402


def main(flags):
    rate, steps = float(flags.get("noise_rate", 0)), int(flags.get("max_steps", 4))
    workdir = pathlib.Path(flags["workdir"])
    workdir.mkdir(parents=True, exist_ok=True)
    lock = (workdir / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (workdir / "starts").open("a") as starts:
        starts.write("x")
    data = os.environ.get("TRAINED_DATA", file_contents.DIGITS_SHA256)
    if (workdir / "result.json").exists():
        if json.loads((workdir / "result.json").read_text())["data_sha256"] != data:
            print(f"{workdir} holds a run on other data: the images changed.", file=sys.stderr)
            raise SystemExit(2)
        return print(f"{workdir} is finished; this is its result.")
    if rate == float(option(flags, "refuses", "REFUSES_AT")):
        print(f"{workdir} holds another run.", file=sys.stderr)
        raise SystemExit(2)
    seed = int(flags.get("seed", 0))
    config = {"method": flags.get("method", "frgan"), "dataset": flags.get("dataset", "digits"),
              "labels": int(flags.get("labels", 50)), "noise": flags.get("noise", "none"),
              "noise_rate": rate, "seed": seed, "split_seed": seed, "label_split": "balanced",
              "clean_fraction": 0.0, "max_steps": steps, "epochs": 0}  # fmt: skip
    others = {name: _value(text) for name, text in flags.items() if name not in config}
    content = others | config | {"version": __version__}
    (workdir / "config.json").write_text(json.dumps(content))
    (workdir / "metrics.jsonl").unlink(missing_ok=True)
    with (workdir / "metrics.jsonl").open("a") as file:
        for step in (steps // 2, steps):
            error = 50 * rate + 100 / step
            line = file_contents.metrics_line(step, error, epoch=step / 2)
            file.write(json.dumps(line) + "\n")
            file.flush()
            failing = flags.get("method") == os.environ.get("TRAINED_FAILS", "none")
            if failing or rate == float(option(flags, "fails", "FAILS_AT")):
                print("Stopped at step 2: supervised is nan.\n", file=sys.stderr)
                raise SystemExit(3)
            if "waits" in flags or "TRAINED_WAITS" in os.environ:
                wait(workdir)
            time.sleep(float(os.environ.get("TRAINED_SECONDS", 0)) / 2)
    changed = {"epochs": steps / 2, "seconds": 1.0, "test_error_raw": 90.0, "data_sha256": data}
    if "fold" in flags:
        changed |= {name: int(flags[name]) for name in ("folds", "fold")}
    result = file_contents.result(config, error + seed, **changed)
    (workdir / "result.json").write_text(json.dumps(result))


def _value(text):
    """The value of a flag, as in config.json."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def option(flags, name, variable):
    """The noise rate in a flag or in an environment variable; -1 without either."""
    return flags.get(name, os.environ.get(f"TRAINED_{variable}", -1))


def wait(workdir):
    def stop(number, frame):
        (workdir / "saved").write_text(str(number))
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    (workdir / "ready").touch()
    time.sleep(60)


if __name__ == "__main__":
    main(dict((word.lstrip("-") + "=").split("=")[:2] for word in sys.argv[1:]))
