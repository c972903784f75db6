"""What is seen of a series, and what is remembered of it and of its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from monitor.health.freshness import Freshness
from monitor.instruments import Instrument


class Reply(StrEnum):
    """What a source did when it was asked for a series."""

    PRICES = "prices"
    FAILED = "failed"
    NOT_FOUND = "not found"
    NOT_ASKED = "not asked"
    """It was to be asked and was not: the budget is spent, or the source is left alone for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a source answered."""

    reply: Reply
    outcome: str
    detail: str = ""
    quote_at: datetime | None = None
    """When the source says its newest price was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The facts about one series at one instant."""

    instrument: Instrument
    last: date | None
    """Session of the last final bar that is held."""
    held: tuple[date, ...] = ()
    """Sessions of the last weeks, up to `last`, that have a final bar or one that is doubted, in order."""
    answer: Answer | None = None
    """None: nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesHealth:
    """What is remembered of one series."""

    instrument: str
    watched: date
    """Since when somebody looks."""
    freshness: Freshness = Freshness.FRESH
    since: datetime | None = None
    """Of a series that is not fresh: since when it is as it is."""
    last_session: date | None = None
    missing: int = 0
    """Settled sessions after the last one."""
    gaps: tuple[date, ...] = ()
    """Sessions of the last weeks that are missing before the last one."""
    outage_after: date | None = None
    """Of a series that is stale or dead: its last session when it became so."""
    told: Freshness = Freshness.FRESH
    """The worst that people heard of the outage."""
    outcome: str = ""
    detail: str = ""
    """Of the last answer."""
    answered_at: datetime | None = None
    """When prices came last."""
    not_found: int = 0
    not_found_since: datetime | None = None
    not_found_told: bool = False
    """Answers in a row that the symbol is not found."""
    quote_at: datetime | None = None
    """When the newest price was made."""
    behind: bool = False
    """Its quotes stand still while its exchange is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What is remembered of a source: at most one incident, and whether its quotes stand still."""

    source: str
    failing: bool = False
    """When it was asked last, most series got no prices."""
    since: datetime | None = None
    """Since when there is an incident, told as one instead of series by series."""
    missing: int = 0
    filled: int = 0
    """Sessions that series missed that recovered in the incident, and how many of them came later."""
    behind_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All that is remembered."""

    source: SourceHealth
    series: Mapping[str, SeriesHealth] = field(default_factory=dict)
