"""From the rows of a chart to daily bars: the session of each row, one bar per session, how settled it is.

Yahoo's newest row is usually unfinished and, for futures, another contract than the rows before it.  What gives it
away is its stamp: finished bars are stamped at the exchange's midnight or open, the live one at the last trade.

This module does not know calendars (its caller passes them in) nor what was seen in earlier polls: the newest
settled session is provisional here, and whoever keeps bars may call it final when two polls agree.  Where stamps
are lost, `history` dates the rows and this module does the rest.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from monitor import bars
from monitor.bars import Status
from monitor.instruments import AssetKind, Instrument
from monitor.prices.source import FetchError, Outcome
from monitor.prices.yahoo.chart import Chart
from monitor.quality import Finding, Kind, screen
from monitor.sessions import FUTURES_DAY_BEGINS

_DELAY = timedelta(minutes=30)
"""The longest by which Yahoo's quotes run behind the market."""
AHEAD = timedelta(minutes=2)
"""So far ahead of ours Yahoo's clock may be."""
_GRID_ROWS = 30
_LATE_MIDNIGHTS = (time(22), time(23))
"""Midnight as Yahoo stamps it when a change of clocks was forgotten."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What has to be known about an instrument's sessions."""

    is_session: Callable[[date], bool]
    next_session: Callable[[date], date]
    """The first session after a date."""
    settled_at: Callable[[date], datetime]
    """When a session's values are settled."""
    settled_column: Callable[[pl.Series], pl.Series]
    """The same for many sessions at once; may be a little late, never early."""


class Daily(NamedTuple):
    """The bars of a reply, and what was wrong with rows of it."""

    bars: pl.DataFrame
    """A bar frame."""
    findings: tuple[Finding, ...]


def daily_bars(chart: Chart, *, instrument: Instrument, calendar: Calendar, now: datetime) -> Daily:
    """The bars of a daily chart: `_with_sessions` gives each row its session and marks the live row."""
    rows = without_future(chart.rows, chart.meta, now=now)
    dated = _with_sessions(rows, chart, instrument=instrument, calendar=calendar)
    found = bars_of(dated, chart.meta, instrument=instrument, calendar=calendar, now=now)
    return found._replace(findings=(*found.findings, *_too_early(chart, rows, instrument)))


def without_future(rows: pl.DataFrame, meta: Mapping[str, object], *, now: datetime) -> pl.DataFrame:
    """The rows that can have been known by now; there is at least one."""
    known = rows.filter(pl.col("stamp") <= now.astimezone(UTC) + AHEAD)  # polars compares one zone only
    if known.is_empty():
        raise FetchError(Outcome.EMPTY, f"all {len(rows)} rows are in the future", meta=meta)
    return known


def _too_early(chart: Chart, known: pl.DataFrame, instrument: Instrument) -> Iterator[Finding]:
    """The rows that cannot have been known yet."""
    zone = ZoneInfo(str(chart.meta["zone"]))
    for stamp, close in chart.rows.join(known, on="stamp", how="anti").select("stamp", "close").rows():
        yield Finding(
            instrument=instrument.id,
            session=stamp.astimezone(zone).date(),
            kind=Kind.FUTURE,
            seen=close,
            reason=f"stamped {stamp:%Y-%m-%d %H:%M} UTC, which is still to come",
            held=True,
        )


def bars_of(
    dated: pl.DataFrame,
    meta: Mapping[str, object],
    *,
    instrument: Instrument,
    calendar: Calendar,
    now: datetime,
) -> Daily:
    """The bars of rows that have their session, of which at most one is marked `live`.

    1. `_one_per_session` prefers the finished bar of a session to its live row.
    2. `_newest_settled` decides how far sessions are over.
    3. Rows without a close are left out, contradictory open, high and low become unknown; `_findings` says so.
    """
    now = now.astimezone(UTC)
    rows = _one_per_session(dated)
    settled = _newest_settled(rows, meta, instrument=instrument, calendar=calendar, now=now)
    first = instrument.valid_from or date.min
    usable = rows.filter((pl.col("close") > 0) & (pl.col("session") >= first))
    if usable.is_empty():
        raise FetchError(Outcome.EMPTY, f"none of {len(rows)} rows has a usable close", meta=meta)
    labelled = _with_status(_without_contradictions(usable), settled=settled, calendar=calendar, now=now)
    named = labelled.with_columns(
        instrument=pl.lit(instrument.id), interval=pl.lit("1d"), opened_at=pl.col("stamp")
    )
    findings = (
        *_findings(rows, instrument, calendar, settled=settled),
        *_conflicts(dated.filter(pl.col("session") <= settled), instrument),
    )
    return Daily(bars.conform(named), findings)


def _conflicts(rows: pl.DataFrame, instrument: Instrument) -> Iterator[Finding]:
    """Finished rows of one session that do not agree; the same row several times says nothing."""
    spread = pl.col("close").max() / pl.col("close").min() - 1
    finished = rows.filter(~pl.col("live") & (pl.col("close") > 0))
    counted = finished.group_by("session", maintain_order=True).agg(
        count=pl.len(), last=pl.last("close"), spread=spread
    )
    for session, count, last, _ in counted.filter(pl.col("spread") > _ROUNDING).iter_rows():
        reason = f"{count} rows of one session with different closes: the last one, {last:g}, is taken"
        yield Finding(instrument=instrument.id, session=session, kind=Kind.CONFLICT, seen=last, reason=reason)


