"""What followed each session of an instrument: returns from the bar after it to h bars later, and the way there.

A signal is known at the close of its session t.  The first close at which anybody could act on it is that of the
instrument's own next bar, t+1; a return runs from there to the close h of its own bars later.  The instrument may
follow another calendar than the rule: the next bar is the first one dated after t.

A return is unknown, and counted as such, where the instrument was not listed yet, where one of its two closes is
missing, zero or negative, where history ends before it, and where it spans a hole that no metric may span either.
Inside arrays unknown is NaN; nothing of that leaves `monitor.backtest`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.bars import Status
from monitor.instruments import Catalogue
from monitor.language.evaluate import LONGEST_HOLE
from monitor.metrics import windows
from monitor.sessions import expected_sessions

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

HORIZONS = (5, 20, 63, 126)
"""A week, a month, a quarter and half a year, in sessions of the instrument that is studied."""


@dataclass(frozen=True, eq=False)
class Field:
    """The known returns of one horizon over a span, in the order of sessions: where a random date may fall."""

    rows: Rows
    """The row of the study each of them belongs to."""
    returns: Floats
    paths: Floats
    """The lowest close on the way against the close of entry, zero or negative."""
    sessions: Days
    entered: Days
    left: Days

    def places(self, rows: Rows) -> Rows:
        """The places of signals in this field; those with an unknown return have none and are left out."""
        if not len(self.rows):
            return np.zeros(0, np.int64)
        near: Rows = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        found: Rows = near[self.rows[near] == rows]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """Episodes without a known return, by what is missing."""

    before: int = 0
    """What is studied had no price yet."""
    recent: int = 0
    """History ends before the horizon."""
    gap: int = 0
    """A close is missing or no price, or a hole lies between."""
    unheld: int = 0
    """No price of what is studied is held."""

    @property
    def count(self) -> int:
        return self.before + self.recent + self.gap + self.unheld

    def __add__(self, other: "Unmeasured") -> "Unmeasured":
        return Unmeasured(
            before=self.before + other.before,
            recent=self.recent + other.recent,
            gap=self.gap + other.gap,
            unheld=self.unheld + other.unheld,
        )

    def __str__(self) -> str:
        """`1 too recent, 2 before prices begin`; empty where all are measured."""
        told = (
            (self.recent, "too recent"),
            (self.before, "before prices begin"),
            (self.gap, "across a gap"),
            (self.unheld, "without prices"),
        )
        return ", ".join(f"{count} {why}" for count, why in told if count)


@dataclass(frozen=True, eq=False)
class Study:
    """The closes of the instrument that is studied."""

    instrument: str
    sessions: Days
    closes: Floats
    holes: Rows
    """How many holes too long to look across lie before each bar, since the first."""

    def rows_of(self, sessions: Iterable[date] | Days | pl.Series) -> Rows:
        """The last bar at or before each session; -1 before the first."""
        listed = sessions.to_numpy() if isinstance(sessions, pl.Series) else list(sessions)
        days = np.asarray(listed, dtype="datetime64[D]")
        return np.searchsorted(self.sessions, days, side="right").astype(np.int64) - 1

    def field(self, horizon: int, first: date, last: date) -> Field:
        """What is known after the sessions from `first` to `last`."""
        returns, paths = self._followed[horizon]
        start, stop = self.rows_of([first, last])
        rows = np.arange(max(int(start), 0), int(stop) + 1, dtype=np.int64)
        rows = rows[~np.isnan(returns[rows])]
        return Field(
            rows=rows,
            returns=returns[rows],
            paths=paths[rows],
            sessions=self.sessions[rows],
            entered=self.sessions[rows + 1],
            left=self.sessions[rows + 1 + horizon],
        )

    def unmeasured(self, rows: Rows, horizon: int) -> Unmeasured:
        """Why signals in these rows have no known return."""
        last = len(self.closes) - 1
        before, recent = rows < 0, rows + 1 + horizon > last
        inside = rows[~before & ~recent]
        gaps = np.isnan(self._followed[horizon][0][inside])
        return Unmeasured(before=int(before.sum()), recent=int((recent & ~before).sum()), gap=int(gaps.sum()))

    def ways(self, rows: Rows, steps: Sequence[int]) -> Floats:
        """The changes from the close after each row to so many sessions later, NaN where unknown; one row each."""
        entry = rows[:, None] + 1
        end = entry + np.asarray(steps, np.int64)[None, :]
        last = len(self.closes) - 1
        known = (rows[:, None] >= 0) & (end <= last)
        entry, end = np.minimum(entry, last), np.minimum(end, last)
        known &= self.holes[end] == self.holes[np.maximum(rows[:, None], 0)]
        changes: Floats = np.where(known, self.closes[end] / self.closes[entry] - 1, np.nan)
        return changes

    @cached_property
    def _followed(self) -> dict[int, tuple[Floats, Floats]]:
        return {horizon: self._after(horizon) for horizon in HORIZONS}

    def _after(self, horizon: int) -> tuple[Floats, Floats]:
        """Returns and paths after each bar, NaN where unknown."""
        returns = self.ways(np.arange(len(self.closes), dtype=np.int64), (horizon,))[:, 0]
        paths = np.full(len(self.closes), np.nan)
        count = len(self.closes) - 1 - horizon
        if count > 0:
            entry, whole = self.closes[1 : 1 + count], self.holes[1 + horizon :] == self.holes[:count]
            paths[:count] = np.where(whole, windows.lowest(self.closes[1:], horizon + 1) / entry - 1, np.nan)
        return returns, paths


def study_of(bars: pl.DataFrame, instrument: str, catalogue: Catalogue, *, end: date | None) -> Study:
    """The final bars of an instrument up to a session; a close that is no price stays as an unknown one."""
    own = bars.filter((pl.col("instrument") == instrument) & (pl.col("status") == Status.FINAL))
    own = own.filter(pl.col("session") <= end) if end is not None else own
    own = own.sort("session").select("session", pl.when(pl.col("close") > 0).then(pl.col("close")))
    sessions = own["session"]
    closes = own["close"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return Study(instrument, _days(sessions), closes, _holes(sessions, instrument, catalogue))


def _holes(sessions: pl.Series, instrument: str, catalogue: Catalogue) -> Rows:
    known = catalogue.instruments.get(instrument)
    if known is None or known.carry_days is not None or len(sessions) == 0:
        return np.zeros(len(sessions), np.int64)
    expected = expected_sessions(known, sessions[0], sessions[-1])
    places = np.searchsorted(_days(expected), _days(sessions))
    missing = np.diff(places, prepend=places[:1] - 1) - 1
    return np.cumsum(missing > LONGEST_HOLE).astype(np.int64)


def _days(sessions: pl.Series) -> Days:
    return sessions.cast(pl.Date).to_numpy().astype("datetime64[D]")
