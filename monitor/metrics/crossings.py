"""Yes/no functions of series: moments, not states."""

import polars as pl

from monitor.metrics.registry import Series, metric


@metric(
    formula="x[t-1] <= y[t-1] and x[t] > y[t]",
    convention="a touch is not a cross until the value is beyond; between two known bars",
    look_back=lambda _: 2,
    unit="yes/no",
    source="definition",
)
def crosses_above(x: Series, y: Series) -> pl.Expr:
    """Whether x went from at or below y to above it on this bar."""
    before = x.shift(1) <= y.shift(1)
    return pl.when(before.is_not_null()).then(before & (x > y))


@metric(
    formula="x[t-1] >= y[t-1] and x[t] < y[t]",
    convention="a touch is not a cross until the value is beyond; between two known bars",
    look_back=lambda _: 2,
    unit="yes/no",
    source="definition",
)
def crosses_below(x: Series, y: Series) -> pl.Expr:
    """Whether x went from at or above y to below it on this bar."""
    before = x.shift(1) >= y.shift(1)
    return pl.when(before.is_not_null()).then(before & (x < y))


FUNCTIONS = (crosses_above, crosses_below)
