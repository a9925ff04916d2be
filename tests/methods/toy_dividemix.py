"""Toy sizes of DivideMix: a warm-up of two steps, and narrow networks of one block a group."""

TOY = {"warm_up_epochs": 1, "batch_size": 4, "blocks": 1, "ramp_up": 0.1}
# SGD; of twelve labels that are all right, those that are learned last are detected.
LEARNING = {"learning_rate": 0.05, "warm_up_epochs": 20, "unlabeled_weight": 1.0}
