"""Mean teacher at toy size."""

# The moving means of the papers would still be those of the first steps after 80 steps, half of
# four channels are too few, and a rate that falls for long learns little.
TOY = {"moving_decay": 0.9, "dropout": 0.1, "consistency_weight": 10.0, "ramp_down": 0.2}
