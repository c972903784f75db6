"""Abnormal returns of an instrument around every one of its sessions: what it did beyond what it usually does.

The event study of MacKinlay ("Event Studies in Economics and Finance", Journal of Economic Literature 35, 1997).
Usual is, by log returns r of closes,

- the instrument's own mean over the estimation window, or
- a + b x market, by least squares over that window, on the sessions that both have.

The estimation window is the `ESTIMATION` returns that end `GAP` sessions before day 0, so that it is over before any
window of the study begins.  An abnormal return of a window is the sum of what is beyond the usual, as a simple return.

Day 0 of a date is the first session that settles after half past nine in New York on it: Sydney, whose session of
that date is over by then, answers on its next.  Unknown is NaN inside arrays: too little history, a close that is no
price, a hole that no metric may span either, or history that ends too early.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

import numpy as np
import polars as pl

from monitor.backtest.forward import Floats, Rows, Study, study_of
from monitor.instruments import Catalogue, Instrument
from monitor.sessions import local_instants, settled_at_column

ESTIMATION = 120
GAP = 10
WINDOWS = ((-5, -1), (0, 0), (0, 1), (0, 5), (0, 20))
"""From and to so many sessions after day 0, both included: before it, in it, and what stayed."""
NEWS = time(9, 30)
NEW_YORK = "America/New_York"


@dataclass(frozen=True, eq=False)
class Abnormal:
    """The abnormal returns of one instrument around each of its sessions."""

    instrument: str
    sessions: pl.Series
    settled: pl.Series
    returns: tuple[Floats, ...]
    """For each of `WINDOWS`, by the row of day 0."""

    def rows_of(self, dates: pl.Series) -> Rows:
        """The row of day 0 of each date; one beyond the last where history has ended."""
        opened = local_instants(dates, NEWS, zone=NEW_YORK)
        return self.settled.search_sorted(opened, side="left").to_numpy().astype(np.int64)

    def around(self, window: int, dates: pl.Series) -> Floats:
        """The abnormal return of one window around each date, NaN where unknown."""
        rows = self.rows_of(dates)
        padded = np.append(self.returns[window], np.nan)
        found: Floats = padded[np.minimum(rows, len(padded) - 1)]
        return found


def abnormal(
    bars: pl.DataFrame, instrument: Instrument, catalogue: Catalogue, *, market: str | None = None
) -> Abnormal:
    """The abnormal returns of an instrument, against a market or its own mean."""
    study = study_of(bars, instrument.id, catalogue, end=None)
    own, other = _closes(study), None
    if market is not None:
        both = own.join(
            _closes(study_of(bars, market, catalogue, end=None)), on="session", suffix=" of market"
        )
        own, other = both.select("session", "close", "holes"), both["close of market"]
    returns = _log_returns(own["close"])
    usual = np.zeros(len(returns)) if other is None else _log_returns(other)
    holes = own["holes"].to_numpy()
    sessions = own["session"]
    return Abnormal(
        instrument=instrument.id,
        sessions=sessions,
        settled=settled_at_column(instrument, sessions),
        returns=_windows(returns, usual, holes, with_market=other is not None),
    )


def _closes(study: Study) -> pl.DataFrame:
    return pl.DataFrame(
        {"session": pl.Series(study.sessions).cast(pl.Date), "close": study.closes, "holes": study.holes}
    )


def _log_returns(closes: pl.Series) -> Floats:
    values: Floats = np.log(closes.to_numpy())
    return np.diff(values, prepend=np.nan) if len(values) else values


def _windows(returns: Floats, market: Floats, holes: Rows, *, with_market: bool) -> tuple[Floats, ...]:
    count = len(returns)
    found = np.full((len(WINDOWS), count), np.nan)
    first = ESTIMATION + GAP  # the row of the first return is 1, that of day 0 at least this
    if count > first:
        level, slope = _usual(returns, market, count - first, with_market=with_market)
        for number, window in enumerate(WINDOWS):
            found[number, first:] = _beyond(returns, market, holes, (level, slope), window)
    return tuple(found)


def _usual(returns: Floats, market: Floats, days: int, *, with_market: bool) -> tuple[Floats, Floats]:
    """A and b of each day 0, from the estimation window before it."""
    view = np.lib.stride_tricks.sliding_window_view
    own = view(returns[1:], ESTIMATION)[:days]
    if not with_market:
        return own.mean(axis=1), np.zeros(days)
    other = view(market[1:], ESTIMATION)[:days]
    centred = other - other.mean(axis=1, keepdims=True)
    spread = (centred**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope: Floats = (centred * own).sum(axis=1) / spread
    level: Floats = own.mean(axis=1) - slope * other.mean(axis=1)
    return level, slope


def _beyond(
    returns: Floats, market: Floats, holes: Rows, usual: tuple[Floats, Floats], window: tuple[int, int]
) -> Floats:
    """The abnormal return of one window around each day 0 that has an estimation window."""
    (level, slope), (start, stop) = usual, window
    first, length = ESTIMATION + GAP, stop - start + 1
    days = np.arange(first, len(returns))
    known = days + stop < len(returns)
    inside = days[known]
    sums = [np.lib.stride_tricks.sliding_window_view(one, length).sum(axis=1) for one in (returns, market)]
    own, other = (one[inside + start] for one in sums)
    found = np.full(len(days), np.nan)
    found[known] = np.expm1(own - length * level[known] - slope[known] * other)
    whole = holes[np.minimum(days + max(stop, 0), len(returns) - 1)] == holes[days - first]
    return np.where(whole, found, np.nan)


def pooled_around(parts: Iterable[Abnormal], window: int, dates: pl.Series) -> Floats:
    """The mean abnormal return of several instruments around each date, of those that know it."""
    values = np.stack([one.around(window, dates) for one in parts])
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(known, values, 0.0).sum(axis=0) / count
    return means


def span_of(parts: Iterable[Abnormal]) -> tuple[date, date]:
    """The first and the last session in which some instrument has an estimation window behind it; one has."""
    held = [one.sessions for one in parts if len(one.sessions) > ESTIMATION + GAP]
    return min(one[ESTIMATION + GAP] for one in held), max(one[-1] for one in held)
