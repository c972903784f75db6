"""What tests share: the shipped catalogue, and real prices where somebody has them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from monitor.instruments import Catalogue, read_catalogue

ROOT = Path(__file__).parents[1]

# The same examples on every machine and every day; no deadline, because machines differ.
settings.register_profile(
    "metalwatch",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("metalwatch")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    path = ROOT / "rules" / "instruments.yml"
    return read_catalogue(path.read_text(encoding="utf-8"), file=path.name)


@pytest.fixture(scope="session")
def real_prices() -> Path:
    """The folder of real prices, which the project does not ship; METALWATCH_TEST_PRICES says where it is."""
    path = ROOT / os.environ.get("METALWATCH_TEST_PRICES", "../shared/data")
    if not path.is_dir():
        pytest.skip(f"no real prices in {path}; set METALWATCH_TEST_PRICES to a folder that has them")
    return path.resolve()
