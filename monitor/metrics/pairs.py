"""How two series move together."""

import polars as pl

from monitor.metrics.parts import flat, simple_change
from monitor.metrics.registry import Series, Window, bars, metric


@metric(
    formula="sum(a b) / sqrt(sum(a^2) sum(b^2)); a, b are the last n one-bar changes of x and y less their means",
    convention="Pearson, of simple changes, not of levels; bars on which both have a value",
    look_back=lambda p: bars(p) + 1,
    bounds=(-1.0, 1.0),
    least=3,
    source="Pearson (1895)",
    unknown="while either has not moved, has moved by the same rate only, or was not above zero",
)
def correlation(x: Series, y: Series, n: Window) -> pl.Expr:
    """Correlation of the one-bar changes of two series."""
    a, b = simple_change(x), simple_change(y)
    together = pl.rolling_corr(a, b, window_size=n)
    return pl.when(~flat(a, n) & ~flat(b, n)).then(together.clip(-1.0, 1.0))


@metric(
    formula="sum(a b) / sum(b^2); a, b are the last n one-bar changes of x and y less their means",
    convention="slope of ordinary least squares with an intercept, of simple changes of x on those of y",
    look_back=lambda p: bars(p) + 1,
    least=3,
    source="Sharpe (1963); slope of the regression line",
    unknown="while y has not moved, has moved by the same rate only, or either was not above zero",
)
def beta(x: Series, y: Series, n: Window = 120) -> pl.Expr:
    """By how many per cent x moves when y moves by one."""
    a, b = simple_change(x), simple_change(y)
    together = pl.rolling_cov(a, b, window_size=n)
    return pl.when(~flat(b, n)).then(together / b.rolling_var(n))


FUNCTIONS = (correlation, beta)
