"""Wilson's interval by its formula, to compare with what the project shows."""

import math

Z = 1.959963984540054


def wilson(count: int, images: int) -> list[float]:
    """Wilson 1927, as in textbooks: the ends of the 95 % interval of a share, in percent."""
    share = count / images
    center, spread = share + Z**2 / (2 * images), share * (1 - share) / images
    half = Z * math.sqrt(spread + Z**2 / (4 * images**2))
    return [100 * (center + sign * half) / (1 + Z**2 / images) for sign in (-1, 1)]
