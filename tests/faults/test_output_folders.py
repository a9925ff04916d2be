"""Folders to write to: what lies in them is kept, and what cannot be written is said at once."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

import pytest
from support import finished_run_folders
from support.programs import python_path

from export import publishing
from tf_ssgan import report, sweep
from tf_ssgan.common import errors
from tf_ssgan.evaluation import options
from tf_ssgan.reports import formats
from tf_ssgan.training import precheck, run_paths
from tf_ssgan.training.workdir import Workdir


def contents(folder):
    """Every file below a folder -> its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusal(do, *args):
    with pytest.raises(errors.UserError) as caught:
        do(*args)
    assert caught.value.status == 2 and "\n" not in str(caught.value)
    return str(caught.value)


# --- a folder that holds something ----------------------------------------------------------------

THEIRS = {
    "config.json": '{"learning_rate": 1}',  # of another program
    "checkpoints/epoch-3.ckpt": "weights",
    "tensorboard/events.out.tfevents.1": "curves",
    "samples.png": "a picture",
    "evaluation_tsne.png": "a picture",
    "metrics.jsonl": '{"loss": 1}',
    "data.json": "[]",
    "generator.weights.h5": "weights",
}


@pytest.mark.parametrize("name", THEIRS)
def test_files_that_training_would_overwrite_are_refused_before_tensorflow(tmp_path, name):
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text(THEIRS[name])
    before = contents(tmp_path)
    message = refusal(precheck.check_run, {"dataset": "digits", "workdir": f"{tmp_path}/mine"})
    assert name.partition("/")[0] in message and "another --workdir" in message
    assert contents(tmp_path) == before, "not even a lock is added"


def test_a_folder_with_other_files_can_be_trained_in(tmp_path):
    for name in ("notes.txt", "evaluation_mine.png", "lock"):
        (tmp_path / name).write_text("mine")
    before = contents(tmp_path)
    precheck.check_run({"dataset": "digits", "workdir": str(tmp_path)})
    assert contents(tmp_path) == before


def test_sweeps_put_their_runs_beside_what_is_there(tmp_path):
    """Only the folder of a run must hold nothing that a run writes."""
    (tmp_path / "samples.png").write_text("mine")
    words = ["sweep", "--methods=frgan", "--dataset=digits", f"--runs={tmp_path}"]
    chosen, _ = sweep.parse_args(words)
    assert chosen.runs == str(tmp_path)


@pytest.mark.parametrize("name", formats.FILE_NAMES)
@pytest.mark.parametrize("program", ["report", "sweep"])
def test_a_report_overwrites_no_file_of_others(tmp_path, program, name):
    (tmp_path / name).write_text("<html>mine</html>")
    words = {
        "report": (report, ["report", "runs"]),
        "sweep": (sweep, ["sweep", "--methods=frgan", "--dataset=digits", "--runs=runs"]),
    }
    module, words = words[program]
    message = refusal(module.parse_args, [*words, f"--to={tmp_path}"])
    assert message.startswith(f"--to={tmp_path} holds {name}, which this program did not write")
    assert contents(tmp_path) == {tmp_path / name: b"<html>mine</html>"}


def test_a_report_replaces_an_earlier_one_and_nothing_else(tmp_path, capsys):
    finished_run_folders.write(tmp_path / "runs" / "one")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "notes.txt").write_text("mine")
    for title in ("first", "second"):
        report.main(["report", f"{tmp_path}/runs", f"--to={tmp_path}/to", f"--title={title}"])
    assert "<title>second</title>" in (tmp_path / "to/report.html").read_text()
    assert (tmp_path / "to/notes.txt").read_text() == "mine"


