"""Decides which images are labeled and which are held out."""

import numpy as np

from tf_ssgan.common import errors, few_images
from tf_ssgan.data import checked_labels, groups, label_noise, protocol, split_order
from tf_ssgan.data.sources import image_listing

LABEL_SPLITS = ("balanced", "proportional")


def make(
    dataset: str,
    train_labels: np.ndarray,
    classes: tuple[str, ...],
    labels: int,
    *,
    label_split: str = "balanced",
    split_seed: int = 0,
    validation: int = -1,
    noise: str = "none",
    noise_rate: float = 0.0,
    noise_seed: int | None = None,
    keys: np.ndarray | None = None,
    clean_fraction: float = 0.0,
    held_out: np.ndarray | None = None,
    image_groups: np.ndarray | None = None,
    default_pool: int | None = None,
    checked: np.ndarray | None = None,
) -> protocol.Protocol:
    """Selects labeled and held-out images; a pure function of its arguments.

    For one seed and validation size, a smaller labeled set is a subset of every larger one. For one
    labeled set, a smaller clean set is a subset of every larger one.

    Args:
        dataset: name on the command line.
        train_labels: true labels [pool] of the training images, in 0..K-1; -1 for unknown labels:
            these images are neither labeled nor held out.
        classes: K class names.
        labels: number of labeled images; -1 for all that are not held out; may be 0.
        label_split: "balanced", equally many per class, and a remainder is given to classes that
            the seed chooses; "proportional", class frequencies as in the pool to within one image
            (Sainte-Laguë method).
        split_seed: 0 or more; chooses the validation and the labeled ids.
        validation: number of held-out images, with class frequencies as in the pool; may be 0; -1
            for `default_validation`.
        noise: kind of label noise, see `label_noise.corrupt`; applied after the split.
        noise_rate: fraction of the labeled images not known to be clean, in [0, 1].
        noise_seed: 0 or more; `split_seed` by default.
        keys: uint64 [pool], `content_hash.keys` of the images, which the selection depends on; None
            uses the indices of the images, if only the counts matter.
        clean_fraction: fraction of the labeled images that are known to be clean, in [0, 1], with
            class frequencies as in the labeled set; chosen by `split_seed`; they get no noise.
        held_out: bool [pool], the images that the data set itself holds out, none of which has an
            unknown label; None if it leaves the choice to `split_seed`.
        image_groups: int64 [pool], groups that are held out as a whole (`groups.ids`), so that the
            number of held-out images is about `validation`; their other images are left out. None
            if each image is a group of its own.
        default_pool: number of images by which `default_validation` decides; None for those that
            `may_be_held_out`.
        checked: bool [pool], the images whose labels a person has checked. Only these are held out,
            as labels that may be wrong choose no step. Those among the labeled ones are the clean
            ones, so none are chosen at random. Checked images are not preferred as labeled ones.
            None if no label is checked.

    Raises:
        UserError: as `check`, or all labeled images are checked and leave no label for noise.
    """
    train_labels = np.asarray(train_labels, np.int64)
    noise_seed = split_seed if noise_seed is None else noise_seed
    check(
        dataset, train_labels, classes, labels, label_split=label_split, split_seed=split_seed,
        validation=validation, noise=noise, noise_rate=noise_rate, noise_seed=noise_seed,
        clean_fraction=clean_fraction, held_out=held_out, image_groups=image_groups,
        default_pool=default_pool, checked=checked,
    )  # fmt: skip
    known = np.flatnonzero(train_labels >= 0)
    judges = np.flatnonzero(may_be_held_out(train_labels, checked))
    keys = np.arange(len(train_labels), dtype=np.uint64) if keys is None else keys

    def shuffle(ids: np.ndarray, split: str, stream: int) -> np.ndarray:
        return ids[
            split_order.order(train_labels[ids], keys[ids], split, split_seed, stream, len(classes))
        ]

    count = _validation_count(dataset, len(judges), validation, default_pool)
    if held_out is not None:
        validation_ids = np.flatnonzero(held_out)
    elif image_groups is not None:
        own = image_groups[judges]
        chosen = _choose_groups(train_labels[judges], own, len(classes), count, split_seed)
        validation_ids = judges[np.isin(own, chosen)]
    else:
        validation_ids = np.sort(shuffle(judges, "proportional", split_order.VALIDATION)[:count])
    left_out = _left_out(train_labels, image_groups, validation_ids, held_out is not None)
    rest = np.setdiff1d(known, [*validation_ids, *left_out])
    count = len(rest) if labels == -1 else labels
    labeled = np.sort(shuffle(rest, label_split, split_order.LABELED)[:count])
    clean_count = round(clean_fraction * len(labeled))
    clean_ids = np.sort(shuffle(labeled, "proportional", split_order.CLEAN)[:clean_count])
    if checked is not None:
        clean_ids = labeled[checked[labeled]]
        clean_fraction = len(clean_ids) / max(1, len(labeled))
        checked_labels.check_noise(len(labeled), len(clean_ids), noise)
    true, is_clean = train_labels[labeled], np.isin(labeled, clean_ids)
    noisy = label_noise.corrupt(true, len(classes), noise, noise_rate, noise_seed, is_clean)
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
        labels=noisy,
        validation_ids=validation_ids,
        clean_fraction=float(clean_fraction),
        clean_ids=clean_ids,
        wrong=int((noisy != true).sum()),
        left_out_ids=left_out,
        checked=checked is not None and len(clean_ids) > 0,
    )


