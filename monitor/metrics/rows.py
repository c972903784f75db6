"""Bars as a plain array that understands what arithmetic formulas ask of a polars expression."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Rows(np.ndarray[tuple[int], np.dtype[np.float64]]):
    """Values of bars in a row; NaN is unknown.  Comparisons and `+ - * /` are polars' own to the last bit."""

    whole: npt.NDArray[Any]
    """The column of which these are the bars from `first` on; what was worked out of such has none."""
    first: int

    @classmethod
    def of(cls, column: npt.NDArray[Any], first: int, stop: int) -> "Rows":
        """Some bars of a column."""
        rows = column[first:stop].view(cls)
        rows.whole, rows.first = column, first
        return rows

    def shift(self, n: int) -> "Rows":
        """The values n bars before, unknown where there is none."""
        start = self.first - n
        if start >= 0:
            return self.whole[start : start + len(self)].view(Rows)
        unknown = np.full(min(-start, len(self)), np.nan)
        return np.concatenate((unknown, self.whole[: max(start + len(self), 0)])).view(Rows)

    def known_where(self, condition: npt.NDArray[np.bool_]) -> "Rows":
        """The values where a condition holds, elsewhere unknown."""
        return self if all_of(condition) else np.where(condition, self, np.nan).view(Rows)


def all_of(condition: npt.NDArray[np.bool_]) -> bool:
    """Whether a condition holds for all bars; of few bars to count is quicker than `all`."""
    return int(np.count_nonzero(condition)) == len(condition)
