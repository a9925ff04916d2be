"""SPCTN at toy size."""

TOY = {"pair_threshold": 0.0}  # so that all images are in pairs, and the embedding learns
