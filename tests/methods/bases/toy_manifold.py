"""Tangents at toy size."""

# Both stages are among the first steps. Each tangent takes as long to trace as several passes.
TOY = {"tangents": 1, "plain_fraction": 0.25}
