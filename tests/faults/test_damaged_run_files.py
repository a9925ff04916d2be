"""A damaged file of a run gives every reader one sentence, or a value in its range; and a report.

Each field of each file gets odd values. The programs that read runs are asked in this process.
"""

import contextlib
import json
import random
import shutil
import types

import pytest
from support import damage, file_contents, finished_run_folders
from support.damage import DELETED

from tf_ssgan import report
from tf_ssgan.common import errors
from tf_ssgan.evaluation import options, results_file
from tf_ssgan.launch import jobs
from tf_ssgan.reports import figures, finished_runs
from tf_ssgan.training import config, manifests, metrics_log
from tf_ssgan.training.workdir import Workdir

ODD = [None, 0, -1, 1.5, 10**105, float("nan"), float("inf"), "", "x", "\0", [], [1], {}, {"a": 1},
       True, DELETED]  # fmt: skip
JSON_FILES = ("config.json", "result.json", "evaluation.json", "metrics.jsonl", "manifest.json",
              "data.json")  # fmt: skip
NOT_REPORTED = ("manifest.json", "data.json")  # a report does not read them
STEPS = 300
CHECKPOINT = f"checkpoints/{manifests.checkpoint_name(STEPS)}"
# Fields that nothing reads, or whose value may be anything.
UNCHECKED = {"both", "neither", "trained_on", "classes", "against", "sizes"}


