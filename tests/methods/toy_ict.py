"""Interpolation consistency training at toy size."""

# Steps with the paper's rate on batches of eight would multiply the rounding, which differs
# between one and two devices; with its weight, 80 steps at a small rate would not learn.
TOY = {"learning_rate": 0.01, "consistency_weight": 10.0}
