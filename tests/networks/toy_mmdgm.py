"""mmDGM's networks at toy size."""

from unittest import mock

from tf_ssgan.networks import mmdgm


def short():
    """Networks built within this context keep two of their five convolutions."""

    def stages(task, width):
        return [
            mmdgm._Stage(5, width, pool=True, dropout=False),
            mmdgm._Stage(3, 3 * width // 2, pool=True, dropout=True),
        ]

    return mock.patch.object(mmdgm, "_stages", stages)
