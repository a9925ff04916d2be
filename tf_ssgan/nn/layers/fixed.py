"""Layers whose weights are settled once, before the first step."""

import keras


class FixedLayer(keras.layers.Layer):
    """A layer whose weights no step moves; a network and its averages have the same one."""
