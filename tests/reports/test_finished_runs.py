"""Which folders count as finished runs, and why others are left out."""

import json
import os
import pathlib

import pytest
from support import finished_run_folders

from tf_ssgan.common import errors
from tf_ssgan.reports import finished_runs


def folders(finished):
    return [run.folder for run in finished.runs]


def test_a_finished_run_is_read(tmp_path):
    folder = finished_run_folders.write(tmp_path / "one", 4.5, seed=3, split_seed=1)
    finished = finished_runs.read_runs([folder])
    (run,) = finished.runs
    assert finished.left_out == ()
    assert (run.folder, run.method, run.seeds) == (folder, "frgan", (1, 3))
    assert run.protocol["images"] == finished_run_folders.POOL
    assert run.result["test_error"] == 4.5 and run.flags["width"] == 32
    assert [line["step"] for line in run.history] == [100, 200, 300]


@pytest.mark.parametrize("name", finished_run_folders.BROKEN)
def test_broken_folders_are_left_out_with_the_reason(tmp_path, name):
    change, reason = finished_run_folders.BROKEN[name]
    whole = finished_run_folders.write(tmp_path / "whole", seed=1)
    broken = finished_run_folders.write(tmp_path / "broken", seed=2)
    change(broken)
    finished = finished_runs.read_runs([tmp_path])
    assert folders(finished) == [whole]
    ((folder, message),) = finished.left_out
    assert folder == broken and reason in message, message


@pytest.mark.parametrize(
    "file, name, value",
    [
        ("result.json", "epochs", "many"),
        ("result.json", "test_error_median20", "5.0"),
        ("result.json", "seconds", [1]),
        ("result.json", "pool", True),
        ("result.json", "split_sha256", ["a"]),
        ("result.json", "versions", "1.0"),
        ("result.json", "code", 7),
        ("result.json", "code", {"tf_ssgan": "0.2.0", "commit": [], "changed": None}),
        ("result.json", "searched", []),
        ("result.json", "validation_images", {}),
        ("config.json", "max_steps", "many"),
        ("config.json", "noise_rate", "half"),
        ("config.json", "validation", None),
        ("config.json", "noise", 1),
    ],
)
def test_a_wrong_type_is_named_with_its_file(tmp_path, file, name, value):
    finished_run_folders.change(finished_run_folders.write(tmp_path), file, **{name: value})
    ((_, reason),) = finished_runs.read_runs([tmp_path]).left_out
    assert f"{file} is damaged: " in reason and name in reason, reason


@pytest.mark.parametrize(
    "progress, changed",
    [
        ("300 of 9,000 steps", {"max_steps": 9000}),
        ("2.5 of 7 epochs", {"max_steps": 0, "epochs": 7}),
    ],
)
def test_an_unfinished_run_says_how_far_it_is(tmp_path, progress, changed):
    folder = finished_run_folders.write(tmp_path, **changed, lines=finished_run_folders.curve())
    (folder / "result.json").unlink()
    ((_, reason),) = finished_runs.read_runs([tmp_path]).left_out
    assert reason == f"is not finished: {progress}"


@pytest.mark.parametrize("text", ["7\n", "[]\n", '{"step": "x", "epoch": 1}\n', "\0", ""])
def test_damaged_metrics_of_an_unfinished_run_count_as_no_evaluation(tmp_path, text):
    folder = finished_run_folders.write(tmp_path)
    (folder / "result.json").unlink()
    (folder / "metrics.jsonl").write_text(text)
    ((_, reason),) = finished_runs.read_runs([tmp_path]).left_out
    assert reason == "is not finished: no evaluation yet"


def test_a_run_that_ends_by_steps_or_by_epochs_is_finished(tmp_path):
    """--max_steps was given, and the epochs of the recipe would have been more."""
    finished_run_folders.write(tmp_path, max_steps=300, epochs=7)
    assert len(finished_runs.read_runs([tmp_path]).runs) == 1


