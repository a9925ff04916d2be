"""Noise regularization with a generator at toy size."""

from support import toy_methods

TOY = {"generate_fraction": 1 / toy_methods.STEPS, "classify_fraction": 2 / toy_methods.STEPS}
