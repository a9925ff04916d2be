"""Pictures that a run knows are found under other names and in other formats, and do not judge."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from support import file_contents, image_folders, toy_methods

from tf_ssgan import evaluate
from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets
from tf_ssgan.evaluation import learned_images
from tf_ssgan.training import build, config, loop

KINDS = ("cat", "dog")
COUNT = 20  # pictures of a class; 4 of them are test images
LABELS, HELD_OUT, TESTED = 12, 4, 8
UNLABELED = 2 * COUNT - LABELS - HELD_OUT - TESTED
SIZE = (24, 20)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of JPEG files, larger than the images of the runs."""
    folder = tmp_path_factory.mktemp("pictures")
    for label, kind in enumerate(KINDS):
        for number in range(COUNT):
            image_folders.save_image(folder / kind / f"{number}.jpg", 2 * label, number, SIZE)
    return folder


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    """A function **flags -> the folder of a run on the pictures; each is trained once."""
    folders, root = {}, tmp_path_factory.mktemp("runs")

    def train(**flags):
        key = tuple(sorted(flags.items()))
        if key not in folders:
            folders[key] = root / str(len(folders))
            given = {"dataset": f"folder:{pictures}", "labels": LABELS} | flags
            loop.run(config.configure(
                "supervised", image_size=8, validation=HELD_OUT, batch_size=8, width=4,
                max_steps=2, precision="float32", workdir=str(folders[key]), **given,
            ))  # fmt: skip
        return folders[key]

    return train


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run, to be written into."""
    return shutil.copytree(trained(), tmp_path / "run")


def copy(source, target):
    """Copies files under other names, from one folder of classes to another."""
    for path in sorted(source.glob("*/*")):
        place = target / path.parent.name / f"copy of {path.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)


def add_new(folder, count, label=0):
    for number in range(count):
        path = folder / KINDS[label] / f"new {number}.png"
        image_folders.save_image(path, 2 * label, 500 + number, SIZE)


def judged(run, folder, *flags):
    """The entries of evaluation.json after an evaluation on a folder."""
    evaluate.main(["evaluate", f"--run={run}", f"--dataset=folder:{folder}", *flags])
    return json.loads((run / "evaluation.json").read_text())["test_sets"]


KNOWN = {"labeled": LABELS, "unlabeled": UNLABELED, "held_out": HELD_OUT, "relabeled": 0}


def test_a_copy_of_the_runs_own_pictures_is_judged_by_its_test_images_alone(
    run, pictures, tmp_path, capsys
):
    copy(pictures, tmp_path / "copy")
    own, entry = judged(run, tmp_path / "copy")
    assert (entry["part"], entry["images"], entry["left_out"]) == ("labeled", TESTED, KNOWN)
    assert entry["own_test_images"] == TESTED and "drop" not in entry
    assert entry["test_error"] == own["test_error"]
    text = capsys.readouterr().out
    assert (
        f"\n8 labeled images of folder:{tmp_path / 'copy'}\n  judged by its labeled images" in text
    )
    assert (
        "  left out: 32 images that the run knows: 12 labeled training images, 16 unlabeled "
        "training images, 4 held-out images\n  8 of them are test images of the run\n"
    ) in text


def test_the_numbers_are_those_of_the_pictures_that_judge_by_scikit_learn(run, pictures, tmp_path):
    add_new(tmp_path / "new", 7, 0), add_new(tmp_path / "new", 5, 1)
    shutil.copytree(tmp_path / "new", tmp_path / "mixed")
    copy(pictures, tmp_path / "mixed")
    own, entry = judged(run, tmp_path / "mixed")
    opened = build.reopen(run)
    images, labels = read(tmp_path / "new")
    images = np.concatenate([images, opened.arrays.test_images])
    labels = np.concatenate([labels, opened.arrays.test_labels])
    network = opened.method.exported_classifier
    answers = network(toy_methods.centered(images), training=False)["logits"].numpy().argmax(1)
    assert entry["images"] == len(labels) == 12 + TESTED and entry["left_out"] == KNOWN
    assert entry["test_error"] == pytest.approx(100 * (1 - metrics.accuracy_score(labels, answers)))
    table = metrics.confusion_matrix(labels, answers, labels=[0, 1])
    recall = entry["class_recall"]
    assert [kind["right"] for kind in recall] == table.diagonal().tolist()
    assert [kind["images"] for kind in recall] == table.sum(1).tolist()
    assert [kind["predicted"] for kind in recall] == table.sum(0).tolist()
    dummy = DummyClassifier(strategy="most_frequent").fit(labels[:, None], labels)
    guessed = 100 * (1 - dummy.score(labels[:, None], labels))
    assert entry["guessing"]["error"] == pytest.approx(guessed)
    assert entry["drop"] == pytest.approx(entry["test_error"] - own["test_error"])


def read(folder):
    """The pictures of a folder in the form of the runs, and their labels."""
    loaded = datasets.find(f"folder:{folder}").load_judging(datasets.ImageSpec(8), KINDS)
    return loaded.images, loaded.labels


def test_other_formats_and_sizes_of_the_same_pixels_are_found(run, pictures, tmp_path):
    opened = build.reopen(run)
    arrays, ids = opened.arrays, opened.protocol.labeled_ids
    files = content_hash.image_sources(arrays, ids)
    for number, (name, index) in enumerate(zip(files, ids, strict=True)):
        kind = KINDS[arrays.train_labels[index]]
        place = tmp_path / "data" / kind
        place.mkdir(exist_ok=True, parents=True)
        with Image.open(pictures / name) as image:
            image.save(place / f"{number}.png")  # the same pixels, without loss
            image.save(place / f"{number}.bmp")
        small = arrays.train_images[index]  # already made as small as the run makes it
        Image.fromarray(small).save(place / f"{number} small.png")
    add_new(tmp_path / "data", 1)
    *_, entry = judged(run, tmp_path / "data")
    assert entry["images"] == 1 and entry["left_out"]["labeled"] == 3 * LABELS


def test_a_picture_that_was_learned_as_another_class_is_named(run, pictures, tmp_path, capsys):
    copy(pictures, tmp_path / "both")
    opened = build.reopen(run)
    ids = opened.protocol.labeled_ids
    name = pathlib.Path(content_hash.image_sources(opened.arrays, ids)[0])
    learned = name.parent.name
    here = KINDS[1 - KINDS.index(learned)]
    place = tmp_path / "both"
    (place / learned / f"copy of {name.name}").rename(place / here / "moved.jpg")
    *_, entry = judged(run, place)
    (found,) = entry["relabeled"]
    assert (found["learned"], found["here"]) == (learned, here)
    assert found["image"].endswith(f"{here}/moved.jpg")
    assert entry["left_out"] == KNOWN | {"relabeled": 1}
    sentence = f"  left out, {found['image']}: the run learned it as {learned}, here it is {here}\n"
    assert sentence in capsys.readouterr().out


def test_if_nothing_is_left_it_is_refused_and_nothing_is_written(run, pictures, tmp_path):
    opened = build.reopen(run)
    for name in opened.arrays.train_files:
        place = tmp_path / "data" / name
        place.parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(pictures / name, place)
    with pytest.raises(errors.UserError) as caught:
        judged(run, tmp_path / "data")
    message = str(caught.value)
    assert "Nothing is left to judge by: the run knows all 32 labeled images of folder:" in message
    assert "(12 labeled training images, 16 unlabeled training images, 4 held-out" in message
    assert "Give images that were neither learned nor held out" in message
    assert not (run / "evaluation.json").exists()


@pytest.mark.parametrize("damage", ["removed", "cut short", "of other data"])
def test_without_the_record_the_data_tell_what_was_learned(run, pictures, tmp_path, damage):
    copy(pictures, tmp_path / "copy")
    record = run / "data.json"
    if damage == "removed":
        record.unlink()
    elif damage == "cut short":
        record.write_text(record.read_text()[:100])
    else:
        write_other_record(record)
    *_, entry = judged(run, tmp_path / "copy")
    assert (entry["images"], entry["left_out"]) == (TESTED, KNOWN)


def write_other_record(path):
    """Writes a whole record of other images."""
    path.write_text(json.dumps(file_contents.data_record().as_json()))


def test_without_record_and_data_it_is_said_that_nobody_can_tell(
    run, pictures, tmp_path, capsys, monkeypatch
):
    copy(pictures, tmp_path / "copy")
    (run / "data.json").unlink()
    moved = pictures.with_name("elsewhere")
    pictures.rename(moved)
    try:
        (entry,) = judged(run, tmp_path / "copy")
    finally:
        moved.rename(pictures)
    assert entry["images"] == 2 * COUNT and "left_out" not in entry and entry["not_checked"]
    text = capsys.readouterr().out
    assert "  whether the run has learned some of them could not be checked: " in text


def test_two_runs_are_compared_on_what_neither_has_learned(trained, run, pictures, tmp_path):
    other = trained(split_seed=3)
    folder = tmp_path / "copy"
    copy(pictures, folder)
    add_new(folder, 6)
    own, entry = judged(run, folder, f"--against={other}")
    assert own["images"] == TESTED and entry["images"] == TESTED + 6
    counts = [entry["against"][name] for name in ("both", "only_first", "only_second", "neither")]
    assert sum(counts) == TESTED + 6
    runs = [learned_images.of_run(build.reopen(path)) for path in (run, other)]
    labeled = [set(one.keys[one.uses == learned_images.LABELED].tolist()) for one in runs]
    assert labeled[0] != labeled[1]
    assert entry["left_out"]["labeled"] == len(labeled[0] | labeled[1])


def test_runs_of_other_forms_know_their_pictures_by_their_own_form(
    trained, run, pictures, tmp_path, capsys
):
    """Of a run that crops, the other pixels are not those that it learned."""
    few = tmp_path / "few"  # its other pictures are new to the second run, and judge it
    for label, kind in enumerate(KINDS):
        for number in range(COUNT):
            image_folders.save_image(few / kind / f"{number}.png", 2 * label, 300 + number, SIZE)
    other = trained(dataset=f"folder:{few}", fit="crop")
    folder = tmp_path / "copy"
    copy(few, folder)
    *_, entry = judged(run, folder, f"--against={other}")
    assert entry["images"] == entry["own_test_images"] == TESTED
    assert entry["left_out"] == KNOWN
    said = "The runs have different test images: they are not compared on them."
    assert said in capsys.readouterr().out
    own = judged(run, pictures, f"--against={other}")[-1]
    assert own["own"] and "against" not in own and said in capsys.readouterr().out


def test_an_own_test_image_that_was_learned_does_not_judge(tmp_path, capsys):
    train, labels = toy_methods.images(40, 8, 0)
    test, test_labels = toy_methods.images(12, 8, 1)
    test[:2] = train[:2]
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "train.npz", image=train, label=labels)
    np.savez(tmp_path / "data" / "test.npz", image=test, label=test_labels)
    settings = config.configure(
        "supervised", f"npz:{tmp_path / 'data'}", labels=6, batch_size=8, width=4, max_steps=2,
        precision="float32", workdir=str(tmp_path / "run"),
    )  # fmt: skip
    loop.run(settings)
    evaluate.main(["evaluate", f"--run={settings.workdir}", f"--dataset={settings.dataset}"])
    content = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    (entry,) = content["test_sets"]
    assert entry["images"] == 10 and entry["own"]
    assert "; result.json counts them\n" in capsys.readouterr().out
