"""Toy sizes of label propagation: a warm-up of two steps, and few neighbors."""

TOY = {"warm_up_epochs": 1, "neighbors": 5}
