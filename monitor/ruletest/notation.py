"""The compact notation of a series: one token per column, or for several columns that are alike.

| token      | meaning                                                        |
|------------|----------------------------------------------------------------|
| `20`       | a bar                                                          |
| `20*3`     | exactly three bars of this value                               |
| `20..26/4` | four bars, from 20 to 26 inclusive, in equal steps             |
| `(20 21)*3`| the bars in brackets, three times                              |
| `_`        | no bar in an expected session; `_*3` in three of them          |
| `~20`      | a provisional bar that never becomes final                     |
| `20@+2`    | a bar that arrives two sessions late                           |
| `20>21@+3` | a bar of 20 that is revised to 21 three sessions later         |
| `!`        | the provider fails: no bar                                     |
| `|`        | column 0 is the next one; what stands before it is history     |
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MOST_COLUMNS = 20_000
ZERO = "|"
HINT = "tokens: 20, 20*3, 20..26/4, (20 21)*3, _, ~20, 20@+2, 20>21@+3, !, and | before column 0"

_NUMBER = r"(-?\d[\d_]*(?:\.\d+)?)"
_TOKEN = re.compile(r"\([^()]*\)\S*|\S+")
_GROUP = re.compile(r"\(([^()]*)\)\*(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one series says of one column."""

    value: float | None = None
    """The value it arrives with; None: no bar."""
    late: int = 0
    """So many sessions after its own it arrives."""
    revised: float | None = None
    after: int = 0
    """So many sessions after its own it is revised."""
    provisional: bool = False
    failed: bool = False
    """The provider failed."""

    @property
    def is_plain(self) -> bool:
        """A final bar that arrives in its session and stays as it is."""
        return self.value is not None and not (self.late or self.after or self.provisional)


@dataclass(frozen=True, slots=True)
class Series:
    """The cells of all columns, of which the first `zero` are history."""

    cells: tuple[Cell, ...]
    zero: int = 0
    written_out: frozenset[int] = frozenset()
    """Positions of cells whose token stands for them alone."""


@dataclass(frozen=True, slots=True)
class NotationFault:
    """What is wrong with a token, and at which position of the text it stands."""

    start: int
    message: str
    hint: str = HINT


class NotationError(ValueError):
    """A series text that cannot be read; every fault of it."""

    def __init__(self, faults: list[NotationFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


def read_series(text: str) -> Series:
    """The cells of a series text; NotationError carries all its faults."""
    cells: list[Cell] = []
    alone: set[int] = set()
    faults: list[NotationFault] = []
    zeros: list[int] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == ZERO:
            zeros.append(len(cells))
            continue
        try:
            own = _cells(token)
        except ValueError as error:
            faults.append(NotationFault(found.start(), str(error)))
            continue
        if len(own) == 1:
            alone.add(len(cells))
        cells.extend(own)
    faults += _shape(cells, zeros, faults)
    if faults:
        raise NotationError(faults)
    return Series(tuple(cells), zeros[0] if zeros else 0, frozenset(alone))


def _shape(cells: list[Cell], zeros: list[int], faults: list[NotationFault]) -> list[NotationFault]:
    if len(zeros) > 1:
        return [NotationFault(0, "`|` stands once, before column 0")]
    if not faults and len(cells) <= (zeros[0] if zeros else 0):
        return [NotationFault(0, "no column: a series needs at least one, after `|` if that is there")]
    if len(cells) > MOST_COLUMNS:
        return [NotationFault(0, f"more than {MOST_COLUMNS:,} columns", "make the case smaller")]
    return []


def _cells(token: str) -> list[Cell]:
    group = _GROUP.fullmatch(token)
    if group is not None:
        inner = [cell for part in group[1].split() for cell in _cells(part)]
        return _limited(inner, _count(group[2], 1))
    for pattern, make in _FORMS:
        found = pattern.fullmatch(token)
        if found is not None:
            return make(found)
    raise ValueError(f'"{token}" is no token of a series')


def _limited(cells: list[Cell], times: int) -> list[Cell]:
    if not cells or len(cells) * times > MOST_COLUMNS:
        raise ValueError(f"1 to {MOST_COLUMNS:,} columns were expected")
    return cells * times


def _number(text: str) -> float:
    return float(text.replace("_", ""))


def _count(text: str, least: int) -> int:
    number = int(text)
    if not least <= number <= MOST_COLUMNS:
        raise ValueError(f"{number} columns: a number from {least} to {MOST_COLUMNS:,} was expected")
    return number


def _repeated(found: re.Match[str]) -> list[Cell]:
    sign, number, times = found.groups()
    cell = Cell(failed=sign == "!") if sign else Cell(_number(number))
    return [cell] * _count(times or "1", 1)


def _ramp(found: re.Match[str]) -> list[Cell]:
    first, last, count = _number(found[1]), _number(found[2]), _count(found[3], 2)
    step = (last - first) / (count - 1)
    inner = [round(first + step * i, 9) for i in range(1, count - 1)]
    return [Cell(value) for value in (first, *inner, last)]


def _sessions(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("so many sessions later: at least @+1")
    return number


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], list[Cell]]], ...] = (
    (re.compile(rf"(?:([_!])|{_NUMBER})(?:\*(\d{{1,9}}))?"), _repeated),
    (re.compile(rf"{_NUMBER}\.\.{_NUMBER}/(\d{{1,9}})"), _ramp),
    (re.compile(rf"~{_NUMBER}"), lambda found: [Cell(_number(found[1]), provisional=True)]),
    (
        re.compile(rf"{_NUMBER}@\+(\d{{1,9}})"),
        lambda found: [Cell(_number(found[1]), late=_sessions(found[2]))],
    ),
    (
        re.compile(rf"{_NUMBER}>{_NUMBER}@\+(\d{{1,9}})"),
        lambda found: [Cell(_number(found[1]), revised=_number(found[2]), after=_sessions(found[3]))],
    ),
)
