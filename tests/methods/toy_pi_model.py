"""The Pi model at toy size; with a fixed layer, which every question is asked of too."""

TOY = {"normalization": "zca"}
