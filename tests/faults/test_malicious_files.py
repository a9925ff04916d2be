"""Files that were made to do harm: refused, and nothing is executed, read elsewhere or unpacked.

Each file would leave a sentinel if it were executed. What is read from files of others is arrays of
numbers and JSON that selects names which the project knows.
"""

import ast
import json
import os
import pathlib
import pickle
import shutil
import stat
import zipfile
import zlib

import h5py
import keras
import numpy as np
import pytest

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.evaluation import inception
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.training import build, config, loop

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def sentinel(tmp_path):
    """A file that is made if something in this test is executed."""
    path = tmp_path / "executed"
    yield path
    assert not path.exists(), "a file was executed"


class Harm:
    """An object whose unpickling makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


def test_the_sentinel_works(tmp_path):
    pickle.loads(pickle.dumps(Harm(tmp_path / "made")))
    assert (tmp_path / "made").exists()


# --- Archives of arrays ---------------------------------------------------------------------------


def objects(path):
    """An array of one object that does harm when it is unpickled."""
    array = np.empty(4, object)
    array[0] = Harm(path)
    return array


@pytest.mark.parametrize("name", ["image", "label"])
@pytest.mark.parametrize("part", ["train", "test"])
def test_pickled_objects_in_an_archive_are_refused(squares, tmp_path, sentinel, name, part):
    dataset = squares(tmp_path / "data")
    arrays = dict(np.load(tmp_path / f"data/{part}.npz")) | {name: objects(sentinel)}
    np.savez(tmp_path / f"data/{part}.npz", **arrays)
    refused(dataset, f"{part}.npz")


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_pickle_named_npz_is_refused(squares, tmp_path, sentinel, part):
    dataset = squares(tmp_path / "data")
    (tmp_path / f"data/{part}.npz").write_bytes(pickle.dumps(Harm(sentinel)))
    refused(dataset, f"{part}.npz")


def refused(dataset, file):
    with pytest.raises(errors.UserError) as said:
        source = datasets.find(dataset)
        source.check()
        source.load()
    assert file in str(said.value) and len(str(said.value)) < 600


def test_nothing_is_unpacked_from_an_archive(squares, tmp_path):
    """Entries with ../ or an absolute name, and links: arrays are read by their names alone."""
    dataset = squares(tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "data/train.npz", "a") as archive:
        for name in ("../outside.npy", "../../outside", f"{tmp_path}/absolute.npy", "a\\..\\b.npy"):
            archive.writestr(name, b"outside")
        link = zipfile.ZipInfo("link.npy")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    before = sorted(tmp_path.rglob("*"))
    source = datasets.find(dataset)
    source.check()
    assert source.load().train_images.shape == (40, 8, 8, 1)
    assert sorted(tmp_path.rglob("*")) == before and not (tmp_path.parent / "outside").exists()


def test_an_array_that_is_a_link_is_refused(squares, tmp_path):
    dataset = squares(tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "data/train.npz", "w") as archive:
        for name in ("image.npy", "label.npy"):
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, str(tmp_path / "data/test.npz"))
    refused(dataset, "train.npz")


# --- Files of weights -----------------------------------------------------------------------------


def external_link(file, folder):
    file["vars"] = h5py.ExternalLink(folder / "secret.h5", "/kernel")


def soft_link(file, folder):
    file["vars"] = h5py.SoftLink("/elsewhere")


def external_storage(file, folder):
    place = [(str(folder / "secret.h5"), 0, 64)]
    file.create_dataset("vars/0", (16,), "f4", external=place)


def virtual(file, folder):
    layout = h5py.VirtualLayout((16,), "f4")
    layout[:] = h5py.VirtualSource(folder / "secret.h5", "kernel", (16,))
    file.create_virtual_dataset("vars/0", layout)


def pickled(file, folder):
    file["vars/0"] = np.void(pickle.dumps(Harm(folder / "executed")))


def texts(file, folder):
    file.create_dataset("vars/0", (2,), h5py.string_dtype())


def references(file, folder):
    file.create_dataset("vars/0", (2,), h5py.ref_dtype)


def a_type(file, folder):
    file["vars/0"] = np.dtype("f4")


def huge(file, folder):
    file.create_dataset("vars/0", (2**40,), "f4", chunks=(2**10,))


def overflowing(file, folder):
    file.create_dataset("vars/0", (2**31, 2**31, 4), "f4", chunks=(1, 1, 4))


def bomb(file, folder):
    file.create_dataset("vars/0", (2**23,), "f4", compression="gzip", fillvalue=0)[:] = 0


def chunk_bomb(file, folder):
    zeros = file.create_dataset(
        "vars/0", (1,), "f4", maxshape=(None,), chunks=(2**23,), compression="gzip"
    )
    zeros.id.write_direct_chunk((0,), zlib.compress(bytes(2**25)))


HARMFUL = {
    external_link: "'vars' refers to another place or file",
    soft_link: "'vars' refers to another place or file",
    external_storage: "'0' lies in another file",
    virtual: "'0' lies in another file",
    pickled: "'0' holds |V",
    texts: "'0' holds object, and weights are numbers",
    references: "'0' holds object, and weights are numbers",
    a_type: "'0' is a type, and weights are numbers",
    huge: "with '0' it claims",
    overflowing: "with '0' it claims",
    bomb: "with '0' it claims",
    chunk_bomb: "with '0' it claims",
}


@pytest.fixture(scope="module")
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])


@pytest.mark.parametrize("make", HARMFUL, ids=lambda make: make.__name__)
def test_what_is_not_numbers_in_a_file_of_weights_is_refused(tmp_path, sentinel, network, make):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kernel"] = np.ones((4, 4), np.float32)
    path = tmp_path / "backbone.weights.h5"
    network.save_weights(path)
    with h5py.File(path, "a") as file:
        file.pop("vars", None)
        make(file, tmp_path)
    with pytest.raises(errors.UserError) as said:
        contrastive.load_weights(network, path)
    assert f"does not contain weights that can be used: {HARMFUL[make]}" in str(said.value)
    if make not in (bomb, chunk_bomb):  # they take no more memory than Inception-v3
        with pytest.raises(errors.UserError, match="--inception="):
            inception.inception_network(str(path), (8, 8, 1))


def lambda_model(path):
    """A network with a layer of code, which makes the sentinel when it is called."""
    code = keras.layers.Lambda(lambda x, path=str(path): [x, os.mknod(path)][0])
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), code])


@pytest.mark.parametrize("saved_as", ["whole.keras", "whole.h5", "pickle"])
def test_code_in_a_network_of_others_is_not_executed(tmp_path, sentinel, network, saved_as):
    """Of a whole network, at most the weights are read, by name and shape."""
    path = tmp_path / "backbone.weights.h5"
    if saved_as == "pickle":
        path.write_bytes(pickle.dumps(Harm(sentinel)))
    else:
        lambda_model(tmp_path / "while_saving").save(tmp_path / saved_as)
        (tmp_path / saved_as).rename(path)
    with pytest.raises(errors.UserError, match="does not contain weights"):
        contrastive.load_weights(network, path)


# --- The folder of a run --------------------------------------------------------------------------

NAMES = ["os", "bases.contrastive", "../../os", "__init__", "frgan.os", "/tmp/x", "frgan\n", ""]


@pytest.mark.parametrize("name", NAMES)
def test_only_methods_of_the_project_are_imported(name):
    with pytest.raises(errors.UserError):
        methods.check(name)
    with pytest.raises((errors.UserError, ImportError)):
        methods.find(name)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of two steps."""
    folder = tmp_path_factory.mktemp("run") / "tiny"
    loop.run(config.configure("supervised", max_steps=2, width=4, workdir=str(folder)))
    return folder


