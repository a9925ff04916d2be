"""The record of a run's data as a file: written, read with a check, and compared in words."""

import json
import pathlib

import pytest
from support import file_contents

from tf_ssgan.common import errors
from tf_ssgan.training import run_data

DATA, OTHER = file_contents.data_record(), file_contents.data_record(train=(0, 1, 1))


@pytest.fixture
def path(tmp_path):
    run_data.keep(tmp_path / "data.json", DATA)
    return tmp_path / "data.json"


def test_what_is_kept_is_read_again(path):
    assert run_data.read(path).as_json() == DATA.as_json()
    assert run_data.read(path.with_name("none")) is None


def test_the_file_is_written_only_if_it_has_to_be(path):
    before = path.stat().st_mtime_ns
    run_data.keep(path, DATA)
    assert path.stat().st_mtime_ns == before
    run_data.keep(path, OTHER)
    assert run_data.read(path).sha256 == OTHER.sha256


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"sha256": "0" * 64}, "its images are not those of its sha256"),
        ({"sha256": "x"}, "sha256: "),
        ({"shape": [16, 16]}, "shape: "),
        ({"shape": [16, 16, 0]}, "shape.2: expected"),
        ({"classes": []}, "classes: "),
        ({"classes": ["0", "1", "2"]}, "train.labeled has not as many items as classes"),
        ({"train": {"labeled": ["", ""]}}, "train.unlabeled is missing"),
        ({"test": {"labeled": ["!", ""], "unlabeled": ""}}, "data.json is damaged"),
        ({"test": {"labeled": ["日本", ""], "unlabeled": ""}}, "data.json is damaged"),
        ({"test": {"labeled": ["AAAA", ""], "unlabeled": ""}}, "data.json is damaged"),
        ({"test": {"labeled": [None, ""], "unlabeled": ""}}, "test.labeled.0: expected"),
    ],
)
def test_a_damaged_record_is_one_sentence(path, changed, reason):
    path.write_text(json.dumps(DATA.as_json() | changed))
    with pytest.raises(errors.UserError) as refused:
        run_data.read(path)
    assert f"{path} is damaged: " in str(refused.value) and reason in str(refused.value)
    assert str(refused.value).endswith("the command that trained the run writes it again.")
    run_data.keep(path, DATA)
    assert run_data.read(path).sha256 == DATA.sha256


def test_changes_are_said_in_words_if_the_record_is_that_of_the_run(path):
    text = run_data.describe_changes(path, DATA.sha256, OTHER)
    assert text == "the images changed: 1 training image labeled that had no label"
    text = run_data.describe_changes(path, "0" * 64, OTHER)
    assert text.endswith(f"what changed is not known, because {path} is of other data)")
    path.write_text("")
    assert f"because {path} is damaged)" in run_data.describe_changes(path, DATA.sha256, OTHER)
    path.unlink()
    assert f"because {path} is missing)" in run_data.describe_changes(path, DATA.sha256, OTHER)


def test_a_folder_that_is_suggested_does_not_exist(tmp_path):
    for name in ("run", "run-2", "run-3"):
        assert run_data.free_folder(tmp_path / "run").name not in (
            p.name for p in tmp_path.iterdir()
        )
        (tmp_path / name).mkdir()
    assert run_data.free_folder(tmp_path / "run") == tmp_path / "run-4"


def test_the_free_folder_beside_one_without_a_name_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run_data.free_folder(pathlib.Path(".")) == tmp_path / "here-2"
    assert run_data.free_folder(pathlib.Path("..")) == tmp_path.with_name(f"{tmp_path.name}-2")
    assert run_data.free_folder(pathlib.Path("/")) == pathlib.Path("/run-2")
