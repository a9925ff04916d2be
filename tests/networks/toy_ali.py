"""ALI's networks at toy size."""

from unittest import mock

from tf_ssgan.networks import ali


def short():
    """Networks built within this context keep two of their four convolutions."""

    def convolutions(task, width):
        return [(5, 1, width), (4, 2, 2 * width)]

    return mock.patch.object(ali, "_convolutions", convolutions)
