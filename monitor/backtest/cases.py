"""Single events: which of their instruments were measured, what those did, and why nothing is known of the others.

The return of an event is the mean of those of its instruments that are known in a window, and only they are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.backtest.abnormal import WINDOWS, Abnormal
from monitor.backtest.forward import Floats
from monitor.backtest.placebos import Subject
from monitor.eventfile import Event

Flags = npt.NDArray[np.bool_]


class Why(StrEnum):
    """Why nothing is known of an event."""

    MARKET = "what it touches is the market itself"
    PRICES = "no prices of what it touches"
    BEFORE = "before the first session held"
    AFTER = "after the last session held"
    HISTORY = "too little history before it, or a gap in it"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One event and what its instruments did around it."""

    event: Event
    instruments: tuple[str, ...]
    """Those measured in some window; none of them: nothing can be said."""
    partly: tuple[str, ...]
    """Those of them that are unknown in another window."""
    unmeasured: tuple[str, ...]
    """Those asked for without a known return in any window, or without prices, or the market itself."""
    day: date | None
    """Day 0, of the first that is measured; None where none is."""
    why: Why | None
    """Why none is."""
    returns: tuple[float | None, ...]
    """Abnormal returns, one for each of `WINDOWS`, as fractions."""
    overlaps: bool
    """Whether its longest window and that of another measured event touch."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What each instrument with prices did around one event."""

    event: Event
    asked: tuple[str, ...]
    parts: Subject
    returns: Floats
    """By instrument and window, NaN where unknown."""

    @property
    def known(self) -> Flags:
        found: Flags = ~np.isnan(self.returns)
        return found

    @property
    def means(self) -> Floats:
        """Of each window the mean of the known returns, NaN where there are none."""
        sums, count = np.where(self.known, self.returns, 0.0).sum(axis=0), self.known.sum(axis=0)
        means: Floats = np.divide(sums, count, out=np.full(len(WINDOWS), np.nan), where=count > 0)
        return means

    def measured(self, window: int) -> Subject:
        """The instruments with a known return in a window."""
        return tuple(one for one, known in zip(self.parts, self.known[:, window], strict=True) if known)


def answers(
    events: Sequence[Event], subjects: Sequence[Sequence[str]], known: dict[str, Abnormal]
) -> list[Answer]:
    """What the instruments of each event did; those of which nothing is known here are left out."""
    dates = pl.Series([event.date for event in events])
    around = {
        name: np.stack([one.around(window, dates) for window in range(len(WINDOWS))], axis=-1)
        for name, one in known.items()
    }
    found = []
    for at, (event, names) in enumerate(zip(events, subjects, strict=True)):
        held = [name for name in names if name in known]
        returns = np.array([around[name][at] for name in held]).reshape(len(held), len(WINDOWS))
        found.append(Answer(event, tuple(names), tuple(known[name] for name in held), returns))
    return found


def case_of(answer: Answer, market: str | None, *, overlaps: bool) -> Case:
    """One event in the values that are shown."""
    whole, some = answer.known.all(axis=1), answer.known.any(axis=1)
    names = np.array([one.instrument for one in answer.parts], dtype=object)
    measured = tuple(names[some])
    first = int(np.argmax(some)) if measured else None
    return Case(
        event=answer.event,
        instruments=measured,
        partly=tuple(names[some & ~whole]),
        unmeasured=tuple(name for name in answer.asked if name not in measured),
        day=None if first is None else _day(answer.parts[first], answer.event.date),
        why=None if measured else _why(answer, market),
        returns=tuple(None if np.isnan(value) else float(value) for value in answer.means),
        overlaps=overlaps,
    )


def _day(own: Abnormal, day: date) -> date | None:
    row = int(own.rows_of(pl.Series([day]))[0])
    found: date | None = own.sessions[row] if row < len(own.sessions) else None
    return found


def _why(answer: Answer, market: str | None) -> Why:
    """Why an event has no return at all."""
    if set(answer.asked) == {market}:
        return Why.MARKET
    held = [one.sessions for one in answer.parts if len(one.sessions)]
    if not held:
        return Why.PRICES
    if all(answer.event.date < sessions[0] for sessions in held):
        return Why.BEFORE
    if all(_day(one, answer.event.date) is None for one in answer.parts):
        return Why.AFTER
    return Why.HISTORY
