"""Groups of user images: found in names or a column, never divided, refused in a sentence."""

import collections

import numpy as np
import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, image_decoding, splits
from tf_ssgan.data.sources import image_entries, image_groups, image_listing

SPEC = image_decoding.ImageSpec(8)
PATTERN = r"^(p\d+)_"


def fill(root, part, patients, images=4, classes=("cat", "dog"), first=0):
    """Saves images of patients, of the class of their number, or of no class."""
    for patient in patients:
        for image in range(first, first + images):
            kind = "" if part == "unlabeled" else classes[patient % len(classes)]
            path = root / part / kind / f"p{patient:02}_{image}.png"
            image_folders.save_image(path, patient % len(classes), 100 * patient + image)


def list_images(root, group_by=PATTERN):
    return image_listing.list_images(f"folder:{root}", group_by=group_by)


def load(name, group_by=PATTERN):
    return datasets.find(name, group_by=group_by).load(SPEC)


def refused(name, group_by=PATTERN):
    with pytest.raises(errors.UserError) as caught:
        datasets.find(name, group_by=group_by).check()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def parts(listing):
    """Group -> the parts that its images are in."""
    found = collections.defaultdict(set)
    for entry in listing.entries:
        found[entry.group].add(entry.part)
    return found


@pytest.fixture
def patients(tmp_path):
    """20 patients with 4 labeled images each, and 24 with unlabeled images, 20 of them the same."""
    fill(tmp_path, "labeled", range(20))
    fill(tmp_path, "unlabeled", range(24), 2, first=50)
    return tmp_path


def test_whole_groups_become_test_images(patients):
    found = list_images(patients)
    tested = {group for group, own in parts(found).items() if image_entries.TEST in own}
    assert len(tested) == 4 and found.test_chosen
    assert all(
        own == {image_entries.TEST} for group, own in parts(found).items() if group in tested
    )
    kinds = collections.Counter(e.label for e in found.entries if e.part == image_entries.TEST)
    assert kinds == {0: 8, 1: 8}
    (left_out,) = [r for r in found.remarks if "left out" in r.text]
    assert (
        left_out.text.startswith("8 unlabeled image(s) are left out") and len(left_out.names) == 8
    )
    assert "4 of 20 groups are set aside, with 16 of 80 labeled images" in found.remarks[-2].text


def test_groups_of_test_images_do_not_matter_with_folds(patients, capsys):
    fill(patients, "test", range(15, 22), 1, first=70)
    image_folders.save_image(patients / "test/cat/p15_99.png", 1, 1500)  # equal to p15_0
    assert "5 group(s) are in more than one of the" in refused(f"folder:{patients}")
    source = datasets.find(f"folder:{patients}", group_by=PATTERN, set_aside=False)
    arrays = source.load(SPEC)
    assert len(arrays.train_labels) == 80 + 48 and len(arrays.test_labels) == 8
    assert source.train_groups.tolist() == arrays.train_groups.tolist()
    said = capsys.readouterr().err
    assert "left out" not in said and "same pixels as a training image" not in said
    fill(patients, "validation", [15, 22], 1, first=80)
    with pytest.raises(errors.UserError, match="1 group.s. are in more than one"):
        datasets.find(f"folder:{patients}", group_by=PATTERN, set_aside=False).check()


def test_arrays_hold_groups_and_the_held_out_images_are_whole_groups(patients):
    source = datasets.find(f"folder:{patients}", group_by=PATTERN)
    arrays = content_hash.sort_by_content(source.load(SPEC))
    assert len(arrays.train_labels) == 104 and len(arrays.test_labels) == 16
    files = content_hash.image_sources(arrays, np.arange(104))
    names = source.group_names
    for file, group in zip(files, arrays.train_groups.tolist(), strict=True):
        assert f"/{names[group]}_" in file
    assert [
        names[g] in f for g, f in zip(arrays.test_groups.tolist(), arrays.test_files, strict=True)
    ]
    assert not np.isin(arrays.train_groups, arrays.test_groups).any()
    protocol = splits.make("folder:x", arrays.train_labels, arrays.info.classes, -1, validation=10,
                           keys=arrays.train_keys, image_groups=arrays.train_groups)  # fmt: skip
    held_out = set(arrays.train_groups[protocol.validation_ids].tolist())
    assert held_out and not held_out & set(arrays.train_groups[protocol.unlabeled_ids].tolist())
    assert len(protocol.left_out_ids) == 2 * len(held_out)
    assert f"{len(protocol.left_out_ids)} others of held-out groups left out" in (
        protocol.describe()
    )


