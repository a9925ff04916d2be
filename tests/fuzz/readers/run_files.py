"""Files in the folder of a run, and the programs that read them."""

import json
import os
import pathlib
import shutil
from unittest import mock

import numpy as np
from fuzz.registry import Ask, Reader, Target
from fuzz.world import STEPS, World
from support import damage

from tf_ssgan import report
from tf_ssgan.common import errors
from tf_ssgan.data import fingerprint
from tf_ssgan.evaluation import learned_images, options, results_file
from tf_ssgan.launch import jobs
from tf_ssgan.reports import figures, finished_runs
from tf_ssgan.training import build, classifier, metrics_log, results, same_data
from tf_ssgan.training.workdir import Workdir


def asks(world: World, *names: str) -> dict[str, Ask]:
    """What programs do with the run, in as much as they read its folder."""
    folder, settings, other = world.run, world.settings(world.run), world.other_run
    all_asks = {
        "train": lambda: _found(same_data.finished_result(Workdir(folder), settings)),
        "resume": lambda: resume(world),
        "evaluate": lambda: evaluate(world),
        "against": lambda: _found(
            options.check(options.EvaluateOptions(run=str(other), against=str(folder)))
        ),
        "judge": lambda: judge(world),
        "export": lambda: _found(results.recorded_calibration(build.reopen(folder))),
        "load": lambda: _found(classifier.open_run(folder)),
        "report": lambda: read_for_report(folder),
        "sweep": lambda: sweep(world),
    }
    return {name: all_asks[name] for name in names}


def _found(answer: object) -> str:
    return "nothing" if answer is None else "answered"


def resume(world: World) -> str:
    """What training does with the folder of a run that was stopped, up to its first step."""
    folder = world.root / "resumed"
    damage.remove(folder)
    world.run.rename(folder)
    try:
        settings = world.settings(folder, STEPS + 3)
        workdir = Workdir(folder)
        with workdir.writing():
            if same_data.finished_result(workdir, settings):
                raise AssertionError("a run of more steps is finished")
            run = world.rebuilt(folder)
            with mock.patch.object(build, "_assemble", lambda *_: run):  # once is enough
                build.build(settings)
            manifest = build.restore(run)
            first = int(run.method.step.numpy())
            assert manifest is None or first == manifest["step"], (first, manifest["step"])
            kept = world.folder("kept")
            for name in ("config.json", "run.flags", "protocol.json", "data.json",
                         "metrics.jsonl", "history.csv"):  # fmt: skip
                _copy_as_it_is(folder / name, kept / name)
            protocol = run.protocol.as_json()
            try:
                workdir.prepare(settings, protocol, max(0, first), run.data_record)
                metrics_log.append(workdir.metrics_file, _line(STEPS + 3))
            finally:
                for path in kept.iterdir():
                    damage.remove(folder / path.name)
                    path.rename(folder / path.name)
                damage.remove(kept)
    except errors.UserError as error:
        raise errors.UserError(str(error).replace("resumed", "toy")) from error
    finally:
        folder.rename(world.run)
    return f"goes on from {first}"


