"""The standard error of a share of test images, against numbers worked by hand."""

import pytest

from tf_ssgan.metrics import binomial


def test_by_hand():
    """(98 + 1) / 100 is 0.99; 0.99 * 0.01 / 98."""
    assert binomial.standard_error(1.0, 98) == pytest.approx((0.0099 / 98) ** 0.5)
    assert binomial.standard_error(0.5, 100) == pytest.approx(0.05)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("images", [1, 10, 500, 10_000])
def test_it_is_never_0_and_never_below_the_usual_one(share, images):
    error = binomial.standard_error(share, images)
    assert error > 0 and error >= (share * (1 - share) / images) ** 0.5
    assert error == pytest.approx(binomial.standard_error(1 - share, images))


def test_of_many_images_it_is_the_usual_one():
    assert binomial.standard_error(0.1, 10**6) == pytest.approx((0.09 / 10**6) ** 0.5, rel=1e-4)
