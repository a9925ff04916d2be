"""Tests of the papers' tables run as on a machine without data."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import datasets


@pytest.fixture(autouse=True)
def _no_data(monkeypatch):
    """No data set is searched for or downloaded when a configuration is made."""

    def missing(*_):
        raise errors.UserError("no data")

    monkeypatch.setattr(datasets, "train_labels", missing)
