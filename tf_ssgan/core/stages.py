"""Stages: stretches of a run whose steps differ."""

from tf_ssgan.common import errors


def warm_up_stages(fraction: float, steps: int) -> dict[str, int]:
    """The stages of a run that begins with labels alone.

    Args:
        fraction: Share of the run before stage "train".
        steps: Length of the run.
    """
    begin = int(fraction * steps + 1e-6)  # a share made of whole steps may fall short by rounding
    return {"warm_up": 0, "train": begin} if begin else {"train": 0}


def consecutive_stages(steps: int, shares: dict[str, float]) -> dict[str, int]:
    """Stages one after the other, and "train" for what is left of the run.

    Args:
        steps: Length of the run.
        shares: Stage -> share of the run; stages that come to no step are left out.

    Returns:
        Stage -> its first step.

    Raises:
        UserError: They leave no step to train.
    """
    found, begin = {}, 0.0
    for name, share in (shares | {"train": 1.0}).items():
        # A share made of whole steps may fall short by rounding.
        first, begin = int(begin * steps + 1e-6), begin + share
        if int(begin * steps + 1e-6) > first:
            found[name] = first
    if found.get("train", steps) >= steps:
        told = " and ".join(f"--{name}_fraction={share:g}" for name, share in shares.items())
        raise errors.UserError(
            f"{told} leave none of {steps} steps to learn labels. Make them smaller."
        )
    return found
