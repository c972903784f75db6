"""How fresh a series is: which of its expected sessions are settled and have no final bar.

The sessions are those of its own calendar, so that a weekend or a holiday makes nothing late.  A series that is typed
in now and then is judged by its age instead, where it has a limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.instruments import AssetKind, Instrument
from monitor.rules import HealthLimits
from monitor.sessions import expected_sessions, missing_sessions, settled_at

GRACE = timedelta(hours=1)
"""So long after its session is settled a bar is not missed: sources are late by minutes, and final when seen twice."""
DEAD_AFTER = 10
"""Missing sessions."""

_A_DAY = timedelta(days=1)


class Freshness(StrEnum):
    """How much of what a series should have is missing."""

    FRESH = "fresh"
    LATE = "late"
    """Something is missing, and nobody is told."""
    STALE = "stale"
    DEAD = "dead"

    @property
    def rank(self) -> int:
        return list(Freshness).index(self)

    @property
    def is_down(self) -> bool:
        """Whether rules wait for it in vain."""
        return self in (Freshness.STALE, Freshness.DEAD)


@dataclass(frozen=True, slots=True)
class Standing:
    """How fresh a series is, and since when; both follow from its bars and its calendar alone."""

    freshness: Freshness
    since: datetime | None = None
    missing: tuple[date, ...] = ()
    """Settled sessions after the last final bar."""


def standing(
    instrument: Instrument, last: date | None, *, watched: date, limits: HealthLimits, now: datetime
) -> Standing:
    """How fresh a series is whose last final bar is of session `last`; without any, since it was `watched`."""
    manual = instrument.kind is AssetKind.MANUAL
    if manual and last is None:
        return Standing(Freshness.LATE)  # nobody began to type it in, and nothing is judged from it
    if manual and last is not None and instrument.carry_days is not None:
        return _by_age(instrument, last, instrument.carry_days, now)
    return _by_sessions(instrument, last, watched, limits, now)


def due_at(instrument: Instrument, session: date) -> datetime:
    """The instant from which a session's final bar is missed."""
    return settled_at(instrument, session) + GRACE


def due_sessions(instrument: Instrument, after: date, now: datetime) -> tuple[date, ...]:
    """The sessions after a date whose final bars should be held by now."""
    days = expected_sessions(instrument, after + _A_DAY, now.date() + _A_DAY).to_list()
    while days and due_at(instrument, days[-1]) > now:
        days.pop()
    return tuple(days)


def gaps(instrument: Instrument, held: Sequence[date]) -> tuple[date, ...]:
    """The expected sessions between the first and the last of `held` that are not in it."""
    return tuple(missing_sessions(instrument, held))


def _by_sessions(
    instrument: Instrument, last: date | None, watched: date, limits: HealthLimits, now: datetime
) -> Standing:
    missing = due_sessions(instrument, last or watched - _A_DAY, now)
    count, stale_after = len(missing), limits.missing + 1
    if count >= DEAD_AFTER:
        return Standing(Freshness.DEAD, due_at(instrument, missing[DEAD_AFTER - 1]), missing)
    if count >= stale_after:
        return Standing(Freshness.STALE, due_at(instrument, missing[stale_after - 1]), missing)
    if count:
        return Standing(Freshness.LATE, due_at(instrument, missing[0]), missing)
    return Standing(Freshness.FRESH) if last else Standing(Freshness.LATE)


def _by_age(instrument: Instrument, last: date, limit: int, now: datetime) -> Standing:
    zone = ZoneInfo(instrument.zone)
    over = last + timedelta(days=limit) + _A_DAY
    if now.astimezone(zone).date() < over:
        return Standing(Freshness.FRESH)
    return Standing(Freshness.STALE, datetime.combine(over, time(), zone).astimezone(UTC))