def _copy_as_it_is(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copies whatever a name stands for; what is no file is moved."""
    if source.is_file() and not source.is_symlink() and source.stat().st_size < 2**24:
        shutil.copy2(source, target)
    elif source.is_symlink() or source.exists():
        source.rename(target)
        if target.is_symlink():
            source.symlink_to(target.readlink())
        elif target.is_dir():
            source.mkdir()
        elif target.is_file():
            damage.make_sparse(source)
        else:
            os.mkfifo(source)


def _line(step: int) -> dict:
    numbers = dict.fromkeys(("epoch", "test_error", "test_error_raw", "seconds",
                             "images_per_second", "waiting_percent"), 1.0)  # fmt: skip
    return {"step": step, **numbers}


def evaluate(world: World) -> str:
    """What an evaluation reads and prints before and after it measures."""
    run = str(world.run)
    options.check(options.EvaluateOptions(run=run, against=str(world.other_run)))
    evaluation = Workdir(world.run).read_evaluation()
    whole = json.loads((world.other_run / "evaluation.json").read_text())
    merged = results_file.merged(evaluation, whole)
    assert results_file.format_results(merged, world.run)
    return "answered"


def judge(world: World) -> str:
    """What an evaluation reads of the data of a run, which it must know whatever is damaged."""
    learned = learned_images.of_run(world.built)
    labeled = learned.keys[learned.uses == learned_images.LABELED]
    own = world.built.protocol.labeled_ids
    assert np.array_equal(labeled, world.built.arrays.train_keys[own])
    return "answered"


def read_for_report(folder: pathlib.Path) -> str:
    """What a report reads of a run; it is reported on, or left out with the reason."""
    found = finished_runs.read_runs([folder.parent])
    assert len(found.runs) + len(found.left_out) == 2
    assert "other" in {run.folder.name for run in found.runs}, "a whole run is left out"
    for run in found.runs:
        assert isinstance(run.history, list) and isinstance(run.evaluation, dict)
    sentences = [*found.damage, *(reason for _, reason in found.left_out)]
    assert not any("\n" in sentence for sentence in sentences), sentences
    return "left out" if found.left_out else "in part" if found.damage else "answered"


def write_report(world: World) -> str:
    """A report, written whole."""
    to = world.root / "report"
    with mock.patch.object(figures, "_dot_charts", lambda table: iter(())):
        report.main(["report", str(world.run.parent), f"--to={to}"])
    page = (to / "report.html").read_text()
    damaged = "damaged-files" in page
    return "left out" if "1 run" in page and "left out" in page else (
        "in part" if damaged else "answered"
    )  # fmt: skip


def sweep(world: World) -> str:
    """What a sweep reads of a run."""
    flags = (f"--max_steps={STEPS}", "--method=supervised", f"--workdir={world.run}")
    job = jobs.Job(world.run, flags)
    assert job.busy() in (True, False) and 0 <= job.progress() <= 1
    assert isinstance(job.last_log_line(), str)
    return "finished" if job.finished() else "is started"


def _sign_data(content: dict) -> None:
    record = fingerprint.DataRecord(
        tuple(content["shape"]),
        tuple(content["classes"]),
        *(
            fingerprint._decoded_part(name, content[name], content["classes"])
            for name in fingerprint.PARTS
        ),
    )
    content["sha256"] = record.sha256


def _opened(name: str, *programs: str):
    def open_target(world: World) -> Target:
        _ = world.other_run
        return Target(world.run / name, asks(world, *programs), (name, "/toy"))

    return open_target


def _page(name: str):
    def open_target(world: World) -> Target:
        _ = world.other_run
        return Target(world.run / name, {"report.html": lambda: write_report(world)})

    return open_target


def _embedded(world: World) -> Target:
    _ = world.other_run
    return Target(world.run / "confusion.png", {"report.html": lambda: write_report(world)})


_OTHER_JSON = damage.replaced_by(
    ("a list", b"[1, 2]"), ("null", b"null"), ("a number", b"0"), ("a text", b'"x"'),
    ("an empty object", b"{}"), ("another version", b'{"version": "0.1.0", "method": "frgan"}'),
)  # fmt: skip
_JSON = damage.mixed(damage.any_json, damage.any_json, damage.any_json, _OTHER_JSON)
_DATA = damage.mixed(damage.json_changed(_sign_data), damage.json_changed(_sign_data), _JSON)

_ALL = ("train", "resume", "evaluate", "against", "report", "sweep")

READERS = (
    Reader("config.json", 10, _JSON, _opened("config.json", *_ALL, "export")),
    Reader("result.json", 14, _JSON, _opened("result.json", *_ALL)),
    Reader("result.json, loaded", 2, _JSON, _opened("result.json", "load", "export")),
    Reader("evaluation.json", 8, _JSON, _opened("evaluation.json", "evaluate", "against",
                                                 "report", "sweep")),
    Reader("metrics.jsonl", 10, damage.any_lines, _opened("metrics.jsonl", "train", "resume",
                                                          "report", "sweep")),
    Reader("data.json", 6, _DATA, _opened("data.json", "train", "resume", "judge")),
    Reader("protocol.json", 2, _JSON, _opened("protocol.json", "train", "resume")),
    Reader("history.csv", 3, damage.any_text, _opened("history.csv", "resume")),
    Reader("report.txt", 1, damage.any_text, _opened("report.txt", "train", "report")),
    Reader("result.json, page", 0.7, _JSON, _page("result.json")),
    Reader("evaluation.json, page", 0.7, _JSON, _page("evaluation.json")),
    Reader("metrics.jsonl, page", 0.7, damage.any_lines, _page("metrics.jsonl")),
    Reader("confusion.png, page", 2, damage.any_bytes, _embedded),
)  # fmt: skip
