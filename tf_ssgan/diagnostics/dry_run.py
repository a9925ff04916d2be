"""Runs a few steps of each stage of a method to estimate the time and the memory of a run.

`measure_steps` starts a process for each method, `python -m tf_ssgan.diagnostics.dry_run`, because
peak memory is that of a process, and because a process that is killed for its memory must not end
the checks. It builds the same run as training, and leaves no files.
"""

import contextlib
import itertools
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
MEMORY_SHARE = 0.8  # share of the free memory above which there is a warning
MAX_LOAD = 0.5  # running programs per core above which times are unreliable
LONG = 2 * 3600  # seconds on a CPU above which there is a note
TIMED_STEPS = 2, 20  # least and most steps that are timed, after the first one, which traces
TIMED_SECONDS = 2.0  # no further steps are timed after this time
EVALUATED = 500  # images that an evaluation is timed with

_STATUS = pathlib.Path("/proc/self/status")


def check_image_memory(arrays: dataset_info.Arrays, free: int) -> Iterator[Finding]:
    """Whether all images fit into memory.

    Args:
        arrays: the data.
        free: bytes of free memory.
    """
    count, info = len(arrays.train_labels) + len(arrays.test_labels), arrays.info
    needed = memory_limit.needed(count, 1, info.height * info.width * info.channels)
    text = (
        f"{count:,} images of {info.height} x {info.width} x {info.channels} take "
        f"{_format_bytes(needed)} of {_format_bytes(free)} of free memory"
    )
    if needed > MEMORY_SHARE * free:
        advice = "use fewer images, or smaller ones (--image_size)"
        yield Finding(SECTION, "warning", text, advice)
    else:
        yield Finding(SECTION, "ok", text)


def check_load() -> Iterator[Finding]:
    """Whether other programs use the cores, which would make the measured times too long."""
    load, count = os.getloadavg()[0], len(cpu.usable())
    if load > MAX_LOAD * count:
        text = f"other programs are running: a load of {load:.1f} on {count} core(s)"
        advice = "run the doctor again later: the times that it measures now are too long"
        yield Finding(SECTION, "note", text, advice)


def check_steps(method: str, given: dict[str, Any], free: int) -> Iterator[Finding]:
    """Runs a few steps of a method, and estimates the time and memory of the whole run.

    Args:
        method: name of the method.
        given: flags of the run, including the data set.
        free: bytes of free memory.
    """
    try:
        measured = measure_steps(method, given)
    except errors.UserError as error:
        advice = "do so when you train, or leave this method out of --methods"
        yield Finding(SECTION, "error", " ".join(str(error).split("\n")), advice)
        return
    step, whole = _seconds_per_step(measured), _seconds_of_run(measured)
    text = f"{method}: {step:.3g} s a step, about {format_duration(whole)} for "
    text += f"{measured['steps']:,} steps"
    if whole > 3600:
        hour = int(3600 / step)
        text += f" (--max_steps={hour - hour % 10 ** max(0, len(str(hour)) - 2)} would take 1 h)"
    text += f"; up to {_format_bytes(measured['peak_memory'])} of memory, "
    text += f"{_format_bytes(free)} are free"
    if measured["peak_memory"] > MEMORY_SHARE * free:
        advice = "use a smaller --batch_size, --width or --image_size, or close other programs"
        yield Finding(SECTION, "warning", text, advice)
    elif whole > LONG and not measured["gpus"]:
        resizable = image_listing.is_user_images(given["dataset"])
        smaller = "a smaller --image_size or --width" if resizable else "a smaller --width"
        yield Finding(SECTION, "note", text, f"use fewer --max_steps, {smaller}, or a GPU")
    else:
        yield Finding(SECTION, "ok", text)


