"""Stages: parts of a run whose steps differ."""

from tf_ssgan.common import errors

LONGEST_WARM_UP = 0.3  # fraction of the run


def warm_up_stages(warm_up_steps: int, steps: int) -> dict[str, int]:
    """The stages of a run that learns from labels alone before stage "train".

    Args:
        warm_up_steps: Steps before stage "train"; no more than `LONGEST_WARM_UP` of the run are
            taken, so that a short run, or one with many labels, has both stages.
        steps: Length of the run.

    Returns:
        Stage -> its first step.
    """
    begin = min(warm_up_steps, int(LONGEST_WARM_UP * steps))
    return {"warm_up": 0, "train": begin} if begin else {"train": 0}


def consecutive_stages(steps: int, shares: dict[str, float]) -> dict[str, int]:
    """Stages one after another, and "train" for the rest of the run.

    Args:
        steps: Length of the run.
        shares: Stage -> fraction of the run; stages shorter than a step are left out.

    Returns:
        Stage -> its first step.

    Raises:
        UserError: No step is left for "train".
    """
    first_steps, begin = {}, 0.0
    for name, share in (shares | {"train": 1.0}).items():
        # 1e-6: n / steps * steps may round to less than n.
        first, begin = int(begin * steps + 1e-6), begin + share
        if int(begin * steps + 1e-6) > first:
            first_steps[name] = first
    if first_steps.get("train", steps) >= steps:
        flags = " and ".join(f"--{name}_fraction={share:g}" for name, share in shares.items())
        raise errors.UserError(
            f"{flags} leave none of {steps} steps to learn from labels. Make them smaller."
        )
    return first_steps
