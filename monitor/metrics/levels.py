"""Where a value stands: changes, extremes, averages and scores of one series."""

import polars as pl

from monitor.metrics.registry import Params, Series, Window, metric


def _n(params: Params) -> int:
    return int(params["n"] or 0)


def _over(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A quotient that is unknown where its denominator is not above zero."""
    return pl.when(denominator > 0).then(numerator / denominator)


@metric(
    formula="x / x[n bars ago] - 1",
    convention="simple return; unknown where the earlier value is not above zero",
    look_back=lambda p: _n(p) + 1,
    unit="%",
    bounds=(None, None),
    source="CFA Institute, holding period return",
)
def change(x: Series, n: Window = 1) -> pl.Expr:
    """Change over n bars, as a fraction of the earlier value."""
    return _over(x, x.shift(n)) - 1


@metric(
    formula="x / highest(x, n) - 1; without n the highest since the first bar held",
    convention="zero or negative; on closes if x is a close",
    look_back=lambda p: int(p["n"] or 1),
    unit="%",
    bounds=(None, 0.0),
    source="Magdon-Ismail and Atiya (2004), drawdown from the running peak",
)
def drawdown(x: Series, n: Window | None = None) -> pl.Expr:
    """How far a value is below its highest."""
    return _over(x, _high(x, n)) - 1


@metric(
    formula="highest of x in the last n bars, this one included; without n since the first bar held",
    convention="of available data",
    look_back=lambda p: int(p["n"] or 1),
    unit="same",
    source="definition",
)
def high_water(x: Series, n: Window | None = None) -> pl.Expr:
    """The highest value so far."""
    return _high(x, n)


def _high(x: pl.Expr, n: int | None) -> pl.Expr:
    return x.cum_max() if n is None else x.rolling_max(n)


@metric(
    formula="mean of x over the last n bars",
    look_back=_n,
    unit="same",
    source="definition",
)
def sma(x: Series, n: Window) -> pl.Expr:
    """Simple moving average."""
    return x.rolling_mean(n)


@metric(
    formula="e[t] = e[t-1] + a (x[t] - e[t-1]), a = 2 / (n + 1), e[first] = x[first]",
    convention="span n, not bias-adjusted; null before n bars",
    look_back=_n,
    warm_up=lambda p: 20 * _n(p),
    unit="same",
    source="Roberts (1959); span form as in most charting packages",
)
def ema(x: Series, n: Window) -> pl.Expr:
    """Exponential moving average."""
    return x.ewm_mean(span=n, adjust=False, min_samples=n)


@metric(
    formula="sqrt(sum((x - mean)^2) / (n - 1)) over the last n bars",
    convention="sample standard deviation (n - 1), this bar included",
    look_back=_n,
    unit="same",
    least=2,
    source="definition",
)
def stdev(x: Series, n: Window) -> pl.Expr:
    """Rolling standard deviation."""
    return _deviation(x, n)


@metric(
    formula="(x - sma(x, n)) / stdev(x, n)",
    convention="this bar included; n - 1; unknown over a flat window",
    look_back=_n,
    least=2,
    source="definition of the standard score",
)
def zscore(x: Series, n: Window) -> pl.Expr:
    """How many standard deviations a value is from its rolling mean."""
    return _over(x - x.rolling_mean(n), _deviation(x, n))


@metric(
    formula="100 * share of the last n values that are <= x, this one included",
    convention="0 to 100; ties count as below or equal",
    look_back=_n,
    unit="percentile",
    bounds=(0.0, 100.0),
    source="scipy.stats.percentileofscore, kind='weak'",
)
def percentile(x: Series, n: Window) -> pl.Expr:
    """Percentile of a value among the last n."""
    return x.rolling_rank(n, method="max") * 100 / n


@metric(
    formula="r[t] / stdev(r over the n bars ending at t-1), r = change(x, 1)",
    convention="today is not in the estimate; n - 1; unknown over a flat window",
    look_back=lambda p: _n(p) + 2,
    least=2,
    source="packs of Metalwatch; a one-bar return in units of its recent volatility",
)
def sigma_move(x: Series, n: Window = 60) -> pl.Expr:
    """Today's change in standard deviations of the n changes before it."""
    r = _over(x, x.shift(1)) - 1
    return _over(r, _deviation(r, n).shift(1))


def _deviation(x: pl.Expr, n: int) -> pl.Expr:
    """Standard deviation, exactly zero over a flat window (a rolling sum may leave a crumb there)."""
    flat = x.rolling_max(n) == x.rolling_min(n)
    return pl.when(flat).then(0.0).otherwise(x.rolling_std(n))


FUNCTIONS = (change, drawdown, high_water, sma, ema, stdev, zscore, percentile, sigma_move)
