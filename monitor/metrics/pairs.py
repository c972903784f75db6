"""How two series move together."""

from monitor.metrics import windows
from monitor.metrics.registry import Array, Window, bars, metric


@metric(
    formula="sum(a b) / sqrt(sum(a^2) sum(b^2)); a, b are the last n one-bar changes of x and y less their means",
    convention="Pearson, of simple changes, not of levels; bars on which both have a value",
    look_back=lambda p: bars(p) + 1,
    bounds=(-1.0, 1.0),
    least=3,
    source="Pearson (1895)",
    unknown="while either has not moved, has moved by the same rate only, or was not above zero",
    of_rows=True,
)
def correlation(x: Array, y: Array, n: Window) -> Array:
    """Correlation of the one-bar changes of two series."""
    a, b = windows.changes(x), windows.changes(y)
    spreads = windows.deviation(a, n) * windows.deviation(b, n)
    return (windows.covariance(a, b, n) / windows.above_zero(spreads)).clip(-1.0, 1.0)


@metric(
    formula="sum(a b) / sum(b^2); a, b are the last n one-bar changes of x and y less their means",
    convention="slope of ordinary least squares with an intercept, of simple changes of x on those of y",
    look_back=lambda p: bars(p) + 1,
    least=3,
    source="Sharpe (1963); slope of the regression line",
    unknown="while y has not moved, has moved by the same rate only, or either was not above zero",
    of_rows=True,
)
def beta(x: Array, y: Array, n: Window = 120) -> Array:
    """By how many per cent x moves when y moves by one."""
    a, b = windows.changes(x), windows.changes(y)
    return windows.covariance(a, b, n) / windows.above_zero(windows.deviation(b, n)) ** 2


FUNCTIONS = (correlation, beta)
