"""Methods and labels that are known to be right: what does not go together, and what is said.

A method that needs both right and doubtful labels is asked for twice: early, by the labels alone,
and when the images are read. Only then it is known which images are labeled, and what is said of
their copies.
"""

from typing import Any

import numpy as np

from tf_ssgan.common import counts, errors
from tf_ssgan.data.protocol import Protocol

_NEEDS = (
    "--method={method} learns from labels that are known to be right and from labels that may be "
    "wrong"
)
NEEDS_NOISY = _NEEDS + (
    ": say which of your own labels you have checked (a folder checked/<class>/, a column checked "
    "of a table, an array checked of train.npz); or, for experiments, give --clean_fraction=0.1, "
    "and one label in ten, chosen at random, is taken as right (--noise=permute makes the others "
    "wrong)."
)
ALL_CHECKED = _NEEDS + (
    ", and here all of them are checked ({labels}): add labels that are not, or choose another "
    "method."
)
NONE_CHECKED = _NEEDS + (
    ", and here none of the {labels} is checked, only {checked} of other images: give more "
    "--labels, or check more of these."
)


def check_source(settings: Any, method: Any) -> None:
    """Refuses, by the labels of the data alone, a method that needs both right and other labels.

    Args:
        settings: A `config.Config`. Its data are looked at only if it does not choose labels at
            random.
        method: The class of its method.

    Raises:
        UserError: The method needs both, and no label is checked, or all are; or the data cannot
            be found.
    """
    if not method.needs_noisy or settings.clean_fraction:
        return
    source = settings.find_source()
    checked = source.train_checked
    if checked is None:
        raise errors.UserError(NEEDS_NOISY.format(method=settings.method))
    known, held_out = source.train_labels >= 0, source.train_held_out
    used = known if held_out is None else known & ~held_out
    if checked[used].all():
        raise errors.UserError(_say(ALL_CHECKED, settings.method, int(used.sum())))


def check_protocol(
    name: str, method: Any, protocol: Protocol, checked: np.ndarray | None = None
) -> None:
    """Refuses, by the labels of a run, a method that needs both right and other labels.

    Args:
        name: Name of the method.
        method: Its class.
        protocol: Which images are labeled, and which labels are known to be right.
        checked: bool [pool], the images whose labels are checked; None if the data do not say it.

    Raises:
        UserError: The method needs both, and one of them is missing.
    """
    right, others = len(protocol.clean_ids), len(protocol.noisy_ids)
    if not method.needs_noisy or (right and others):
        return
    labeled = len(protocol.labeled_ids)
    if protocol.checked:
        raise errors.UserError(_say(ALL_CHECKED, name, labeled))
    if labeled and checked is not None:
        raise errors.UserError(_say(NONE_CHECKED, name, labeled, int(checked.sum())))
    raise errors.UserError(NEEDS_NOISY.format(method=name))


def remarks(name: str, method: Any, protocol: Protocol, checked: np.ndarray | None) -> list[str]:
    """Sentences on checked labels that change nothing, or less than may be meant.

    Args:
        name: As for `check_protocol`, like the others.
        method: The method, or its class.
        protocol: Which images are labeled, and which labels are known to be right.
        checked: bool [pool]; None if the data do not say which labels are checked.
    """
    right, labeled = len(protocol.clean_ids), len(protocol.labeled_ids)
    differs = method.needs_noisy or method.prefers_clean
    if protocol.checked and not differs and protocol.noise == "none":
        said = counts.say(right, "label", "are checked")
        return [
            f"{said}, which changes nothing here: {name} makes no difference between checked "
            "labels and others."
        ]
    if checked is not None and not right and labeled and differs:
        said = counts.things(labeled, "label")
        return [f"None of the {said} is checked: {name} takes all as right."]
    return []


def _say(sentence: str, method: str, labeled: int, checked: int = 0) -> str:
    labels, others = counts.things(labeled, "label"), counts.things(checked, "checked label")
    return sentence.format(method=method, labels=labels, checked=others)
