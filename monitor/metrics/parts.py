"""Pieces of formulas that several functions share."""

from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

if TYPE_CHECKING:
    from monitor.metrics.rows import Rows

Value = TypeVar("Value", pl.Expr, "Rows")


def known_where(condition: Any, value: Value) -> Value:
    """A value where a condition holds, elsewhere unknown."""
    if isinstance(value, pl.Expr):
        return pl.when(condition).then(value)
    return value.known_where(condition)


def quotient(numerator: Value, denominator: Value) -> Value:
    """A quotient that is unknown where its denominator is not above zero."""
    ratio: Any = numerator / denominator
    known: Value = known_where(~(denominator <= 0), ratio)  # where that is unknown, so is the ratio already
    return known


def divided(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A quotient as the last step of a formula: its denominator is worked out once, and where that is not above zero
    the quotient is no finite number, of which the evaluator makes unknown.
    """
    return numerator / denominator.clip(lower_bound=0)


def simple_change(x: Value, n: int = 1) -> Value:
    """Simple return over n bars."""
    change: Any = quotient(x, x.shift(n)) - 1
    found: Value = change
    return found


def flat(x: pl.Expr, n: int) -> pl.Expr:
    """Whether the last n values are all the same: the last change is n - 1 bars ago or more."""
    row = pl.int_range(pl.len(), dtype=pl.Int32)
    changed = pl.when(x.ne_missing(x.shift(1))).then(row).forward_fill()
    return (changed <= row - (n - 1)) & x.is_not_null()


def deviation(x: pl.Expr, n: int, *, less: int = 1) -> pl.Expr:
    """Standard deviation over n - `less`, exactly zero over a flat window (a rolling sum may leave a crumb).

    It is never below zero: a quotient by it is unknown where it is zero, without `divided`.
    """
    return pl.when(flat(x, n)).then(0.0).otherwise(x.rolling_std(n, ddof=less))
