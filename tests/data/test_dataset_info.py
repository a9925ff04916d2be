"""Cards: whole without any data, and the same after JSON."""

import json

import pytest

from tf_ssgan.data import dataset_info, datasets


@pytest.mark.parametrize(
    "name, shape, classes, flip",
    [
        ("digits", (16, 16, 1), 10, False),
        ("svhn", (32, 32, 3), 10, False),
        ("cifar10", (32, 32, 3), 10, True),
        ("cifar100", (32, 32, 3), 100, True),
        ("fashion_mnist", (28, 28, 1), 10, True),
        ("cifar10_1/v6", (32, 32, 3), 10, True),
    ],
)
def test_cards_need_no_data(name, shape, classes, flip):
    card = datasets.info(name)
    assert (card.shape, len(card.classes), card.flip) == (shape, classes, flip)
    assert len(set(card.classes)) == classes
    assert len(card.mean) == len(card.std) == shape[2]


def test_card_round_trip_through_json():
    card = datasets.info("svhn")
    assert dataset_info.DatasetInfo.from_json(json.loads(json.dumps(card.as_json()))) == card