def check(
    dataset: str,
    train_labels: np.ndarray,
    classes: tuple[str, ...],
    labels: int,
    *,
    label_split: str = "balanced",
    split_seed: int = 0,
    validation: int = -1,
    noise: str = "none",
    noise_rate: float = 0.0,
    noise_seed: int = 0,
    clean_fraction: float = 0.0,
    held_out: np.ndarray | None = None,
    image_groups: np.ndarray | None = None,
    default_pool: int | None = None,
    checked: np.ndarray | None = None,
) -> None:
    """Refuses arguments with which `make` cannot select images; selects none.

    The arguments are those of `make`. Only the number of images of each class matters, and their
    groups, but not their order or their contents.

    Raises:
        UserError: A name is unknown, a number is out of range, there are more labels than images,
            the clean set is empty or leaves no label for noise, or no group can be held out; or
            labels are checked and others shall be chosen to be clean.
    """
    known = train_labels[train_labels >= 0]
    _check_arguments(train_labels, len(known), classes, labels, label_split, split_seed, validation)
    label_noise.check(len(classes), noise, noise_rate, noise_seed)
    judges = may_be_held_out(train_labels, checked)
    labels_of_judges = train_labels[judges]
    count = _validation_count(dataset, len(labels_of_judges), validation, default_pool)
    if held_out is not None:
        _check_held_out(dataset, int(held_out.sum()), validation)
        selected = train_labels[held_out]
    elif image_groups is not None:
        own = image_groups[judges]
        chosen = _choose_groups(labels_of_judges, own, len(classes), count, split_seed)
        _check_chosen(len(chosen), validation)
        selected = train_labels[np.isin(image_groups, chosen) & (train_labels >= 0)]
    else:
        checked_labels.check_held_out(validation, checked)
        of_class = np.bincount(labels_of_judges, minlength=len(classes))
        selected = split_order.proportional(of_class, count, split_seed)
    minlength = len(classes)
    rest = np.bincount(known, minlength=minlength) - np.bincount(selected, minlength=minlength)
    _check_labels(rest, classes, labels, label_split, split_seed)
    labeled = int(rest.sum()) if labels == -1 else labels
    _check_clean(labeled, clean_fraction, noise)
    if checked is not None:
        checked_labels.check_fraction(clean_fraction)
        checked_labels.check_noise(len(known), int(checked[train_labels >= 0].sum()), noise)


def may_be_held_out(train_labels: np.ndarray, checked: np.ndarray | None) -> np.ndarray:
    """Returns bool [pool], the images that may be held out if the data set does not name them.

    Their labels are taken as right: they are the checked ones, or all if no label is checked.

    Args:
        train_labels: as for `make`.
        checked: as for `make`.
    """
    return checked if checked is not None and checked.any() else train_labels >= 0


