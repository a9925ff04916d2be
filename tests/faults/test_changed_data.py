"""A folder of images that changes after a run has begun: it is said, and nothing is lost.

One run is finished and one was stopped; the same command is given again after each change.
"""

import shutil
import signal
import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import image_folders

import flags
import tf_ssgan
from tf_ssgan.common import errors
from tf_ssgan.evaluation import evaluate_run
from tf_ssgan.evaluation.options import EvaluateOptions
from tf_ssgan.training import build, callbacks, config, loop, manifests, run_data

LABELED, STEPS, STOPPED = 10, 9, 4
OPTIONS = {"labels": 6, "width": 4, "batch_size": 6, "max_steps": STEPS, "precision": "float32"}


def settings(workdir, data_dir, **other):
    given = OPTIONS | {"data_dir": str(data_dir), "workdir": str(workdir)} | other
    return config.configure("supervised", "folder:d", **given)


def stop_at_step(patch, step):
    """A signal arrives during a step."""
    original = callbacks.DivergenceGuard.on_train_batch_end

    def interrupted(guard, batch, logs=None):
        if batch == step - 1:
            signal.raise_signal(signal.SIGTERM)
        original(guard, batch, logs)

    patch.setattr(callbacks.DivergenceGuard, "on_train_batch_end", interrupted)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The data, a run that finished on them and one that was stopped."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("changed")
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        image_folders.make_folder(root / "data/d", LABELED)
        loop.run(settings(root / "finished", root / "data"))
        stop_at_step(patch, STOPPED)
        with pytest.raises(errors.Interrupted):
            loop.run(settings(root / "stopped", root / "data"))
    return root


@pytest.fixture
def copied(originals, tmp_path, monkeypatch):
    """A copy of the folder with data and runs, which a test may change."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return shutil.copytree(originals, tmp_path / "all")


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def weights(folder):
    """Every variable of the newest checkpoint, as bytes."""
    reader = tf.train.load_checkpoint(manifests.find(folder / "checkpoints").folder / "state")
    names = [name for name in reader.get_variable_to_shape_map() if "VARIABLE" in name]
    assert len(names) > 10
    return {name: reader.get_tensor(name).tobytes() for name in names}


# Ways in which people change their folders. Each takes the folder of the data set.


def add_images(d):
    for number in range(3):
        image_folders.save_image(d / f"labeled/cat/new{number}.png", 0, 7000 + number)


def remove_images(d):
    for number in range(2):
        (d / f"labeled/dog/{number}.png").unlink()


def relabel(d):
    for number in range(4):
        (d / f"labeled/cat/{number}.png").rename(d / f"labeled/dog/was_cat{number}.png")


def other_content_of_the_same_names(d):
    for number in range(2):
        image_folders.save_image(d / f"labeled/cat/{number}.png", 0, 7000 + number)


def unlabeled_images(d):
    (d / "unlabeled/0.png").unlink()
    image_folders.save_image(d / "unlabeled/new.png", 0, 7000)
    image_folders.save_image(d / "unlabeled/newer.png", 0, 7001)


def exchange_test_folders(d):
    (d / "test/cat").rename(d / "test/other")
    (d / "test/dog").rename(d / "test/cat")
    (d / "test/other").rename(d / "test/dog")


def other_test_image(d):
    image_folders.save_image(d / "test/dog/1.png", 1, 7000)


def move_to_test(d):
    (d / "labeled/dog/1.png").rename(d / "test/dog/moved.png")


def name_for_validation(d):
    (d / "val/dog").mkdir(parents=True)
    (d / "labeled/dog/1.png").rename(d / "val/dog/1.png")


def resize(d):
    for path in d.rglob("*.png"):
        with Image.open(path) as image:
            image.resize((24, 24)).save(path)


def label_more(d):
    (d / "unlabeled/0.png").rename(d / "labeled/cat/labeled.png")


def new_class(d):
    for number in range(LABELED):
        image_folders.save_image(d / f"labeled/bird/{number}.png", 2, number)


def everything(d):
    add_images(d)
    remove_images(d)
    relabel(d)
    exchange_test_folders(d)


def remove_test(d):
    shutil.rmtree(d / "test")


CHANGES = [
    (add_images, "the images changed: 3 more training images"),
    (remove_images, "the images changed: 2 fewer training images"),
    (relabel, "the images changed: 4 training images relabeled"),
    (other_content_of_the_same_names, "the images changed: 2 training images replaced by others"),
    (unlabeled_images, "the images changed: 2 more training images, 1 fewer"),
    (exchange_test_folders, "the images changed: 8 test images relabeled"),
    (other_test_image, "the images changed: 1 test image replaced by others"),
    (move_to_test, "the images changed: 1 training image is a test image now"),
    (name_for_validation, "the images changed: 1 training image is a held-out image now"),
    (resize, "the images changed: 26 training images replaced by others; 8 test images replaced"),
    (label_more, "the images changed: 1 training image labeled that had no label"),
    (new_class, f"the images changed: {LABELED} more training images; the class bird is new"),
    (everything, "the images changed: 3 more training images, 2 fewer, 4 relabeled; 8 test images"),
    (remove_test, "the images changed: 8 fewer test images; 4 training images are test images"),
]


@pytest.mark.parametrize("kind", ["finished", "stopped"])
@pytest.mark.parametrize("change, text", CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_changed_data_are_said_and_nothing_is_touched(copied, change, text, kind):
    change(copied / "data/d")
    before = contents(copied / kind)
    with pytest.raises(errors.UserError) as refused:
        loop.run(settings(copied / kind, copied / "data"))
    message = str(refused.value)
    assert message.startswith(f"{copied / kind} holds a run on other data: {text}"), message
    assert message.endswith(f"train in another folder: --workdir={copied / kind}-2")
    assert refused.value.status == 2 and "\n" not in message
    assert contents(copied / kind) == before


def test_a_test_folder_that_is_added_is_said(tmp_path, monkeypatch):
    """Before, a fifth of the labeled images was tested on."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    image_folders.make_folder(tmp_path / "data/d", LABELED, test=0)
    loop.run(settings(tmp_path / "run", tmp_path / "data", max_steps=1))
    for name in ("cat", "dog"):
        image_folders.save_image(tmp_path / f"data/d/test/{name}/0.png", 0, 8000)
    with pytest.raises(errors.UserError) as refused:
        loop.run(settings(tmp_path / "run", tmp_path / "data", max_steps=1))
    assert "4 test images are training images now" in str(refused.value)


