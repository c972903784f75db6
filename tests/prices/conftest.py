"""Price files written for a test."""

from datetime import datetime
from pathlib import Path

import pytest

from monitor.instruments import Catalogue
from monitor.prices.files import Prices, read_prices
from tests.prices.price_files import Read, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def writer(text: str, name: str = "spy.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return writer


@pytest.fixture
def read(write: Write, catalogue: Catalogue) -> Read:
    """Writes a file and reads its prices."""

    def reader(text: str, name: str = "spy.csv", *, now: datetime | None = None) -> Prices:
        return read_prices(write(text, name), catalogue, now=now)

    return reader