def test_what_is_known_before_reading_is_what_is_loaded(patients):
    source = datasets.find(f"folder:{patients}", group_by=PATTERN)
    labels, own = source.train_labels, source.train_groups
    arrays = source.load(SPEC)
    assert labels.tolist() == arrays.train_labels.tolist()
    assert own.tolist() == arrays.train_groups.tolist()


def test_without_groups_nothing_is_different(patients):
    arrays = datasets.find(f"folder:{patients}").load(SPEC)
    assert arrays.train_groups is None and arrays.test_groups is None
    assert len(arrays.test_labels) == 16 and len(arrays.train_labels) == 112


def test_a_table_gives_the_same_groups_by_its_column(patients):
    lines = ["path,label,Patient ID"]
    for path in sorted(patients.rglob("*.png")):
        kind = path.parent.name if path.parent.name != "unlabeled" else ""
        lines.append(f"{path.relative_to(patients)},{kind},{path.name[:3]}")
    (patients / "t.csv").write_text("\n".join(lines) + "\n")
    one, two = load(f"folder:{patients}"), load(f"csv:{patients}/t.csv", "Patient ID")
    three = load(f"csv:{patients}/t.csv", r"/(p\d+)_")
    for name in ("train_labels", "train_groups", "test_labels", "test_groups", "train_files"):
        assert list(getattr(one, name)) == list(getattr(two, name)) == list(getattr(three, name))
    assert load(f"csv:{patients}/t.csv", "patient_id").test_files == two.test_files
    for wrong in ("Patient_IDs", "patent id"):
        text = refused(f"csv:{patients}/t.csv", wrong)
        assert (
            f"has no column '{wrong}'" in text and "Did you mean the column 'Patient ID'?" in text
        )


def test_the_column_of_groups_is_not_said_to_be_unread(patients):
    (patients / "t.csv").write_text(
        "path,label,patient,age\n"
        + "".join(f"labeled/{k}/{f.name},{k},{f.name[:3]},9\n" for k in ("cat", "dog")
                  for f in (patients / "labeled" / k).iterdir())
    )  # fmt: skip
    listing = image_listing.list_images(f"csv:{patients}/t.csv", group_by="patient")
    (said,) = [r for r in listing.remarks if "not read" in r.text]
    assert said.names == ("age",) and said.advice.endswith("split, checked and patient are read")


def test_a_file_with_two_groups_is_refused(patients):
    rows = [f"labeled/{k}/{f.name},{k},{f.name[:3]}" for k in ("cat", "dog")
            for f in (patients / "labeled" / k).iterdir()]  # fmt: skip
    rows.append(rows[0][:-3] + "p77")
    (patients / "t.csv").write_text("path,label,patient\n" + "\n".join(rows) + "\n")
    assert "has two groups, 'p" in refused(f"csv:{patients}/t.csv", "patient")


def test_the_choice_depends_on_names_of_groups_only(patients):
    before = {e.group for e in list_images(patients).entries if e.part == image_entries.TEST}
    for path in (patients / "labeled").rglob("*_3.png"):
        path.rename(path.with_name(path.name.replace("_3", "_z")))
    fill(patients, "labeled", [20, 21])
    after = {e.group for e in list_images(patients).entries if e.part == image_entries.TEST}
    assert len(before & after) >= 3


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_group_that_the_folder_divides_is_refused(tmp_path, part):
    fill(tmp_path, "labeled", range(8))
    fill(tmp_path, part, [1, 2, 30, 31], first=50)
    text = refused(f"folder:{tmp_path}")
    assert "2 group(s) are in more than one of the training, validation and test images" in text
    assert f"p02 (labeled/cat/p02_0.png and {part}/cat/p02_50.png)" in text
    assert "Move all images of a group into one part" in text
    datasets.find(f"folder:{tmp_path}").check()


