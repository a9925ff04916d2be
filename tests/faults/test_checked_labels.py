"""Labels that somebody has checked: a run that uses them, and what is refused in one sentence."""

import json
import shutil

import numpy as np
import pytest
from support import image_folders, refusals

import flags
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.diagnostics import dataset_checks
from tf_ssgan.training import build, config, loop

TOY = {"width": 4, "batch_size": 8, "image_size": 8, "precision": "float32", "validation": 0}
TRAIN = ["--method=supervised", "--width=4", "--batch_size=8", "--image_size=8"]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def make_folder(root, labeled=6, checked=4):
    """Labeled and checked images of two classes, and three test images of each."""
    for label, kind in enumerate(("cat", "dog")):
        for part, count, first in (("labeled", labeled, 0), ("checked", checked, 100),
                                   ("test", 3, 500)):  # fmt: skip
            for number in range(count):
                path = root / part / kind / f"{number}.png"
                image_folders.save_image(path, label, first + number)
    return f"folder:{root}"


def command(name, workdir, method="noise_reg", *words):
    own = [f"--{key}={value}" for key, value in TOY.items()]
    place = [f"--dataset={name}", f"--workdir={workdir}"]
    return ["train_main.py", f"--method={method}", *own, *place, "--max_steps=4", *words]


def refusal(words, capsys):
    """The sentence that a command ends with, before images are read or when the run is built."""
    with pytest.raises(SystemExit) as exited, program.exit_on_user_error():
        build.build(flags.parse(words))
    said = capsys.readouterr().err.strip().splitlines()
    assert exited.value.code == 2 and "Traceback" not in "".join(said)
    return said[-1]


def test_noise_regularization_learns_from_checked_and_other_labels_of_a_folder(tmp_path, python):
    name, workdir = make_folder(tmp_path / "d"), tmp_path / "run"
    words = command(name, workdir)
    first = python(*words)
    assert first.status == 0 and "Traceback" not in first.err, first.err
    assert "20 labeled (10 of each of 2 classes)" in first.out and "8 labels checked" in first.out
    protocol = json.loads((workdir / "protocol.json").read_text())
    assert protocol["checked"] is True and protocol["clean_fraction"] == 0.4
    assert (protocol["sizes"]["clean"], protocol["sizes"]["noisy"]) == (8, 12)
    result = json.loads((workdir / "result.json").read_text())
    assert (result["checked_labels"], result["wrong_labels"], result["steps"]) == (8, 0, 4)
    assert json.loads((workdir / "config.json").read_text())["clean_fraction"] == 0.0
    again = python(*words)
    assert again.status == 0 and not again.err.count("Traceback"), again.err
    (tmp_path / "d/checked/cat/0.png").rename(tmp_path / "d/labeled/cat/new.png")
    changed = python(*words)
    assert changed.status == 2 and "1 label is not checked any more" in changed.err


def test_the_doctor_says_how_many_labels_are_checked(tmp_path, python):
    name = make_folder(tmp_path / "d")
    doctor = python("-m", "tf_ssgan.doctor", f"--dataset={name}", "--skip_steps", "--image_size=8",
                    "--methods=noise_reg")  # fmt: skip
    assert doctor.status == 0 and "20 labeled (8 checked), 0 unlabeled, 6 test" in doctor.out
    assert "8 labels checked" in doctor.out.split("a run of noise_reg: ")[1].split("\n")[0]


def test_a_run_goes_on_and_is_opened_again(tmp_path):
    name, given = make_folder(tmp_path / "d"), TOY | {"workdir": str(tmp_path / "run")}
    loop.run(config.configure("noise_reg", name, max_steps=4, **given))
    assert loop.run(config.configure("noise_reg", name, max_steps=6, **given))["steps"] == 6
    run = build.reopen(tmp_path / "run")
    assert run.protocol.checked and run.arrays.train_checked.sum() == 8


def test_methods_that_make_no_difference_say_so(tmp_path, capsys):
    name = make_folder(tmp_path / "d")
    loop.run(config.configure("supervised", name, max_steps=2, workdir=str(tmp_path / "r"), **TOY))
    assert "8 labels are checked, which changes nothing here: supervised makes no difference" in (
        capsys.readouterr().out
    )


