"""Interpolation consistency training at toy size."""

# Steps with the paper's rate on batches of eight would multiply the rounding, which differs
# between one and two devices.
TOY = {"learning_rate": 0.01}
