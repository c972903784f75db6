"""What is remembered of a condition: how long it has held, how long ago it did, and what was then."""

import polars as pl

from monitor.metrics.registry import ALL_HISTORY, Series, YesNo, metric

_SKIPPED = "on bars on which the condition is unknown; they are not counted and break nothing"


@metric(
    formula="bars in a row on which the condition is true, this one included",
    convention="0 where it is false",
    look_back=lambda _: 1,
    warm_up=lambda _: ALL_HISTORY,
    bounds=(0.0, None),
    source="definition",
    unknown=_SKIPPED,
)
def streak(condition: YesNo) -> pl.Expr:
    """For how many bars in a row a condition has been true."""
    true = condition.cast(pl.Int64).cum_sum()
    before = pl.when(~condition).then(true).forward_fill().fill_null(0)
    return (true - before).cast(pl.Float64)


@metric(
    formula="bars since the condition was last true",
    convention="0 on a bar on which it is true",
    look_back=lambda _: 1,
    warm_up=lambda _: ALL_HISTORY,
    bounds=(0.0, None),
    source="definition",
    unknown=f"before it was true for the first time, and {_SKIPPED}",
)
def sessions_since(condition: YesNo) -> pl.Expr:
    """How many bars ago a condition was last true."""
    bar = condition.cum_count().cast(pl.Int64)
    last = pl.when(condition).then(bar).forward_fill()
    return pl.when(condition.is_not_null()).then(bar - last).cast(pl.Float64)


@metric(
    formula="x on the last bar on which the condition was true, this one included",
    look_back=lambda _: 1,
    warm_up=lambda _: ALL_HISTORY,
    unit="same",
    source="definition",
    unknown="before it was true for the first time, and on bars on which the condition or x is unknown",
)
def at_last(condition: YesNo, x: Series) -> pl.Expr:
    """What a value was when a condition was last true."""
    then = pl.when(condition).then(x).forward_fill()
    return pl.when(condition.is_not_null() & x.is_not_null()).then(then)


FUNCTIONS = (streak, sessions_since, at_last)
