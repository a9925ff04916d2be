"""WSGAN's classifier at toy size."""

from unittest import mock

from tf_ssgan.networks import wsgan_classifier
from tf_ssgan.nn import layers


def short():
    """Each block of networks built within this context keeps one of its two convolutions."""

    def conv_block(x, channels, padding):
        return layers.SpectralConv(channels, 2, padding=padding)(x)

    return mock.patch.object(wsgan_classifier, "_conv_block", conv_block)
