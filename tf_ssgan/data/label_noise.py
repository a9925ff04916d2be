"""Wrong labels on purpose: the label noise of robustness experiments.

Only the raw bits of PCG64 are used. NumPy promises these for ever and for every platform, which
it does not for `Generator.permutation` and the like (NEP 19), so a seed means the same labels
everywhere.
"""

import numpy as np

from tf_ssgan.common import errors

KINDS = ("none", "wrong", "uniform", "permute", "pair")
# The rate where none is given, of kinds that have one of their own: a permutation is of all labels.
OWN_RATES = {"none": 0.0, "permute": 1.0}

# Numbers that keep the streams of one noise seed apart; 2 and 3 are those of `splits`.
_CHOICE, _CLASS, _TARGETS = 0, 1, 4


def corrupt(
    labels: np.ndarray,
    classes: int,
    kind: str,
    rate: float,
    seed: int,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """Replaces a fraction of the labels.

    Exactly round(rate * m), halves to even, of the m labels that are not kept are chosen for
    replacement. Noise of a higher rate contains noise of a lower rate with the same seed.

    Args:
        labels: integers [n] in 0..classes-1; not changed.
        classes: K.
        kind: "none"; "wrong", each chosen label becomes one of the K-1 others (Figure 4 of the
            FR-GAN paper: "incorrect labels"), so a fraction `rate` ends up wrong; "uniform", each
            becomes any of the K classes (Laine and Aila 2017, section 4.4; "symmetric" in Li et
            al. 2020, DivideMix), so about rate * (1 - 1/K) end up wrong; "permute", each takes
            what stands in its place in one random permutation of all n labels (the authors' code
            of Axelrod, Kashi and Pandey, Weakly Supervised Image Classification using GANs), so
            it says nothing of its image and about 1/K are right by chance; "pair", class k becomes
            (k + 1) mod K ("pair flipping" in Han et al. 2018, Co-teaching).
        rate: in [0, 1]; must be 0 with "none".
        seed: 0 or more.
        kept: bool [n], labels that are known to be clean and never replaced; None for no label.

    Returns:
        int64 [n].

    Raises:
        UserError: unknown kind, rate outside [0, 1], negative seed, one class and "wrong" or
            "pair".
    """
    check(classes, kind, rate, seed)
    labels = np.array(labels, np.int64)
    chosen = _chosen(len(labels), rate, seed, kept)
    draws = bits(len(labels), seed, _CLASS)[chosen]
    if kind == "wrong":
        shift = 1 + (draws % np.uint64(classes - 1)).astype(np.int64)
        labels[chosen] = (labels[chosen] + shift) % classes
    elif kind == "uniform":
        labels[chosen] = (draws % np.uint64(classes)).astype(np.int64)
    elif kind == "permute":
        labels[chosen] = labels[permutation(len(labels), seed, _TARGETS)][chosen]
    elif kind == "pair":
        labels[chosen] = (labels[chosen] + 1) % classes
    return labels


def check(classes: int, kind: str, rate: float, seed: int) -> None:
    """Refuses what `corrupt` cannot do; the arguments and errors are those of `corrupt`."""
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
        raise errors.UserError(f"noise {kind!r} needs at least two classes, the data have one.")


def bits(count: int, *key: int) -> np.ndarray:
    """Returns uint64 [count] random words, a pure function of the key (integers of 0 or more)."""
    return np.random.PCG64(np.random.SeedSequence(key)).random_raw(count)


def permutation(count: int, *key: int) -> np.ndarray:
    """Returns int64 [count], the numbers 0..count-1 in an order that depends on the key alone."""
    return np.argsort(bits(count, *key), kind="stable").astype(np.int64)


def _chosen(count: int, rate: float, seed: int, kept: np.ndarray | None) -> np.ndarray:
    """Returns int64 [round(rate * labels not kept)], the places of the labels to replace."""
    order = permutation(count, seed, _CHOICE)
    free = order if kept is None else order[~np.asarray(kept, bool)[order]]
    return free[: round(rate * len(free))]
