"""CNN13 at toy size."""

from unittest import mock

from tf_ssgan.networks import cnn13


def short():
    """Networks built within this context keep one convolution of the three of each stage."""
    return mock.patch.object(cnn13, "STAGE_CONVOLUTIONS", 1)
