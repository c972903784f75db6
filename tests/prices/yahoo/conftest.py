"""A loopback Yahoo with gold, silver and a share around the crash of March 2020, and a source that asks it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.instruments import AssetKind, Instrument
from monitor.prices.source import Fetched
from monitor.prices.yahoo import YahooSource
from tests.support.yahoo_market import Bar, Clock, equity, future
from tests.support.yahoo_server import YahooServer

THURSDAY_EVENING = datetime.fromisoformat("2020-03-12T18:40-04:00")
SESSIONS = [date(2020, 2, 3) + timedelta(days=day) for day in range(60)]


def instrument(id_: str, symbol: str, kind: AssetKind = AssetKind.FUTURE) -> Instrument:
    settle = time(17) if kind == AssetKind.FUTURE else time(16)
    return Instrument(
        id=id_,
        symbol=symbol,
        name=id_,
        kind=kind,
        currency="USD",
        unit="USD/ozt" if kind == AssetKind.FUTURE else "USD",
        calendar="XNYS",
        settle=settle,
        zone="America/New_York",
    )


GOLD = instrument("gold", "GC=F")
SILVER = instrument("silver", "SI=F")
NEWMONT = instrument("nem", "NEM", AssetKind.EQUITY)

Fetch = Callable[..., list[Fetched]]


def straight(first: float, step: float) -> list[Bar]:
    """Bars on a straight line over the weekdays of two months."""
    days = [day for day in SESSIONS if day.weekday() < 5 and day != date(2020, 2, 17)]
    closes = [first + step * number for number in range(len(days))]
    return [
        Bar(day, close - 1, close + 2, close - 2, close, 1000)
        for day, close in zip(days, closes, strict=True)
    ]


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
def source(server: YahooServer, tmp_path: Path) -> Iterator[YahooSource]:
    made = YahooSource(cache_folder=tmp_path / "yahoo", endpoint=server.url, timeout=5, chance=lambda: 0.999)
    yield made
    made.close()


@pytest.fixture
def fetch(source: YahooSource, server: YahooServer) -> Fetch:
    """Ask for daily bars at the server's time, or `later` after it."""

    def ask(*wanted: Instrument, later: timedelta = timedelta(), since: date | None = None) -> list[Fetched]:
        chosen: Sequence[Instrument] = wanted or (GOLD, SILVER)
        held = {} if since is None else {one.id: since for one in chosen}
        return source.fetch(chosen, interval="1d", since=held, now=server.clock() + later)

    return ask
