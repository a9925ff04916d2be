"""Ladder networks at toy size."""

TOY = {"width": 16}
# Estimates are 0 at first, so half of the decoder's weights have no gradient in the first step.
STEPS_UNTIL_ALL_MOVE = 2