def default_validation(dataset: str, pool: int) -> int:
    """Returns how many of `pool` images that may be held out are, by default.

    It is 10 %, but at most 5,000. For Fashion-MNIST it is the customary 10,000 of 60,000, or a
    sixth of fewer images. A folder or a table of images holds out none if 10 % are too few to
    choose anything by: their labels serve training.
    """
    if image_listing.is_user_images(dataset) and not few_images.may_choose(pool // 10):
        return 0
    return min(10_000, pool // 6) if dataset == "fashion_mnist" else min(5_000, pool // 10)


def _validation_count(dataset: str, pool: int, validation: int, default_pool: int | None) -> int:
    if validation != -1:
        return validation
    return default_validation(dataset, pool if default_pool is None else default_pool)


def _choose_groups(
    labels: np.ndarray, image_groups: np.ndarray, classes: int, count: int, seed: int
) -> np.ndarray:
    """Returns the groups that are held out, with about `count` images."""
    counts = np.bincount(labels, minlength=classes)
    wanted = np.bincount(split_order.proportional(counts, count, seed), minlength=classes)
    own = int(label_noise.bits(1, seed, split_order.VALIDATION)[0])
    return groups.choose(image_groups, labels, wanted, own, groups.HELD_OUT_PART)


def _left_out(
    labels: np.ndarray, image_groups: np.ndarray | None, validation_ids: np.ndarray, named: bool
) -> np.ndarray:
    """Returns the ids of other images of held-out groups; if the data set names these, its labeled
    images stay.
    """
    if image_groups is None:
        return np.empty(0, np.int64)
    theirs = np.isin(image_groups, image_groups[validation_ids])
    theirs[validation_ids] = False
    return np.flatnonzero(theirs & (labels < 0) if named else theirs)


def _check_chosen(count: int, validation: int) -> None:
    """Refuses to hold out a number of images if no group can be held out as a whole."""
    if validation > 0 and not count:
        raise errors.UserError(
            f"--validation={validation}: no whole group can be held out, because each has too many "
            "of the labeled images of a class. Label images of more groups, or give --validation=0."
        )


def _check_arguments(
    train_labels: np.ndarray,
    pool: int,
    classes: tuple[str, ...],
    labels: int,
    label_split: str,
    split_seed: int,
    validation: int,
) -> None:
    """Refuses arguments of `make` that are wrong on their own; `pool` images have a label."""
    if len(train_labels) and pool == 0:
        raise errors.UserError(
            "No training image has a label. Label some of each class; the label -1 (npz:) and the "
            "folder unlabeled/ are for images without a label."
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


def _check_held_out(dataset: str, count: int, validation: int) -> None:
    """Refuses another number of held-out images than the data set itself names."""
    if validation not in (-1, count):
        raise errors.UserError(
            f"--validation={validation}: {dataset} itself names the {count:,} images that are held "
            "out. Leave --validation out."
        )


def _check_clean(labeled: int, clean_fraction: float, noise: str) -> None:
    """Refuses a clean fraction that is out of range, gives no image, or leaves none for noise."""
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


def _check_labels(
    counts: np.ndarray, classes: tuple[str, ...], labels: int, label_split: str, seed: int
) -> None:
    """Refuses more labels than the images that are not held out, `counts` per class, can give."""
    most = int(counts.sum())
    if labels in (-1, most):
        return
    if labels > most:
        raise errors.UserError(
            f"{labels} labels were requested, but only {most} training images are not held "
            f"out: --labels may be at most {most} (or -1 for all)."
        )
    if label_split == "balanced":
        _check_balance(counts, classes, labels, seed)


def _check_balance(counts: np.ndarray, classes: tuple[str, ...], labels: int, seed: int) -> None:
    """Raises UserError if a class has fewer images than its equal share."""
    fewest = counts.min()
    # The remainder goes to classes in the order of the seed, up to the first of the smallest ones.
    order = split_order.first_classes(len(classes), seed)
    remainder = int(np.argmax(counts[order] == fewest))
    limit = int(fewest) * len(classes) + remainder
    if labels > limit:
        raise errors.UserError(
            f"{labels} labels cannot be balanced: class {classes[counts.argmin()]!r} has only "
            f"{fewest} images that are not held out. --labels may be at most {limit} (or -1 for "
            "all), or use --label_split=proportional."
        )
