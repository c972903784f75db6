"""The second path: yfinance's own `Ticker.history`, for the day on which Yahoo changes and yfinance knows first.

Both paths share the session (deadline, count of requests, one try), the outcomes, and the making of bars in `daily`.
What differs, because yfinance has floored the stamps and dropped rows before we see them:

- The stamp of the unfinished bar is lost.  The newest row counts as the live quote unless the quote's own time is of
  a later date.  For a future, whose live quote is another contract, that row stays partial: a session becomes
  provisional only when a later row exists, some hours after it settled, where the chart path knows at the settlement.
- After 18:00 New York the first trades of the next session replace the finished day of a future.  They are dated by
  the quote's time; the finished day is missing from the answer until midnight, and nothing is put in its place.
- In the minute after 22:00 and 23:00 yfinance moves the live row to tomorrow; the quote's time brings it back.
- Of a finished and a live row of one date the live one arrives (a share's volume may differ by the closing auction).
- A bar opens at local midnight, a share's too; the live one at the time of its quote.
- A volume of 0 is unknown: yfinance writes 0 where Yahoo had none.
- Of several rows of one older date the first one stands, not the last.

Adjusted closes are never asked for.  The time zone that yfinance would look up first, at a second request that
poisons the process when it fails, is not needed: both ends of the span are instants.
"""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from monitor.bars import FIELDS, ActionKind
from monitor.bars import UTC as INSTANT
from monitor.instruments import Instrument
from monitor.prices.source import FetchError, Outcome
from monitor.prices.yahoo.chart import NAMES, Chart, Event
from monitor.prices.yahoo.daily import Calendar, Daily, bars_of, trade_date, without_future

if TYPE_CHECKING:
    from monitor.prices.yahoo.session import Connection

_A_DAY = timedelta(days=1)
_BEGINNING = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
"""Not 0, which yfinance takes for no start at all, and gives a month."""
_PANDAS = threading.Lock()
"""pandas changes the process's warning filters while it works: one thread at a time."""
_COLUMNS = {
    "Stock Splits": ActionKind.SPLIT,
    "Dividends": ActionKind.DIVIDEND,
    "Capital Gains": ActionKind.CAPITAL_GAIN,
}


class _Network:
    """yfinance's data reader; while it waits for an answer, others may work."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def get(self, **request: Any) -> Any:
        """Ask for one page; `_PANDAS` is held before and after."""
        _PANDAS.release()
        try:
            return self._data.get(**request)
        finally:
            _PANDAS.acquire()

    cache_get = get
    """Without the memory of yfinance's own, which keeps failures for ever and hides revisions."""


def ask_history(
    connection: "Connection", symbol: str, *, start: datetime, end: datetime, timeout: float
) -> Chart:
    """What `Ticker.history` makes of one symbol's daily bars; raises whatever yfinance raises."""
    from yfinance import Ticker

    with _PANDAS:
        ticker = Ticker(symbol, session=connection.session)
        ticker._data, ticker._tz = _Network(connection.data), "UTC"  # noqa: SLF001  # no look-up of the zone
        frame = ticker.history(
            start=max(start, _BEGINNING),
            end=end,
            interval="1d",
            auto_adjust=False,
            actions=True,
            keepna=True,
            timeout=timeout,
        )
        meta = _meta(ticker.history_metadata)
        rows, events = _rows(frame), _events(frame)
    if rows["close"].null_count() == len(rows):
        raise FetchError(Outcome.EMPTY, f"none of {len(rows)} rows has a close", meta=meta)
    return Chart(rows, meta, events)


def history_bars(chart: Chart, *, instrument: Instrument, calendar: Calendar, now: datetime) -> Daily:
    """The bars of a history: sessions by the dates of the rows, the newest one by the time of the quote."""
    # The live row may stand under tomorrow's date.
    rows = without_future(chart.rows, chart.meta, now=now + _A_DAY)
    dated = _dated(rows, chart.meta, instrument=instrument, calendar=calendar)
    past = dated.filter(pl.col("live") | (pl.col("stamp") <= now.astimezone(UTC)))
    return bars_of(past, chart.meta, instrument=instrument, calendar=calendar, now=now)


def _dated(
    rows: pl.DataFrame, meta: Mapping[str, object], *, instrument: Instrument, calendar: Calendar
) -> pl.DataFrame:
    zone = ZoneInfo(str(meta["zone"]))
    session = pl.col("stamp").dt.convert_time_zone(str(zone)).dt.date()
    dated = rows.with_columns(session=session, live=pl.lit(value=False))
    last = dated["session"][-1]
    told = meta.get("source_time")
    quoted = told.astimezone(zone) if isinstance(told, datetime) else datetime.combine(last, time(12), zone)
    if quoted.date() > last:
        return dated
    newest = pl.int_range(pl.len()) == pl.len() - 1
    traded = trade_date(quoted, instrument=instrument, calendar=calendar)
    return dated.with_columns(
        session=pl.when(newest).then(pl.lit(traded)).otherwise("session"),
        stamp=pl.when(newest).then(pl.lit(quoted.astimezone(UTC)).cast(INSTANT)).otherwise("stamp"),
        live=newest,
    )


def _rows(frame: Any) -> pl.DataFrame:
    """Stamps and values of a pandas frame; out of it column by column, because polars takes no seconds."""
    stamps = frame.index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    values = {name: frame[name.capitalize()].to_numpy(dtype="float64") for name in FIELDS}
    rows = pl.DataFrame({"stamp": pl.Series(stamps).dt.replace_time_zone("UTC"), **values})
    if rows.select(pl.any_horizontal(pl.col(*FIELDS).is_infinite()).any()).item():
        raise ValueError("Infinity is not a price")  # Python's JSON reads it, and yfinance passes it on
    known = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in FIELDS]
    volume = pl.when(pl.col("volume") != 0).then(pl.col("volume"))
    return rows.with_columns(known).with_columns(volume=volume).sort("stamp", maintain_order=True)


def _meta(wire: Any) -> dict[str, object]:
    meta: dict[str, object] = {ours: wire[theirs] for ours, theirs in NAMES.items() if theirs in wire}
    told = wire.get("regularMarketTime")
    if told is not None:
        meta["source_time"] = told.to_pydatetime().astimezone(UTC)
    return {name: value for name, value in meta.items() if value is not None}


def _events(frame: Any) -> tuple[Event, ...]:
    return tuple(
        sorted(
            Event(stamp.date(), kind, float(value))
            for name, kind in _COLUMNS.items()
            if name in frame.columns
            for stamp, value in frame.loc[frame[name] > 0, name].items()
        )
    )
