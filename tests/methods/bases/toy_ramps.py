"""Ramps at toy size."""

from support import toy_methods

# So that six steps rise, stay and fall.
TOY = {"ramp_up": 3 / toy_methods.STEPS, "ramp_down": 8 / toy_methods.STEPS}
