"""Series and a start -> a timeline: which session a column is, and what its bars are.

Columns are the sessions in which any instrument of the case is expected to have a bar.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from monitor.bars import BARS, FIELDS, Status
from monitor.instruments import Instrument
from monitor.language import LegName
from monitor.ruletest.notation import Cell, Series
from monitor.ruletest.timeline import Timeline
from monitor.sessions import expected_sessions, settled_at_column

CLOSE = "close"
_LONGEST_CLOSURE = 31
_NO_BAR = Cell()


@dataclass(frozen=True)
class Misfit:
    """Why series do not make a timeline."""

    message: str
    hint: str | None = None
    leg: LegName | None = None
    """The series it is about; None: the start."""


@dataclass(frozen=True)
class _Span:
    """The sessions of a case, of which `zero` are history, and those of each instrument."""

    sessions: tuple[date, ...]
    zero: int
    open_days: Mapping[str, frozenset[date]]


def fit(
    series: Mapping[LegName, Series], instruments: Mapping[str, Instrument], start: date, *, given: bool
) -> Timeline | list[Misfit]:
    """The timeline of some series, or every reason why there is none.

    `given` says that the start was written, so that it must be a session.
    """
    used = [instruments[name] for name in dict.fromkeys(name for name, _ in series)]
    count = max(len(one.cells) - one.zero for one in series.values())
    span = _span(used, start, count, max(one.zero for one in series.values()))
    if given and span.sessions[span.zero] != start:
        calendars = ", ".join(sorted({one.calendar for one in used}))
        hint = f"the next one is {span.sessions[span.zero]}"
        return [Misfit(f"{start} is no session of {calendars}", hint)]
    misfits = [_closeless(leg) for leg in series if (leg[0], CLOSE) not in series]
    misfits += [m for leg, one in series.items() for m in _misfits(leg, one, count)]
    if len({one.calendar for one in used}) > 1:
        misfits += [m for leg, one in series.items() for m in _on_closed_days(leg, one, span, instruments)]
    return misfits or _timeline(series, used, span)


def _closeless(leg: LegName) -> Misfit:
    return Misfit(f'"{leg[0]}.{leg[1]}" without a close', f"add the series `{leg[0]}`", leg)


def _span(used: list[Instrument], start: date, count: int, before: int) -> _Span:
    """So many sessions of any of the instruments before a date, and from it on."""
    room = timedelta(days=_LONGEST_CLOSURE)
    first, last = start - timedelta(days=before * 2) - room, start + timedelta(days=count * 2) + room
    open_days = {one.id: frozenset(expected_sessions(one, first, last).to_list()) for one in used}
    every = sorted(frozenset().union(*open_days.values()))
    zero = next(i for i, day in enumerate(every) if day >= start)
    return _Span(tuple(every[zero - before : zero + count]), before, open_days)


def _misfits(leg: LegName, series: Series, longest: int) -> Iterator[Misfit]:
    count = len(series.cells) - series.zero
    if count != longest:
        hint = "all series have the same number of columns; `_` is a session without a bar"
        yield Misfit(f"{count} columns, the longest series has {longest}", hint, leg)
    if leg[1] != CLOSE and not all(cell.is_plain or cell == _NO_BAR for cell in series.cells):
        yield Misfit("only a close is late, revised, provisional or failed", "values and `_` stand here", leg)
    for index, cell in enumerate(series.cells):
        column = index - series.zero
        if column + max(cell.late, cell.after) >= longest:
            yield Misfit(f"column {column} would arrive after the last column, {longest - 1}", None, leg)


def _on_closed_days(
    leg: LegName, series: Series, span: _Span, instruments: Mapping[str, Instrument]
) -> Iterator[Misfit]:
    """Values written out for a day on which another exchange of the case is open and this one is not."""
    for index in sorted(series.written_out):
        day = span.sessions[index - series.zero + span.zero]
        if day not in span.open_days[leg[0]] and series.cells[index].value is not None:
            calendar = instruments[leg[0]].calendar
            message = f"column {index - series.zero}: {calendar} has no session on {day}"
            yield Misfit(message, "write `_` there", leg)


def _timeline(series: Mapping[LegName, Series], used: list[Instrument], span: _Span) -> Timeline:
    rows: list[tuple[object, ...]] = []
    whole = set(range(-span.zero, len(span.sessions) - span.zero))
    for one in used:
        cells = {
            field: _by_index(series[one.id, field], span.zero)
            for field in FIELDS
            if (one.id, field) in series
        }
        settled = settled_at_column(one, pl.Series(span.sessions, dtype=pl.Date)).to_list()
        for index, session in enumerate(span.sessions):
            cell = cells[CLOSE].get(index, _NO_BAR) if session in span.open_days[one.id] else _NO_BAR
            if not cell.is_plain:
                whole.discard(index - span.zero)
            values = [cells.get(field, {}).get(index, _NO_BAR).value for field in FIELDS]
            for value, at, status in _versions(cell, index):
                own = [value if f == CLOSE else v for f, v in zip(FIELDS, values, strict=True)]
                rows.append((one.id, "1d", session, None, settled[at], *own, status, at - span.zero))
    schema = {**BARS, "arrives": pl.Int64()}
    versions = pl.DataFrame(rows, schema=schema, orient="row").sort("instrument", "session", "arrives")
    steady = not any(cell.late or cell.after for one in series.values() for cell in one.cells)
    return Timeline(span.sessions, span.zero, versions, frozenset(whole), steady)


def _by_index(series: Series, zero: int) -> dict[int, Cell]:
    """The cells by the position of their session."""
    return {index - series.zero + zero: cell for index, cell in enumerate(series.cells)}


def _versions(cell: Cell, index: int) -> Iterator[tuple[float, int, Status]]:
    """Close, position of the session in which it arrives, status."""
    if cell.value is None:
        return
    yield cell.value, index + cell.late, Status.PROVISIONAL if cell.provisional else Status.FINAL
    if cell.revised is not None:
        yield cell.revised, index + cell.after, Status.FINAL
