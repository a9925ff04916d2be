"""ResNet-18 at toy size."""

from unittest import mock

from tf_ssgan.networks import resnet18


def short():
    """Networks built within this context keep three of their twenty layers.

    Batch statistics of a few images of one pixel would multiply the rounding.
    """
    return mock.patch.multiple(resnet18, WIDTHS=(1,), BLOCKS=1)