def format_duration(seconds: float) -> str:
    """Returns a duration with units, such as "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{round(hours / 24)} days"


def _seconds_per_step(measured: dict[str, Any]) -> float:
    """The mean time of a step, which may differ by stage, with its share of the evaluations."""
    stages = measured["stages"]
    train = sum(stage["steps"] * statistics.median(stage["seconds"]) for stage in stages)
    evaluation = measured["evaluation"] / measured["evaluation_interval"]
    return train / measured["steps"] + evaluation


def _seconds_of_run(measured: dict[str, Any]) -> float:
    """The time of the whole run."""
    return measured["first"] + _seconds_per_step(measured) * measured["steps"]


def _format_bytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.2g} MB"


# --- The process of a method ----------------------------------------------------------------------


def measure_steps(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Runs some steps of a method in another process.

    Args:
        method: name of the method.
        given: flags of the run, including the data set.

    Returns:
        The result of `run_steps` in that process.

    Raises:
        UserError: It failed; the message has its last line, or the signal that killed it.
    """
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    environment.pop("TF_CONFIG", None)  # one host of a cluster would wait for the others
    with tempfile.TemporaryDirectory() as folder:
        flags = given | {"method": method, "workdir": str(pathlib.Path(folder, "run"))}
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, json.dumps(flags)],
            env=environment, capture_output=True, text=True, errors="backslashreplace",
        )  # fmt: skip
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise errors.UserError(f"{method}: its process was killed by {name}: too little memory?")
    if done.returncode:
        line = (done.stderr.strip().splitlines() or ["there is no error message"])[-1]
        raise errors.UserError(f"{method}: its steps fail: {line}")
    return json.loads(done.stdout.splitlines()[-1])


def run_steps(settings: config.Config) -> dict[str, Any]:
    """Builds a run and runs the first steps of each of its stages.

    Returns:
        Seconds of the `first` step of all stages with everything before them; for each of the
        `stages` its number of `steps`, and `seconds` of each of its next steps; seconds of an
        `evaluation`, number of `steps` of the run, steps of an `evaluation_interval`, number of
        `gpus`, and `peak_memory` in bytes.
    """
    import tensorflow as tf

    from tf_ssgan.training import build, loop, unlabeled_images

    began = time.perf_counter()
    run = build.build(settings)
    some = unlabeled_images.initial_images(run)
    run.method.begin(some, lambda: unlabeled_images.blocks(run))
    first, stages = time.perf_counter() - began, []
    starts = [*run.method.stages().values(), run.method.task.steps]
    for start, end in itertools.pairwise(starts):
        step = _steps_from(run, start)
        first += _time(step)
        stages.append({"steps": end - start, "seconds": _time_steps(step)})
    return {
        "first": first,
        "stages": stages,
        "evaluation": _time_evaluation(run),
        "steps": run.method.task.steps,
        "evaluation_interval": loop.evaluation_interval(run.method.task),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "peak_memory": peak_memory(),
    }


def _steps_from(run, start: int) -> Callable[[], None]:
    """A function that takes the next step of a run, the first one from the given one on."""
    from tf_ssgan.training import build

    run.method.step.assign(start)
    run.method.set_stage(start)
    batches, train = iter(build.batches(run, start)), run.method.make_train_function()

    def step() -> None:
        for value in train(batches).values():
            float(value)  # waits until the step is done

    return step


def _time_evaluation(run) -> float:
    """Seconds of an evaluation: the exported and the raw weights on test and validation images."""
    from tf_ssgan.metrics import classification
    from tf_ssgan.nn import inference

    predict = inference.predictor(run.method.exported_classifier)
    some = slice(0, EVALUATED)
    sample = run.arrays.test_images[some], run.arrays.test_labels[some], run.method.task.classes
    classification.evaluate(predict, *sample)  # traces
    seconds = _time(lambda: classification.evaluate(predict, *sample))
    images = len(run.arrays.test_labels) + len(run.protocol.validation_ids)
    return 2 * seconds * images / max(1, len(sample[0]))


def _time_steps(step: Callable[[], None]) -> list[float]:
    """Seconds of each of a few steps, of more steps if they are short."""
    least, most = TIMED_STEPS
    times: list[float] = []
    while len(times) < least or (sum(times) < TIMED_SECONDS and len(times) < most):
        times.append(_time(step))
    return times


def _time(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak_memory() -> int:
    """Returns the peak memory of this process in bytes.

    On Linux, `getrusage` includes the peak of the parent process; the own peak is in /proc.
    """
    with contextlib.suppress(OSError):
        match = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())
        if match:
            return 1024 * int(match[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: list[str]) -> int:
    """Prints the result of `run_steps` for flags in JSON; returns the exit status."""
    try:
        print(json.dumps(run_steps(config.configure(**json.loads(arguments[0])))))
    except errors.UserError as error:
        print(" ".join(str(error).split("\n")), file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
