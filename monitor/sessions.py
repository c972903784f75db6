"""Which sessions are expected, which session an instant belongs to, and when a session's values were known.

The sessions of an exchange come from exchange-calendars.  What it says of the exchanges that ship is written in
`closures`; the library itself, which takes a second, is imported only for others, for years that are not there, and
when another version of it is installed.  In years of which the library does not know yet, or no more, every weekday
counts as a session: Shanghai publishes its holidays a year at a time.  What a vendor leaves out of sessions or adds is
in the instrument.  This module does not know bars.

A settle time has two readings.  `settled_at` tells one session, short days included, and serves the schedule;
`settled_at_column` takes the regular time for every session and dates history: never too early, at most an
hour or two too late, and without a calendar.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from monitor import closures
from monitor.errors import MonitorError
from monitor.instruments import Instrument

WEEKDAYS = "24/5"
FUTURES_DAY_BEGINS = time(18)
"""Local time at which trading in futures begins to count for the next session."""

_LONGEST_CLOSURE = timedelta(days=31)
_A_DAY = timedelta(days=1)
_USUAL_START = 2000
_FRIDAY = 5
_NEW_YEARS = ((1, 1), (12, 31))
_FIRST_INSTANT, _LAST_INSTANT = date(1700, 1, 1), date(2259, 12, 31)
"""What the library can count."""
_SHOWN = 200
"""So much of what the library says of a failure is repeated."""


def expected_sessions(instrument: Instrument, start: date, end: date) -> pl.Series:
    """Dates from `start` to `end` on which a bar is expected: the calendar's, less missing, plus extra."""
    return _expected(instrument.calendar, instrument.missing, instrument.extra, start, end)


@lru_cache(maxsize=512)
def _expected(
    calendar: str, missing: frozenset[date], extra: frozenset[date], start: date, end: date
) -> pl.Series:
    """Worked out once for all instruments of an exchange: they are asked about together."""
    days = calendar_sessions(calendar, start, end)
    if not missing and not extra:
        return days
    added = _series(day for day in extra if start <= day <= end)
    return _without(pl.concat([days, added]), missing).unique().sort()


def missing_sessions(instrument: Instrument, have: Collection[date]) -> list[date]:
    """Expected sessions between the first and the last date of `have` that are not in it."""
    held = set(have)
    if not held:
        return []
    return [day for day in expected_sessions(instrument, min(held), max(held)).to_list() if day not in held]


def next_session(calendar: str, day: date) -> date:
    """The first session of the calendar after this date."""
    return _first(calendar_sessions(calendar, day + timedelta(days=1), day + _LONGEST_CLOSURE), calendar, day)


def settled_at(instrument: Instrument, session: date) -> datetime:
    """The instant (UTC) at which the session's values are settled, earlier on a short day."""
    settled = datetime.combine(session, instrument.settle, ZoneInfo(instrument.zone)).astimezone(UTC)
    if instrument.calendar == WEEKDAYS:
        return settled
    hours = _hours(instrument.calendar, session, session)
    if session not in hours.early_closes:
        return settled
    auction = _since_midnight(instrument.settle) - _since_midnight(hours.close)
    return min(settled, hours.early_closes[session] + max(auction, timedelta()))


def last_settled(instrument: Instrument, now: datetime) -> date | None:
    """The last expected session whose values are settled; None where there is none for a month."""
    days = expected_sessions(instrument, now.date() - _LONGEST_CLOSURE, now.date() + _A_DAY)
    return next((day for day in reversed(days.to_list()) if settled_at(instrument, day) <= now), None)


def trading_since(instrument: Instrument, now: datetime) -> datetime | None:
    """The instant (UTC) at which the trading that goes on now began; None while the exchange is closed.

    After a midday break it began again.
    """
    if instrument.calendar == WEEKDAYS:
        return _weekday_since(instrument, now)
    stretches = _trading_about(instrument.calendar, now.date())
    return next((start for start, end in stretches if start <= now < end), None)


