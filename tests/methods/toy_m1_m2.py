"""M1+M2 at toy size: half of twelve steps are M1's."""

TOY = {
    "feature_size": 6, "feature_width": 16, "width": 16, "components": 16, "likelihood": "gaussian",
}  # fmt: skip
# So few steps teach M1 nothing: M2 learns codes of an M1 with initial weights.
LEARNING = {
    "learning_rate": 1e-2, "features_fraction": 0.0, "supervised_weight": 100.0,
    "likelihood": "bernoulli", "feature_size": 32,
}  # fmt: skip
