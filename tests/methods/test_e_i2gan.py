"""e-I2GAN: I2GAN without additional generated images."""

import dataclasses

import pytest
from support import toy_methods

from tf_ssgan import methods


def test_it_equals_i2gan_with_a_fake_ratio_of_one():
    ours, theirs = (
        toy_methods.Eager("e_i2gan").run(2),
        toy_methods.Eager("i2gan", fake_ratio=1).run(2),
    )
    for one, two in zip(ours, theirs, strict=True):
        assert one == pytest.approx(two, rel=1e-5)


def test_the_fake_ratio_is_not_a_hyperparameter():
    ours, theirs = methods.find("e_i2gan").HParams, methods.find("i2gan").HParams
    names = [{field.name for field in dataclasses.fields(record)} for record in (theirs, ours)]
    assert names[0] - names[1] == {"fake_ratio"} and names[1] < names[0]
    assert ours().tau == theirs().tau == 2.0
