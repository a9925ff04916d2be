"""Which folders count as runs, and what is said of the others."""

import json
import os
import pathlib

import pytest
from support import finished_run_folders

from tf_ssgan.common import errors
from tf_ssgan.reports import finished_runs


def folders(found):
    return [record.folder for record in found.records]


def test_a_finished_run_is_read(tmp_path):
    folder = finished_run_folders.write(tmp_path / "one", 4.5, seed=3, split_seed=1)
    found = finished_runs.read_runs([folder])
    (run,) = found.records
    assert found.left_out == ()
    assert (run.folder, run.method, run.seeds, run.images) == (
        folder,
        "frgan",
        (1, 3),
        finished_run_folders.POOL,
    )
    assert run.result["test_error"] == 4.5 and run.flags["width"] == 32
    assert [line["step"] for line in run.history] == [100, 200, 300]


@pytest.mark.parametrize("name", finished_run_folders.BROKEN)
def test_what_cannot_be_counted_is_left_out_with_the_reason(tmp_path, name):
    change, reason = finished_run_folders.BROKEN[name]
    whole = finished_run_folders.write(tmp_path / "whole", seed=1)
    broken = finished_run_folders.write(tmp_path / "broken", seed=2)
    change(broken)
    found = finished_runs.read_runs([tmp_path])
    assert folders(found) == [whole]
    ((folder, why),) = found.left_out
    assert folder == broken and reason in why, why


@pytest.mark.parametrize("name", finished_runs._NEEDED)
@pytest.mark.parametrize("value", [..., None, [], {}, True])
def test_whatever_is_needed_and_not_there_is_named(tmp_path, name, value):
    finished_run_folders.change(
        finished_run_folders.write(tmp_path), "result.json", **{name: value}
    )
    ((_, why),) = finished_runs.read_runs([tmp_path]).left_out
    assert why == f"result.json is damaged: no {name} in it"


@pytest.mark.parametrize("name", finished_runs._USUAL)
def test_what_is_not_needed_may_be_missing_or_null(tmp_path, name):
    for k, value in enumerate((..., None)):
        folder = finished_run_folders.write(
            tmp_path / str(k), max_steps=0, epochs=2, seed=k, outcome={"steps": 9}
        )
        finished_run_folders.change(folder, "result.json", **{name: value})
    found = finished_runs.read_runs([tmp_path])
    if name != "test_error":  # which is needed
        assert (len(found.records), found.left_out) == (2, ())


@pytest.mark.parametrize(
    "file, name, value",
    [
        ("result.json", "epochs", "many"),
        ("result.json", "test_error_median20", "5.0"),
        ("result.json", "seconds", [1]),
        ("result.json", "pool", True),
        ("result.json", "split_sha256", ["a"]),
        ("result.json", "versions", "1.0"),
        ("result.json", "searched", []),
        ("config.json", "max_steps", "many"),
        ("config.json", "noise_rate", "half"),
        ("config.json", "validation", None),
        ("config.json", "noise", 1),
    ],
)
def test_what_is_not_needed_is_not_of_a_wrong_kind(tmp_path, file, name, value):
    finished_run_folders.change(finished_run_folders.write(tmp_path), file, **{name: value})
    ((_, why),) = finished_runs.read_runs([tmp_path]).left_out
    assert why == f"{file} is damaged: {name} is {value!r}"


@pytest.mark.parametrize(
    "told, changed",
    [
        ("300 of 9,000 steps", {"max_steps": 9000}),
        ("2.5 of 7 epochs", {"max_steps": 0, "epochs": 7}),
    ],
)
def test_an_unfinished_run_says_how_far_it_has_come(tmp_path, told, changed):
    folder = finished_run_folders.write(tmp_path, **changed, lines=finished_run_folders.curve())
    (folder / "result.json").unlink()
    ((_, why),) = finished_runs.read_runs([tmp_path]).left_out
    assert why == f"has not come to its end: {told}"


@pytest.mark.parametrize("text", ["7\n", "[]\n", '{"step": "x", "epoch": 1}\n', "\0", ""])
def test_damaged_curves_of_an_unfinished_run_are_no_evaluation(tmp_path, text):
    folder = finished_run_folders.write(tmp_path)
    (folder / "result.json").unlink()
    (folder / "metrics.jsonl").write_text(text)
    ((_, why),) = finished_runs.read_runs([tmp_path]).left_out
    assert why == "has not come to its end: no evaluation yet"


