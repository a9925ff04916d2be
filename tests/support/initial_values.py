"""Initial weights, against PyTorch's default distribution."""

import numpy as np
import pytest


def check_torch_uniform(values, inputs: int) -> None:
    """Checks that values are from U(-1 / sqrt(inputs), 1 / sqrt(inputs)).

    Its standard deviation is 1 / sqrt(3 inputs). Fewer values are compared less exactly.
    """
    values = np.array(values).ravel()
    bound, precision = inputs**-0.5, 4 * len(values) ** -0.5
    assert np.abs(values).max() <= bound * (1 + 1e-6)
    assert len(np.unique(values)) > 0.9 * len(values)
    if len(values) >= 100:
        assert np.abs(values).max() > 0.95 * bound
        assert values.std() == pytest.approx(bound / 3**0.5, rel=precision)
        assert abs(values.mean()) < precision * bound
