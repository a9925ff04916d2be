"""ResNet-18 with activations before convolutions, at toy size."""

from unittest import mock

from tf_ssgan.networks import preact_resnet18


def short():
    """Networks built within this context keep the first of their four groups.

    With one block, these are three of twenty layers.
    """
    return mock.patch.object(preact_resnet18, "WIDTHS", (1,))