def test_a_run_whose_length_is_the_other_number_has_ended(tmp_path):
    """--max_steps was given where the epochs of the recipe would have been more."""
    finished_run_folders.write(tmp_path, max_steps=300, epochs=7)
    assert len(finished_runs.read_runs([tmp_path]).records) == 1


def test_the_same_run_twice_counts_once(tmp_path):
    first, copy = (
        finished_run_folders.write(tmp_path / "a"),
        finished_run_folders.write(tmp_path / "b"),
    )
    other = finished_run_folders.write(tmp_path / "c", seed=1)
    found = finished_runs.read_runs([tmp_path])
    assert folders(found) == [first, other]
    assert found.left_out == ((copy, f"the same run as {first}: same flags, same seeds"),)


def test_a_folder_named_twice_is_read_once(tmp_path):
    folder = finished_run_folders.write(tmp_path / "a")
    found = finished_runs.read_runs([tmp_path, folder])
    assert (folders(found), found.left_out) == ([folder], ())


def test_runs_are_found_in_nested_folders_by_name(tmp_path):
    names = ("b/deep/run", "a/run", "b/run")
    made = {
        name: finished_run_folders.write(tmp_path / name, seed=k) for k, name in enumerate(names)
    }
    (tmp_path / "a" / "notes").mkdir()
    found = finished_runs.read_runs([tmp_path])
    assert folders(found) == [made["a/run"], made["b/deep/run"], made["b/run"]]


@pytest.mark.parametrize("inside", ["checkpoints", "tensorboard", "lock", "copy of mine"])
def test_no_run_lies_in_the_folder_of_another(tmp_path, inside):
    folder = finished_run_folders.write(tmp_path / "run")
    finished_run_folders.write(folder / inside / "step-0000000300", seed=5)
    found = finished_runs.read_runs([tmp_path])
    assert (folders(found), found.left_out) == ([folder], ())


def test_the_same_seeds_with_other_images_are_another_run(tmp_path):
    """They are told apart, or refused where they meet; never dropped."""
    first = finished_run_folders.write(tmp_path / "a")
    other = finished_run_folders.write(tmp_path / "b", outcome={"split_sha256": "other"})
    found = finished_runs.read_runs([tmp_path])
    assert (folders(found), found.left_out) == ([first, other], ())


