"""Who is labeled, who is held out, and the record of both that every result carries."""

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, label_noise, protocol

LABEL_SPLITS = ("balanced", "proportional")

# Numbers that keep the streams of one split seed apart.
_VALIDATION, _LABELED, _CLASSES, _CLEAN = range(4)


def make(
    dataset: str,
    train_labels: np.ndarray,
    classes: tuple[str, ...],
    labels: int,
    label_split: str = "balanced",
    split_seed: int = 0,
    validation: int = -1,
    noise: str = "none",
    noise_rate: float = 0.0,
    noise_seed: int = 0,
    keys: np.ndarray | None = None,
    clean_fraction: float = 0.0,
) -> protocol.Protocol:
    """Decides who is labeled and who is held out: a pure function of its arguments.

    For one seed and validation size, a smaller labeled set is part of every larger one, and of one
    labeled set a smaller clean part is part of every larger one.

    Args:
        dataset: name on the command line.
        train_labels: true labels [pool] of the training images, in 0..K-1; -1 where nobody knows:
            these can be neither labeled nor held out.
        classes: K class names.
        labels: how many images are labeled in all; -1 for every one not held out; 0 is legal.
        label_split: "balanced", equally many of each class, where a remainder goes to one more of
            some classes, which ones chosen by the seed; "proportional", as frequent as in the
            pool to within one image (Sainte-Laguë's rule).
        split_seed: 0 or more; chooses the validation and the labeled ids.
        validation: images held out, as frequent by class as in the pool; 0 for none; -1 for
            `default_validation`.
        noise: kind of label noise, see `corruption.corrupt`; injected after the split.
        noise_rate: fraction of the labeled images not known to be clean, in [0, 1].
        noise_seed: 0 or more.
        keys: uint64 [pool], what the draws hang on, `contents.keys` of the images; None takes the
            places instead, for questions in which only numbers matter.
        clean_fraction: share of the labeled images that are known to be clean, in [0, 1], as
            frequent by class as among the labeled ones; chosen by `split_seed`; noise leaves them
            alone. 0: none is known to be.

    Raises:
        UserError: unknown name, number out of range, more labels than there are; a clean part
            without an image, or one that leaves noise no label.
    """
    train_labels = np.asarray(train_labels, np.int64)
    known = np.flatnonzero(train_labels >= 0)
    _check(train_labels, known, classes, labels, label_split, split_seed, validation)
    label_noise.check(len(classes), noise, noise_rate, noise_seed)
    if validation == -1:
        validation = default_validation(dataset, len(known))
    keys = np.arange(len(train_labels), dtype=np.uint64) if keys is None else keys

    def order(ids: np.ndarray, split: str, stream: int) -> np.ndarray:
        return ids[_order(train_labels[ids], keys[ids], split, split_seed, stream, len(classes))]

    held_out = order(known, "proportional", _VALIDATION)[:validation]
    rest = np.setdiff1d(known, held_out)
    _check_labels(train_labels[rest], classes, labels, label_split, split_seed)
    many = len(rest) if labels == -1 else labels
    labeled = np.sort(order(rest, label_split, _LABELED)[:many])
    clean = _clean(len(labeled), clean_fraction, noise)
    clean_ids = np.sort(order(labeled, "proportional", _CLEAN)[:clean])
    true, kept = train_labels[labeled], np.isin(labeled, clean_ids)
    learned = label_noise.corrupt(true, len(classes), noise, noise_rate, noise_seed, kept)
    return protocol.Protocol(
        dataset=dataset,
        classes=tuple(classes),
        pool=len(train_labels),
        label_split=label_split,
        split_seed=int(split_seed),
        noise=noise,
        noise_rate=float(noise_rate),
        noise_seed=int(noise_seed),
        labeled_ids=labeled,
        labels=learned,
        validation_ids=np.sort(held_out),
        clean_fraction=float(clean_fraction),
        clean_ids=clean_ids,
        wrong=int((learned != true).sum()),
    )