@pytest.mark.parametrize("part", ["test", "validation"])
def test_unlabeled_images_of_declared_groups_are_left_out(tmp_path, part):
    fill(tmp_path, "labeled", range(10))
    fill(tmp_path, part, [30, 31])
    fill(tmp_path, "unlabeled", [5, 30, 31], first=50)
    arrays = load(f"folder:{tmp_path}")
    unlabeled = [f for f in arrays.train_files if f.startswith("unlabeled/")]
    tested = {f.split("/")[-1][:3] for f in arrays.test_files}
    expected = {"test": {"p05"}, "validation": {"p05"} - tested}[part]
    assert {f[10:13] for f in unlabeled} == expected
    if part == "validation":
        held_out = arrays.train_groups[arrays.train_held_out]
        assert not np.isin(arrays.train_groups[~arrays.train_held_out], held_out).any()


@pytest.mark.parametrize(
    ("group_by", "words"),
    [
        (r"^(q\d+)_", "is found in none of the 128 names, which are such as p00_0.png, p"),
        ("p", "it makes one group of all the images whose names have 'p'"),
        ("^(p)", "all labeled images are of one group, 'p'"),
        ("(p", "is no regular expression"),
        ("x" * 2_000, "at most 1,000"),
    ],
)
def test_patterns_that_make_no_groups_are_refused(patients, group_by, words):
    assert words in refused(f"folder:{patients}", group_by)


def test_one_group_for_each_class_cannot_be_tested(tmp_path):
    fill(tmp_path, "labeled", range(2), 10)
    assert "no whole group can be set aside" in refused(f"folder:{tmp_path}")


def test_too_few_images_are_refused_as_without_groups(tmp_path):
    fill(tmp_path, "labeled", range(4), 2)
    with pytest.raises(errors.UserError, match="no class has the 5 labeled images"):
        load(f"folder:{tmp_path}")


def test_single_images_and_groups_of_one_are_said(patients):
    image_folders.save_image(patients / "labeled/cat/other.png", 0, 5_000)
    remarks = list_images(patients).remarks
    (alone,) = [r for r in remarks if "are of no group" in r.text]
    assert alone.text.startswith("1 of 129 images") and alone.names == ("labeled/cat/other.png",)
    (one,) = [r for r in list_images(patients, r"^(.*)\.png").remarks if r.level == "warning"]
    assert "no two images have the same group" in one.text


def test_groups_that_are_named_as_nothing_are_said(patients):
    rows = [f"labeled/{k}/{f.name},{k},{f.name[:3] if f.name[:2] == 'p0' else 'NaN'}"
            for k in ("cat", "dog") for f in (patients / "labeled" / k).iterdir()]  # fmt: skip
    (patients / "t.csv").write_text("path,label,patient\n" + "\n".join(rows) + "\n")
    listing = image_listing.list_images(f"csv:{patients}/t.csv", group_by="patient")
    (said,) = [r for r in listing.remarks if "like a missing value" in r.text]
    assert said.level == "warning" and said.text.startswith("40 image(s)")


def test_folders_within_a_class_may_be_groups(tmp_path):
    for patient in range(10):
        for image in range(3):
            path = tmp_path / ("cat", "dog")[patient % 2] / f"slide-{patient}" / f"tile-{image}.png"
            image_folders.save_image(path, patient % 2, 10 * patient + image)
    found = list_images(tmp_path, "^([^/]+)/")
    assert {group[:6] for group in parts(found)} == {"slide-"} and len(parts(found)) == 10
    assert image_groups.names(found)[int(image_groups.ids(found)[0])].startswith("slide-")


def test_test_groups_that_cannot_be_read_are_refused(patients):
    for entry in list_images(patients).entries:
        if entry.part == image_entries.TEST:
            (patients / entry.name).write_text("words")
    with pytest.raises(errors.UserError, match="set aside for the test can be read"):
        load(f"folder:{patients}")


def test_equal_images_of_two_patients_are_named(patients, capsys):
    found = list_images(patients).entries
    test = next(e for e in found if e.part == image_entries.TEST)
    train = next(e for e in found if e.part == image_entries.LABELED and e.label == test.label)
    (patients / test.name).write_bytes((patients / train.name).read_bytes())
    load(f"folder:{patients}")
    said = capsys.readouterr().err
    assert f"same pixels as a training image: {test.name} = {train.name}" in said
    assert "8 unlabeled image(s) are left out" in said
    assert f"tf_ssgan.doctor --dataset=folder:{patients} --group_by='^(p\\d+)_'" in said


def test_data_sets_without_names_have_no_groups():
    with pytest.raises(errors.UserError, match="nothing tells which images of digits belong"):
        datasets.find("digits", group_by="^(p)")
