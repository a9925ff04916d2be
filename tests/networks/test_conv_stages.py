"""The stages of the discriminators of Salimans et al. and FR-GAN: number, channels, padding."""

import keras
import pytest

from tf_ssgan.core.task import Task
from tf_ssgan.networks import conv_stages
from tf_ssgan.nn import layers


def task(height, width=None):
    return Task(10, height, width or height, 3, 10, 100, 10, 10)


def apply(task, width=4, **options):
    images = keras.Input(task.image_shape)
    return keras.Model(images, conv_stages.apply_stages(images, task, width, 0.5, **options))


def test_a_stage_has_three_convolutions_and_a_dropout():
    network = apply(task(32))
    stage = [layers.Conv, layers.Conv, layers.Conv, layers.Dropout]
    assert [type(x) for x in network.layers[1:]] == [*stage, *stage]
    convolutions = [x for x in network.layers if isinstance(x, layers.Conv)]
    assert [(x.units, x.stride) for x in convolutions] == [
        (4, 1),
        (4, 1),
        (4, 2),
        (8, 1),
        (8, 1),
        (8, 2),
    ]
    assert {(x.size, x.padding, x.slope) for x in convolutions} == {(3, "SAME", 0.2)}


@pytest.mark.parametrize(
    ("size", "stages", "side"),
    [(8, 2, 2), (33, 2, 9), (48, 2, 12), (49, 3, 7), (96, 3, 12), (97, 4, 7), (193, 5, 7)],
)
def test_the_last_map_has_at_most_twelve_pixels_per_side(size, stages, side):
    network = apply(task(size))
    assert len(network.layers) == 1 + 4 * stages
    assert network.output.shape[1:] == (side, side, 8)


def test_weight_normalization_is_optional():
    gains = [
        [v.path for v in apply(task(8), norm=norm).variables if v.name == "gain"]
        for norm in ("weight", "none")
    ]
    assert len(gains[0]) == 6 and not gains[1]


@pytest.mark.parametrize(
    ("height", "width", "padding"),
    [
        (23, 23, "SAME"),
        (24, 24, "VALID"),
        (24, 48, "VALID"),
        (48, 49, "VALID"),
        (47, 49, "SAME"),
        (128, 128, "VALID"),
    ],
)
def test_small_last_maps_are_padded(height, width, padding):
    assert conv_stages.last_padding(task(height, width)) == padding
