"""e-I2GAN: I2GAN with the scaled real-or-fake loss only, without additional generated images.

Park, Jung and Teoh (2020), rows "e-I2GAN" of its tables.

Departures: the paper names e-I2GAN but does not describe it. We read it as the economical variant,
with as many generated images as real ones (N' = N). `--method=i2gan --tau=1` has the other half of
I2GAN's changes. See `i2gan` for the rest.
"""

import dataclasses
from typing import ClassVar

from tf_ssgan.methods import i2gan

PAPER = "Park, Jung and Teoh 2020, e-I2GAN"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(i2gan.HParams):
    """Hyperparameters of I2GAN, except for the number of generated images."""

    fake_ratio: ClassVar[int] = 1  # A constant of this method, not a hyperparameter.

    RECIPES = {
        dataset: {name: value for name, value in recipe.items() if name != "fake_ratio"}
        for dataset, recipe in i2gan.HParams.RECIPES.items()
    }


class Method(i2gan.Method):
    """I2GAN with N' = N."""
