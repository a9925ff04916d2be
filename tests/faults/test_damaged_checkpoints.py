"""Damaged checkpoints are skipped; if none is left, all of them are named."""

import json
import shutil

import pytest

import tf_ssgan
from tf_ssgan.common import errors
from tf_ssgan.training import build, loop, manifests

pytestmark = pytest.mark.xdist_group("finished run")


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def change_identity(path):
    content = json.loads(path.read_text())
    content["identity"]["seed"] = 5
    path.write_text(json.dumps(content))


def take_from_the_checkpoint_before(path):
    for name in (DATA, INDEX):
        shutil.copy(path.parents[1] / "step-0000000365" / name, path.with_name(name))


def sign_again(checkpoint):
    """Computes the sums of a manifest again, as somebody may who changes a checkpoint."""
    content = json.loads((checkpoint / MANIFEST).read_text())
    (checkpoint / MANIFEST).unlink()
    step = content.pop("step")
    manifests.write(checkpoint, step, {k: v for k, v in content.items() if k != "sha256"})


DATA, INDEX, MANIFEST = "state.data-00000-of-00001", "state.index", "manifest.json"
DAMAGES = {
    "data truncated": (DATA, truncate),
    "data empty": (DATA, lambda path: path.write_bytes(b"")),
    "data, one bit": (DATA, lambda path: flip(path, path.stat().st_size // 2)),
    "data missing": (DATA, lambda path: path.unlink()),
    "index truncated": (INDEX, truncate),
    "index, one bit": (INDEX, lambda path: flip(path, 40)),
    "index missing": (INDEX, lambda path: path.unlink()),
    "manifest garbage": (MANIFEST, lambda path: path.write_bytes(b"\x00\xff garbage")),
    "manifest empty": (MANIFEST, lambda path: path.write_bytes(b"")),
    "manifest of another form": (MANIFEST, lambda path: path.write_text("[1, 2]")),
    "manifest with nothing in it": (MANIFEST, lambda path: path.write_text("{}")),
    "manifest changed": (MANIFEST, change_identity),
    "manifest missing": (MANIFEST, lambda path: path.unlink()),
}


@pytest.fixture(scope="module")
def opened():
    """A built run of the finished configuration, to load checkpoints into."""
    return {}


@pytest.fixture
def run(opened, copied, settings):
    if not opened:
        opened["run"] = build.build(settings(copied))
    opened["run"].config = settings(copied)
    opened["run"].method.step.assign(-1)
    return opened["run"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_previous_checkpoint_is_taken_and_a_line_says_so(run, copied, capsys, damage):
    name, harm = DAMAGES[damage]
    harm(copied / "checkpoints" / "step-0000000380" / name)
    assert build.restore(run)["step"] == 365
    assert int(run.method.step.numpy()) == 365
    out = capsys.readouterr().out.strip().splitlines()
    assert len(out) == 1 and out[0].startswith("Skipped a damaged checkpoint, step-0000000380:")


UNREADABLE = {
    "data truncated": (DATA, truncate),
    "data empty": (DATA, lambda path: path.write_bytes(b"")),
    "index truncated": (INDEX, truncate),
    "index of something else": (INDEX, lambda path: path.write_bytes(b"notes" * 100)),
    "the files of another step": (DATA, take_from_the_checkpoint_before),
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_what_tensorflow_cannot_read_is_skipped_though_its_sums_are_right(
    run, copied, capsys, damage
):
    name, harm = UNREADABLE[damage]
    harm(copied / "checkpoints" / "step-0000000380" / name)
    sign_again(copied / "checkpoints" / "step-0000000380")
    assert build.restore(run)["step"] == 365
    assert int(run.method.step.numpy()) == 365
    out = capsys.readouterr().out.strip().splitlines()
    assert len(out) == 1 and out[0].startswith("Skipped a damaged checkpoint, step-0000000380 ")
    if damage == "data empty":  # the programs that open a run again do the same
        classifier = tf_ssgan.load(copied)
        assert classifier.step == 365 and "step-0000000380" in capsys.readouterr().out


def test_without_a_checkpoint_that_can_be_read_all_are_named(run, copied):
    for step in (365, 380):
        truncate(copied / "checkpoints" / f"step-0000000{step}" / INDEX)
        sign_again(copied / "checkpoints" / f"step-0000000{step}")
    with pytest.raises(errors.UserError) as refused:
        build.restore(run)
    message = str(refused.value)
    assert "step-0000000380 is damaged" in message and "step-0000000365 is damaged" in message
    assert "--workdir" in message and "\n" not in message


def test_without_a_complete_checkpoint_all_are_named(run, copied):
    flip(copied / "checkpoints" / "step-0000000380" / DATA, 1000)
    (copied / "checkpoints" / "step-0000000365" / INDEX).unlink()
    with pytest.raises(errors.UserError) as refused:
        build.restore(run)
    message = str(refused.value)
    assert f"step-0000000380: {DATA} was changed" in message
    assert f"step-0000000365: {INDEX} is missing" in message
    assert "--workdir" in message and "\n" not in message
    assert int(run.method.step.numpy()) == -1, "something was loaded all the same"


def test_a_run_continues_from_the_previous_checkpoint_to_the_same_end(toy, tmp_path, curves):
    loop.train(toy.run(tmp_path / "run"))
    expected = curves(tmp_path / "run")
    truncate(tmp_path / "run" / "checkpoints" / "step-0000000009" / DATA)
    (tmp_path / "run" / "result.json").unlink()
    loop.train(toy.run(tmp_path / "run"))
    assert curves(tmp_path / "run") == expected
    manifests.verified(tmp_path / "run" / "checkpoints" / "step-0000000009")
