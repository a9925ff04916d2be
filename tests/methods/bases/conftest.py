"""WSGAN at toy size: it has the stages of both bases, contrastive learning and the generator's."""

import pytest
from support import toy_methods


@pytest.fixture(scope="package")
def wsgan_toy():
    return toy_methods.Toy("wsgan")


@pytest.fixture
def wsgan(wsgan_toy):
    """The method at its start."""
    wsgan_toy.load(wsgan_toy.start)
    wsgan_toy.method.set_stage(0)
    return wsgan_toy.method
