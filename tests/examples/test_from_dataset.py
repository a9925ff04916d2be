"""A known data set as a folder of image files."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.programs import python_path

from tf_ssgan.data import datasets

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "own_images" / "from_dataset.py"


def write(folder, *flags):
    command = [sys.executable, PROGRAM, "--dataset=digits", f"--to={folder}", *flags]
    environment = {"PYTHONPATH": python_path(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def pixels_of(folder):
    return {np.asarray(Image.open(path)).tobytes() for path in folder.rglob("*.png")}


def test_the_files_are_images_of_the_data_set(tmp_path):
    done = write(
        tmp_path / "own", "--classes=3,7,8", "--labels=1,5,20", "--unlabeled=40", "--test=30"
    )
    assert done.returncode == 0, done.stderr
    assert "labeled 3 1, 7 5, 8 20; 40 unlabeled; 30 for testing" in done.stdout
    arrays = datasets.find("digits").load(datasets.ImageSpec())
    for name, count in zip("378", (1, 5, 20), strict=True):
        files = pixels_of(tmp_path / "own" / "labeled" / name)
        of_class = arrays.train_images[arrays.train_labels == int(name)]
        assert len(files) == count
        assert files <= {image.tobytes() for image in of_class}
        tested = arrays.test_images[arrays.test_labels == int(name)]
        assert pixels_of(tmp_path / "own/test" / name) <= {image.tobytes() for image in tested}
    unlabeled = pixels_of(tmp_path / "own" / "unlabeled")
    assert len(unlabeled) == 40
    assert not unlabeled & pixels_of(tmp_path / "own" / "labeled")
    assert len(list((tmp_path / "own" / "test").rglob("*.png"))) == 30


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--classes=3,x",), "'x' is no class of digits"),
        (("--classes=3,7", "--labels=1,2,3"), "3 numbers for 2 classes"),
        (("--classes=3,7", "--labels=5000"), "5,000 images are wanted, and there are"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, flags, sentence):
    done = write(tmp_path / "own", *flags)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
