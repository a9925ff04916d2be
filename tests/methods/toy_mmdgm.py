"""mmDGM at toy size."""

TOY = {"labels_fraction": 0.25}
