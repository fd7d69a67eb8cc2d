"""Shared by the tests of features: one engine for all tiny tables."""

import pytest
from tiny import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()