def test_restored_data_let_a_stopped_run_go_on_to_the_bit(copied):
    everything(copied / "data/d")
    for more in ({}, {"max_steps": STEPS + 3}):
        with pytest.raises(errors.UserError, match="holds a run on other data"):
            loop.run(settings(copied / "stopped", copied / "data", **more))
    shutil.rmtree(copied / "data")
    image_folders.make_folder(copied / "data/d", LABELED)
    assert loop.run(settings(copied / "stopped", copied / "data"))["steps"] == STEPS
    assert weights(copied / "stopped") == weights(copied / "finished")
    records = [(copied / kind / "data.json").read_text() for kind in ("stopped", "finished")]
    assert records[0] == records[1]


def test_other_names_and_places_are_the_same_data(copied):
    """Images are known by their pixels and classes."""
    (copied / "data").rename(copied / "moved")
    for path in sorted((copied / "moved").rglob("*.png")):
        path.rename(path.with_name(f"{99 - int(path.stem)} renamed.png"))
    before = contents(copied / "finished")
    assert loop.run(settings(copied / "finished", copied / "moved"))["steps"] == STEPS
    assert contents(copied / "finished") == before
    assert loop.run(settings(copied / "stopped", copied / "moved"))["steps"] == STEPS
    assert weights(copied / "stopped") == weights(copied / "finished")


def test_another_place_with_other_data_is_refused_and_the_first_is_named(copied):
    shutil.copytree(copied / "data", copied / "2024")
    exchange_test_folders(copied / "2024/d")
    with pytest.raises(errors.UserError) as refused:
        loop.run(settings(copied / "finished", copied / "2024"))
    assert "--data_dir=" in str(refused.value) and "8 test images relabeled" in str(refused.value)


@pytest.mark.parametrize("kind", ["finished", "stopped"])
def test_a_longer_run_is_refused_too(copied, kind):
    other_test_image(copied / "data/d")
    shutil.rmtree(copied / kind / "checkpoints") if kind == "finished" else None
    with pytest.raises(errors.UserError, match="1 test image replaced by others"):
        loop.run(settings(copied / kind, copied / "data", max_steps=STEPS + 3))


def test_the_free_folder_that_is_suggested_is_free(copied):
    relabel(copied / "data/d")
    (copied / "finished-2").mkdir()
    with pytest.raises(errors.UserError, match="--workdir=.*finished-3$"):
        loop.run(settings(copied / "finished", copied / "data"))


