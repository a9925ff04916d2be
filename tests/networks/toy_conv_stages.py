"""Stages of convolutions at toy size."""

from unittest import mock

from tf_ssgan.networks import conv_stages


def short():
    """Networks built within this context keep one convolution of the three of each stage."""
    return mock.patch.object(conv_stages, "STAGE_CONVOLUTIONS", 1)
