"""Who is labeled, who is held out, and the record of both that every result carries."""

import dataclasses
import functools
import hashlib
from typing import Any

import numpy as np

from tf_ssgan import errors
from tf_ssgan.data import contents, corruption

LABEL_SPLITS = ("balanced", "proportional")

# Numbers that keep the streams of one split seed apart.
_VALIDATION, _LABELED, _CLASSES, _CLEAN = range(4)


@dataclasses.dataclass(frozen=True, eq=False)
class Protocol:
    """Says exactly what was learned from; two protocols with equal contents are equal.

    Attributes:
        dataset: its name on the command line.
        classes: class names; label k is classes[k].
        pool: how many training images there are, held-out ones included; ids are 0..pool-1, in the
            order of the images' contents.
        label_split: "balanced" or "proportional".
        split_seed: the seed that chose the ids.
        noise: one of `corruption.KINDS`.
        noise_rate: fraction chosen for replacement, of the labels not known to be clean.
        noise_seed: the seed that chose them.
        labeled_ids: int64 [labeled], ascending.
        labels: int64 [labeled], the labels learned from: after the noise, in the order of
            `labeled_ids`.
        validation_ids: int64 [validation], ascending, disjoint from `labeled_ids`. Their labels
            are never corrupted.
        clean_pct: share of the labeled images that are known to be clean, in [0, 1]; where it is 0,
            nothing is known of any, and noise acts on all.
        clean_ids: int64 [clean], ascending, of `labeled_ids`: these keep their true labels.
        wrong: how many of `labels` are not the true ones; -1 where the record is from before it
            was counted.
    """

    dataset: str
    classes: tuple[str, ...]
    pool: int
    label_split: str
    split_seed: int
    noise: str
    noise_rate: float
    noise_seed: int
    labeled_ids: np.ndarray
    labels: np.ndarray
    validation_ids: np.ndarray
    clean_pct: float
    clean_ids: np.ndarray
    wrong: int

    @functools.cached_property
    def unlabeled_ids(self) -> np.ndarray:
        """int64 [unlabeled]: the whole pool but for validation, labeled images included."""
        return np.setdiff1d(np.arange(self.pool), self.validation_ids)

    @functools.cached_property
    def noisy_ids(self) -> np.ndarray:
        """int64 [noisy], ascending: labeled and not known to be clean; none if `clean_pct` is 0."""
        rest = np.setdiff1d(self.labeled_ids, self.clean_ids)
        return rest if self.clean_pct else rest[:0]

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of all ids and labels, in hexadecimal: equal exactly when the same was learned."""
        digest = hashlib.sha256()
        parts = [self.labeled_ids, self.labels, self.unlabeled_ids, self.validation_ids]
        # Only where there are any: other protocols keep the hash that they had before these ids.
        parts += [self.clean_ids] if len(self.clean_ids) else []
        for part in parts:
            # The length first, so that no id can move from one list to the next unnoticed.
            digest.update(np.concatenate([[len(part)], part]).astype("<i8").tobytes())
        return digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Returns a dictionary for `json.dump`.

        The unlabeled ids are not in it, being the complement of the validation ids; the hash
        covers them.
        """
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}
        sizes = {
            "labeled": len(self.labeled_ids),
            "unlabeled": len(self.unlabeled_ids),
            "validation": len(self.validation_ids),
            "clean": len(self.clean_ids),
            "noisy": len(self.noisy_ids),
            "wrong": self.wrong,
        }
        return plain | {"classes": list(self.classes), "sizes": sizes, "sha256": self.sha256}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Protocol":
        """Rebuilds what `as_json` gave, in earlier versions too.

        Raises:
            UserError: a field is missing, or ids and labels do not match their hash.
        """
        wrong = 0 if content.get("noise") == "none" else -1
        content = {"clean_pct": 0.0, "clean_ids": [], "wrong": wrong} | content
        names = [field.name for field in dataclasses.fields(cls)]
        missing = [name for name in [*names, "sha256"] if name not in content]
        if missing:
            raise errors.UserError(f"This is no protocol: it lacks {', '.join(missing)}.")
        fields = {name: content[name] for name in names} | {"classes": tuple(content["classes"])}
        for name in ("labeled_ids", "labels", "validation_ids", "clean_ids"):
            fields[name] = np.array(fields[name], np.int64)
        protocol = cls(**fields)
        if protocol.sha256 != content["sha256"]:
            raise errors.UserError(
                f"The protocol's ids and labels hash to {protocol.sha256[:12]}, its sha256 says "
                f"{str(content['sha256'])[:12]}: the file was changed; restore the original."
            )
        return protocol

    def describe(self) -> str:
        """Returns one line for people."""
        return (
            f"{self.dataset}: {len(self.labeled_ids):,} labeled ({self.label_split}, "
            f"{len(self.classes)} classes), {len(self.unlabeled_ids):,} unlabeled, "
            f"{len(self.validation_ids):,} held out, {self._noise()}, "
            f"split seed {self.split_seed}, sha256 {self.sha256[:12]}"
        )

    def _noise(self) -> str:
        """The part of the line that says what became of the labels."""
        told = ["no label noise"]
        if self.noise != "none":
            told = [f"{self.noise} label noise {self.noise_rate:g} (seed {self.noise_seed})"]
            if self.clean_pct:
                told[0] += f" on {len(self.noisy_ids):,} of {len(self.labeled_ids):,} labels"
            told += [f"{self.wrong:,} wrong"] if self.wrong >= 0 else []
        if self.clean_pct:
            told.append(f"{len(self.clean_ids):,} known to be clean")
        return ", ".join(told)

    def __eq__(self, other: object) -> bool:
        """Compares contents: arrays would otherwise compare element by element."""
        return isinstance(other, Protocol) and self.as_json() == other.as_json()

    def __hash__(self) -> int:
        """Equal protocols have equal hashes."""
        return hash(self.sha256)


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
    clean_pct: float = 0.0,
) -> Protocol:
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
        clean_pct: share of the labeled images that are known to be clean, in [0, 1], as frequent by
            class as among the labeled ones; chosen by `split_seed`; noise leaves them alone. 0:
            none is known to be.

    Raises:
        UserError: unknown name, number out of range, more labels than there are; a clean part
            without an image, or one that leaves noise no label.
    """
    train_labels = np.asarray(train_labels, np.int64)
    known = np.flatnonzero(train_labels >= 0)
    _check(train_labels, known, classes, labels, label_split, split_seed, validation)
    corruption.check(len(classes), noise, noise_rate, noise_seed)
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
    clean = _clean(len(labeled), clean_pct, noise)
    clean_ids = np.sort(order(labeled, "proportional", _CLEAN)[:clean])
    true, kept = train_labels[labeled], np.isin(labeled, clean_ids)
    learned = corruption.corrupt(true, len(classes), noise, noise_rate, noise_seed, kept)
    return Protocol(
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
        clean_pct=float(clean_pct),
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


def _clean(labeled: int, clean_pct: float, noise: str) -> int:
    """Returns how many of the labeled images are known to be clean; refuses none, and too many."""
    if not 0 <= clean_pct <= 1:
        raise errors.UserError(
            f"clean_pct must be a fraction from 0 to 1 (0.05 for 5 %), got {clean_pct}."
        )
    clean = round(clean_pct * labeled)
    if clean_pct and not clean:
        raise errors.UserError(
            f"clean_pct {clean_pct:g} of {labeled:,} labels is no image: give a larger share, more "
            "labels, or 0, for no image that is known to be clean."
        )
    if clean and clean == labeled and noise != "none":
        raise errors.UserError(
            f"clean_pct {clean_pct:g} keeps all {labeled:,} labels clean and leaves none for "
            f"--noise={noise}: give a smaller share, or --noise=none."
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
    dealt = int(np.argmax(counts[corruption.permutation(len(classes), seed, _CLASSES)] == fewest))
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
    shuffled = contents.shuffled(keys, int(corruption.bits(1, seed, stream)[0]))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels, minlength=classes)
    sizes = np.repeat(counts, counts)
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    key = place if label_split == "balanced" else (place + 0.5) / sizes
    turn = np.argsort(corruption.permutation(classes, seed, _CLASSES))
    return by_class[np.lexsort((turn[labels[by_class]], key))]
