"""A few steps of each method: how long a run would take, and how much memory.

Each method runs in a process of its own, `python -m tf_ssgan.diagnostics.dry_run`, started by
`measure`: peak memory belongs to a process, and one that is killed for its memory must not end the
checks. It builds the run that training would build, and writes nothing.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from tf_ssgan.common import cpu, errors
from tf_ssgan.data import dataset_info, memory_limit
from tf_ssgan.data.sources import image_listing
from tf_ssgan.diagnostics.findings import Finding
from tf_ssgan.training import config

SECTION = "Memory and time"
TIGHT = 0.8  # of the memory that is free
BUSY = 0.5  # programs at work before the first step, for each core
LONG = 2 * 3600  # seconds, on a CPU
TIMED = 2, 20  # least and most steps, after the one that traces
ENOUGH = 2.0  # seconds of them
JUDGED = 500  # images that one evaluation is timed with

_STATUS = pathlib.Path("/proc/self/status")


def images(arrays: dataset_info.Arrays, free: int) -> Iterator[Finding]:
    """What all images take, beside the memory that is free.

    Args:
        arrays: the data.
        free: bytes.
    """
    count, card = len(arrays.train_labels) + len(arrays.test_labels), arrays.info
    wanted = memory_limit.needed(count, 1, card.height * card.width * card.channels)
    text = (
        f"{count:,} images of {card.height} x {card.width} x {card.channels} take {_bytes(wanted)} "
        f"of the {_bytes(free)} that are free"
    )
    if wanted > TIGHT * free:
        advice = "fewer images, or smaller ones (--image_size)"
        yield Finding(SECTION, "warning", text, advice)
    else:
        yield Finding(SECTION, "ok", text)


def busy() -> Iterator[Finding]:
    """Whether other programs take the cores, so that all times will be too long."""
    load, count = os.getloadavg()[0], len(cpu.usable())
    if load > BUSY * count:
        text = f"other programs are at work: a load of {load:.1f} on {count} core(s)"
        yield Finding(SECTION, "note", text, "ask again when they are done: times are too long")


def steps(method: str, given: dict[str, Any], free: int) -> Iterator[Finding]:
    """Takes dry steps of a method, and says what a run would take.

    Args:
        method: its name.
        given: flags of the run, the data set among them.
        free: bytes of memory that a run could take.

    Raises:
        UserError: the run cannot be built, or its process was killed.
    """
    took = measure(method, given)
    seconds, whole = _seconds_a_step(took), _seconds(took)
    text = f"{method}: {seconds:.3g} s a step, about {lasting(whole)} for {took['steps']:,} steps"
    if whole > 3600:
        hour = int(3600 / seconds)
        text += f" (--max_steps={hour - hour % 10 ** max(0, len(str(hour)) - 2)} would take 1 h)"
    text += f"; at most {_bytes(took['peak'])} of memory, {_bytes(free)} are free"
    if took["peak"] > TIGHT * free:
        advice = "a smaller --batch_size, --width or --image_size, or close other programs"
        yield Finding(SECTION, "warning", text, advice)
    elif whole > LONG and not took["gpus"]:
        own = image_listing.is_user_images(given["dataset"])
        smaller = "a smaller --image_size or --width" if own else "a smaller --width"
        yield Finding(SECTION, "note", text, f"fewer --max_steps, {smaller}, or a GPU")
    else:
        yield Finding(SECTION, "ok", text)


def lasting(seconds: float) -> str:
    """Returns a duration for people, as "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{round(hours / 24)} days"


def _seconds_a_step(took: dict[str, Any]) -> float:
    """With its share of the evaluations."""
    return statistics.median(took["seconds"]) + took["evaluation"] / took["lap"]


def _seconds(took: dict[str, Any]) -> float:
    """Of the whole run."""
    return took["first"] + _seconds_a_step(took) * took["steps"]


def _bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.2g} MB"


# --- The process of a method ----------------------------------------------------------------------


def measure(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Has a process take dry steps of a method.

    Args:
        method: its name.
        given: flags of the run, the data set among them.

    Returns:
        What `taken` gave there.

    Raises:
        UserError: with the last thing that the process said, or the signal that killed it.
    """
    surroundings = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    surroundings.pop("TF_CONFIG", None)  # one host of a cluster would wait for the others
    with tempfile.TemporaryDirectory() as apart:
        flags = given | {"method": method, "workdir": str(pathlib.Path(apart, "run"))}
        ended = subprocess.run(
            [sys.executable, "-m", __spec__.name, json.dumps(flags)],
            env=surroundings, capture_output=True, text=True, errors="backslashreplace",
        )  # fmt: skip
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise errors.UserError(f"{method}: its steps were ended by {name}: too little memory?")
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise errors.UserError(f"{method}: no step can be taken: {said}")
    return json.loads(ended.stdout.splitlines()[-1])


def taken(settings: config.Config) -> dict[str, Any]:
    """Builds a run and takes its first steps.

    Returns:
        Seconds of the `first` step with everything before it, `seconds` of each of the next, of an
        `evaluation`, `steps` of the run and of a `lap` between two evaluations, `gpus`, and the
        `peak` of memory in bytes.
    """
    import tensorflow as tf

    from tf_ssgan.training import build, loop

    began = time.perf_counter()
    run = build.build(settings)
    run.method.begin(build.initial_images(run))
    batches, train = iter(build.batches(run, 0)), run.method.make_train_function()

    def step() -> None:
        for value in train(batches).values():
            float(value)  # there only once the step is done

    step()
    first = time.perf_counter() - began
    return {
        "first": first,
        "seconds": _several(step),
        "evaluation": _evaluation(run),
        "steps": run.method.task.steps,
        "lap": loop.evaluation_interval(run.method.task),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "peak": peak(),
    }


def _evaluation(run) -> float:
    """Seconds of an evaluation: the shipped and the raw weights on test and held-out images."""
    from tf_ssgan.metrics import classification
    from tf_ssgan.nn import inference

    predict = inference.predictor(run.method.exported_classifier)
    some = slice(0, JUDGED)
    chosen = run.arrays.test_images[some], run.arrays.test_labels[some], run.method.task.classes
    classification.evaluate(predict, *chosen)  # traces
    seconds = _timed(lambda: classification.evaluate(predict, *chosen))
    every = len(run.arrays.test_labels) + len(run.protocol.validation_ids)
    return 2 * seconds * every / max(1, len(chosen[0]))


def _several(step: Callable[[], None]) -> list[float]:
    """Seconds of each of a few steps, of more where they are short."""
    times: list[float] = []
    while len(times) < TIMED[0] or (sum(times) < ENOUGH and len(times) < TIMED[1]):
        times.append(_timed(step))
    return times


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak() -> int:
    """Returns the most memory that this process has had, in bytes.

    Linux hands the peak of a parent down to the programs that it starts, as far as `getrusage` can
    tell; its own peak is in /proc.
    """
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())
        if found:
            return 1024 * int(found[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: list[str]) -> int:
    """Prints what `taken` gives for flags in JSON; the exit status."""
    try:
        print(json.dumps(taken(config.configure(**json.loads(arguments[0])))))
    except errors.UserError as error:
        print(" ".join(str(error).split("\n")), file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
