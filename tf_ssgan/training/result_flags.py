"""Whether a result is that of a run with some flags, as far as both files say it."""

from collections.abc import Mapping
from typing import Any

# Flags that result.json repeats.
_IN_BOTH = ("method", "dataset", "seed", "split_seed", "label_split", "noise", "noise_rate",
            "clean_fraction")  # fmt: skip
# Which fold a run tests; a result that does not say it tests none.
_FOLD = {"folds": 0, "fold": -1}
# Flag that may leave a number to the data -> the number in result.json.
_COUNTS = {"labels": "labels", "validation": "validation_images"}
# Flag of a length -> that of the result. A longer run may have been begun since, no shorter one.
_LENGTHS = {"max_steps": "steps", "epochs": "epochs"}


def differing(result: Mapping[str, Any], flags: Mapping[str, Any]) -> str:
    """Compares a result with the flags of its run; both are checked field by field.

    Args:
        result: The content of result.json.
        flags: Those of config.json.

    Returns:
        The first difference, a part of a sentence such as "seed is 1, and 2"; empty without any.
    """
    repeated = {name: result[name] for name in _IN_BOTH} | result["hparams"]
    if result.get("checked_labels"):  # a fraction of all labels that follows from the data
        repeated["clean_fraction"] = 0.0
    repeated |= {name: result.get(name, default) for name, default in _FOLD.items()}
    for name, value in repeated.items():
        if flags.get(name, _FOLD.get(name)) != value:
            return f"{name} is {value}, and {flags.get(name)}"
    for name, count in _COUNTS.items():
        if name == "validation" and flags.get("group_by"):
            continue  # whole groups hold out about so many
        if flags[name] >= 0 and flags[name] != result[count]:
            return f"{count} is {result[count]}, and {name} is {flags[name]}"
    for name, reached in _LENGTHS.items():
        if 0 < flags[name] < result[reached]:
            return f"{reached} is {result[reached]}, and {name} is {flags[name]}"
    return ""