REFUSED = {
    "no checked label": (dict(checked=0), (), "say which of your own labels you have checked"),
    "only checked labels": (dict(labeled=0), (), "here all of them are checked (8 labels)"),
    "a fraction too": ({}, ("--clean_fraction=.1",), "--clean_fraction=0.1 takes labels at random"),
    "noise without a label": (
        dict(labeled=0), ("--noise=permute",), "--noise=permute changes only labels that are not",
    ),
    "none of few labels": (
        dict(labeled=40, checked=1), ("--labels=2",), "here none of the 2 labels is checked, only 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_checked_labels_do_not_go_with_is_refused(case, tmp_path, capsys):
    made, words, message = REFUSED[case]
    name = make_folder(tmp_path / "d", **made)
    assert message in refusal(command(name, tmp_path / "run", "noise_reg", *words), capsys)
    assert not (tmp_path / "run").exists()


TABLES = {
    "another word": ("1.png,a,perhaps", "line 4: checked is 'perhaps'. Expected 1 or 0"),
    "no class": ("1.png,,1", "line 4: checked, but has no class"),
    "not used": ("1.png,a,1,unlabeled", "line 4: checked, but its split is unlabeled"),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables_are_refused_by_line(case, tmp_path, capsys, monkeypatch):
    row, message = TABLES[case]
    rows = [
        "path,label,checked,split",
        "a.png,a,1,",
        "b.png,b,0,",
        row + "," * (3 - row.count(",")),
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    refusals.assert_refused(
        f"csv:{tmp_path}/t.csv", TRAIN, message, tmp_path, capsys, monkeypatch
    )  # fmt: skip


LAYOUTS = {
    "beside classes": (["a/1", "b/1", "checked/a/1"], "checked/ but no labeled/. Move the folders"),
    "without classes": (["labeled/a/1", "labeled/b/1", "checked/1"], "but no folders of classes"),
    "ambiguous": (["labeled/A/1", "labeled/a/1", "checked/\uff41/1"], "stand for 'A' or 'a'"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_folders_are_refused(case, tmp_path, capsys, monkeypatch):
    files, message = LAYOUTS[case]
    for file in files:
        (tmp_path / "d" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / file).touch()
    refusals.assert_refused(f"folder:{tmp_path}/d", TRAIN, message, tmp_path, capsys, monkeypatch)


ARCHIVES = {
    "numbers": (np.arange(12) % 3, "or 1 or 0, for each label [12], got 2 for image 2"),
    "too few": (np.ones(5, bool), "for each label [12], got bool [5]"),
    "no class": (np.arange(12) == 11, "image 11 is checked, but has no class"),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives_are_refused(case, tmp_path, capsys, monkeypatch):
    checked, message = ARCHIVES[case]
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), np.uint8)
    labels = np.append(np.arange(11) % 2, -1)
    (tmp_path / "d").mkdir()
    np.savez(tmp_path / "d/train.npz", image=images, label=labels, checked=checked)
    np.savez(tmp_path / "d/test.npz", image=255 - images, label=np.arange(12) % 2)
    words = ["--method=supervised", "--width=4"]
    refusals.assert_refused(f"npz:{tmp_path}/d", words, message, tmp_path, capsys, monkeypatch)


def test_a_picture_of_two_classes_is_refused_if_one_of_them_is_checked(tmp_path, capsys):
    name = make_folder(tmp_path / "d")
    shutil.copy(tmp_path / "d/checked/cat/1.png", tmp_path / "d/labeled/dog/twin.png")
    said = refusal(command(name, tmp_path / "run", "supervised"), capsys)
    assert "checked/cat/1.png and labeled/dog/twin.png have the same pixels" in said
    findings, arrays = dataset_checks.check_dataset(
        datasets.find(name), image_decoding.ImageSpec(8)
    )
    assert arrays is None
    assert [finding.text for finding in findings if finding.level == "error"] == [said]


def test_an_archive_is_refused_by_the_numbers_of_both_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), np.uint8)
    images[7] = images[2]
    np.savez(tmp_path / "train.npz", image=images, label=np.arange(12) % 2, checked=np.ones(12))
    np.savez(tmp_path / "test.npz", image=255 - images, label=np.arange(12) % 2)
    with pytest.raises(errors.UserError, match="true or false, or 1 or 0"):  # not 1.0
        datasets.find(f"npz:{tmp_path}").check()
    np.savez(
        tmp_path / "train.npz", image=images, label=np.arange(12) % 2, checked=np.ones(12, int)
    )
    with pytest.raises(errors.UserError, match="image 2 of train.npz and image 7 of train.npz"):
        datasets.find(f"npz:{tmp_path}").load()
