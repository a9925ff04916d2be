"""M1+M2 at toy size: half of twelve steps are M1's."""

TOY = {"feature_size": 6, "feature_width": 16, "width": 16, "components": 16}
# So short a run needs labels that weigh more than the bounds of M2.
LEARNING = {"learning_rate": 1e-2, "supervised_weight": 5.0, "components": 4}
