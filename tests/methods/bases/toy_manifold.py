"""Tangents at toy size."""

TOY = {"tangents": 2, "plain_fraction": 0.25}  # so that both stages are among the first steps
