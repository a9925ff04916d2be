"""Virtual adversarial training at toy size."""

# The direction multiplies the rounding by 1 / xi, and other devices round otherwise.
TOY = {"xi": 1.0}
