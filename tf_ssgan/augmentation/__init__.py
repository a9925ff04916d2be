"""Augmentation: functions of a batch of uint8 images and random numbers."""
