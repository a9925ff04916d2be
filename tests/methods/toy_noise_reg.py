"""Noise regularization at toy size."""

TOY = {"nr_ratio": 0.5}
