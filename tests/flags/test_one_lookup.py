"""A command line looks its data set up once, and --help reads no images and downloads nothing."""

import collections
import subprocess
import sys

import numpy as np
import pytest
from support import image_folders, toy_methods

import flags
import train_main
from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import (
    cifar10_1,
    digits,
    image_listing,
    image_reader,
    name_lists,
    npz_contents,
    tfds,
)
from tf_ssgan.training import build

TRAINED = [name for name in datasets.names() if name != "cifar10_1/v6"]


@pytest.fixture(autouse=True)
def _nothing_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def make_dataset(form, folder):
    """The name of a small data set."""
    if form == "npz":
        images, labels = toy_methods.images(100)
        for split in ("train", "test"):
            np.savez(folder / f"{split}.npz", image=images, label=labels)
        (folder / "classes.txt").write_text("\n".join(map(str, range(labels.max() + 1))))
        return f"npz:{folder}"
    if form == "digits":
        return form
    name = image_folders.make_folder(folder / "d", size=(16, 16))
    if form == "folder":
        return name
    rows = [
        f"d/{entry.name},{'' if entry.label < 0 else entry.label},{entry.part}"
        for entry in image_listing.list_images(name).entries
    ]
    (folder / "t.csv").write_text("\n".join(["path,label,split", *rows]))
    return f"csv:{folder}/t.csv"


@pytest.fixture
def calls(monkeypatch):
    """Counts the calls of the functions that find, list and read data."""
    counts = collections.Counter()

    def count(owner, name):
        function = getattr(owner, name)

        def counted(*args, **kwargs):
            key = (name, *(str(arg) for arg in args if isinstance(arg, str)))
            counts[key] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (datasets, "find"),
        (image_listing.image_folders, "list_folder"), (image_listing.image_tables, "list_table"),
        (image_reader, "image_size"), (image_reader, "read"), (digits, "_read_table"),
        (name_lists, "read_names"), (npz_contents, "read_labels"), (npz_contents, "_read_images"),
    ):  # fmt: skip
        count(owner, name)
    return counts


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("digits", {"_read_table": 1}),
        ("npz", {"read_names": 1, "read_labels": 2, "_read_images": 2}),  # of two archives
        ("folder", {"list_folder": 1, "image_size": 1, "read": 1}),
        ("csv", {"list_table": 1, "image_size": 1, "read": 1}),
    ],
)
def test_a_run_finds_lists_and_reads_its_data_once(form, expected, tmp_path, calls):
    name = make_dataset(form, tmp_path)
    calls.clear()
    words = [f"--dataset={name}", "--method=supervised", "--labels=10", "--width=2"]
    run = build.build(flags.parse(["train_main.py", *words, "--max_steps=1", "--devices=1"]))
    assert len(run.protocol.labeled_ids) == 10
    by_function = collections.Counter()
    for (function, *_), count in calls.items():
        by_function[function] += count
    assert by_function == {"find": 1} | expected


# --- Help -----------------------------------------------------------------------------------------


@pytest.fixture
def nothing_can_be_read(monkeypatch):
    """Reading an image, or asking the network, fails."""

    def refuse(*_, **__):
        raise AssertionError("help reads no images and downloads nothing")

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # importing it fails
    for owner, name in (
        (digits, "_read_table"), (npz_contents, "_read_images"), (tfds, "_reachable"),
        (tfds, "_read_split"),
        (tfds.TfdsSource, "_download"), (cifar10_1, "_read_elements"), (image_reader, "read"),
        (image_decoding, "read_info_and_image"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, refuse)


def help_text(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        train_main.main(["train_main.py", *words, "--help"])
    assert stopped.value.code == 0, capsys.readouterr().err
    return capsys.readouterr().out


@pytest.mark.usefixtures("nothing_can_be_read")
@pytest.mark.parametrize("dataset", TRAINED)
def test_help_for_a_data_set_that_is_not_here(capsys, dataset):
    text = help_text(capsys, "--method=frgan", f"--dataset={dataset}")
    assert f"--dataset={dataset}\n" in text and "--consistency_weight=10.0" in text
    assert "--labels=-2" not in text


@pytest.mark.usefixtures("nothing_can_be_read")
def test_help_for_a_method_and_for_none(capsys):
    assert "--dataset=digits\n" in help_text(capsys, "--method=supervised")
    for dataset in datasets.names():
        assert "usage: " in help_text(capsys, f"--dataset={dataset}")


@pytest.mark.usefixtures("nothing_can_be_read")
@pytest.mark.parametrize("form", ["npz", "folder", "csv"])
def test_help_for_data_in_files_has_their_numbers(capsys, tmp_path, form):
    name = make_dataset(form, tmp_path)
    text = help_text(capsys, "--method=frgan", f"--dataset={name}")
    size, labels = (0, 10 * len(datasets.find(name).classes)) if form == "npz" else (16, -1)
    assert f"--image_size={size}\n" in text and f"--labels={labels}\n" in text


@pytest.mark.usefixtures("nothing_can_be_read")
@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("folder:nowhere", "'nowhere' is not a folder"),
        ("csv:nowhere.csv", "nowhere.csv cannot be read"),
        ("npz:nowhere", "'nowhere' is not a folder"),
        ("cifar10_1/v6", "test images only"),
        ("digit", "Did you mean 'digits'?"),
    ],
)
def test_help_for_a_data_set_that_cannot_be_is_one_sentence(capsys, dataset, message):
    with pytest.raises(SystemExit) as stopped:
        train_main.main(["train_main.py", "--method=frgan", f"--dataset={dataset}", "--help"])
    refused = capsys.readouterr()
    assert stopped.value.code == 2 and not refused.out
    assert message in refused.err and refused.err.count("\n") == 1


def test_a_mistake_in_the_data_of_help_needs_no_tensorflow():
    code = (
        "import sys, flags\n"
        "words = ['--method=frgan', '--dataset=npz:nowhere', '--help']\n"
        "try: flags.parse(['train_main.py', *words])\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["2", "False"], done
