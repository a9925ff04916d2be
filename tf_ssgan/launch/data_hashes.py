"""The fingerprints of the data sets of a sweep, each computed once, in a process of its own.

That process gives its memory back, and takes no GPU from the runs.
"""

import multiprocessing
import os
import threading
from concurrent.futures import process

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, fingerprint
from tf_ssgan.data import folds as data_folds

UNKNOWN = ""  # of data that cannot be read, which equals that of no run


class DataHashes:
    """Computes the fingerprint of a data set when it is first asked for, and keeps it."""

    def __init__(self):
        self._known: dict[tuple, tuple[str, ...]] = {}
        self._one_at_a_time = threading.Lock()

    def sha256(
        self,
        dataset: str,
        data_dir: str,
        spec: datasets.ImageSpec,
        group_by: str = "",
        folds: int = 0,
        split_seed: int = 0,
        fold: int = 0,
    ) -> str:
        """The fingerprint of the data of some runs, as they are when it is first asked for.

        Args:
            dataset: Name of the data set.
            data_dir: Its folder, as in `datasets.find`.
            spec: Size, channels and fit of user images.
            group_by: What tells which of them belong together.
            folds: Number of folds that they are divided into; 0 for none.
            split_seed: The seed that divides them.
            fold: The one of the runs, if there are any.

        Returns:
            It in hexadecimal; `UNKNOWN` if the data cannot be read, which a run will report.
        """
        key = dataset, data_dir, spec, group_by, folds, split_seed if folds else 0
        with self._one_at_a_time:
            if key not in self._known:
                self._known[key] = _in_own_process(*key)
            return self._known[key][fold]


def _in_own_process(
    dataset: str,
    data_dir: str,
    spec: datasets.ImageSpec,
    group_by: str,
    count: int,
    split_seed: int,
) -> tuple[str, ...]:
    """The fingerprint of a data set, or of each of its folds, which another process loads."""
    context = multiprocessing.get_context("spawn")
    with process.ProcessPoolExecutor(1, context, _make_quiet) as pool:
        try:
            return pool.submit(_load, dataset, data_dir, spec, group_by, count, split_seed).result()
        except process.BrokenProcessPool:  # killed, say for its memory
            return (UNKNOWN,) * max(1, count)


def _make_quiet() -> None:
    """Hides the GPUs and all output: the runs print which files are left out."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _load(
    dataset: str,
    data_dir: str,
    spec: datasets.ImageSpec,
    group_by: str,
    count: int,
    split_seed: int,
) -> tuple[str, ...]:
    """Loads a data set and returns its fingerprint; whatever fails, a run will report it."""
    try:
        arrays = datasets.find(dataset, data_dir, group_by, set_aside=not count).load(spec)
        if not count:
            return (fingerprint.record(arrays).sha256,)
        whole = content_hash.sort_by_content(arrays)
        each = data_folds.outlines(whole, count, split_seed)
        return tuple(fingerprint.record(one).sha256 for one in each)
    except (errors.UserError, OSError, MemoryError):
        return (UNKNOWN,) * max(1, count)
