"""Functions of one bar: absolute value, logarithm, the smaller and the larger of two."""

import polars as pl

from monitor.metrics.registry import Series, metric


@metric(
    formula="x without its sign",
    look_back=lambda _: 1,
    unit="same",
    bounds=(0.0, None),
    source="definition",
)
def abs_(x: Series) -> pl.Expr:
    """Absolute value."""
    return x.abs()


@metric(
    formula="ln x",
    convention="natural logarithm; of a price it depends on the price's unit",
    look_back=lambda _: 1,
    unit="1",
    source="definition",
    unknown="where x is not above zero",
)
def log(x: Series) -> pl.Expr:
    """Natural logarithm."""
    return pl.when(x > 0).then(x.log())


@metric(
    formula="x where x <= y, else y",
    convention="bar by bar; for the lowest of the last n bars use lowest(x, n)",
    look_back=lambda _: 1,
    unit="same",
    source="definition",
    unknown="where either is",
)
def min_(x: Series, y: Series) -> pl.Expr:
    """The smaller of two values."""
    return pl.when(x <= y).then(x).when(x > y).then(y)


@metric(
    formula="x where x >= y, else y",
    convention="bar by bar; for the highest of the last n bars use highest(x, n)",
    look_back=lambda _: 1,
    unit="same",
    source="definition",
    unknown="where either is",
)
def max_(x: Series, y: Series) -> pl.Expr:
    """The larger of two values."""
    return pl.when(x >= y).then(x).when(x < y).then(y)


FUNCTIONS = (abs_, log, min_, max_)
