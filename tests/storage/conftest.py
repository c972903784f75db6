"""Every store test runs on every database: a real file of SQLite, and a real PostgreSQL from a package."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.storage.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "metalwatch.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()
