"""The protocol of a run: which images are labeled and which are held out."""

import dataclasses
import functools
import hashlib
from typing import Any

import numpy as np

from tf_ssgan.common import counts, few_images

_SHOWN = 3  # classes with the fewest labels that the summary names


@dataclasses.dataclass(frozen=True, eq=False)
class Protocol:
    """Describes exactly what a run is trained on. Protocols with equal contents are equal.

    Attributes:
        dataset: name on the command line.
        classes: class names; label k is classes[k].
        pool: number of training images, including held-out ones; ids are 0..pool-1, in the order of
            the hashes of the images' contents.
        label_split: "balanced" or "proportional".
        split_seed: the seed that chose the ids.
        noise: one of `label_noise.KINDS`.
        noise_rate: fraction of the labels not known to be clean that is chosen for replacement.
        noise_seed: the seed that chose them.
        labeled_ids: int64 [labeled], ascending.
        labels: int64 [labeled], the training labels, with noise, in the order of `labeled_ids`.
        validation_ids: int64 [validation], ascending, disjoint from `labeled_ids`; their labels
            have no noise.
        clean_fraction: fraction of the labeled images that are known to be clean, in [0, 1]; if it
            is 0, no image is known to be clean and noise acts on all labels.
        clean_ids: int64 [clean], ascending, subset of `labeled_ids`: these keep their true labels.
        wrong: number of `labels` that are not the true ones.
        left_out_ids: int64 [left out], ascending, other images of the groups of held-out images,
            which are not used; empty without groups, and in older files.
        checked: whether a person has checked the labels of `clean_ids`, and `clean_fraction` is
            their number; otherwise they were chosen at random. False in older files.
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
    clean_fraction: float
    clean_ids: np.ndarray
    wrong: int
    left_out_ids: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.int64))
    checked: bool = False

    @functools.cached_property
    def unlabeled_ids(self) -> np.ndarray:
        """int64 [unlabeled]: the pool with the labeled images, without those of `validation_ids`
        and `left_out_ids`.
        """
        kept = np.ones(self.pool, bool)
        kept[self.validation_ids] = False
        kept[self.left_out_ids] = False
        return np.flatnonzero(kept)

    @functools.cached_property
    def noisy_ids(self) -> np.ndarray:
        """int64 [noisy], ascending: labeled, not known to be clean; empty without clean images."""
        rest = np.setdiff1d(self.labeled_ids, self.clean_ids)
        return rest if self.clean_fraction else rest[:0]

    @property
    def classes_without_labels(self) -> list[str]:
        """The classes that no label names; none if there are no labels at all, as was meant."""
        if not len(self.labels):
            return []
        known = set(self.labels.tolist())
        return [name for k, name in enumerate(self.classes) if k not in known]

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of all ids and labels, in hexadecimal; equal for equal training data only."""
        digest = hashlib.sha256()
        parts = [self.labeled_ids, self.labels, self.unlabeled_ids, self.validation_ids]
        # Only if there are any, so that the hash of other protocols does not depend on this field.
        parts += [self.clean_ids] if len(self.clean_ids) else []
        for part in parts:
            # The length comes first, so that moving an id to the next list changes the hash.
            digest.update(np.array([len(part)], "<i8"))
            digest.update(np.ascontiguousarray(part, "<i8"))
        return digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Returns a dictionary for `json.dump`.

        It does not contain the unlabeled ids, which are the complement of the validation ids and
        of those that are left out. The hash covers them.
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
        """Returns the protocol that `as_json` describes.

        Args:
            content: What `as_json` returned.

        Raises:
            ValueError: The ids or labels are not those of its hash, or are impossible.
        """
        content = {"left_out_ids": [], "checked": False} | content
        values = {field.name: content[field.name] for field in dataclasses.fields(cls)}
        values["classes"] = tuple(content["classes"])
        arrays = {k: np.array(v, np.int64) for k, v in values.items() if isinstance(v, list)}
        protocol = cls(**values | arrays)
        protocol._check_ids()
        if protocol.sha256 != content["sha256"]:
            raise ValueError("its ids and labels are not those of its sha256")
        return protocol

    def _check_ids(self) -> None:
        """Raises ValueError if ids or labels are impossible."""
        if len(self.labels) != len(self.labeled_ids):
            raise ValueError("labels are not as many as labeled_ids")
        if self.labels.size and self.labels.max() >= len(self.classes):
            raise ValueError("labels are larger than the number of classes")
        for name in ("labeled_ids", "validation_ids", "clean_ids", "left_out_ids"):
            ids = getattr(self, name)
            if ids.size and (ids.max() >= self.pool or (np.diff(ids) <= 0).any()):
                raise ValueError(f"{name} are not ascending ids of the pool")
        if np.isin(self.validation_ids, self.labeled_ids).any():
            raise ValueError("validation_ids are labeled too")
        if np.isin(self.left_out_ids, [*self.labeled_ids, *self.validation_ids]).any():
            raise ValueError("left_out_ids are labeled or held out")
        if not np.isin(self.clean_ids, self.labeled_ids).all():
            raise ValueError("clean_ids are not labeled")
        if self.wrong > len(self.labels):
            raise ValueError("wrong is larger than the number of labels")
        if len(self.clean_ids) != round(self.clean_fraction * len(self.labels)):
            raise ValueError("clean_ids are not as many as clean_fraction says")
        if self.checked and not len(self.clean_ids):
            raise ValueError("checked is true, and clean_ids are empty")

    def describe(self) -> str:
        """Returns a summary of one line."""
        return (
            f"{self.dataset}: {len(self.labeled_ids):,} labeled ({self._describe_classes()}), "
            f"{len(self.unlabeled_ids):,} in the unlabeled pool, "
            f"{len(self.validation_ids):,} held out, {self._describe_left_out()}"
            f"{self._describe_noise()}, "
            f"split seed {self.split_seed}, sha256 {self.sha256[:12]}"
        )

    def _describe_left_out(self) -> str:
        """Returns the part about other images of held-out groups; empty if there are none."""
        count = len(self.left_out_ids)
        return f"{count:,} others of held-out groups left out, " if count else ""

    def _describe_classes(self) -> str:
        """Returns the part of the summary that is about the labels of each class.

        With noise these are the labels that the run learns, right or wrong.
        """
        if not len(self.labels):
            return f"{len(self.classes)} classes"
        of_class = np.bincount(self.labels, minlength=len(self.classes))
        fewest, most = int(of_class.min()), int(of_class.max())
        amount = f"{fewest:,} to {most:,}" if fewest < most else f"{fewest:,}"
        text = f"{amount} of each of {len(self.classes)} classes"
        if self.wrong:
            text += ", wrong ones included"
        if 2 * fewest >= most:
            return text
        names = [self.classes[k] for k in np.flatnonzero(of_class == fewest)]
        number = f"{fewest:,}" if fewest else "none"
        return f"{text}; {number} of {few_images.join(names, _SHOWN)}"

    def _describe_noise(self) -> str:
        """Returns the part of the summary that is about label noise."""
        parts = ["no label noise"]
        if self.noise != "none":
            parts = [f"{self.noise} label noise {self.noise_rate:g} (seed {self.noise_seed})"]
            if self.clean_fraction:
                parts[0] += f" on {len(self.noisy_ids):,} of {len(self.labeled_ids):,} labels"
            parts.append(f"{self.wrong:,} wrong")
        if self.checked:
            parts.append(f"{counts.things(len(self.clean_ids), 'label')} checked")
        elif self.clean_fraction:
            parts.append(f"{len(self.clean_ids):,} known to be clean")
        return ", ".join(parts)

    def __eq__(self, other: object) -> bool:
        """Compares contents; comparing the fields would compare arrays element by element."""
        return isinstance(other, Protocol) and self.as_json() == other.as_json()

    def __hash__(self) -> int:
        """Equal protocols have equal hashes."""
        return hash(self.sha256)