def _findings(
    rows: pl.DataFrame, instrument: Instrument, calendar: Calendar, *, settled: date
) -> tuple[Finding, ...]:
    """What was wrong with rows of sessions that are over; a row without a price on a day without a session is none."""
    finished = rows.filter(~pl.col("live") & (pl.col("session") <= settled)).drop("live", "stamp")
    _, found = screen(finished, instrument)
    return tuple(
        one
        for one in found
        if (one.kind is Kind.NO_PRICE and (one.seen is not None or calendar.is_session(one.session)))
        or (one.kind is Kind.RANGE and instrument.has_range)
        or (one.kind is Kind.VOLUME and instrument.has_volume)
    )


def _with_sessions(
    rows: pl.DataFrame, chart: Chart, *, instrument: Instrument, calendar: Calendar
) -> pl.DataFrame:
    zone = str(chart.meta["zone"])
    local = pl.col("stamp").dt.convert_time_zone(zone)
    late = local.dt.time().is_in(_LATE_MIDNIGHTS).cast(pl.Int8)
    session = local.dt.date() + late * pl.duration(days=1)
    dated = rows.with_columns(session=session, live=pl.lit(value=False))
    last: datetime = rows["stamp"].last()  # type: ignore[assignment]  # a column of instants
    live = last.astimezone(ZoneInfo(zone))
    at_usual_time = live.time() in _usual_times(rows["stamp"], chart, zone=zone, instrument=instrument)
    if at_usual_time and calendar.is_session(live.date()):
        return dated
    newest = pl.int_range(pl.len()) == pl.len() - 1
    traded = trade_date(live, instrument=instrument, calendar=calendar)
    return dated.with_columns(session=pl.when(newest).then(pl.lit(traded)).otherwise("session"), live=newest)


def _usual_times(stamps: pl.Series, chart: Chart, *, zone: str, instrument: Instrument) -> set[time]:
    """The local times of day at which finished bars of this series are stamped."""
    earlier = stamps.dt.convert_time_zone(zone).dt.time().slice(0, len(stamps) - 1).tail(_GRID_ROWS)
    usual: set[time] = set(earlier.mode().to_list())
    if instrument.kind in {AssetKind.FUTURE, AssetKind.FX} or not usual:
        usual.add(time(0))
    if not len(earlier) and isinstance(opens := chart.meta.get("open_time"), time):
        usual.add(opens)
    return usual


def trade_date(local: datetime, *, instrument: Instrument, calendar: Calendar) -> date:
    """The session a trade counts for: futures from 18:00 on for the next day, closed days for the next session."""
    evening = instrument.kind == AssetKind.FUTURE and local.time() >= FUTURES_DAY_BEGINS
    day = local.date() + timedelta(days=int(evening))
    return day if calendar.is_session(day) else calendar.next_session(day)


def _one_per_session(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per session: finished before live, with a close before without, later before earlier."""
    worst_first = rows.sort(
        "session", ~pl.col("live"), pl.col("close").is_not_null(), "stamp", maintain_order=True
    )
    return worst_first.unique("session", keep="last", maintain_order=True)


def _newest_settled(
    rows: pl.DataFrame,
    meta: Mapping[str, object],
    *,
    instrument: Instrument,
    calendar: Calendar,
    now: datetime,
) -> date:
    """The newest session whose values are settled; rows without a close count, for they are sessions too."""
    source_time = meta.get("source_time")
    for at_end, (session, live) in enumerate(reversed(rows.select("session", "live").rows())):
        settled = calendar.settled_at(session)
        # The live quote of a future is the most active contract, its history the nearby one: never settled.
        if (live and instrument.kind == AssetKind.FUTURE) or now < settled:
            continue
        still_inside = isinstance(source_time, datetime) and source_time < settled
        if at_end == 0 and still_inside and now < settled + _DELAY:
            continue
        return session  # type: ignore[no-any-return]  # a column of dates
    return date.min


def _without_contradictions(rows: pl.DataFrame) -> pl.DataFrame:
    """Open, high and low unknown where they cannot all be true; the close stays."""
    bounds, inside = ("open", "high", "low"), ("open", "low", "close")
    top, bottom = pl.col("high") * (1 + _ROUNDING), pl.col("low") * (1 - _ROUNDING)
    above = [pl.col(name) > top for name in inside]
    below = [pl.col(name) < bottom for name in ("open", "high", "close")]
    senseless = [pl.col(name) <= 0 for name in bounds]
    wrong = pl.any_horizontal(*above, *below, *senseless).fill_null(value=False)
    negative = pl.col("volume") < 0
    return rows.with_columns(
        *(pl.when(~wrong).then(pl.col(name)).alias(name) for name in bounds),
        pl.when(~negative.fill_null(value=False)).then(pl.col("volume")).alias("volume"),
    )


def _with_status(rows: pl.DataFrame, *, settled: date, calendar: Calendar, now: datetime) -> pl.DataFrame:
    """Status, and since when the values can have been known: partial ones only since now."""
    session = pl.col("session")
    status = (
        pl.when(session > settled)
        .then(pl.lit(Status.PARTIAL))
        .when(session == settled)
        .then(pl.lit(Status.PROVISIONAL))
        .otherwise(pl.lit(Status.FINAL))
    )
    at = pl.min_horizontal(calendar.settled_column(rows["session"]).alias("at"), pl.lit(now).cast(bars.UTC))
    known = pl.when(session > settled).then(pl.lit(now).cast(bars.UTC)).otherwise(at)
    return rows.with_columns(status=status, known_at=known)
