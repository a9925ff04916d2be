"""mmDGM at toy size."""

TOY = {"labels_fraction": 0.25}
# A margin of 10 takes more than 80 steps, and of few units all may be 0 for dark images.
LEARNING = {"width": 16, "margin": 3.0}
