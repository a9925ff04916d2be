"""The record of who is labeled and who is held out, which every result carries."""

import dataclasses
import functools
import hashlib
from typing import Any

import numpy as np

from tf_ssgan.common import errors


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
        clean_fraction: share of the labeled images that are known to be clean, in [0, 1]; if it is
            0, nothing is known of any, and noise acts on all.
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
    clean_fraction: float
    clean_ids: np.ndarray
    wrong: int

    @functools.cached_property
    def unlabeled_ids(self) -> np.ndarray:
        """int64 [unlabeled]: the whole pool but for validation, labeled images included."""
        return np.setdiff1d(np.arange(self.pool), self.validation_ids)

    @functools.cached_property
    def noisy_ids(self) -> np.ndarray:
        """int64 [noisy], ascending: labeled, not known to be clean; none without clean images."""
        rest = np.setdiff1d(self.labeled_ids, self.clean_ids)
        return rest if self.clean_fraction else rest[:0]

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
        content = {"clean_fraction": 0.0, "clean_ids": [], "wrong": wrong} | content
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
            if self.clean_fraction:
                told[0] += f" on {len(self.noisy_ids):,} of {len(self.labeled_ids):,} labels"
            told += [f"{self.wrong:,} wrong"] if self.wrong >= 0 else []
        if self.clean_fraction:
            told.append(f"{len(self.clean_ids):,} known to be clean")
        return ", ".join(told)

    def __eq__(self, other: object) -> bool:
        """Compares contents: arrays would otherwise compare element by element."""
        return isinstance(other, Protocol) and self.as_json() == other.as_json()

    def __hash__(self) -> int:
        """Equal protocols have equal hashes."""
        return hash(self.sha256)