GADGETS = [
    {"__class__": "os.mknod"},
    {"module": "os", "class_name": "mknod", "config": {"path": "executed"}},
    {"__reduce__": ["os.mknod", ["executed"]]},
]


@pytest.mark.parametrize("gadget", GADGETS)
@pytest.mark.parametrize("field", ["method", "dataset", "network", "other", ""])
def test_a_configuration_names_no_code(run, tmp_path, sentinel, monkeypatch, gadget, field):
    monkeypatch.chdir(tmp_path)
    copied = pathlib.Path(shutil.copytree(run, tmp_path / "run"))
    path = copied / "config.json"
    content = json.loads(path.read_text())
    content |= {field: gadget} if field else gadget
    path.write_text(json.dumps(content))
    with pytest.raises(errors.UserError, match=r"config\.json"):
        build.reopen(copied)


# --- The code -------------------------------------------------------------------------------------

BUILTINS = {"eval", "exec", "compile", "__import__"}
NEVER = {"system", "popen", "load_model", "unsafe_load",
         "model_from_json", "enable_unsafe_deserialization", "extractall", "full_load"}  # fmt: skip
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "jsonpickle"}


def test_no_program_has_a_way_to_execute_what_a_file_holds():
    files = [p for folder in ("tf_ssgan", "export", "flags") for p in (ROOT / folder).rglob("*.py")]
    for path in [*files, ROOT / "train_main.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not MODULES & {name.split(".")[0] for name in names}, where
            if isinstance(node, ast.Call):
                check_call(node, where)


def check_call(node, where):
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    text, keywords = ast.unparse(function), {k.arg: ast.unparse(k.value) for k in node.keywords}
    assert name not in NEVER and text not in BUILTINS, f"{where}: {text}"
    assert keywords.get("shell", "False") == "False", where
    assert keywords.get("allow_pickle", "False") == "False", where
    if text in ("np.load", "numpy.load"):
        assert "allow_pickle" in keywords, f"{where}: numpy's default may change"