def test_the_same_run_twice_counts_once(tmp_path):
    first, copy = (finished_run_folders.write(tmp_path / name) for name in "ab")
    other = finished_run_folders.write(tmp_path / "c", seed=1)
    finished = finished_runs.read_runs([tmp_path])
    assert folders(finished) == [first, other]
    assert finished.left_out == ((copy, f"the same run as {first}: same flags, same seeds"),)


def test_a_folder_named_twice_is_read_once(tmp_path):
    folder = finished_run_folders.write(tmp_path / "a")
    finished = finished_runs.read_runs([tmp_path, folder])
    assert (folders(finished), finished.left_out) == ([folder], ())


def test_runs_in_nested_folders_are_found_in_the_order_of_their_names(tmp_path):
    names = ("b/deep/run", "a/run", "b/run")
    for seed, name in enumerate(names):
        finished_run_folders.write(tmp_path / name, seed=seed)
    (tmp_path / "a" / "notes").mkdir()
    finished = finished_runs.read_runs([tmp_path])
    assert folders(finished) == [tmp_path / name for name in ("a/run", "b/deep/run", "b/run")]


@pytest.mark.parametrize("inside", ["checkpoints", "tensorboard", "lock", "copy of mine"])
def test_folders_inside_a_run_are_not_searched(tmp_path, inside):
    folder = finished_run_folders.write(tmp_path / "run")
    finished_run_folders.write(folder / inside / "step-0000000300", seed=5)
    finished = finished_runs.read_runs([tmp_path])
    assert (folders(finished), finished.left_out) == ([folder], ())


def test_the_same_seeds_with_other_images_are_another_run(tmp_path):
    """They go into different cells or are refused, but never dropped."""
    first = finished_run_folders.write(tmp_path / "a")
    other = finished_run_folders.write(tmp_path / "b", outcome={"split_sha256": "0" * 64})
    finished = finished_runs.read_runs([tmp_path])
    assert (folders(finished), finished.left_out) == ([first, other], ())


def test_the_same_seeds_on_other_data_are_another_run(tmp_path):
    first = finished_run_folders.write(tmp_path / "a")
    other = finished_run_folders.write(tmp_path / "b", outcome={"data_sha256": "0" * 64})
    finished = finished_runs.read_runs([tmp_path])
    assert (folders(finished), finished.left_out) == ([first, other], ())


def test_finished_runs_can_be_left_out_with_a_reason(tmp_path):
    first, other = (
        finished_run_folders.write(tmp_path / name, seed=k) for k, name in enumerate("ab")
    )
    finished = finished_runs.read_runs([tmp_path]).without({other: "why", tmp_path / "c": "none"})
    assert (folders(finished), finished.left_out) == ([first], ((other, "why"),))


def test_a_folder_given_by_relative_and_absolute_paths_is_read_once(tmp_path, monkeypatch):
    finished_run_folders.write(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    finished = finished_runs.read_runs(
        [pathlib.Path("runs"), tmp_path / "runs", pathlib.Path("runs/../runs/a")]
    )
    assert (len(finished.runs), finished.left_out) == (1, ())


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_path_that_is_not_a_folder_is_a_mistake(tmp_path, name):
    (tmp_path / "file").write_text("")
    message = f"{name} is not a folder. Give the folders of runs."
    with pytest.raises(errors.UserError, match=message):
        finished_runs.read_runs([tmp_path / name])


def test_folders_without_any_run_are_a_mistake(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(errors.UserError, match="there is no run"):
        finished_runs.read_runs([tmp_path, tmp_path / "notes"])


def test_damaged_metrics_are_said_and_the_run_counts(tmp_path):
    """Its numbers are in its result."""
    folder = finished_run_folders.write(tmp_path)
    path = folder / "metrics.jsonl"
    path.write_bytes(b"7\n" + path.read_bytes())
    finished = finished_runs.read_runs([tmp_path])
    assert [line["step"] for line in finished.runs[0].history] == [100, 200, 300]
    assert finished.damage == [
        f"Skipped a damaged line of {path} (line 1: expected a JSON object, got 7)."
    ]
    path.unlink()
    path.mkdir()
    finished = finished_runs.read_runs([tmp_path])
    assert finished.runs[0].history == []
    assert finished.damage == [f"{path} is damaged: it is not a file. Remove it."]


@pytest.mark.parametrize("content, last", [(b"", 0), (b"\xff" * 30, 0), (None, 200)])
def test_metrics_that_end_before_the_run_are_said(tmp_path, content, last):
    """A last line without an end is that of a run that was killed; this one has finished."""
    path = finished_run_folders.write(tmp_path) / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-2] if content is None else content)
    finished = finished_runs.read_runs([tmp_path])
    assert finished.damage == [f"{path} ends at step {last} of 300: its curves are cut short."]
    path.unlink()
    assert finished_runs.read_runs([tmp_path]).damage == []  # somebody did not want them


