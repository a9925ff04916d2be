"""Finds data sets by name.

A data set is read from the first of these places that has it:

1. scikit-learn's package folder (`digits`), the folder DIR of `npz:DIR`, or user images
   (`folder:DIR`, `csv:FILE`), see `sources.user_images`;
2. `<data_dir>/<dataset>/train.npz` and `test.npz`, see `sources.npz`;
3. TensorFlow Datasets with `data_dir` (by default its own folder), downloaded at the first use.

Neither TensorFlow nor TensorFlow Datasets is imported before a `DataSource` needs them, so checks
are fast. The classes of data sets are available here for the callers.
"""

import os
import pathlib

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.dataset_info import Arrays, DatasetInfo  # noqa: F401 - for the callers
from tf_ssgan.data.image_decoding import ImageSpec  # noqa: F401 - for the callers
from tf_ssgan.data.sources import cifar10_1, digits, npz, tfds, user_images
from tf_ssgan.data.sources.data_source import DataSource  # also for the callers
from tf_ssgan.data.sources.image_listing import is_user_images

# Forms of names that are not in `names()`.
PREFIXED_NAMES = ("npz:DIR", "folder:DIR", "csv:FILE")


def names() -> tuple[str, ...]:
    """Returns the names of the known data sets; other names have a form of `PREFIXED_NAMES`."""
    return tuple(dataset_info.KNOWN)


def find(name: str, data_dir: str = "", group_by: str = "", set_aside: bool = True) -> DataSource:
    """Returns the data set of a name, which reads each thing once, when it is needed.

    Nothing is read here, and whether the data are there is not checked: `DataSource.check` does it.

    Args:
        name: "digits", "svhn", ..., or a form of `PREFIXED_NAMES`.
        data_dir: folder with `<dataset>/train.npz` and `test.npz`, or that of TensorFlow Datasets,
            or the folder that a relative DIR or FILE of user images is in; empty for the usual one.
        group_by: what tells which images belong together: a pattern of file names, or the name of a
            column or an array; empty if each image is a group of its own.
        set_aside: whether user images without test images set some labeled ones aside; with folds,
            test images are not used.

    Raises:
        UserError: The name is unknown, or the data set has no groups.
    """
    if is_user_images(name):
        return user_images.UserImageSource(name, data_dir, None, group_by, set_aside)
    if name.startswith("npz:"):
        folder = pathlib.Path(name.removeprefix("npz:")).expanduser()
        return npz.NpzSource(name, data_dir, None, folder, group_by=group_by, set_aside=set_aside)
    if name not in dataset_info.KNOWN:
        raise errors.UserError(
            f"There is no dataset {name!r}. {errors.nearest(name, [*names(), *PREFIXED_NAMES])}"
        )
    if group_by:
        raise errors.UserError(
            f"--group_by is for folder:DIR, csv:FILE and npz:DIR; nothing tells which images of "
            f"{name} belong together. Leave it out."
        )
    known = dataset_info.KNOWN[name]
    if name == "digits":
        return digits.DigitsSource(name, data_dir, known, set_aside=set_aside)
    found = _find_files(name, data_dir, known, set_aside)
    return found or tfds.TfdsSource(name, data_dir, known, set_aside)


def _find_files(
    name: str, data_dir: str, known: dataset_info.KnownDataset, set_aside: bool
) -> DataSource | None:
    """Returns the data set in a folder of `data_dir`; None if that has no folder with its files."""
    root = pathlib.Path(data_dir).expanduser()
    # The name of CIFAR-10.1 has a version, but its folder may omit it.
    for folder in dict.fromkeys([root / name, root / name.split("/")[0]]) if data_dir else ():
        if os.path.exists(folder / "train.npz") or os.path.exists(folder / "test.npz"):
            return npz.NpzSource(name, data_dir, known, folder, set_aside=set_aside)
        if name == "cifar10_1/v6" and os.path.exists(folder / cifar10_1.FILES[0]):
            return cifar10_1.Cifar101Source(name, data_dir, known, folder)
    return None
