"""Data sets by name: which are known, and what is refused before any data are read."""

import pathlib
import subprocess
import sys
import time

import pytest

from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.data.sources import cifar10_1, digits, npz, tfds, user_images

ROOT = pathlib.Path(datasets.__file__).parents[2]


def test_the_known_names():
    assert datasets.names() == (
        "digits", "svhn", "cifar10", "cifar100", "fashion_mnist", "cifar10_1/v6",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, similar", [("digit", "digits"), ("CIFAR10", "cifar10"), ("cifar10_1", "cifar10_1/v6")]
)
def test_for_unknown_names_the_message_suggests_similar_ones(refused, name, similar):
    refused(f"no dataset '{name}'. Did you mean '{similar}'. Known: digits, .*npz:DIR", name)


def test_mistakes_are_found_without_importing_tensorflow():
    code = (
        "import sys\n"
        "from tf_ssgan.common import errors\n"
        "from tf_ssgan.data import datasets, label_noise, splits\n"
        "try: datasets.find('svnh')\n"
        "except errors.UserError as error: print(error)\n"
        "source = datasets.find('digits'); source.check(); assert len(source.train_labels)\n"
        "heavy = {'tensorflow', 'tensorflow_datasets', 'sklearn', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Did you mean 'svhn'?" in done.stdout
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("digits", digits.DigitsSource), ("svhn", tfds.TfdsSource), ("cifar10", npz.NpzSource),
        ("cifar10_1/v6", cifar10_1.Cifar101Source), ("npz:nowhere", npz.NpzSource),
        ("folder:nowhere", user_images.UserImageSource),
        ("csv:nowhere", user_images.UserImageSource),
    ],
)  # fmt: skip
def test_a_data_set_is_found_where_its_files_are(tmp_path, name, kind):
    for file in ("cifar10/train.npz", "cifar10_1/cifar10.1_v6_data.npy"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("nothing of it is read yet")
    source = datasets.find(name, str(tmp_path))
    assert type(source) is kind
    assert (source.name, source.data_dir) == (name, str(tmp_path))
    assert source.known is dataset_info.KNOWN.get(name)


@pytest.mark.parametrize("act", ["check_location", "check", "load", "train_labels"])
def test_messages_name_missing_folders(tmp_path, refused, act):
    refused("--data_dir=.*nowhere' is not a folder", data_dir=str(tmp_path / "nowhere"), act=act)
    refused("--dataset=npz:.*nowhere' is not a folder", f"npz:{tmp_path / 'nowhere'}", act=act)
    refused("--dataset=npz:: '' is not a folder", "npz:", act=act)
    refused("a' is not a folder", f"npz:{'a' * 300}", act=act)


def test_cifar10_1_is_refused_for_training(refused):
    refused("cifar10_1/v6 has test images only", "cifar10_1/v6")
    refused("cifar10_1/v6 has test images only", "cifar10_1/v6", act="train_labels")
