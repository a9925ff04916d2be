"""Fast-SWA at toy size."""

TOY = {"unlabeled_per_batch": 8}
