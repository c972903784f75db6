"""What can be wrong with a bar, and how it is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import polars as pl


class Kind(StrEnum):
    """What was found."""

    NO_PRICE = "no_price"
    """No finite close above zero: rejected."""
    FUTURE = "future"
    """Dated later than now: rejected."""
    RANGE = "range"
    """Open, high or low contradict each other or the close: unknown, the close stays."""
    VOLUME = "volume"
    """A volume below zero: unknown, the prices stay."""
    DUPLICATE = "duplicate"
    """Several rows of one session with the same values: one is kept."""
    CONFLICT = "conflict"
    """Several rows of one session with different values: one is chosen."""
    WEEKEND_ROW = "weekend_row"
    """A bar on a Saturday or Sunday without a session: quarantined."""
    PHANTOM_SESSION = "phantom_session"
    """A bar on another date without a session: kept, and told as extra."""
    JUMP = "jump"
    """A move too large to be believed at first sight."""
    UNIT_SLIP = "unit_slip"
    """A jump by about ten or a hundred times, or to a tenth or a hundredth."""
    SPIKE = "spike"
    """A jump, of either kind, that the next bar gave back."""
    REVISION = "revision"
    """A final close that is another one now, such as a partial bar that was once taken for finished."""
    READJUSTMENT = "readjustment"
    """Many final closes changed by one factor: a dividend or a split."""
    ANOTHER_SERIES = "another_series"
    """Most final closes changed, by no common factor."""


class Release(StrEnum):
    """What made a jump believable."""

    SIBLING = "sibling"
    VOLUME = "volume"
    NEXT_BAR = "next bar"
    SECOND_POLL = "second poll"


MOVES = frozenset({Kind.JUMP, Kind.UNIT_SLIP, Kind.SPIKE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or was in doubt."""

    instrument: str
    session: date
    """Of a readjustment: the first session that keeps its values, at the latest the last one compared."""
    kind: Kind
    seen: float | None = None
    """The close that came; of a readjustment, the factor from old closes to new ones."""
    expected: float | None = None
    """The close it was compared with: the last one believed, the one held, or the one chosen."""
    reason: str = ""
    """One line for people."""
    released_by: Release | None = None
    held: bool = False
    """The bar is quarantined, or the row was not taken."""
    steps: tuple[date, ...] = ()
    """Of a readjustment: the sessions at which the factor is another than in the bar before."""

    @property
    def key(self) -> tuple[str, date, Kind]:
        """What says that two polls found the same thing, so that it is told once."""
        return self.instrument, self.session, self.kind

    @property
    def unconfirmed(self) -> bool:
        """Whether people should hear of it as an unconfirmed move."""
        return self.held and self.kind in MOVES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A close as an earlier poll saw it."""

    instrument: str
    session: date
    close: float
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """Bars with their statuses, and what was found."""

    frame: pl.DataFrame
    """A bar frame (`monitor.bars.BARS`)."""
    findings: tuple[Finding, ...] = ()

    @property
    def unconfirmed(self) -> tuple[Finding, ...]:
        """The moves to announce as unconfirmed."""
        return tuple(finding for finding in self.findings if finding.unconfirmed)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By instrument, session and kind."""
    return tuple(sorted(findings, key=lambda finding: finding.key))
