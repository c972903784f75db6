"""Where a value stands: extremes, averages and scores of one series."""

from typing import Any

import polars as pl

from monitor.metrics import windows
from monitor.metrics.arrays import Arrays, over_arrays
from monitor.metrics.registry import ALL_HISTORY, Array, Params, Series, Window, bars, metric

MAD_TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution in median absolute deviations."""

_AT_ONCE = 1_000_000
"""So many values of windows are held at the same time."""


def _since_first(params: Params) -> int:
    return ALL_HISTORY if params["n"] is None else 0


@metric(
    formula="x / highest(x, n) - 1; without n the highest since the first bar held",
    convention="zero or negative; on closes if x is a close",
    look_back=lambda p: int(p["n"] or 1),
    warm_up=_since_first,
    unit="%",
    bounds=(None, 0.0),
    source="Magdon-Ismail and Atiya (2004), drawdown from the running peak",
    unknown="where the highest is not above zero",
    of_rows=True,
)
def drawdown(x: Array, n: Window | None = None) -> Array:
    """How far a value is below its highest."""
    import numpy as np

    high = windows.above_zero(_high(x, n))
    found = np.divide(x[..., -high.shape[-1] :], high, out=high)
    found -= 1
    return found


@metric(
    formula="highest of x in the last n bars, this one included; without n since the first bar held",
    convention="of available data",
    look_back=lambda p: int(p["n"] or 1),
    warm_up=_since_first,
    unit="same",
    source="definition",
    of_rows=True,
)
def high_water(x: Array, n: Window | None = None) -> Array:
    """The highest value so far."""
    return _high(x, n)


def _high(x: Array, n: int | None) -> Array:
    return windows.highest_so_far(x) if n is None else windows.highest(x, n)


@metric(
    formula="highest of x in the last n bars",
    convention="this bar included: x is never above it; compare with previous(highest(x, n)) for a breakout",
    look_back=bars,
    unit="same",
    source="definition",
    of_rows=True,
)
def highest(x: Array, n: Window) -> Array:
    """The highest of the last n values."""
    return windows.highest(x, n)


@metric(
    formula="lowest of x in the last n bars",
    convention="this bar included: x is never below it; compare with previous(lowest(x, n)) for a breakdown",
    look_back=bars,
    unit="same",
    source="definition",
    of_rows=True,
)
def lowest(x: Array, n: Window) -> Array:
    """The lowest of the last n values."""
    return windows.lowest(x, n)


@metric(
    formula="mean of x over the last n bars",
    look_back=bars,
    unit="same",
    source="definition",
    of_rows=True,
)
def sma(x: Array, n: Window) -> Array:
    """Simple moving average."""
    return windows.mean(x, n)


@metric(
    formula="e[t] = e[t-1] + a (x[t] - e[t-1]), a = 2 / (n + 1), e[first] = x[first]",
    convention="span n, not bias-adjusted; null before n bars",
    look_back=bars,
    warm_up=lambda p: 20 * bars(p),
    unit="same",
    source="Roberts (1959); span form as in most charting packages",
)
def ema(x: Series, n: Window) -> pl.Expr:
    """Exponential moving average."""
    return x.ewm_mean(span=n, adjust=False, min_samples=n)


@metric(
    formula="sqrt(sum((x - mean)^2) / (n - 1)) over the last n bars",
    convention="sample standard deviation (n - 1), this bar included",
    look_back=bars,
    unit="same",
    bounds=(0.0, None),
    least=2,
    source="definition",
    of_rows=True,
)
def stdev(x: Array, n: Window) -> Array:
    """Rolling standard deviation."""
    return windows.deviation(x, n)


@metric(
    formula="(x - sma(x, n)) / stdev(x, n)",
    convention="this bar included; n - 1",
    look_back=bars,
    least=2,
    source="definition of the standard score",
    unknown="over a flat window",
    of_rows=True,
)
def zscore(x: Array, n: Window) -> Array:
    """How many standard deviations a value is from its rolling mean."""
    apart, spread = windows.standing(x, n)
    return apart / spread  # over a flat window this is no number


@metric(
    formula="(x - median) / (1.4826 * median of |x - median|) over the last n bars",
    convention="this bar included; the median of an even number of values is the mean of the middle two; both "
    "medians are of the same window",
    look_back=bars,
    least=3,
    source="Iglewicz and Hoaglin (1993), modified z-score: 0.6745 = 1 / 1.4826",
    unknown="where more than half of the window has one value, so that its median deviation is zero",
)
def robust_z(x: Series, n: Window) -> pl.Expr:
    """A z-score that outliers cannot hide in: from the median, in median absolute deviations."""
    return over_arrays([x], lambda inputs: _robust(inputs, n), least=n)


def _robust(inputs: Arrays, n: int) -> Any:
    import numpy as np

    (values,) = inputs
    found = np.full(len(values), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(values, n)
    step = max(1, _AT_ONCE // n)
    for start in range(0, len(windows), step):
        rows = slice(start + n - 1, min(start + step, len(windows)) + n - 1)
        found[rows] = _scores(windows[start : start + step])
    return found


def _scores(windows: Any) -> Any:
    """Of the last value of each window; NaN where the spread is zero."""
    import numpy as np

    with np.errstate(all="ignore"):
        middle = np.median(windows, axis=1)
        spread = MAD_TO_SIGMA * np.median(np.abs(windows - middle[:, None]), axis=1)
        return np.where(spread > 0, (windows[:, -1] - middle) / spread, np.nan)


@metric(
    formula="100 * share of the last n values that are <= x, this one included",
    convention="0 to 100; ties count as below or equal",
    look_back=bars,
    unit="percentile",
    bounds=(0.0, 100.0),
    source="scipy.stats.percentileofscore, kind='weak'",
)
def percentile(x: Series, n: Window) -> pl.Expr:
    """Percentile of a value among the last n."""
    above = n - x.rolling_rank(n, method="max")
    return 100 - above * (100 / n)  # so that the highest is at 100 to the last bit


FUNCTIONS = (
    drawdown, high_water, highest, lowest, sma, ema, stdev, zscore, robust_z, percentile,
)  # fmt: skip
