"""Yes/no functions of series: moments, not states."""

from typing import Any

import polars as pl

from monitor.metrics.parts import known_where
from monitor.metrics.registry import Series, metric


@metric(
    formula="x[t-1] <= y[t-1] and x[t] > y[t]",
    convention="a touch is not a cross until the value is beyond; between two known bars",
    look_back=lambda _: 2,
    unit="yes/no",
    source="definition",
    arithmetic=True,
)
def crosses_above(x: Series, y: Series) -> pl.Expr:
    """Whether x went from at or below y to above it on this bar."""
    return _crossed(x.shift(1) <= y.shift(1), x.shift(1) > y.shift(1), x > y)


@metric(
    formula="x[t-1] >= y[t-1] and x[t] < y[t]",
    convention="a touch is not a cross until the value is beyond; between two known bars",
    look_back=lambda _: 2,
    unit="yes/no",
    source="definition",
    arithmetic=True,
)
def crosses_below(x: Series, y: Series) -> pl.Expr:
    """Whether x went from at or above y to below it on this bar."""
    return _crossed(x.shift(1) >= y.shift(1), x.shift(1) < y.shift(1), x < y)


def _crossed(before: Any, beyond_before: Any, beyond: Any) -> pl.Expr:
    """Unknown where neither is known of the bar before."""
    found: pl.Expr = known_where(before | beyond_before, before & beyond)
    return found


FUNCTIONS = (crosses_above, crosses_below)
