"""Sums of all bars so far that count the less the older they are, over plain arrays.

A run of `_RUN` bars is one small matrix product; what came before it is added to its first bar.  Products are always of
one shape, `_TOGETHER` runs, so that every value comes from the same steps however many bars or series there are: later
bars and other series change no bit of it.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_RUN = 16
_TOGETHER = 64

AT_ONCE = 128 * _RUN * _TOGETHER
"""So many bars of a long series are best handed over at once."""


def fading_sums(rows: Any, keep: float, before: Any = 0.0) -> Any:
    """s[t] = x[t] + keep s[t-1] of rows of series below each other: shape (series, bars), the sums before them (series, 1)."""
    import numpy as np

    many, count = rows.shape
    runs = -(-count // _RUN)
    tiles = np.zeros((many, -(-runs // _TOGETHER), _TOGETHER, _RUN))
    bars = tiles.reshape(many, -1)
    bars[:, :count] = rows
    bars[:, :1] += keep * before
    weights = _weights(keep)
    if runs > 1:
        of_runs = np.matmul(tiles, weights[:, -1:]).reshape(many, -1)[:, : runs - 1]
        bars[:, _RUN : runs * _RUN : _RUN] += keep * fading_sums(of_runs, keep**_RUN)
    return np.matmul(tiles, weights).reshape(many, -1)[:, :count]


@lru_cache(maxsize=64)
def _weights(keep: float) -> "npt.NDArray[np.float64]":
    """How much each bar of a run (row) counts in each of its sums (column)."""
    import numpy as np

    age = np.arange(_RUN) - np.arange(_RUN)[:, np.newaxis]
    return np.where(age < 0, 0.0, keep ** np.maximum(age, 0))
