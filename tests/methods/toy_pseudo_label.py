"""Toy sizes of pseudo-labels: nearly every prediction becomes a label."""

TOY = {"threshold": 0.34}
