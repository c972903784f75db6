"""Functions of plain arrays (`Function.of_rows`): for many series at once, of long ones a part at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.metrics import threads
from monitor.metrics.registry import Function, Params
from monitor.metrics.rows import Column

AT_ONCE = threads.AT_ONCE
"""So many values of a long series are worked on together."""

_OF_SHORT_ONES = 65_536
"""So many values of many short series."""

Inputs = Sequence[Column]
"""What one call of a function takes, all of the same length."""


def values_of(function: Function, params: Params, calls: Sequence[Inputs]) -> list[Column]:
    """The values of a function for each of some calls of it; NaN and infinity are unknown.

    It is handed only the bars on which all its inputs are known, and on the others it is unknown.
    """
    known = [_Known.of(inputs) for inputs in calls]
    alike: dict[int, list[int]] = {}
    for place, one in enumerate(known):
        alike.setdefault(one.count, []).append(place)
    look_back = function.look_back(params)
    found: dict[int, Column] = {}
    for count, places in alike.items():
        most = max(1, _OF_SHORT_ONES // max(count, 1))
        for start in range(0, len(places), most):
            some = places[start : start + most]
            values, whole = _finite(_values(function, params, [known[place].bars for place in some]))
            for place, own in zip(some, values, strict=True):
                found[place] = known[place].column(own, look_back - 1, gaps=not whole)
    return [found[place] for place in range(len(calls))]


@dataclass(frozen=True, eq=False, slots=True)
class _Known:
    """The bars on which all inputs of a call are known."""

    total: int
    front: int
    places: Any
    """Which bars after those in front; all if None."""
    bars: Sequence[Any]

    @classmethod
    def of(cls, inputs: Inputs) -> "_Known":
        front = max(column.front for column in inputs)
        total = inputs[0].front + len(inputs[0].values)
        bars = [column.values[front - column.front :] for column in inputs]
        if not any(column.gaps for column in inputs):
            return cls(total, front, None, bars)
        places = np.flatnonzero(~np.any(np.isnan(bars), axis=0))
        return cls(total, front, places, [own[places] for own in bars])

    @property
    def count(self) -> int:
        return len(self.bars[0])

    def column(self, values: Any, skipped: int, *, gaps: bool) -> Column:
        """Values that stand on these bars, but for the first ones."""
        if self.places is None:
            return Column(min(self.front + skipped, self.total), values, gaps=gaps)
        spread = np.full(self.total - self.front, np.nan)
        spread[self.places[skipped:]] = values
        return Column(self.front, spread, gaps=True)


def _values(function: Function, params: Params, calls: Sequence[Sequence[Any]]) -> Any:
    """Rows of values, from the first bar on for which the look-back is complete."""
    one = calls[0]
    rows = [
        np.stack([bars[number] for bars in calls]) if len(calls) > 1 else one[number][np.newaxis]
        for number in range(len(one))
    ]
    before = function.look_back(params) - 1
    count = rows[0].shape[1] - before
    if count <= 0:
        return np.empty((len(calls), 0))
    with np.errstate(all="ignore"):
        if function.warm_up(params) or rows[0].size <= AT_ONCE:
            return function.build(*rows, **params)
        found = np.empty((len(calls), count))
        for start in range(0, count, AT_ONCE):
            stop = min(start + AT_ONCE, count)
            found[:, start:stop] = function.build(*(own[:, start : stop + before] for own in rows), **params)
        return found


def _finite(values: Any) -> tuple[Any, bool]:
    """Values without infinity, and whether all of them are known."""
    finite = np.isfinite(values)
    return (values, True) if finite.all() else (np.where(finite, values, np.nan), False)
