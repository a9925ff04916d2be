"""WSGAN's critic at toy size."""

from unittest import mock

from tf_ssgan.networks import wsgan_critic


def short():
    """Networks built within this context keep one of their three strided convolutions."""
    return mock.patch.object(wsgan_critic, "CHANNELS", (8,))
