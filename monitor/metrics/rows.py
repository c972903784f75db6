"""Bars as plain arrays that understand what arithmetic formulas ask of a polars expression."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """The values of a series after the bars in front in which it is unknown."""

    front: int
    values: npt.NDArray[Any]
    gaps: bool
    """Whether some of the values are unknown, that is NaN."""

    @classmethod
    def of(cls, series: pl.Series) -> "Column":
        """A polars series as plain arrays have it."""
        front = series.null_count()
        known = series.slice(front) if front else series
        if not front or not known.null_count():
            return cls(front, known.to_numpy(), gaps=False)
        return cls(0, series.cast(pl.Float64).to_numpy(), gaps=True)

    @classmethod
    def of_values(cls, values: npt.NDArray[np.float64]) -> "Column":
        """Values of which NaN are unknown."""
        unknown = np.isnan(values)
        gaps = int(np.count_nonzero(unknown))
        if gaps and unknown[:gaps].all():
            return cls(gaps, values[gaps:], gaps=False)
        return cls(0, values, gaps=gaps > 0)

    def series(self, name: str) -> pl.Series:
        """As polars has it: unknown is null."""
        unknown = np.full(self.front, np.nan)
        values = np.concatenate([unknown, self.values]) if self.front else self.values
        return pl.Series(name, values, nan_to_null=bool(self.front or self.gaps))

    def bars(self, first: int, stop: int) -> npt.NDArray[Any]:
        """Some bars, as many as asked for; unknown where there is none."""
        if first >= self.front:
            return self.values[first - self.front : stop - self.front]
        bars = np.empty(stop - first)
        self.write(first, bars)
        return bars

    def write(self, first: int, bars: npt.NDArray[np.float64]) -> None:
        """The bars from the first of these on, as many as there is room for."""
        unknown = min(max(self.front - first, 0), len(bars))
        start = first + unknown - self.front
        bars[:unknown] = np.nan
        bars[unknown:] = self.values[start : start + len(bars) - unknown]


class Rows(np.ndarray[tuple[int, int], np.dtype[np.float64]]):
    """The same bars of one series or more, below each other; NaN is unknown.

    Comparisons and `+ - * /` are polars' own to the last bit.
    """

    columns: Sequence[Column]
    """The series whose bars from `first` on these are; what was worked out of such has none."""
    first: int

    @classmethod
    def of(cls, columns: Sequence[Column], first: int, stop: int) -> "Rows":
        """Some bars of some series."""
        if len(columns) == 1:
            rows = columns[0].bars(first, stop)[np.newaxis].view(cls)
        else:
            rows = np.empty((len(columns), stop - first)).view(cls)
            for column, bars in zip(columns, rows.view(np.ndarray), strict=True):
                column.write(first, bars)
        rows.columns, rows.first = columns, first
        return rows

    def shift(self, n: int) -> "Rows":
        """The values n bars before, unknown where there is none."""
        return Rows.of(self.columns, self.first - n, self.first - n + self.shape[1])

    def known_where(self, condition: npt.NDArray[np.bool_]) -> "Rows":
        """The values where a condition holds, elsewhere unknown."""
        return self if all_of(condition) else np.where(condition, self, np.nan).view(Rows)


def all_of(condition: npt.NDArray[np.bool_]) -> bool:
    """Whether a condition holds everywhere; of few bars to count is quicker than `all`."""
    return int(np.count_nonzero(condition)) == condition.size
