"""e-I2GAN: I2GAN with its scaled loss alone, as many generated images as real ones.

Park, Jung and Teoh (2020), rows "e-I2GAN" of its tables.

Departures: the paper names it and does not say what it is. It is read as the economical variant,
without the additional generated images; `--method=i2gan --tau=1` is the other half. Else those of
`i2gan`.
"""

import dataclasses
from typing import ClassVar

from tf_ssgan.methods import i2gan

PAPER = "Park, Jung and Teoh 2020, e-I2GAN"


@dataclasses.dataclass(frozen=True)
class HParams(i2gan.HParams):
    """Hyper-parameters of I2GAN, without that of the number of generated images."""

    fake_ratio: ClassVar[int] = 1  # no knob: it is what is left out

    RECIPES = {
        name: {knob: value for knob, value in recipe.items() if knob != "fake_ratio"}
        for name, recipe in i2gan.HParams.RECIPES.items()
    }


class Method(i2gan.Method):
    """I2GAN with N' = N."""
