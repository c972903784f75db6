"""A loopback Yahoo with gold, silver and a share around the crash of March 2020, and a source that asks it.

What takes `path`, `source`, `fetch` or `watch` runs twice: over Yahoo's chart and over yfinance's history.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.instruments import AssetKind, Instrument
from monitor.prices.source import Fetched
from monitor.prices.yahoo import Way, YahooSource
from monitor.storage.store import Store, open_store
from tests.support.yahoo_market import Bar, Clock, equity, future
from tests.support.yahoo_server import YahooServer
from tests.support.yahoo_watch import Watch

NEW_YORK = ZoneInfo("America/New_York")
THURSDAY_EVENING = datetime.fromisoformat("2020-03-12T18:40-04:00")
SESSIONS = [date(2020, 2, 3) + timedelta(days=day) for day in range(60)]
HELD = date(2020, 3, 11)
PATIENCE = 1.0
"""Seconds a call may take where a test waits for its deadline."""


def instrument(id_: str, symbol: str, kind: AssetKind = AssetKind.FUTURE, **changed: object) -> Instrument:
    metal = kind == AssetKind.FUTURE
    plain: dict[str, object] = {
        "currency": "USD",
        "unit": "USD/ozt" if metal else "USD",
        "calendar": "XNYS",
        "settle": time(17) if metal else time(16),
        "zone": "America/New_York",
    }
    return Instrument(id=id_, symbol=symbol, name=id_, kind=kind, **{**plain, **changed})  # type: ignore[arg-type]


GOLD = instrument("gold", "GC=F")
SILVER = instrument("silver", "SI=F")
NEWMONT = instrument("nem", "NEM", AssetKind.EQUITY)

Fetch = Callable[..., list[Fetched]]
Watching = Callable[..., Watch]
MakeSource = Callable[..., YahooSource]


def straight(first: float, step: float) -> list[Bar]:
    """Bars on a straight line over the weekdays of two months."""
    days = [day for day in SESSIONS if day.weekday() < 5 and day != date(2020, 2, 17)]
    closes = [first + step * number for number in range(len(days))]
    return [
        Bar(day, close - 1, close + 2, close - 2, close, 1000)
        for day, close in zip(days, closes, strict=True)
    ]


def flat(closes: Mapping[str, float | None], *, volume: float = 1000) -> list[Bar]:
    """Bars with these closes, a little range around them."""
    return [
        Bar(date.fromisoformat(day), close, close * 1.002, close * 0.998, close, volume)
        if close is not None
        else Bar(date.fromisoformat(day), None, None, None, None, volume)
        for day, close in closes.items()
    ]


@pytest.fixture(params=["chart", "history"])
def path(request: pytest.FixtureRequest) -> Way:
    way: Way = request.param
    return way


@pytest.fixture
def server() -> Iterator[YahooServer]:
    series = [
        future("GC=F", straight(1600, 1)),
        future("SI=F", straight(17, 0.1)),
        equity("NEM", straight(45, 0.5)),
    ]
    with YahooServer(series, clock=Clock(THURSDAY_EVENING)) as running:
        yield running


@pytest.fixture
def make_source(server: YahooServer, tmp_path: Path, path: Way) -> Iterator[MakeSource]:
    """Sources that ask the loopback Yahoo, closed in the end."""
    made: list[YahooSource] = []

    def make(**changed: object) -> YahooSource:
        plain = {"cache_folder": tmp_path / "yahoo", "endpoint": server.url, "path": path, "timeout": 10}
        made.append(YahooSource(**{**plain, "chance": lambda: 0.999, **changed}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def source(make_source: MakeSource) -> YahooSource:
    return make_source()


@pytest.fixture
def fetch(source: YahooSource, server: YahooServer) -> Fetch:
    """Ask for daily bars at the server's time, or `later` after it."""

    def ask(*wanted: Instrument, later: timedelta = timedelta(), since: date | None = None) -> list[Fetched]:
        chosen: Sequence[Instrument] = wanted or (GOLD, SILVER)
        held = {} if since is None else {one.id: since for one in chosen}
        return source.fetch(chosen, interval="1d", since=held, now=server.clock() + later)

    return ask


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, to be copied."""
    file = tmp_path_factory.mktemp("database") / "empty.db"
    open_store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "metalwatch.db")
    opened = open_store(f"sqlite:///{tmp_path / 'metalwatch.db'}")
    yield opened
    opened.close()


@pytest.fixture
def watch(server: YahooServer, source: YahooSource, store: Store) -> Watching:
    """Watch rules over instruments; without rules one that never fires."""

    def make(*instruments: Instrument, rules: str = "") -> Watch:
        chosen = instruments or (GOLD, SILVER)
        written = rules or f"never:\n  when: {chosen[0].id} > 1000000\n  severity: info"
        return Watch.over(chosen, written, server=server, source=source, store=store)

    return make
