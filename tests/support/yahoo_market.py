"""What the loopback Yahoo knows of the world: series of finished sessions, a clock, and the chart at an instant.

Pure but for the clock's own running.  How it is served, and how serving goes wrong, is in `yahoo_server`.
"""

import csv
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml

FUTURES_BEGIN, FUTURES_END = clock_time(18), clock_time(17)
NEAR = timedelta(days=4)


class Bar(NamedTuple):
    """A finished session as the vendor's history will have it."""

    session: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """One symbol: its finished sessions, those of the future included, and how the vendor presents them."""

    symbol: str
    bars: tuple[Bar, ...]
    kind: str = "EQUITY"
    """Yahoo's instrumentType: FUTURE, EQUITY, ETF, CURRENCY, INDEX."""
    short_name: str = ""
    exchange: str = "NYQ"
    currency: str = "USD"
    zone: str = "America/New_York"
    opens: clock_time = clock_time(9, 30)
    closes: clock_time = clock_time(16)
    live_factor: float = 1.0
    """The live quote over the series: another contract than the history, if not 1."""
    delay: timedelta = timedelta()
    """By how much the quotes run behind."""
    settles_late: timedelta = timedelta()
    """How long after its end a session is still shown by its live row, which the next one's may replace."""
    live_too: bool = False
    """Whether the live row still comes beside the finished bar, until the next session begins."""
    copies: int = 1
    """How often every row comes."""
    adjusted: float = 1.0
    """Adjusted closes over closes: what dividends after a bar make of it."""
    events: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_midnight(self) -> bool:
        """Whether finished bars are stamped at local midnight instead of the open."""
        return self.kind in {"FUTURE", "CURRENCY", "INDEX"}


def future(symbol: str, bars: Iterable[Bar], **more: Any) -> Series:
    """A continuous future of the New York metal market."""
    names = {"GC=F": "Gold Dec 26", "SI=F": "Silver Dec 26", "HG=F": "Copper Dec 26"}
    known = {"exchange": "CMX", "short_name": names.get(symbol, symbol)}
    return Series(symbol=symbol, bars=tuple(bars), kind="FUTURE", **{**known, **more})


def equity(symbol: str, bars: Iterable[Bar], **more: Any) -> Series:
    """A share or ETF of New York, unless told otherwise."""
    return Series(symbol=symbol, bars=tuple(bars), **{"short_name": symbol, **more})


class Clock:
    """The server's time: an instant that stands still or runs, and can be moved."""

    def __init__(self, now: datetime, *, speed: float = 0) -> None:
        self.move(now, speed=speed)

    @classmethod
    def parse(cls, text: str) -> "Clock":
        """`2020-03-12T18:00-04:00` stands still; with `,x60` after it, it runs that much faster than ours."""
        instant, _, speed = text.partition(",x")
        return cls(datetime.fromisoformat(instant), speed=float(speed or 0))

    def __call__(self) -> datetime:
        elapsed = (time.monotonic() - self._since) * self._speed
        return self._now + timedelta(seconds=elapsed)

    def move(self, now: datetime, *, speed: float | None = None) -> None:
        """Set the time, and the speed if it is given."""
        self._since = time.monotonic()
        self._now = now.astimezone(UTC)
        if speed is not None:
            self._speed = speed


class Row(NamedTuple):
    """One element of the reply's arrays."""

    stamp: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


def chart(series: Series, *, now: datetime, query: Mapping[str, str]) -> dict[str, Any]:
    """The reply Yahoo would give at this instant."""
    known = now - series.delay
    last_trade = _last_trade(series, known)
    chosen = _chosen(_rows(series, known, query=query), now=now, query=query)
    quote = {name: [getattr(row, name) for row in chosen] for name in Row._fields[1:]}
    adjusted = [None if close is None else close * series.adjusted for close in quote["close"]]
    result: dict[str, Any] = {
        "meta": _meta(series, now=now, last_trade=last_trade, query=query),
        "indicators": {"quote": [quote if chosen else {}], "adjclose": [{"adjclose": adjusted}]},
    }
    if chosen:
        result["timestamp"] = [row.stamp for row in chosen]
    if series.events:
        result["events"] = dict(series.events)
    return {"chart": {"result": [result], "error": None}}


def _rows(series: Series, known: datetime, *, query: Mapping[str, str]) -> list[Row]:
    """The finished bars and the live row; those far outside the span that is asked for are not computed."""
    start = datetime.fromtimestamp(int(query.get("period1", 0)), UTC).date() - NEAR
    rows: list[Row] = []
    live: Row | None = None
    for bar in series.bars:
        if not start <= bar.session <= known.date() + NEAR:
            continue
        ends = datetime.min.replace(tzinfo=UTC)
        if bar.session >= known.date() - NEAR:
            ends = _hours(series, bar.session)[1]
        over = ends + series.settles_late <= known
        if over:
            rows.append(_finished(series, bar))
        if not over or (series.live_too and ends > datetime.min.replace(tzinfo=UTC)):
            live = _live(series, bar, known) or live
    return [row for row in [*rows, *([live] if live else [])] for _ in range(series.copies)]


def stamp_of(series: Series, session: date) -> int:
    """The stamp of a finished bar."""
    at = clock_time() if series.at_midnight else series.opens
    return int(datetime.combine(session, at, ZoneInfo(series.zone)).timestamp())