EVALUATION = file_contents.evaluation(
    STEPS,
    generator_scores=[file_contents.scores()],
    clusters=file_contents.clusters(),
    test_sets=[
        file_contents.errors_on("digits", against=file_contents.against()),
        file_contents.judged_by("cifar10_1/v6"),
    ],
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a whole run to be damaged, and two whole runs beside it."""
    root = tmp_path_factory.mktemp("runs")
    for name, seed in (("damaged", 0), ("good1", 1), ("good2", 2)):
        write_run(root / "all" / name, seed)
    victim = root / "all" / "damaged"
    settings = config.configure(
        "supervised", max_steps=STEPS, labels=50, seed=0, workdir=str(victim)
    )
    originals = {name: path_of(victim, name).read_bytes() for name in JSON_FILES}
    return types.SimpleNamespace(root=root, all=root / "all", victim=victim, settings=settings,
                                 good=root / "all" / "good1", originals=originals)  # fmt: skip


def write_run(folder, seed):
    """Writes the files of a run whose flags are those that `config.configure` gives."""
    flags = config.configure("supervised", max_steps=STEPS, labels=50, seed=seed).as_flags()
    del flags["workdir"]
    finished_run_folders.write(folder, 5.0 + seed, **flags)
    finished_run_folders.write_evaluation(folder, **EVALUATION)
    (folder / "data.json").write_text(json.dumps(file_contents.data_record().as_json()))
    checkpoint = folder / CHECKPOINT
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.index").write_bytes(b"index")
    (checkpoint / "state.data-00000-of-00001").write_bytes(b"data")
    manifests.write(checkpoint, STEPS, file_contents.manifest_metadata())


def path_of(folder, name):
    return folder / (CHECKPOINT if name == "manifest.json" else ".") / name


# Damage: (name of a file, what was done, content of the file or None for a folder in its place).


def odd_fields(originals):
    """(file, path, odd value) for every field."""
    for name in JSON_FILES:
        content = _content(name, originals[name])
        for path in damage.fields(content):
            for odd in ODD:
                if path or odd is not DELETED:
                    yield name, path, odd


def _content(name, data):
    """The JSON of a file; of the metrics that of the second line."""
    return json.loads(data.split(b"\n")[1] if name == "metrics.jsonl" else data)


def with_odd_field(originals, name, path, odd):
    """The bytes of a file with an odd value in a field; a manifest is signed again."""
    value = damage.with_field(_content(name, originals[name]), path, odd)
    if name == "manifest.json" and isinstance(value, dict) and path != ("sha256",):
        value["sha256"] = manifests._digest(value)
    data = json.dumps(value).encode()
    if name == "metrics.jsonl":
        first, _, *others = originals[name].split(b"\n")
        data = b"\n".join([first, data, *others])
    return data


def damaged_bytes(originals, generator, count):
    """(file, what was done, bytes or None) of files that are no longer the JSON that they were."""
    for name in JSON_FILES:
        data = originals[name]
        for _ in range(count):
            flipped = bytearray(data)
            for _ in range(generator.choice([1, 2, 8])):
                flipped[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
            yield name, "bits flipped", bytes(flipped)
        for _ in range(count // 3 + 1):
            yield name, "cut short", data[: generator.randrange(len(data))]
        yield name, "a folder", None
        for what, content in {
            "empty": b"", "NUL": b"\0" * 1000, "0xff": b"\xff" * 30, "deep": b"[" * 100_000,
            "deep objects": b'{"a":' * 100_000, "NUL before": b"\0" + data,
            "0xff after": data + b"\xff\n", "a long number": b"1" * 10_000,
        }.items():  # fmt: skip
            yield name, what, content + (b"\n" if name == "metrics.jsonl" else b"")


# Readers.


def ask_all(runs, name, what):
    """Asks every reader; returns reader -> its answer, or the `UserError`."""
    folder, workdir = runs.victim, Workdir(runs.victim)
    job = jobs.Job(folder, (f"--max_steps={STEPS}", f"--workdir={folder}"))
    own, other = str(folder), str(runs.good)
    readers = {
        "flags": workdir.read_flags,
        "result": workdir.read_result,
        "evaluation": workdir.read_evaluation,
        "metrics": workdir.read_metrics,
        "data": workdir.read_data_record,
        "checkpoint": lambda: manifests.find(workdir.checkpoints),
        "train": lambda: workdir.finished_result(runs.settings),
        "rewind": lambda: rewind_copy(runs),
        "finished": job.finished,
        "progress": job.progress,
        "evaluate": lambda: options.check(options.EvaluateOptions(run=own, against=other)),
        "against": lambda: options.check(options.EvaluateOptions(run=other, against=own)),
        "compared": lambda: results_file.format_results(EVALUATION, folder),
        "merged": lambda: results_file.merged(workdir.read_evaluation(), EVALUATION),
        "report": lambda: finished_runs.read_runs([folder]),
    }
    answers = {}
    for reader, read in readers.items():
        try:
            answers[reader] = read()
        except errors.UserError as error:
            answers[reader] = error
            message = str(error)
            assert "\n" not in message and own in message, (name, what, reader, message)
            named = name in message or "holds " in message  # another run, or no checkpoint
            assert named, (name, what, reader, message)
        except BaseException as error:
            raise AssertionError(f"{reader} of {name}, {what}: {error!r}") from error
    return answers


def rewind_copy(runs):
    """What training does with the metrics when it goes on."""
    path = runs.root / "rewound" / "metrics.jsonl"
    path.parent.mkdir(exist_ok=True)
    source = runs.victim / path.name
    if source.is_dir():
        return Workdir(runs.victim).read_metrics()
    shutil.copy(source, path)
    return metrics_log.rewind(path, STEPS)


OWNERS = {"config.json": "flags", "result.json": "result", "evaluation.json": "evaluation",
          "metrics.jsonl": "metrics", "manifest.json": "checkpoint",
          "data.json": "data"}  # fmt: skip


def check_answers(name, what, answers):
    """Those that answer always do so; the run is reported on, or left out with the reason."""
    assert answers["finished"] in (True, False), (name, what)
    assert 0 <= answers["progress"] <= 1, (name, what)
    finished = answers["report"]
    assert len(finished.runs) + len(finished.left_out) == 1, (name, what)
    sentences = [*finished.damage, *(reason for _, reason in finished.left_out)]
    assert all("\n" not in sentence for sentence in sentences), (name, what)
    owner = answers[OWNERS[name]]
    if name not in NOT_REPORTED and isinstance(owner, errors.UserError):
        assert any(str(owner) in sentence for sentence in sentences), (name, what, sentences)
    if name == "metrics.jsonl":
        assert finished.damage or len(finished.runs[0].history) == 3, (what, finished)


@contextlib.contextmanager
def damaged(runs, name, content):
    """A damaged file in place of the whole one, or a folder if there is no content."""
    path = path_of(runs.victim, name)
    path.unlink()
    path.write_bytes(content) if content is not None else path.mkdir()
    try:
        yield
    finally:
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(runs.originals[name])


def check_odd_fields(runs, cases):
    """Asks all readers of each (file, path, odd value); a value of another kind is refused."""
    for name, path, odd in cases:
        content = with_odd_field(runs.originals, name, path, odd)
        what = f"{'.'.join(map(str, path))}: {'deleted' if odd is DELETED else repr(odd)[:20]}"
        with damaged(runs, name, content):
            answers = ask_all(runs, name, what)
            check_answers(name, what, answers)
        before = damage.at(_content(name, runs.originals[name]), path)
        owner = answers[OWNERS[name]]
        accepted = not isinstance(owner, errors.UserError) and not getattr(owner, "damaged", ())
        if isinstance(odd, list | dict) and not isinstance(before, list | dict):
            assert not accepted or set(path) & UNCHECKED, (name, what)


def check_bytes(runs, cases):
    """Asks all readers of each (file, what was done, bytes)."""
    for name, what, content in cases:
        with damaged(runs, name, content):
            check_answers(name, what, ask_all(runs, name, what))


def test_all_readers_accept_the_whole_run(runs):
    for name, data in runs.originals.items():
        answers = ask_all(runs, name, "whole")
        assert not any(isinstance(answer, errors.UserError) for answer in answers.values())
        check_answers(name, "whole", answers)
        path = path_of(runs.victim, name)
        assert path.read_bytes() == data
    assert answers["finished"] and answers["train"]["steps"] == STEPS
    assert not answers["report"].damage and len(answers["report"].runs[0].history) == 3


def test_some_odd_fields(runs):
    cases = list(odd_fields(runs.originals))
    check_odd_fields(runs, random.Random(0).sample(cases, 800))


def test_some_damaged_bytes(runs):
    check_bytes(runs, damaged_bytes(runs.originals, random.Random(0), 60))


@pytest.mark.slow
def test_every_odd_field(runs):
    check_odd_fields(runs, odd_fields(runs.originals))


@pytest.mark.slow
def test_many_damaged_bytes(runs):
    check_bytes(runs, damaged_bytes(runs.originals, random.Random(1), 1500))


def check_report(runs, capsys, name, what, content):
    """Runs the program on the damaged run and two whole ones."""
    folder = runs.root / "report"
    shutil.rmtree(folder, ignore_errors=True)
    with damaged(runs, name, content):
        report.main(["report", str(runs.all), f"--to={folder}"])
        owner = ask_all(runs, name, what)[OWNERS[name]]
    printed = capsys.readouterr().out
    page = (folder / "report.html").read_text()
    left_out = f"left out: {runs.victim}: " in printed
    with (folder / "runs.csv").open() as file:
        assert len(file.readlines()) == 1 + 3 - left_out, (name, what)
    assert f"{3 - left_out} runs, {int(left_out)} folder" in page, (name, what)
    skipped = isinstance(owner, errors.UserError) or bool(getattr(owner, "damaged", ()))
    assert left_out or "damaged file: " in printed or not skipped, (name, what)


def reported_cases(runs, fields_count, bytes_count):
    """(file, what was done, bytes) of some odd fields, and of some files."""
    generator = random.Random(2)
    names = [name for name in JSON_FILES if name not in NOT_REPORTED]
    cases = [case for case in odd_fields(runs.originals) if case[0] in names]
    for name, path, odd in generator.sample(cases, fields_count):
        yield name, f"{path}: {odd!r}"[:80], with_odd_field(runs.originals, name, path, odd)
    cases = [case for case in damaged_bytes(runs.originals, generator, 40) if case[0] in names]
    yield from generator.sample(cases, bytes_count)


def test_the_report_is_made_whatever_is_damaged(runs, capsys, monkeypatch):
    """With the charts that are drawn from metrics, but without drawing dots."""
    monkeypatch.setattr(figures, "_dot_charts", lambda table: iter(()))
    for name, what, content in reported_cases(runs, 20, 20):
        check_report(runs, capsys, name, what, content)


@pytest.mark.slow
def test_the_report_is_made_whatever_is_damaged_often(runs, capsys):
    for name, what, content in reported_cases(runs, 500, 200):
        check_report(runs, capsys, name, what, content)
