"""What changed since earlier bars, and how much a value usually changes."""

import math

import polars as pl

from monitor.metrics import windows
from monitor.metrics.parts import simple_change
from monitor.metrics.registry import Array, Number, Series, Window, bars, metric


@metric(
    formula="x / x[n bars ago] - 1",
    convention="simple return; below zero is a fall",
    look_back=lambda p: bars(p) + 1,
    unit="%",
    source="CFA Institute, holding period return",
    unknown="where the earlier value is not above zero",
    arithmetic=True,
)
def change(x: Series, n: Window = 1) -> pl.Expr:
    """Change over n bars, as a fraction of the earlier value."""
    return simple_change(x, n)


@metric(
    formula="ln(x / x[n bars ago])",
    convention="log return; below zero is a fall; of small changes nearly the same as change",
    look_back=lambda p: bars(p) + 1,
    unit="%",
    source="CFA Institute, continuously compounded return",
    unknown="where either value is not above zero",
)
def log_change(x: Series, n: Window = 1) -> pl.Expr:
    """Change over n bars as a logarithm: changes in a row add up."""
    return pl.when((x > 0) & (x.shift(n) > 0)).then((x / x.shift(n)).log())


@metric(
    formula="x - x[n bars ago]",
    convention="below zero is a fall",
    look_back=lambda p: bars(p) + 1,
    unit="same",
    source="definition",
    arithmetic=True,
)
def difference(x: Series, n: Window = 1) -> pl.Expr:
    """Change over n bars, in the unit of the value."""
    return x - x.shift(n)


@metric(
    formula="x[n bars ago]",
    look_back=lambda p: bars(p) + 1,
    unit="same",
    source="definition",
    arithmetic=True,
)
def previous(x: Series, n: Window = 1) -> pl.Expr:
    """The value n bars ago."""
    return x.shift(n)


@metric(
    formula="r[t] / stdev(r over the n bars ending at t-1), r = change(x, 1)",
    convention="today is not in the estimate; n - 1",
    look_back=lambda p: bars(p) + 2,
    least=2,
    source="packs of Metalwatch; a one-bar return in units of its recent volatility",
    unknown="over a flat window",
    of_rows=True,
)
def sigma_move(x: Array, n: Window = 60) -> Array:
    """Today's change in standard deviations of the n changes before it."""
    r = windows.changes(x)
    return r[..., n:] / windows.deviation(r[..., :-1], n)


@metric(
    formula="stdev(log_change(x, 1) over n bars) * sqrt(per_year)",
    convention="of log changes; n - 1; a year has per_year bars",
    look_back=lambda p: bars(p) + 1,
    unit="%",
    bounds=(0.0, None),
    least=2,
    source="Hull, Options, Futures and Other Derivatives, estimating volatility from historical data",
    unknown="while a value of the window is not above zero",
    of_rows=True,
)
def realised_vol(x: Array, n: Window, per_year: Number = 252) -> Array:
    """Realised volatility a year."""
    return windows.deviation(windows.log_changes(x), n) * math.sqrt(per_year)


FUNCTIONS = (change, log_change, difference, previous, sigma_move, realised_vol)
