"""The same seed gives the same numbers, whatever the machine's settings are, in every process."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
from support import image_folders
from support.programs import python_path

from tf_ssgan.data import content_hash, datasets, fingerprint, image_decoding, splits

ROOT = pathlib.Path(__file__).parents[2]
TIMED = ("seconds", "images_per_second", "waiting_percent")

# What digits and seed 0 give on every platform: 50 labeled images and 129 held out.
SPLIT = "d4805c48a1ce"


def digits_split(split_seed=0):
    arrays = content_hash.sort_by_content(datasets.find("digits").load())
    made = splits.make(
        "digits", arrays.train_labels, arrays.info.classes, 50, split_seed=split_seed,
        keys=arrays.train_keys,
    )  # fmt: skip
    return made.sha256


def test_the_split_of_digits_is_the_one_that_is_published():
    """NumPy's generators and SHA-256 are the same everywhere, and so is the order of contents."""
    assert digits_split().startswith(SPLIT)
    assert not digits_split(1).startswith(SPLIT)


def test_the_order_in_which_a_disk_lists_files_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name, scandir, listdir = image_folders.make_folder(tmp_path / "pets"), os.scandir, os.listdir
    records = []
    for seed in (0, 1, 2):
        chance = random.Random(seed)

        class Shuffled(list):
            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

        def shuffled(path=".", chance=chance, kind=Shuffled):
            with scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            chance.shuffle(entries)
            return kind(entries)

        monkeypatch.setattr(os, "scandir", shuffled)
        monkeypatch.setattr(
            os, "listdir", lambda path=".", c=chance: c.sample(names := listdir(path), len(names))
        )
        arrays = content_hash.sort_by_content(datasets.find(name).load(image_decoding.ImageSpec(8)))
        made = splits.make(name, arrays.train_labels, arrays.info.classes, 6, validation=0,
                           keys=arrays.train_keys)  # fmt: skip
        pixels = arrays.train_images.tobytes() + arrays.test_images.tobytes()
        records.append((fingerprint.record(arrays).sha256, made.sha256, pixels))
    assert records[0] == records[1] == records[2]


# --- two processes --------------------------------------------------------------------------------

# Another hash of texts, locale, time zone, home folder, order of the environment and umask.
SETTINGS = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    {"PYTHONHASHSEED": "4711", "LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"},
]


def weights(folder):
    """Every variable of the newest checkpoint, without what TensorFlow adds."""
    import tensorflow as tf

    (newest,) = sorted(folder.glob("checkpoints/step-*"))[-1:]
    reader = tf.train.load_checkpoint(str(newest / "state"))
    names = sorted(n for n in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in n)
    return {name: reader.get_tensor(name) for name in names}


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("frgan", "fast_swa")]


@pytest.fixture(scope="module", params=["supervised", *SLOW])
def runs(request, tmp_path_factory):
    """One command in two folders, with other settings of the machine and other file names."""
    folders = []
    for number, settings in enumerate(SETTINGS):
        place = tmp_path_factory.mktemp(f"place{number}")
        image_folders.make_folder(place / "pets", labeled=12, unlabeled=12)
        for path in place.glob("pets/*/cat/*.png" if number else "nothing"):
            path.rename(path.with_name(f"{1000 - int(path.stem)}.jpg"))  # listed in another order
        words = [f"--method={request.param}", "--dataset=folder:pets", "--image_size=8", "--labels=8",
                 "--validation=4", "--width=4", "--batch_size=8",
                 "--max_steps=3", "--precision=float32", "--seed=0", "--workdir=run"]  # fmt: skip
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
        surroundings |= settings | {
            "PYTHONPATH": python_path(ROOT),
            "CUDA_VISIBLE_DEVICES": "",
            "XDG_CACHE_HOME": str(place / "cache"),
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "train_main.py"), *words],
            cwd=place, env=surroundings, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        folders.append(place / "run")
        shutil.rmtree(place / "cache", ignore_errors=True)
    return folders


def test_two_processes_have_equal_weights_to_the_bit(runs):
    first, second = map(weights, runs)
    assert first.keys() == second.keys() and len(first) > 20
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)


def test_two_processes_write_equal_metrics_and_results(runs):
    read = []
    for folder in runs:
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        result = json.loads((folder / "result.json").read_text())
        for record in (*lines, result):
            for name in TIMED:
                record.pop(name, None)
        read.append((lines, result))
    assert read[0] == read[1] and read[0][0]


def test_two_processes_select_the_same_images(runs):
    """The hash of the split and the fingerprint of the data, although files have other names."""
    for name, key in (("protocol.json", "sha256"), ("result.json", "data_sha256")):
        first, second = (json.loads((folder / name).read_text()) for folder in runs)
        assert first[key] == second[key]