def _hours(series: Series, session: date) -> tuple[datetime, datetime]:
    """When trading for a session begins and ends."""
    zone = ZoneInfo(series.zone)
    if series.kind == "FUTURE":
        eve = session - timedelta(days=1)
        return datetime.combine(eve, FUTURES_BEGIN, zone), datetime.combine(session, FUTURES_END, zone)
    if series.kind == "CURRENCY":
        midnight = datetime.combine(session, clock_time(), zone)
        return midnight, datetime.combine(session + timedelta(days=1), clock_time(), zone)
    return datetime.combine(session, series.opens, zone), datetime.combine(session, series.closes, zone)


def _finished(series: Series, bar: Bar) -> Row:
    return Row(stamp_of(series, bar.session), bar.open, bar.high, bar.low, bar.close, bar.volume)


def _live(series: Series, bar: Bar, known: datetime) -> Row | None:
    """The running session: on a straight way from its open to its close, nothing of the rest known yet."""
    begins, ends = _hours(series, bar.session)
    if begins > known or bar.close is None:
        return None
    now = min(known, ends)
    done = (now - begins) / (ends - begins)
    start = (bar.close if bar.open is None else bar.open) * series.live_factor
    price = start + (bar.close * series.live_factor - start) * done
    volume = None if bar.volume is None else float(int(bar.volume * done))
    return Row(int(now.timestamp()), start, max(start, price), min(start, price), price, volume)


def _last_trade(series: Series, known: datetime) -> datetime:
    for bar in reversed(series.bars):
        if bar.session <= known.date() + NEAR:
            begins, ends = _hours(series, bar.session)
            if begins <= known:
                return min(known, ends)
    return known


def _chosen(rows: list[Row], *, now: datetime, query: Mapping[str, str]) -> list[Row]:
    if "period1" in query:
        end = int(query.get("period2", now.timestamp()))
        return [row for row in rows if int(query["period1"]) <= row.stamp < end]
    span = query.get("range", "1d")
    days = {"d": 1, "o": 21, "y": 252}.get(span.rstrip("cmk")[-1:], 0)
    number = int("".join(filter(str.isdigit, span)) or 0) * days
    return rows[-number:] if number else rows


def _meta(series: Series, *, now: datetime, last_trade: datetime, query: Mapping[str, str]) -> dict[str, Any]:
    local = now.astimezone(ZoneInfo(series.zone))
    today = [datetime.combine(local.date(), at, local.tzinfo) for at in (series.opens, series.closes)]
    if series.at_midnight:
        today = [
            datetime.combine(local.date(), at, local.tzinfo) for at in (clock_time(), clock_time(23, 59))
        ]
    offset = int((local.utcoffset() or timedelta()).total_seconds())
    regular = {
        "timezone": local.tzname(),
        "start": int(today[0].timestamp()),
        "end": int(today[1].timestamp()),
        "gmtoffset": offset,
    }
    return {
        "currency": series.currency,
        "symbol": series.symbol,
        "exchangeName": series.exchange,
        "fullExchangeName": series.exchange,
        "instrumentType": series.kind,
        "firstTradeDate": stamp_of(series, series.bars[0].session) if series.bars else None,
        "regularMarketTime": int(last_trade.timestamp()),
        "hasPrePostMarketData": not series.at_midnight,
        "gmtoffset": offset,
        "timezone": local.tzname(),
        "exchangeTimezoneName": series.zone,
        "shortName": series.short_name,
        "currentTradingPeriod": {"regular": regular},
        "dataGranularity": query.get("interval", "1d"),
        "range": query.get("range", ""),
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }


# --- series from a folder of files -----------------------------------------------------------------

_FUTURES = {"gold": "GC=F", "silver": "SI=F", "copper": "HG=F"}
_EQUITIES = {"gld": "GLD", "slv": "SLV", "gdx": "GDX", "mp": "MP", "tmq": "TMQ", "alb": "ALB", "nem": "NEM"}


def read_folder(folder: Path, *ids: str, since: date = date.min) -> list[Series]:
    """The series of a price folder by its `prices.yml`, or some of them; ids without a known symbol are left out."""
    listed = yaml.safe_load((folder / "prices.yml").read_text(encoding="utf-8"))
    found = []
    for name, files in listed.items():
        if ids and name not in ids:
            continue
        paths = [folder / file for file in ([files] if isinstance(files, str) else files)]
        if name in _FUTURES:
            found.append(future(_FUTURES[name], _since(since, paths)))
        elif name in _EQUITIES:
            found.append(equity(_EQUITIES[name], _since(since, paths)))
    return found


def _since(first: date, paths: Iterable[Path]) -> list[Bar]:
    return [bar for bar in read_files(paths) if bar.session >= first]


def read_files(paths: Iterable[Path]) -> list[Bar]:
    """The bars of CSV files with `date,open,high,low,close,...,volume`; later files win on the same date."""
    bars: dict[date, Bar] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                session = date.fromisoformat(row["date"])
                values = [_number(row.get(name)) for name in ("open", "high", "low", "close", "volume")]
                bars[session] = Bar(session, *values)
    return [bars[session] for session in sorted(bars)]


def _number(text: str | None) -> float | None:
    return float(text) if text else None