def test_an_export_removes_its_own_leftovers_only(tmp_path):
    for name in (".7.partial", ".mine.partial", "2024", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("mine")
    (tmp_path / ".5.partial.zip").write_text("mine")
    kept = {path for path in contents(tmp_path) if ".7." not in str(path)}
    with publishing.new_version(tmp_path) as version:
        (version.partial / "file").write_text("new")
    assert version.final == tmp_path / "2025" and not (tmp_path / ".7.partial").exists()
    assert kept < set(contents(tmp_path))


def test_a_folder_of_another_run_says_what_to_do(tmp_path):
    finished_run_folders.write(tmp_path / "run")
    message = refusal(Workdir(tmp_path / "run").refuse_differences, {"seed": (0, 1)})
    assert message.endswith(
        "seed is 0 there and 1 here. Give the same flags, or another --workdir."
    )


# --- a folder that cannot be written --------------------------------------------------------------

# Runs each program on each place, and prints what it answers and whether TensorFlow is imported.
ANSWER = """
import contextlib, importlib, io, json, sys
import flags
from flags import program

def answer(name, words):
    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err), program.exit_on_user_error():
            if name == "train_main":
                flags.parse(["train_main.py", *words])
            else:
                importlib.import_module(name).main([name, *words])
        status = 0
    except SystemExit as ended:
        status = ended.code
    return dict(status=status, err=err.getvalue(), heavy="tensorflow" in sys.modules)

print(json.dumps([answer(*case) for case in json.loads(sys.argv[1])]))
"""

SWEEP = ["--methods=supervised", "--dataset=digits"]
# Case -> program, its flag, its other words.
OUTPUTS = {
    "train": ("train_main", "workdir", ["--method=supervised", "--dataset=digits"]),
    "runs of a sweep": ("tf_ssgan.sweep", "runs", SWEEP),
    "report of a sweep": ("tf_ssgan.sweep", "to", [*SWEEP, "--runs=RUNS"]),
    "report": ("tf_ssgan.report", "to", ["RUNS"]),
    "export": ("export.export_main", "to", ["--run=RUNS/run"]),
    "predict": ("export.predict", "to", ["--model=MODEL", "RUNS"]),
}
# Names below the folder of the test.
PLACES = ["file", "file/below", "dangling", "dangling/below", "circle", "circle/below",
          "a" * 300, "new/" + "a" * 300, "locked/new", "locked/new/er"]  # fmt: skip


# Begins a command that sees a folder as read-only, which the superuser cannot write to either.
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
READ_ONLY = ["unshare", "--mount", "sh", "-c", MOUNT]


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A folder in which nothing can be written: by its permissions, or by the superuser's mount."""
    folder = tmp_path_factory.mktemp("locked")
    with contextlib.ExitStack() as stack:
        if os.geteuid():
            folder.chmod(0o555)
            stack.callback(folder.chmod, 0o755)
        elif subprocess.run([*READ_ONLY, folder, "true"], stderr=subprocess.DEVNULL).returncode:
            folder = None
        yield folder


@pytest.fixture(scope="module")
def answers(tmp_path_factory, locked):
    """(Case, place) -> what the program answers; all of them in one process."""
    root = tmp_path_factory.mktemp("places")
    run = finished_run_folders.write(root / "runs" / "run")
    manifest = run / "checkpoints" / "step-0000000300" / "manifest.json"
    (root / "model" / "assets").mkdir(parents=True)
    manifest.parent.mkdir(parents=True)
    for path in (manifest, root / "file", root / "model" / "saved_model.pb"):
        path.write_text("")
    info = {"image_shape": [8, 8, 1], "classes": ["a", "b"], "method": "frgan", "dataset": "digits"}
    (root / "model" / "assets" / "model_info.json").write_text(json.dumps(info))
    (root / "dangling").symlink_to("nowhere/nothing")
    (root / "circle").symlink_to("circle")
    if locked:
        (root / "locked").symlink_to(locked)
    asked = {}
    for case, (name, flag, words) in OUTPUTS.items():
        words = [w.replace("RUNS", f"{root}/runs").replace("MODEL", f"{root}/model") for w in words]
        for place in PLACES:
            if locked or not place.startswith("locked"):
                asked[case, place] = name, [*words, f"--{flag}={root}/{place}"]
    del asked["predict", "file"]  # a file that is named is replaced
    before = contents(root)
    prefix = [*READ_ONLY, locked] if locked and not os.geteuid() else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", ANSWER, json.dumps(list(asked.values()))],
        capture_output=True, text=True, cwd=root, timeout=100,
        env=os.environ | {"PYTHONPATH": python_path(*map(os.path.abspath, sys.path[:1]))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(root) == before, "a mistake changed files"
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(
    "case, place",
    [(c, p) for c in OUTPUTS for p in PLACES if (c, p) != ("predict", "file")],
    ids=lambda word: word.replace("a" * 300, "long"),
)
def test_a_place_that_cannot_be_written_is_said_before_tensorflow(answers, case, place):
    if (case, place) not in answers:
        pytest.skip("the superuser can write everywhere, and cannot mount here")
    answer, flag = answers[case, place], OUTPUTS[case][1]
    assert answer["status"] == 2 and not answer["heavy"], answer
    assert answer["err"].startswith(f"--{flag}=") and answer["err"].count("\n") == 1


def test_a_folder_that_refuses_is_found_though_permissions_allow_it(tmp_path, monkeypatch):
    """As a network disk does that maps the superuser to nobody."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "touch", refuse)
    assert "is not writable (Permission denied)" in refusal(precheck.check_writable, tmp_path)
    assert not os.listdir(tmp_path)


def test_an_evaluation_says_that_it_cannot_write_to_the_run(tmp_path, monkeypatch):
    run = finished_run_folders.write(tmp_path / "run")
    manifest = run / "checkpoints" / "step-0000000300" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    chosen = options.EvaluateOptions(run=str(run), generator=True)
    assert refusal(options.check, chosen).startswith(f"--run={run}: {run} is not writable.")


def test_every_figure_of_an_evaluation_is_known():
    assert set(run_paths.EVALUATION_FIGURES) < set(run_paths.RUN_FILES)