def test_a_damaged_evaluation_is_said_and_the_run_counts(tmp_path):
    folder = finished_run_folders.write(tmp_path)
    finished_run_folders.write_evaluation(folder, test_sets=[{}])
    finished = finished_runs.read_runs([tmp_path])
    assert finished.runs[0].evaluation == {}
    (sentence,) = finished.damage
    assert "evaluation.json is damaged: test_sets.0.test_error is missing" in sentence


def test_flags_of_later_versions_have_their_defaults(tmp_path):
    finished_run_folders.write(tmp_path)
    finished_run_folders.change(tmp_path, "config.json", clean_fraction=..., fit=..., channels=...)
    (run,) = finished_runs.read_runs([tmp_path]).runs
    assert (run.protocol["clean_fraction"], run.protocol["fit"]) == (0.0, "resize")
    assert run.protocol == finished_run_folders.make_run().protocol


def test_a_run_of_version_0_1_0_is_left_out_in_one_sentence(tmp_path):
    finished_run_folders.write(tmp_path / "old")
    finished_run_folders.change(tmp_path / "old", "config.json", version=..., clean_pct=0.05)
    finished_run_folders.write(tmp_path / "new")
    finished = finished_runs.read_runs([tmp_path])
    assert [run.folder.name for run in finished.runs] == ["new"]
    ((folder, reason),) = finished.left_out
    assert folder.name == "old" and "holds a run of tf_ssgan 0.1.0, which" in reason


def test_runs_of_other_folds_are_other_runs(tmp_path):
    for fold in range(3):
        outcome = {"folds": 3, "fold": fold}
        finished_run_folders.write(tmp_path / f"x/fold-{fold}", 5.0, outcome, **outcome)
    found = finished_runs.read_runs([tmp_path])
    assert len(found.runs) == 3 and not found.left_out
    assert {run.protocol["folds"] for run in found.runs} == {3}
    assert all("fold" not in run.protocol | run.settings for run in found.runs)


def test_every_flag_that_affects_a_result_is_in_protocol_or_settings():
    """The others are the method, the seeds, folders and machines, and the length."""
    run = finished_run_folders.make_run()
    covered = run.protocol.keys() | run.settings.keys()
    others = {"method", "seed", "split_seed", "fold", "data_dir", "workdir", "devices", "epochs",
              "max_steps"}  # fmt: skip
    of_data = {"images", "test_images", "data", "steps", "checked"}
    assert covered - of_data == run.flags.keys() - others


def test_held_out_and_test_images_are_the_actual_numbers():
    """The flag may be -1, the usual share, which is another number with another pool."""
    run = finished_run_folders.make_run(outcome={"validation_images": 129, "test_images": 500})
    assert run.flags["validation"] == -1
    assert (run.protocol["validation"], run.protocol["test_images"]) == (129, 500)


