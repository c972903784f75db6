"""Windows of bars over plain arrays: what every n bars in a row come to.

Rows are series below each other, bars beside each other: shape (series, bars).  A window stands where its last bar
does, so that results have n - 1 columns fewer.  NaN is unknown and makes unknown what it is part of.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_AT_ONCE = 16_384
"""So many bars are asked together whether one of them is a new highest."""


def over(join: "np.ufunc", rows: Any, n: int) -> Any:
    """What joins all bars of every window: windows of 1, 2, 4 and so on are put together.

    So it depends on the bars of a window alone, to the last bit, and costs log2(n) steps.
    """
    whole = rows.shape[-1] - n + 1
    found, width, done = None, 1, 0
    while True:
        if n & width:
            part = rows[..., done : done + whole]
            found = part.copy() if found is None else join(found, part, out=found)
            done += width
        if 2 * width > n:
            return found
        rows = join(rows[..., :-width], rows[..., width:])
        width *= 2


def mean(rows: Any, n: int) -> Any:
    """The mean of every window."""
    import numpy as np

    sums = over(np.add, rows, n)
    sums /= n
    return sums


def highest(rows: Any, n: int) -> Any:
    """The highest of every window."""
    import numpy as np

    return over(np.maximum, rows, n)


def lowest(rows: Any, n: int) -> Any:
    """The lowest of every window."""
    import numpy as np

    return over(np.minimum, rows, n)


def deviation(rows: Any, n: int, *, less: int = 1) -> Any:
    """The standard deviation of every window over n - `less`, exactly zero over a flat one."""
    return standing(rows, n, less=less)[1]


def standing(rows: Any, n: int, *, less: int = 1) -> tuple[Any, Any]:
    """How far the last bar of every window is above the window's mean, and the standard deviation over n - `less`."""
    import numpy as np

    apart = _apart(rows)
    sums, squares = over(np.add, apart, n), over(np.add, apart * apart, n)
    average = sums / n
    squares -= np.multiply(sums, average, out=sums)
    squares /= n - less
    spread = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    _flatten(spread, rows, n)
    return np.subtract(apart[..., n - 1 :], average, out=average), spread


def covariance(first: Any, second: Any, n: int) -> Any:
    """The covariance of two series in every window, over n - 1."""
    one, other = _apart(first), _apart(second)
    return (mean(one * other, n) - mean(one, n) * mean(other, n)) * (n / (n - 1))


def _apart(rows: Any) -> Any:
    """From the first bar, so that squares are of small numbers and lose little."""
    import numpy as np

    return rows - np.nan_to_num(rows[..., :1], posinf=0.0, neginf=0.0)


def _flatten(spread: Any, rows: Any, n: int) -> None:
    """No deviation over windows whose bars are all the same, where sums may leave a crumb."""
    import numpy as np

    some = rows[..., :: n // 2]  # every window has two neighbours of these
    if (some[..., 1:] == some[..., :-1]).any():
        same = rows[..., 1:] == rows[..., :-1]
        spread[over(np.logical_and, same, n - 1)] = 0.0


def above_zero(values: Any) -> Any:
    """A denominator: unknown where it is not above zero."""
    import numpy as np

    return values if (values > 0).all() else np.where(values > 0, values, np.nan)


def changes(rows: Any) -> Any:
    """Simple returns from bar to bar, one fewer than bars; unknown where the earlier bar is not above zero."""
    return rows[..., 1:] / above_zero(rows[..., :-1]) - 1


def log_changes(rows: Any) -> Any:
    """Log returns from bar to bar, one fewer than bars; unknown where either bar is not above zero."""
    import numpy as np

    return np.log(rows[..., 1:] / above_zero(rows[..., :-1]))


def highest_so_far(rows: Any) -> Any:
    """The highest bar up to every bar."""
    import numpy as np

    found, high = np.empty_like(rows), rows[..., :1]
    for start in range(0, rows.shape[-1], _AT_ONCE):
        part, own = rows[..., start : start + _AT_ONCE], found[..., start : start + _AT_ONCE]
        highest_here = part.max(axis=-1, keepdims=True)
        if (highest_here > high).any():
            np.maximum(np.maximum.accumulate(part, axis=-1, out=own), high, out=own)
        else:  # it is quick to see that there is no new highest
            own[...] = high
        high = np.maximum(high, highest_here)
    return found
