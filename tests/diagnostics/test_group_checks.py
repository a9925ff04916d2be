"""What the doctor says about groups: likely ones, and those of --group_by."""

import shlex

import numpy as np
from support import image_folders

from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.diagnostics import group_checks
from tf_ssgan.training import config


def check(name, group_by="", validation=-1):
    source = datasets.find(name, group_by=group_by)
    given = {"labels": -1, "image_size": 8, "group_by": group_by}
    given["validation"] = validation
    settings = config.configure("supervised", name, source=source, **given)
    return [*group_checks.check(settings, source, source.load(image_decoding.ImageSpec(8)))]


def make(root, template, part="labeled", patients=range(10), images=6):
    for patient in patients:
        for image in range(images):
            kind = "" if part == "unlabeled" else ("cat", "dog")[patient % 2]
            path = root / part / kind / template.format(p=patient, i=image)
            image_folders.save_image(path, patient % 2, 100 * patient + image)
    return f"folder:{root}"


def test_likely_groups_are_said_with_the_command_that_keeps_them_together(tmp_path):
    name = make(tmp_path, "patient{p:02}_{i}.png")
    (said,) = check(name)
    assert said.level == "note" and "images may be of 10 groups, of which " in said.text
    assert "is learned from" in said.text and "is tested" in said.text
    (flag,) = [word for word in shlex.split(said.advice) if word.startswith("--group_by=")]
    (now,) = check(name, flag.removeprefix("--group_by="), validation=6)
    assert now.level == "ok" and "10 groups; the largest, 'patient0" in now.text
    assert "has 6 images; training: 36 images of 6 groups; held-out: 12 images" in now.text
    assert now.text.endswith("test: 12 images of 2 groups")


def test_plain_numbers_are_no_groups(tmp_path):
    assert not check(image_folders.make_folder(tmp_path, labeled=30))


def test_groups_that_the_folder_keeps_together_are_no_finding(tmp_path):
    make(tmp_path, "patient{p:02}_{i}.png")
    make(tmp_path, "patient{p:02}_{i}.png", "validation", range(20, 26))
    name = make(tmp_path, "patient{p:02}_{i}.png", "test", range(30, 36))
    assert not check(name)
    image_folders.save_image(tmp_path / "test/cat/patient02_99.png", 0, 9_999)
    (said,) = check(name)
    assert "of which 1 are divided" in said.text and "such as 'patient02'" in said.text
    assert "put all images of each into one part" in said.advice


def test_other_data_sets_have_no_names():
    source = datasets.find("digits")
    settings = config.configure("supervised", "digits", source=source, labels=50)
    assert not [*group_checks.check(settings, source, source.load())]


def test_groups_of_an_archive_are_described(tmp_path):
    for split, first in (("train", 0), ("test", 100)):
        own = first + np.repeat(np.arange(20), 2)
        own[:2] = -1
        images = np.random.default_rng(first).integers(0, 256, (40, 8, 8, 1), np.uint8)
        np.savez(tmp_path / f"{split}.npz", image=images, label=np.arange(40) % 2, patient=own)
    name = f"npz:{tmp_path}"
    source = datasets.find(name, group_by="patient")
    settings = config.configure(
        "supervised", name, source=source, labels=-1, group_by="patient", max_steps=1
    )
    (said,) = group_checks.check(settings, source, source.load())
    assert (
        "--group_by=patient: 42 groups, 4 of them an image of no group; the largest, " in said.text
    )
    assert "has 2 images; training: 36 images of " in said.text
    assert said.text.endswith("held-out: 4 images of 2 groups; test: 40 images of 21 groups")


def test_a_column_that_names_patients_is_said(tmp_path):
    make(tmp_path, "{p}{i}.png")
    rows = [(f"labeled/{k}/{f.name}", k, f.name[0]) for k in ("cat", "dog")
            for f in (tmp_path / "labeled" / k).iterdir()]  # fmt: skip
    for column, values in (("Patient ID", None), ("Patient ID", "kind"), ("age", None)):
        lines = [f"{path},{kind},{kind if values else patient}" for path, kind, patient in rows]
        (tmp_path / "t.csv").write_text("\n".join([f"path,label,{column}", *lines]) + "\n")
        found = check(f"csv:{tmp_path}/t.csv")
        assert bool(found) == (column == "Patient ID" and not values)
        if found:
            assert "60 images share 10 values" in found[0].text
            assert found[0].advice.endswith("--group_by='Patient ID'")
            assert "10 groups; the largest" in check(f"csv:{tmp_path}/t.csv", "Patient ID")[0].text