@pytest.mark.parametrize("noise, rate", [("wrong", 0.0), ("pair", 0), ("none", 0.0)])
def test_noise_at_rate_0_is_none(noise, rate):
    protocol = finished_run_folders.make_run(noise=noise, noise_rate=rate).protocol
    assert (protocol["noise"], protocol["noise_rate"]) == ("none", 0.0)


def test_protocol_and_settings_are_json(tmp_path):
    finished_run_folders.write(tmp_path)
    (run,) = finished_runs.read_runs([tmp_path]).runs
    assert json.loads(json.dumps([run.protocol, run.settings])) == [run.protocol, run.settings]


def test_a_link_to_a_folder_is_followed(tmp_path):
    finished_run_folders.write(tmp_path / "real" / "run")
    os.symlink(tmp_path / "real", tmp_path / "link")
    finished = finished_runs.read_runs([tmp_path / "link"])
    assert folders(finished) == [pathlib.Path(tmp_path / "link" / "run")]


def test_a_linked_run_is_read_once(tmp_path):
    finished_run_folders.write(tmp_path / "elsewhere" / "run")
    (tmp_path / "runs").mkdir()
    os.symlink(tmp_path / "elsewhere" / "run", tmp_path / "runs" / "link")
    assert folders(finished_runs.read_runs([tmp_path / "runs"])) == [tmp_path / "runs" / "link"]
    finished = finished_runs.read_runs([tmp_path])
    assert (len(finished.runs), finished.left_out) == (1, ())


def test_a_link_may_lead_to_a_folder_above_it(tmp_path):
    folder = finished_run_folders.write(tmp_path / "a" / "run")
    os.symlink(tmp_path, tmp_path / "a" / "back")
    assert [path.resolve() for path in folders(finished_runs.read_runs([tmp_path]))] == [folder]


def make_unreadable(monkeypatch, folder):
    """Makes a folder that cannot be listed, like a folder of another user."""
    scan = os.scandir

    def scandir(path="."):
        if pathlib.Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_left_out(tmp_path, monkeypatch):
    mine = finished_run_folders.write(tmp_path / "mine")
    theirs = finished_run_folders.write(tmp_path / "theirs", seed=1)
    make_unreadable(monkeypatch, theirs)
    finished = finished_runs.read_runs([tmp_path])
    assert folders(finished) == [mine]
    assert finished.left_out == ((theirs, "cannot be read: Permission denied"),)
    make_unreadable(monkeypatch, mine)
    finished = finished_runs.read_runs([mine])  # no run is visible, but this is no mistake
    assert (finished.runs, finished.left_out) == (
        (),
        ((mine, "cannot be read: Permission denied"),),
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every folder")
def test_a_folder_without_permission_is_left_out(tmp_path):
    mine = finished_run_folders.write(tmp_path / "mine")
    theirs = finished_run_folders.write(tmp_path / "theirs", seed=1)
    theirs.chmod(0)
    try:
        finished = finished_runs.read_runs([tmp_path])
    finally:
        theirs.chmod(0o700)
    assert folders(finished) == [mine]
    assert [path for path, _ in finished.left_out] == [theirs]


def test_names_of_folders_need_not_be_unicode(tmp_path):
    folder = finished_run_folders.write(tmp_path / os.fsdecode(b"caf\xe9"))
    assert folders(finished_runs.read_runs([tmp_path])) == [folder]


def test_steps_beyond_those_of_the_run_are_skipped_and_said(tmp_path):
    path = finished_run_folders.write(tmp_path) / "metrics.jsonl"
    later = json.loads(path.read_text().splitlines()[-1]) | {"step": 2_000_000}
    path.write_text(f"{path.read_text()}{json.dumps(later)}\n")
    finished = finished_runs.read_runs([tmp_path])
    assert [line["step"] for line in finished.runs[0].history] == [100, 200, 300]
    assert finished.damage == [f"Skipped step 2,000,000 of {path}: the run has 300 steps."]