def test_flags_that_follow_from_the_data_do_not_hide_that_these_changed(copied):
    """Without --labels their number follows from the classes, so a new class changes the flag."""
    new_class(copied / "data/d")
    own = settings(copied / "finished", copied / "data", labels=7)
    with pytest.raises(errors.UserError, match="the class bird is new"):
        loop.run(own)
    shutil.rmtree(copied / "data/d/labeled/bird")
    with pytest.raises(errors.UserError, match="holds another run: labels is 6 there and 7 here"):
        loop.run(own)


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda path: path.unlink(), "data.json is missing"),
        (lambda path: path.write_text(path.read_text()[:200]), "data.json is damaged"),
        (lambda path: path.write_text(path.read_text().replace('"cat"', '"cut"')), "is damaged"),
    ],
)
@pytest.mark.parametrize("kind", ["finished", "stopped"])
def test_a_damaged_record_hides_no_change_and_is_written_again(copied, kind, damage, reason):
    path = copied / kind / "data.json"
    whole = path.read_bytes()
    damage(path)
    assert loop.run(settings(copied / kind, copied / "data"))["steps"] == STEPS
    assert path.read_bytes() == whole
    damage(path)
    exchange_test_folders(copied / "data/d")
    with pytest.raises(errors.UserError) as refused:
        loop.run(settings(copied / kind, copied / "data"))
    assert "images or labels changed (what changed is not known, because" in str(refused.value)
    assert reason in str(refused.value)


def test_the_record_is_in_all_files_of_the_run(originals):
    for kind in ("finished", "stopped"):
        sha256 = run_data.read(originals / kind / "data.json").sha256
        manifest = manifests.find(originals / kind / "checkpoints").manifest
        assert manifest["data_sha256"] == sha256
    result = loop.Workdir(originals / "finished").read_result()
    assert result["data_sha256"] == sha256


def test_an_evaluation_of_changed_data_is_refused_in_the_same_words(copied):
    remember = contents(copied / "finished")
    chosen = EvaluateOptions(run=str(copied / "finished"), dataset="folder:d",
                             data_dir=str(copied / "data"))  # fmt: skip
    # The flags of the copied run still name the folder of the data that it was trained on.
    config_file = copied / "finished/config.json"
    original = str(loop.Workdir(copied / "finished").read_flags()["data_dir"])
    config_file.write_text(config_file.read_text().replace(original, str(copied / "data")))
    remember[config_file] = config_file.read_bytes()
    relabel(copied / "data/d")
    with pytest.raises(errors.UserError, match="other data: the images changed: 4 training images"):
        evaluate_run.evaluate(chosen)
    assert contents(copied / "finished") == remember


def test_held_out_images_for_an_export_must_be_those_of_the_run(copied):
    """An export of an unfinished run fits its temperature on them."""
    remove_images(copied / "data/d")
    run = build.reopen(copied / "stopped", data_dir=str(copied / "data"))
    with pytest.raises(errors.UserError, match="2 fewer training images"):
        _ = run.arrays
    run = build.reopen(copied / "stopped")  # where the originals are
    assert len(run.arrays.test_labels) == 8


def test_python_and_the_command_line_refuse_alike(copied, monkeypatch, capsys):
    relabel(copied / "data/d")
    given = OPTIONS | {"data_dir": str(copied / "data"), "workdir": str(copied / "finished")}
    with pytest.raises(errors.UserError, match="4 training images relabeled"):
        tf_ssgan.train("supervised", "folder:d", **given)
    words = [f"--{name}={value}" for name, value in given.items()]
    own = flags.parse(["train_main.py", "--method=supervised", "--dataset=folder:d", *words])
    with pytest.raises(errors.UserError, match="4 training images relabeled"):
        loop.run(own)
    assert "is finished" not in capsys.readouterr().out


def test_an_archive_that_changes_is_refused(tmp_path):
    """Not only folders of image files: an archive with two labels of test images exchanged."""
    generator = np.random.default_rng(0)
    parts = types.SimpleNamespace(train=(40, 3), test=(12, 3))
    for name, (count, classes) in vars(parts).items():
        image = generator.integers(0, 256, (count, 8, 8, 1), np.uint8)
        np.savez(tmp_path / f"{name}.npz", image=image, label=np.arange(count) % classes)
    given = OPTIONS | {"max_steps": 1, "workdir": str(tmp_path / "run")}
    own = config.configure("supervised", f"npz:{tmp_path}", **given)
    assert loop.run(own) == loop.run(own)
    label = np.arange(12) % 3
    label[:2] = label[:2][::-1]
    np.savez(tmp_path / "test.npz", image=image, label=label)
    with pytest.raises(errors.UserError, match="the images changed: 2 test images relabeled"):
        loop.run(own)