@lru_cache(maxsize=64)
def _trading_about(calendar: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """From when to when an exchange trades on a date, and the day before and after."""
    days = calendar_sessions(calendar, day - _A_DAY, day + _A_DAY)
    return tuple(stretch for session in days for stretch in _trading(calendar, session))


def _weekday_since(instrument: Instrument, now: datetime) -> datetime | None:
    zone = ZoneInfo(instrument.zone)
    day = now.astimezone(zone).date()
    if len(calendar_sessions(WEEKDAYS, day, day)) == 0 or now >= settled_at(instrument, day):
        return None
    return datetime.combine(day, time(), zone).astimezone(UTC)


def settled_at_column(instrument: Instrument, sessions: pl.Series) -> pl.Series:
    """The instants (UTC) of the regular settle time of these sessions, summer time kept right."""
    return local_instants(sessions, instrument.settle, zone=instrument.zone)


def local_instants(days: pl.Series, clock: time, *, zone: str) -> pl.Series:
    """The instants (UTC) at which clocks in `zone` show this time on these dates."""
    # A time that a change of clocks skips or repeats is read as the later instant: known late, never early.
    local = pl.col("day").dt.combine(clock, time_unit="us")
    known = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    late = local.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    instants = pl.coalesce(known, late).dt.convert_time_zone("UTC").alias(days.name)
    return pl.DataFrame({"day": days}, schema={"day": pl.Date}).select(instants).to_series()


def calendar_sessions(calendar: str, start: date, end: date) -> pl.Series:
    """The calendar's own sessions from `start` to `end`."""
    if start > end:
        return _series([])
    if calendar == WEEKDAYS:
        days = pl.date_range(start, end, eager=True).alias("session")
        return days.filter(days.dt.weekday() <= _FRIDAY)
    hours = _hours(calendar, start, end)
    known = hours.sessions.filter(hours.sessions.is_between(start, end))
    if hours.first <= start and end <= hours.last:
        return known
    before = calendar_sessions(WEEKDAYS, start, min(end, hours.first - _A_DAY))
    after = calendar_sessions(WEEKDAYS, max(start, hours.last + _A_DAY), end)
    return pl.concat([before, known, after])


def known_until(calendar: str, day: date) -> date:
    """This day, or an earlier one if the calendar's holidays are known only up to there."""
    return day if calendar == WEEKDAYS else min(day, _hours(calendar, day, day).last)


@dataclass(frozen=True, slots=True)
class _Hours:
    """The sessions of one exchange from a first to a last date, its usual close, and its early closes by session."""

    first: date
    last: date
    sessions: pl.Series
    close: time
    early_closes: dict[date, datetime]


def _hours(calendar: str, start: date, end: date) -> _Hours:
    """The exchange's hours over the years that are written down, else over those the library tells."""
    first, last = _written_years(calendar)
    if first <= start.year and end.year <= last:
        return _written(calendar)
    return _asked(*_library(calendar, start, end))


def _written_years(calendar: str) -> tuple[int, int]:
    """The first and the last year that is written down; none if another version of the library may know better."""
    if calendar not in closures.YEARS or _installed() != closures.VERSION:
        return 1, 0
    return closures.FIRST_YEAR, int(closures.YEARS[calendar].split("\n")[-2][:4])


@cache
def _installed() -> str:
    return version("exchange_calendars")


@cache
def _written(calendar: str) -> _Hours:
    closed: list[date] = []
    early: dict[date, datetime] = {}
    for line in closures.YEARS[calendar].split("\n")[1:-1]:
        year, *marks = line.split()
        for mark in marks:
            day = date(int(year), int(mark[:2]), int(mark[2:4]))
            if mark[4:]:
                early[day] = datetime.combine(day, time(int(mark[5:7]), int(mark[7:])), UTC)
            else:
                closed.append(day)
    first, last = (date(year, *ends) for year, ends in zip(_written_years(calendar), _NEW_YEARS, strict=True))
    weekdays = calendar_sessions(WEEKDAYS, first, last)
    usual = time.fromisoformat(closures.USUAL_CLOSE[calendar])
    return _Hours(first, last, _without(weekdays, closed), usual, early)


@lru_cache(maxsize=64)
def _asked(library: Any, first: date, last: date) -> _Hours:
    early = library.closes[library.early_closes]
    return _Hours(
        first,
        last,
        sessions=pl.Series("session", library.sessions.to_numpy().astype("datetime64[D]"), dtype=pl.Date),
        close=library.close_times[-1][1],
        early_closes={day.date(): close.to_pydatetime().astimezone(UTC) for day, close in early.items()},
    )


def _trading(calendar: str, session: date) -> list[tuple[datetime, datetime]]:
    """From when to when a session trades: two stretches where it has a midday break."""
    library, first, last = _library(calendar, session, session)
    if not first <= session <= last:
        usual = (library.open_times[-1][1], library.close_times[-1][1])
        start, end = (datetime.combine(session, at, library.tz).astimezone(UTC) for at in usual)
        return [(start, end)]
    day = session.isoformat()
    ends = [library.session_open(day), library.session_close(day)]
    if library.session_has_break(day):
        ends[1:1] = [library.session_break_start(day), library.session_break_end(day)]
    instants = [one.to_pydatetime().astimezone(UTC) for one in ends]
    return list(zip(instants[::2], instants[1::2], strict=True))


def _library(calendar: str, start: date, end: date) -> tuple[Any, date, date]:
    """The library's own calendar over whole decades, and from when to when: one build, which takes 0.1 s, serves nearly
    all questions.
    """
    earliest, latest = _bounds(calendar)
    first = max(date(max(min(_USUAL_START, _decade(start)), 1), 1, 1), earliest)
    last = min(date(max(_decade(end), _decade(first)) + 9, 12, 31), latest)
    return _build(calendar, first, last), first, last


def _decade(day: date) -> int:
    return day.year // 10 * 10


@cache
def _bounds(calendar: str) -> tuple[date, date]:
    """The first and the last date of which the library can know whether it is a session."""
    import exchange_calendars

    try:
        library = exchange_calendars.get_calendar(calendar)
    except ValueError as error:
        raise MonitorError(
            f"the sessions of {calendar} are not known: {str(error)[:_SHOWN]}; update exchange-calendars, "
            "or name another calendar"
        ) from None
    first, last = library.bound_min(), library.bound_max()
    return (first.date() if first else _FIRST_INSTANT, last.date() if last else _LAST_INSTANT)


@lru_cache(maxsize=64)
def _build(calendar: str, first: date, last: date) -> Any:
    import exchange_calendars

    # The library's own range ends a year from today; ours is given, so no answer depends on the day it is asked.
    return exchange_calendars.get_calendar(calendar, start=str(first), end=str(last))


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)


def _first(days: pl.Series, calendar: str, after: date) -> date:
    first = days.min()
    if not isinstance(first, date):
        raise MonitorError(f"{calendar} has no session within {_LONGEST_CLOSURE.days} days of {after}")
    return first


def _series(days: Iterable[date]) -> pl.Series:
    return pl.Series("session", sorted(days), dtype=pl.Date)


def _without(days: pl.Series, others: Iterable[date]) -> pl.Series:
    return days.filter(~days.is_in(list(others)))
