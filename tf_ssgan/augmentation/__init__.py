"""Augmentation: batch-wise functions of uint8 images and random numbers."""
