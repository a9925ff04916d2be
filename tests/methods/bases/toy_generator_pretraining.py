"""The generator's own stage at toy size."""

from support import toy_methods

TOY = {"generate_fraction": 2 / toy_methods.STEPS}  # so that six steps are in all stages
