"""The local generator at toy size."""

from unittest import mock

from tf_ssgan.networks import local_generator


def short():
    """Networks built within this context have one convolution between transposed ones, not two."""

    def refined(x, channels):
        convolution = local_generator._convolution(x, channels, 1)
        return local_generator._norm_leaky(convolution, scaled=True)

    return mock.patch.object(local_generator, "_refined", refined)
