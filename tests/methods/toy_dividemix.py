"""Toy sizes of DivideMix: a warm-up of one step, and narrow networks of one block a group."""

TOY = {"warm_up_epochs": 1, "batch_size": 4, "blocks": 1, "ramp_up": 0.1}