def default_validation(dataset: str, pool: int) -> int:
    """Returns how many of `pool` training images are held out unless a number is given.

    10 % but at most 5,000; Fashion-MNIST's customary 10,000 of 60,000, a sixth of fewer.
    """
    return min(10_000, pool // 6) if dataset == "fashion_mnist" else min(5_000, pool // 10)


def _check(
    train_labels: np.ndarray,
    known: np.ndarray,
    classes: tuple[str, ...],
    labels: int,
    label_split: str,
    split_seed: int,
    validation: int,
) -> None:
    """Refuses arguments of `make` that can be judged one by one."""
    pool = len(known)
    if len(train_labels) and pool == 0:
        raise errors.UserError(
            "No training image has a label. Label some of each class; -1 (npz:) and the folder "
            "unlabeled/ are for the others."
        )
    if pool == 0 or train_labels.min() < -1 or train_labels.max() >= len(classes):
        raise errors.UserError(
            f"Training labels must be one or more numbers in 0..{len(classes) - 1}."
        )
    if labels < -1:
        raise errors.UserError(f"labels must be 0 or more, or -1 for all, got {labels}.")
    if label_split not in LABEL_SPLITS:
        nearest = errors.nearest(label_split, LABEL_SPLITS)
        raise errors.UserError(f"label_split {label_split!r} is unknown. {nearest}")
    if split_seed < 0:
        raise errors.UserError(f"split_seed must be 0 or more, got {split_seed}.")
    if not -1 <= validation < pool:
        raise errors.UserError(
            f"validation must be 0 to {pool - 1} of the {pool} training images with a label, or -1 "
            f"for the default, got {validation}."
        )


def _clean(labeled: int, clean_fraction: float, noise: str) -> int:
    """Returns how many of the labeled images are known to be clean; refuses none, and too many."""
    if not 0 <= clean_fraction <= 1:
        raise errors.UserError(
            f"--clean_fraction={clean_fraction}: expected a fraction from 0 to 1 (0.05 for 5 %)."
        )
    clean = round(clean_fraction * labeled)
    if clean_fraction and not clean:
        raise errors.UserError(
            f"--clean_fraction={clean_fraction:g} of {labeled:,} labels is less than one image: "
            "give a larger fraction, more labels, or 0 if no image is known to be clean."
        )
    if clean and clean == labeled and noise != "none":
        raise errors.UserError(
            f"--clean_fraction={clean_fraction:g} keeps all {labeled:,} labels clean and leaves "
            f"none for --noise={noise}: give a smaller fraction, or --noise=none."
        )
    return clean


def _check_labels(
    rest: np.ndarray, classes: tuple[str, ...], labels: int, label_split: str, seed: int
) -> None:
    """Refuses more labels than `rest`, the true labels not held out, can give."""
    if labels in (-1, len(rest)):
        return
    if labels > len(rest):
        raise errors.UserError(
            f"{labels} labels were asked for, {len(rest)} training images are not held out: "
            f"--labels may be at most {len(rest)} (or -1 for all)."
        )
    if label_split == "balanced":
        _check_balance(rest, classes, labels, seed)


def _check_balance(rest: np.ndarray, classes: tuple[str, ...], labels: int, seed: int) -> None:
    """Raises UserError where a class has fewer images than its equal share."""
    counts = np.bincount(rest, minlength=len(classes))
    fewest = counts.min()
    # The remainder is dealt in the seed's order of classes: it lasts until a smallest class.
    dealt = int(np.argmax(counts[label_noise.permutation(len(classes), seed, _CLASSES)] == fewest))
    most = int(fewest) * len(classes) + dealt
    if labels > most:
        raise errors.UserError(
            f"{labels} labels cannot be balanced: class {classes[counts.argmin()]!r} has only "
            f"{fewest} images that are not held out. --labels may be at most {most} (or -1 for "
            "all), or use --label_split=proportional."
        )


def _order(
    labels: np.ndarray, keys: np.ndarray, label_split: str, seed: int, stream: int, classes: int
) -> np.ndarray:
    """Returns all places of `labels` in an order each prefix of which is split as asked.

    Images of one class come in the random order of their keys. Across classes, "balanced" sorts by
    the place r within the class; "proportional" by (r + 1/2) / class size, which is Sainte-Laguë's
    rule for dealing seats: any prefix is proportional to within about one image, and prefixes are
    nested.
    """
    shuffled = content_hash.shuffled(keys, int(label_noise.bits(1, seed, stream)[0]))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels, minlength=classes)
    sizes = np.repeat(counts, counts)
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    key = place if label_split == "balanced" else (place + 0.5) / sizes
    turn = np.argsort(label_noise.permutation(classes, seed, _CLASSES))
    return by_class[np.lexsort((turn[labels[by_class]], key))]