def test_a_folder_named_from_here_and_from_the_root_is_read_once(tmp_path, monkeypatch):
    finished_run_folders.write(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    found = finished_runs.read_runs(
        [pathlib.Path("runs"), tmp_path / "runs", pathlib.Path("runs/../runs/a")]
    )
    assert (len(found.records), found.left_out) == (1, ())


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_no_folder_is_a_mistake(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.UserError, match=f"{name} is no folder. Give the folders of runs."):
        finished_runs.read_runs([tmp_path / name])


def test_folders_without_any_run_are_a_mistake(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(errors.UserError, match="no run lies there"):
        finished_runs.read_runs([tmp_path, tmp_path / "notes"])


@pytest.mark.parametrize("text, images", [('{"pool": 8000}', 8000), ("[]", None), ("{", None)])
def test_results_of_earlier_versions_have_their_images_beside_them(tmp_path, text, images):
    finished_run_folders.write(tmp_path)
    finished_run_folders.change(tmp_path, "result.json", pool=...)
    (tmp_path / "protocol.json").write_text(text)
    (run,) = finished_runs.read_runs([tmp_path]).records
    assert run.images == images


EVALUATED = b'{"step": 300, "epoch": %s, "test_error": %s}\n'
DAMAGED = [b"7\n[]\n", b"\xff\xfe\n", b'{"step": 1}\n{"st', b"", EVALUATED % (b"1", b"null"),
           EVALUATED % (b"1", b'"5"'), EVALUATED % (b"1", b"NaN"), EVALUATED % (b"null", b"5")]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_curves_are_no_curves(tmp_path, damage):
    """The run counts all the same: its numbers are in its result."""
    (finished_run_folders.write(tmp_path) / "metrics.jsonl").write_bytes(damage)
    (run,) = finished_runs.read_runs([tmp_path]).records
    assert run.history == []


def test_damaged_lines_hide_no_others(tmp_path):
    whole = EVALUATED % (b"1", b"5")
    text = whole + EVALUATED % (b"2", b"null") + b"null\n[]\n"
    (finished_run_folders.write(tmp_path) / "metrics.jsonl").write_bytes(text)
    (run,) = finished_runs.read_runs([tmp_path]).records
    assert run.history == [{"step": 300, "epoch": 1, "test_error": 5}]


def test_flags_that_came_later_have_their_defaults(tmp_path):
    finished_run_folders.write(tmp_path)
    finished_run_folders.change(tmp_path, "config.json", clean_fraction=..., fit=..., channels=...)
    (run,) = finished_runs.read_runs([tmp_path]).records
    assert (run.protocol["clean_fraction"], run.protocol["fit"]) == (0.0, "resize")
    assert run.protocol == finished_run_folders.record().protocol


def test_protocol_and_settings_leave_no_flag_out():
    """Whatever decides a result is in one of them; the rest is the method, and where and who."""
    run = finished_run_folders.record()
    told = run.protocol.keys() | run.settings.keys()
    aside = {"method", "seed", "split_seed", "data_dir", "workdir", "devices", "epochs",
             "max_steps"}  # fmt: skip
    assert told - {"images", "test_images", "steps"} == run.flags.keys() - aside


def test_held_out_and_test_images_are_what_they_came_to():
    """The flag may say "the usual share", which is another number of another pool."""
    run = finished_run_folders.record(outcome={"validation_images": 129, "test_images": 500})
    assert run.flags["validation"] == -1
    assert (run.protocol["validation"], run.protocol["test_images"]) == (129, 500)
    earlier = finished_run_folders.record(validation=7)  # whose result does not say it
    assert (earlier.protocol["validation"], earlier.protocol["test_images"]) == (7, None)


@pytest.mark.parametrize("noise, rate", [("wrong", 0.0), ("pair", 0), ("none", -1.0)])
def test_noise_of_rate_0_is_none(noise, rate):
    found = finished_run_folders.record(noise=noise, noise_rate=rate).protocol
    assert (found["noise"], found["noise_rate"]) == ("none", 0.0)


def test_records_are_json_all_the_way(tmp_path):
    finished_run_folders.write(tmp_path)
    (run,) = finished_runs.read_runs([tmp_path]).records
    assert json.loads(json.dumps([run.protocol, run.settings])) == [run.protocol, run.settings]


def test_links_to_folders_are_followed_where_named(tmp_path):
    finished_run_folders.write(tmp_path / "real" / "run")
    os.symlink(tmp_path / "real", tmp_path / "link")
    found = finished_runs.read_runs([tmp_path / "link"])
    assert folders(found) == [pathlib.Path(tmp_path / "link" / "run")]


def test_a_linked_run_is_read_once(tmp_path):
    finished_run_folders.write(tmp_path / "elsewhere" / "run")
    (tmp_path / "runs").mkdir()
    os.symlink(tmp_path / "elsewhere" / "run", tmp_path / "runs" / "link")
    assert folders(finished_runs.read_runs([tmp_path / "runs"])) == [tmp_path / "runs" / "link"]
    found = finished_runs.read_runs([tmp_path])
    assert (len(found.records), found.left_out) == (1, ())


def test_a_link_may_lead_back(tmp_path):
    folder = finished_run_folders.write(tmp_path / "a" / "run")
    os.symlink(tmp_path, tmp_path / "a" / "back")
    assert [path.resolve() for path in folders(finished_runs.read_runs([tmp_path]))] == [folder]


def refused(monkeypatch, folder):
    """The folder cannot be listed, as one of another person."""
    scan = os.scandir

    def scandir(path="."):
        if pathlib.Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    mine, theirs = (
        finished_run_folders.write(tmp_path / "mine"),
        finished_run_folders.write(tmp_path / "theirs", seed=1),
    )
    refused(monkeypatch, theirs)
    found = finished_runs.read_runs([tmp_path])
    assert folders(found) == [mine]
    assert found.left_out == ((theirs, "cannot be read: Permission denied"),)
    refused(monkeypatch, mine)
    found = finished_runs.read_runs(
        [mine]
    )  # which holds no run that can be seen, and is no mistake
    assert (found.records, found.left_out) == ((), ((mine, "cannot be read: Permission denied"),))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every folder")
def test_a_folder_of_another_person_is_told(tmp_path):
    mine, theirs = (
        finished_run_folders.write(tmp_path / "mine"),
        finished_run_folders.write(tmp_path / "theirs", seed=1),
    )
    theirs.chmod(0)
    try:
        found = finished_runs.read_runs([tmp_path])
    finally:
        theirs.chmod(0o700)
    assert folders(found) == [mine]
    assert [path for path, _ in found.left_out] == [theirs]


def test_names_of_folders_need_be_no_text(tmp_path):
    folder = finished_run_folders.write(tmp_path / os.fsdecode(b"caf\xe9"))
    assert folders(finished_runs.read_runs([tmp_path])) == [folder]
