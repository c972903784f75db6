"""Event study: abnormal returns of instruments around dated events, beside as many random dates.

Each event is one case: where it is measured on several instruments, on the mean of their abnormal returns, because
what moves them on one day is one thing.  Random dates are the same events moved together, with the gaps between them
as they are (`placebos`): p is never one of samples that overlap and are taken for independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from monitor.backtest.abnormal import WINDOWS, abnormal
from monitor.backtest.cases import Answer, Case, answers, case_of
from monitor.backtest.chance import overlap
from monitor.backtest.figures import Figures, figures
from monitor.backtest.placebos import Placebo, longest_windows, placebo_of
from monitor.backtest.values import DIGITS, FEW
from monitor.backtest.verdicts import SURE, p_is
from monitor.backtest.watch import Watch, unwatched
from monitor.eventfile import Event
from monitor.instruments import Catalogue

LEAST_SHARE = 0.005
HEADLINE = 3
"""Which of the windows a sentence speaks of: the day and the five sessions after it, chosen before any result."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """All events in one window."""

    start: int
    stop: int
    figures: Figures
    spread: float | None
    """Standard deviation over events, n - 1; None of fewer than two."""
    unknown: int
    effective: float
    """What its events with a known return are worth where their longest windows overlap; never above their number."""
    placebo: Placebo | None


@dataclass(frozen=True, kw_only=True)
class Studied:
    """An event study."""

    market: str | None
    cases: tuple[Case, ...]
    windows: tuple[Around, ...]
    left_out: tuple[str, ...] = ()
    """Instruments that were not measured, because it was ended early."""

    @property
    def effective(self) -> float:
        """What the events are worth in the window in which most of them are measured."""
        return max(one.effective for one in self.windows)

    @property
    def unfinished(self) -> str | None:
        if not self.left_out:
            return None
        return f"{', '.join(self.left_out)} {'was' if len(self.left_out) == 1 else 'were'} not measured and left out"


def study_events(
    events: Sequence[Event],
    subjects: Sequence[Sequence[str]],
    bars: pl.DataFrame,
    catalogue: Catalogue,
    *,
    market: str | None = None,
    watch: Watch = unwatched,
) -> Studied:
    """The events, each measured on its subjects, which are instruments; those without prices are left out."""
    held = frozenset(bars["instrument"].unique())
    wanted = [*dict.fromkeys(name for names in subjects for name in names if name in held and name != market)]
    known = {
        name: abnormal(bars, catalogue.instruments[name], catalogue, market=market)
        for name in watch(wanted, "instruments")
    }
    found = answers(events, subjects, known)
    touching = _touching(found)
    return Studied(
        market=market,
        cases=tuple(case_of(one, market, overlaps=near) for one, near in zip(found, touching, strict=True)),
        windows=tuple(_around(number, found) for number in range(len(WINDOWS))),
        left_out=tuple(wanted[len(known) :]),
    )


def _touching(found: Sequence[Answer]) -> list[bool]:
    """Which measured events have another one within their longest window, or are within its."""
    measured = np.array([one.known.any() for one in found])
    starts, ends = longest_windows([one.event.date for one in found])
    touching = (starts[:, None] < ends) & (starts < ends[:, None]) & measured
    np.fill_diagonal(touching, val=False)
    return [bool(one) for one in touching.any(axis=1) & measured]


def _around(window: int, found: Sequence[Answer]) -> Around:
    known = [one for one in found if one.known[:, window].any()]
    own = np.array([one.means[window] for one in known], dtype=np.float64)
    dates = [one.event.date for one in known]
    start, stop = WINDOWS[window]
    return Around(
        start=start,
        stop=stop,
        figures=figures(own, np.full(len(own), np.nan)),
        spread=float(own.std(ddof=1)) if len(own) > 1 else None,
        unknown=len(found) - len(known),
        effective=overlap(*longest_windows(dates))[0],
        placebo=placebo_of(window, dates, [one.measured(window) for one in known]) if known else None,
    )


def sentence(done: Studied, subject: str) -> str:
    """The study in plain words."""
    told = done.windows[HEADLINE]
    own, placebo = told.figures, told.placebo
    if own.mean is None or placebo is None:
        return f"no event has a known return of {subject}: history is too short around all of them."
    usual = "its own mean" if done.market is None else f"what {done.market} explains"
    return (
        f"{_many(told)}: {subject} {own.mean * 100:+.1f} % beyond {usual} in the session of the event and the "
        f"{told.stop} after it; {share_is(placebo.beaten)} of random dates with the same spacing did as well or better in that "
        f"direction (two-sided {p_is(placebo.p)}): {_luck(told, placebo)}."
    )


def share_is(value: float, *, least: str = "less than 1%") -> str:
    """A share of random dates, never told as zero: the actual ones are among them."""
    return f"{value:.0%}" if value >= LEAST_SHARE else least


def _many(told: Around) -> str:
    """`12 events worth 6.4, an anecdote`."""
    count = told.figures.count
    text = f"{count} event" + ("" if count == 1 else "s")
    text += f" worth {told.effective:.1f}" if round(told.effective, 1) < count else ""
    return text + (", an anecdote" if _is_anecdote(told) else "")


def _is_anecdote(told: Around) -> bool:
    return round(told.effective, DIGITS) < FEW


def _luck(told: Around, placebo: Placebo) -> str:
    """Of an anecdote nothing is said that would need more events, as in the verdict of a backtest."""
    if placebo.p >= SURE:
        return "may be luck"
    if _is_anecdote(told):
        return "too few to rule out luck"
    return "hardly luck, unless the dates were chosen for what prices did"
