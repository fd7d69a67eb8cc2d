"""Shared by the tests of features: one engine for all tiny tables, one simulated portfolio."""

import pytest
from judging import Judge
from simulated import Simulated
from tiny import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return Simulated(tmp_path_factory.mktemp("simulated")).draw(customers=1_500, seed=11)


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge()
