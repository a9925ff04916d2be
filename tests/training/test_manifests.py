"""Manifests: a checkpoint is complete and whole, or it is skipped and the reason is said."""

import dataclasses
import json
import subprocess
import sys

import pytest
from support.file_contents import manifest_metadata

from tf_ssgan.common import errors, files
from tf_ssgan.data import protocol
from tf_ssgan.training import manifests


def write(folder, step=7, **changed):
    """A checkpoint with two files."""
    checkpoint = folder / manifests.checkpoint_name(step)
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.index").write_text("x")
    (checkpoint / "state.data-00000-of-00001").write_text("y")
    manifests.write(checkpoint, step, manifest_metadata(**changed))
    return checkpoint


def sign_again(checkpoint, **changed):
    """Changes fields and computes the manifest's own sum again; ... removes a field."""
    path = checkpoint / manifests.MANIFEST
    manifest = json.loads(path.read_text()) | changed
    manifest = {name: value for name, value in manifest.items() if value is not ...}
    if "sha256" not in changed:
        manifest["sha256"] = manifests._digest(manifest)
    path.write_text(json.dumps(manifest))


def test_the_newest_complete_checkpoint_is_found(tmp_path):
    assert manifests.find(tmp_path / "missing") is None
    for step in (1, 2, 10):
        write(tmp_path, step)
    found = manifests.find(tmp_path)
    assert found.folder.name == "step-0000000010" and found.damaged == ()
    assert found.manifest == manifests.verified(found.folder)
    assert [path.name[-2:] for path in manifests.checkpoint_folders(tmp_path)] == ["01", "02", "10"]


def test_a_damaged_checkpoint_is_skipped_and_said(tmp_path):
    write(tmp_path, 1)
    (write(tmp_path, 2) / "state.index").write_text("y")
    found = manifests.find(tmp_path)
    assert found.manifest["step"] == 1
    assert found.damaged == ("step-0000000002: state.index was changed or cut short",)


def test_if_all_are_damaged_each_is_named(tmp_path):
    (write(tmp_path, 1) / "state.index").unlink()
    (write(tmp_path, 2) / manifests.MANIFEST).write_text("{")
    with pytest.raises(errors.UserError) as refused:
        manifests.find(tmp_path)
    message = str(refused.value)
    assert "step-0000000001: state.index is missing" in message
    assert "manifest.json is damaged: Expecting property name" in message
    assert "--workdir" in message and "\n" not in message


