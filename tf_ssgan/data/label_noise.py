"""Label noise for robustness experiments: replaces a fraction of the labels.

Only the raw bits of PCG64 are used. NumPy guarantees these for all versions and platforms, unlike
`Generator.permutation` and the like (NEP 19), so a seed gives the same labels everywhere.
"""

import numpy as np

from tf_ssgan.common import errors

KINDS = ("none", "wrong", "uniform", "permute", "pair")
# The default rates of the kinds that have one: a permutation is of all labels.
DEFAULT_RATES = {"none": 0.0, "permute": 1.0}

# Numbers that make the random streams of one seed independent; 2 and 3 belong to `splits`.
_CHOICE, _CLASS, _TARGETS = 0, 1, 4


def corrupt(
    labels: np.ndarray,
    classes: int,
    kind: str,
    rate: float,
    seed: int,
    clean: np.ndarray | None = None,
) -> np.ndarray:
    """Replaces a fraction of the labels.

    Exactly round(rate * m), with halves rounded to even, of the m labels that are not clean are
    replaced. For one seed, the labels replaced at a lower rate are also replaced at a higher rate.

    Args:
        labels: integers [n] in 0..classes-1; not changed.
        classes: K.
        kind: "none"; "wrong", each chosen label becomes one of the K-1 others (Figure 4 of the
            FR-GAN paper: "incorrect labels"), so a fraction `rate` ends up wrong; "uniform", each
            becomes any of the K classes (Laine and Aila 2017, section 4.4; "symmetric" in Li et
            al. 2020, DivideMix), so about rate * (1 - 1/K) end up wrong; "permute", each becomes
            the label at its index in a random permutation of all n labels (the authors' code
            of Axelrod, Kashi and Pandey, Weakly Supervised Image Classification using GANs), so
            it is independent of its image and about 1/K are right by chance; "pair", class k
            becomes (k + 1) mod K ("pair flipping" in Han et al. 2018, Co-teaching).
        rate: in [0, 1]; must be 0 with "none".
        seed: 0 or more.
        clean: bool [n], labels that are known to be clean and never replaced; None for no label.

    Returns:
        int64 [n].

    Raises:
        UserError: The kind is unknown, the rate is outside [0, 1], the seed is negative, or the
            kind is "wrong" or "pair" and there is only one class.
    """
    check(classes, kind, rate, seed)
    labels = np.array(labels, np.int64)
    chosen = _labels_to_replace(len(labels), rate, seed, clean)
    random = bits(len(labels), seed, _CLASS)[chosen]
    if kind == "wrong":
        shift = 1 + (random % np.uint64(classes - 1)).astype(np.int64)
        labels[chosen] = (labels[chosen] + shift) % classes
    elif kind == "uniform":
        labels[chosen] = (random % np.uint64(classes)).astype(np.int64)
    elif kind == "permute":
        labels[chosen] = labels[permutation(len(labels), seed, _TARGETS)][chosen]
    elif kind == "pair":
        labels[chosen] = (labels[chosen] + 1) % classes
    return labels


def check(classes: int, kind: str, rate: float, seed: int) -> None:
    """Checks the arguments of `corrupt`; the errors are the same."""
    if kind not in KINDS:
        raise errors.UserError(f"noise {kind!r} is unknown. {errors.nearest(kind, KINDS)}")
    if not 0 <= rate <= 1:
        raise errors.UserError(f"noise_rate must be a fraction from 0 to 1, got {rate}.")
    if kind == "none" and rate:
        raise errors.UserError(
            f"noise_rate {rate} without a kind of noise would do nothing: "
            f"add --noise={'|'.join(KINDS[1:])}, or leave the rate out."
        )
    if seed < 0:
        raise errors.UserError(f"noise_seed must be 0 or more, got {seed}.")
    if kind in ("wrong", "pair") and classes < 2:
        raise errors.UserError(f"noise {kind!r} needs at least two classes, but the data have one.")


def bits(count: int, *key: int) -> np.ndarray:
    """Returns uint64 [count] random words, a pure function of the key (integers of 0 or more)."""
    return np.random.PCG64(np.random.SeedSequence(key)).random_raw(count)


def permutation(count: int, *key: int) -> np.ndarray:
    """Returns int64 [count], the numbers 0..count-1 in an order that depends only on the key."""
    return np.argsort(bits(count, *key), kind="stable").astype(np.int64)


def _labels_to_replace(count: int, rate: float, seed: int, clean: np.ndarray | None) -> np.ndarray:
    """Returns int64 [round(rate * labels not clean)], the indices of the labels to replace."""
    order = permutation(count, seed, _CHOICE)
    replaceable = order if clean is None else order[~np.asarray(clean, bool)[order]]
    return replaceable[: round(rate * len(replaceable))]
