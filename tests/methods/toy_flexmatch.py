"""FlexMatch at toy size."""

# So that no unlabeled image occurs twice in a step, and some predictions are confident.
TOY = {"unlabeled_ratio": 2, "threshold": 0.5}
