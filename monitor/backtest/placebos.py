"""Random dates beside dated events: what as many dates gave that lie as near to each other.

The dates on which a return is known are closed to a circle, and events are turned on it together, as `chance` turns the
episodes of a rule (the toroidal shift of Lotwick and Silverman, 1982, named there): the same gaps in the same order,
other returns.  What lies together stays together, so events whose windows overlap, and ten entries of one event, are no
more evidence than they are.  `PLACEMENTS` turns are spread evenly over the circle, the actual one is among them, and p
is a plain share that is never zero and needs no dice.

Events are a chain as long as the longest window of each touches that of the next.  A chain is turned as a whole, on the
dates on which the returns of all its instruments are known, so that two instruments are moved to the same dates; where
one of them was not there yet, or no more, at some event of the chain, each turns on the dates of its own.  All chains
turn by the same part of their circles.  Each date is measured in the session that answers it, instrument by instrument.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.backtest.abnormal import WINDOWS, Abnormal, pooled_around, span_of
from monitor.backtest.chance import Circle, placed_means, shares
from monitor.backtest.forward import Days, Floats, Rows

FRIDAY = 5
Subject = tuple[Abnormal, ...]
"""The instruments of one event, whose mean is its return."""


@dataclass(frozen=True, kw_only=True)
class Placebo:
    """What random dates gave; means are fractions, 0.01 is 1 %."""

    mean: float
    low: float
    """Below this mean are 2.5 of 100 turns, above the next one as many."""
    high: float
    p: float
    """The share of turns with a mean at least as far from that of all turns."""
    beaten: float
    """The share of turns with a mean at least as high if the events' is above that of all turns, else as low."""


def placebo_of(window: int, dates: Sequence[date], subjects: Sequence[Subject]) -> Placebo:
    """What random dates gave in one window, for events on these dates; the return of each subject is known there."""
    means = placed_means(circles_of(window, dates, subjects))
    higher, lower, farther = shares(means)
    middle = float(means.mean())
    low, high = np.quantile(means, (0.025, 0.975))
    return Placebo(
        mean=middle,
        low=float(low),
        high=float(high),
        p=float(farther),
        beaten=float(higher if means[0] >= middle else lower),
    )


def circles_of(window: int, dates: Sequence[date], subjects: Sequence[Subject]) -> list[Circle]:
    """Of each event, in the order of chains, the returns of its circle and its own place among them."""
    days = _days_of(dates, subjects)
    pools = {subject: pooled_around(subject, window, days) for subject in dict.fromkeys(subjects)}
    known = {subject: ~np.isnan(pool) for subject, pool in pools.items()}
    rows = days.search_sorted(pl.Series(dates)).to_numpy().astype(np.int64)
    found: list[Circle] = []
    for chain in chains(dates):
        together = np.logical_and.reduce([known[subjects[event]] for event in chain])
        whole = bool(together[rows[chain]].all())
        for event in chain:
            inside = together if whole else known[subjects[event]]
            found.append(_circle(pools[subjects[event]], inside, int(rows[event])))
    return found


def _days_of(dates: Sequence[date], subjects: Sequence[Subject]) -> pl.Series:
    """Every weekday on which a return may be known, and the dates of the events, in their order."""
    first, last = span_of(one for subject in subjects for one in subject)
    days = pl.date_range(first, last, eager=True)
    return pl.concat([days.filter(days.dt.weekday() <= FRIDAY), pl.Series(dates)]).unique().sort()


def _circle(pool: Floats, inside: npt.NDArray[np.bool_], row: int) -> Circle:
    return pool[inside], np.array([np.count_nonzero(inside[:row])], np.int64)


def chains(dates: Sequence[date]) -> Iterator[Rows]:
    """The places of events whose longest windows touch, one after the other, in the order of dates."""
    starts, ends = longest_windows(dates)
    order = np.argsort(starts, kind="stable")
    until = np.maximum.accumulate(ends[order])
    cuts = np.flatnonzero(starts[order][1:] >= until[:-1]) + 1
    yield from np.split(order, cuts)


def longest_windows(dates: Sequence[date]) -> tuple[Days, Days]:
    """From the first day of the longest window of each date to the one after its last, in weekdays."""
    days = np.array(dates, dtype="datetime64[D]")
    stop = max(stop for _, stop in WINDOWS) + 1
    ends: Days = np.busday_offset(days, stop, roll="forward")
    return days, ends
