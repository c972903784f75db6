"""What every price source promises: one typed answer per instrument, whatever happened.

A source decides how its vendor is asked and what an answer means.  It leaves to others which bars are kept, which
become final by being seen twice, and what a failure means for the rules that wait for the price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import polars as pl

from monitor import bars
from monitor.bars import Action
from monitor.errors import SourceError
from monitor.instruments import Instrument
from monitor.quality import Finding


class Outcome(StrEnum):
    """How asking for one instrument ended."""

    OK = "ok"
    RATE_LIMITED = "rate limited"
    NOT_FOUND = "not found"
    UNAUTHORIZED = "unauthorized"
    SERVER_ERROR = "server error"
    BAD_PAYLOAD = "bad payload"
    NETWORK = "network"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    SKIPPED = "skipped"
    """Not asked: the request budget is spent, or the source is being left alone for a while."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer for one instrument."""

    instrument: str
    outcome: Outcome
    bars: pl.DataFrame = field(default_factory=bars.empty)
    """A bar frame (`monitor.bars.BARS`); without rows unless the outcome is OK."""
    detail: str = ""
    """One line for people: what came instead of prices.  Never a secret, never a guess such as "delisted"."""
    meta: Mapping[str, object] = field(default_factory=dict)
    """What the source says about the series: `contract`, `currency`, `exchange`, `source_time` ..."""
    actions: tuple[Action, ...] = ()
    """Splits and payments in the span of the bars, by session."""
    findings: tuple[Finding, ...] = ()
    """What was wrong with rows of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolInfo:
    """What a source knows of one of its symbols: whether it exists, and what it is."""

    symbol: str
    exists: bool | None
    """None: nobody knows, because the source did not answer; `outcome` and `detail` say why."""
    outcome: Outcome = Outcome.OK
    detail: str = ""
    name: str = ""
    """Of a future the contract that is quoted now, such as `Gold Dec 26`."""
    currency: str = ""
    exchange: str = ""
    kind: str = ""
    """In the source's own word, such as FUTURE or EQUITY."""
    last_session: date | None = None
    """Date, at the exchange, of the last close or live price."""
    last_close: float | None = None
    age: timedelta | None = None
    """Since the last quote."""


class PriceSource(Protocol):
    """One place prices come from."""

    @property
    def name(self) -> str:
        """What settings call it, such as `yahoo`."""

    @property
    def label(self) -> str:
        """What every screen and message calls it; a source of made-up prices says so here."""

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """One answer per instrument, in their order.

        `since` is, by instrument id, the last session already held: bars from a few days before it are enough.
        An instrument that is not in it gets the whole history.  Failures are answers; nothing is raised.
        """

    def close(self) -> None:
        """Give back threads and connections; nothing is asked afterwards."""


def page_name(source: PriceSource) -> str:
    """What pages call a source: they show no path."""
    return "price files" if source.name == "files" else source.label


class FetchError(SourceError):
    """Inside a source: the answer for one instrument is not OK, and this is why."""

    def __init__(self, outcome: Outcome, detail: str, *, meta: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.meta = meta or {}


def one_line(text: str, *, limit: int = 200) -> str:
    """The text as one printable line of at most `limit` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else f"{line[:limit]}…"