PROTOCOL = manifest_metadata()["protocol"]
INFO = manifest_metadata()["dataset_info"]
DATA = "state.data-00000-of-00001"
WHOLE = {"state.index": "0" * 64, DATA: "0" * 64}


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"step": None}, "step: expected a valid integer, got null"),
        ({"step": 1.5}, "step: expected a valid integer, got 1.5"),
        ({"step": "x"}, "step: expected a valid integer, got 'x'"),
        ({"step": 0}, "step is 0, the folder is step-0000000007"),
        ({"step": ...}, "step is missing"),
        ({"files": -1}, "files: expected a JSON object, got -1"),
        ({"files": {}}, "files: expected state.index and state.data-..."),
        ({"files": {"state.index": "0" * 64}}, "files: expected state.index and state.data-..."),
        ({"files": {DATA: "0" * 64}}, "files: expected state.index and state.data-..."),
        *(
            ({"files": WHOLE | {name: "0" * 64}}, "expected the name of a file of TensorFlow, such as")
            for name in ("../../x", "..", "/etc/passwd", "state.index/", "other", "state.index\n")
        ),
        ({"files": WHOLE | {"state.index": ""}}, "files.state.index: String should match pattern"),
        ({"sizes": {"state.index": -1}}, "sizes.state.index: expected greater than or equal"),
        ({"sha256": ""}, "sha256: String should match pattern"),
        ({"protocol": PROTOCOL | {"wrong": 3}}, "wrong is larger than the number of labels"),
        ({"protocol": PROTOCOL | {"clean_fraction": 0.5}}, "clean_ids are not as many as clean_f"),
        ({"identity": {"labels": 3}}, "identity.labels is 3, and its protocol has 2"),
        ({"identity": {"dataset": "svhn"}}, "protocol.dataset is digits, and svhn in identity"),
        ({"dataset_info": INFO | {"name": "svhn"}}, "dataset_info.name is not the dataset of its"),
        ({"identity": None}, "identity: expected a JSON object, got null"),
        ({"identity": {"seed": [1]}}, "identity.seed: expected a number, a text, true or false"),
        ({"seconds": "x"}, "seconds: expected a valid number, got 'x'"),
        ({"split_sha256": ...}, "split_sha256 is missing"),
        ({"split_sha256": "0" * 64}, "split_sha256 is not that of its protocol"),
        ({"protocol": 1.5}, "protocol: expected a JSON object, got 1.5"),
        ({"protocol": PROTOCOL | {"labels": [1, 0]}}, "its ids and labels are not those of its"),
        ({"protocol": PROTOCOL | {"labels": [0]}}, "labels are not as many as labeled_ids"),
        ({"protocol": PROTOCOL | {"labels": [0, 2]}}, "labels are larger than the number of cla"),
        ({"protocol": PROTOCOL | {"labeled_ids": [0, 4]}}, "labeled_ids are not ascending ids of"),
        ({"protocol": PROTOCOL | {"labeled_ids": [3, 0]}}, "labeled_ids are not ascending ids of"),
        ({"protocol": PROTOCOL | {"validation_ids": [3]}}, "validation_ids are labeled too"),
        ({"protocol": PROTOCOL | {"clean_ids": [1]}}, "clean_ids are not labeled"),
        ({"number_format": "int8"}, "number_format: expected 'float32' or 'mixed_bfloat16', got"),
        ({"dataset_info": INFO | {"fit": "x"}}, "dataset_info.fit: expected 'resize', 'crop' or"),
        ({"files": {"state.index": "0" * 64, "state.data-00001-of-00002": "0" * 64}},
         "does not list state.data-00000-of-00001"),
        ({"protocol": PROTOCOL | {"pool": 10**12}}, "protocol.pool: expected less than or equal"),
        ({"dataset_info": INFO | {"height": 10**6}}, "dataset_info.height: expected less than"),
        ({"dataset_info": INFO | {"classes": ["a", "b"]}}, "dataset_info.classes are not those"),
        ({"protocol": PROTOCOL | {"sizes": {"clean": 2**40}}}, "protocol.sizes are not those of"),
        ({"identity": {"max_steps": 1}}, "identity.max_steps is 1, and step is"),
        ({"identity": {"max_steps": "9"}}, "identity.max_steps is '9', and step is"),
        ({"version": "0.1.0"}, "it was written by tf_ssgan 0.1.0"),
        ({"version": ...}, "version is missing"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_even_if_the_sum_is_right(tmp_path, changed, reason):
    checkpoint = write(tmp_path)
    sign_again(checkpoint, **changed)
    with pytest.raises(ValueError) as refused:
        manifests.verified(checkpoint)
    assert str(refused.value).startswith("manifest.json") and reason in str(refused.value)


@pytest.mark.parametrize("text", ["null", "[1]", "", "\0", "[" * 100_000, "7"])
def test_what_is_no_manifest_is_refused(tmp_path, text):
    checkpoint = write(tmp_path)
    (checkpoint / manifests.MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json"):
        manifests.verified(checkpoint)


def test_a_change_without_a_new_sum_is_seen(tmp_path):
    path = write(tmp_path) / manifests.MANIFEST
    path.write_text(path.read_text().replace('"seconds": 1.5', '"seconds": 2.5'))
    with pytest.raises(ValueError, match=r"manifest\.json: it was changed"):
        manifests.verified(path.parent)


def test_a_file_of_another_size_is_not_read(tmp_path, monkeypatch):
    path = write(tmp_path) / DATA
    with path.open("wb") as file:
        file.truncate(30 * 2**30)  # takes nothing on the disk, and half a minute to read
    monkeypatch.setattr(files, "sha256", None)
    with pytest.raises(ValueError, match=f"{DATA} was changed or cut short"):
        manifests.verified(path.parent)


def test_manifests_without_sizes_are_read(tmp_path):
    checkpoint = write(tmp_path)
    sign_again(checkpoint, sizes=...)
    assert manifests.verified(checkpoint)["step"] == 7


def test_a_further_check_and_reasons_to_skip(tmp_path):
    for step in (1, 2, 3):
        write(tmp_path, step)

    def check(manifest):
        if manifest["step"] == 2:
            raise ValueError("not this one")

    found = manifests.find(tmp_path, check, ["step-0000000003 is unusable"])
    assert found.manifest["step"] == 1
    assert found.damaged == ("step-0000000003 is unusable", "step-0000000002: not this one")


def test_tensorflow_is_not_imported():
    code = "import sys; from tf_ssgan.training import manifests; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(errors.UserError, match="checkpoints is not a folder. Remove it"):
        manifests.find(tmp_path / "checkpoints")


def test_the_fraction_of_checked_labels_follows_from_the_data(tmp_path):
    """Both labels of the protocol are checked, and the flag is 0."""
    own = protocol.Protocol.from_json(PROTOCOL)
    checked = dataclasses.replace(own, clean_ids=own.labeled_ids, clean_fraction=1.0, checked=True)
    content = {"protocol": checked.as_json(), "split_sha256": checked.sha256}
    identity = manifest_metadata()["identity"]
    whole = write(tmp_path / "whole", **content, identity=identity | {"clean_fraction": 0.0})
    assert manifests.verified(whole)["protocol"]["checked"] is True
    odd = write(tmp_path / "odd", **content, identity=identity | {"clean_fraction": 1.0})
    with pytest.raises(ValueError, match="protocol.clean_fraction is 0.0, and 1.0 in identity"):
        manifests.verified(odd)
