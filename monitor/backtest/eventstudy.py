"""Event study: abnormal returns of instruments around dated events, beside as many random dates.

Each event is one case: where it is measured on several instruments, on the mean of their abnormal returns, because
what moves them on one day is one thing.  Random dates are the same events moved together, with the gaps between them
as they are (`placebos`): p is never one of samples that overlap and are taken for independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.backtest.abnormal import WINDOWS, Abnormal, abnormal, pooled_around
from monitor.backtest.chance import overlap
from monitor.backtest.figures import Figures, figures
from monitor.backtest.forward import Floats
from monitor.backtest.placebos import Placebo, longest_windows, placebo_of
from monitor.backtest.values import DIGITS, FEW
from monitor.backtest.verdicts import SURE, p_is
from monitor.backtest.watch import Watch, unwatched
from monitor.eventfile import Event
from monitor.instruments import Catalogue

HEADLINE = 3
"""Which of the windows a sentence speaks of: the day and the five sessions after it, chosen before any result."""


Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One event and what its instruments did around it."""

    event: Event
    instruments: tuple[str, ...]
    """Those with prices; none of them: nothing can be said."""
    day: date | None
    """Day 0, of the first of them."""
    returns: tuple[float | None, ...]
    """Abnormal returns, one for each of `WINDOWS`."""
    overlaps: bool
    """Whether its longest window and that of another measured event touch."""


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
    parts = [tuple(known[name] for name in names if name in known) for names in subjects]
    returns = np.stack([_returns(parts, events, window) for window in range(len(WINDOWS))])
    measured: Flags = ~np.all(np.isnan(returns), axis=0)
    touching = _touching(events, measured)
    cases = tuple(
        Case(
            event=event,
            instruments=tuple(one.instrument for one in own),
            day=_day(own, event.date),
            returns=tuple(None if np.isnan(value) else float(value) for value in values),
            overlaps=bool(touches),
        )
        for event, own, values, touches in zip(events, parts, returns.T, touching, strict=True)
    )
    windows = tuple(_around(number, returns[number], events, parts) for number in range(len(WINDOWS)))
    return Studied(
        market=market,
        cases=cases,
        windows=windows,
        left_out=tuple(wanted[len(known) :]),
    )


def _returns(parts: Sequence[Sequence[Abnormal]], events: Sequence[Event], window: int) -> Floats:
    values = [
        pooled_around(own, window, pl.Series([event.date]))[0] if own else np.nan
        for own, event in zip(parts, events, strict=True)
    ]
    return np.array(values, dtype=np.float64)


def _day(own: Sequence[Abnormal], day: date) -> date | None:
    if not own:
        return None
    row = int(own[0].rows_of(pl.Series([day]))[0])
    found: date | None = own[0].sessions[row] if row < len(own[0].sessions) else None
    return found


def _touching(events: Sequence[Event], measured: Flags) -> Flags:
    """Which measured events have another one within their longest window, or are within its."""
    starts, ends = longest_windows([event.date for event in events])
    touching = (starts[:, None] < ends) & (starts < ends[:, None]) & measured
    np.fill_diagonal(touching, val=False)
    found: Flags = touching.any(axis=1) & measured
    return found


def _measured(own: Sequence[Abnormal], window: int, event: Event) -> tuple[Abnormal, ...]:
    day = pl.Series([event.date])
    return tuple(one for one in own if not np.isnan(one.around(window, day)[0]))


def _around(
    number: int, returns: Floats, events: Sequence[Event], parts: Sequence[Sequence[Abnormal]]
) -> Around:
    known = ~np.isnan(returns)
    own = returns[known]
    start, stop = WINDOWS[number]
    dates = [event.date for event, is_known in zip(events, known, strict=True) if is_known]
    told = [
        _measured(part, number, event)
        for event, part, is_known in zip(events, parts, known, strict=True)
        if is_known
    ]
    return Around(
        start=start,
        stop=stop,
        figures=figures(own, np.full(len(own), np.nan)),
        spread=float(own.std(ddof=1)) if len(own) > 1 else None,
        unknown=int(np.count_nonzero(~known)),
        effective=overlap(*longest_windows(dates))[0],
        placebo=placebo_of(number, dates, told) if len(own) else None,
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
        f"{told.stop} after it; {placebo.beaten:.0%} of random dates with the same spacing did as well or better in that "
        f"direction (two-sided {p_is(placebo.p)}): {_luck(told, placebo)}."
    )


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
