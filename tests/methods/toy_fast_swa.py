"""Fast-SWA at toy size."""

# Half of the units of so narrow a network are its only ones, and agreement would outweigh labels.
# Large steps multiply the rounding, and other devices round otherwise.
TOY = {
    "unlabeled_per_batch": 8, "dropout": 0.0, "consistency_weight": 1.0, "learning_rate": 0.01,
}  # fmt: skip
