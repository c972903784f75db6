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


def simple_change(x: Value, n: int = 1) -> Value:
    """Simple return over n bars."""
    change: Any = quotient(x, x.shift(n))
    change -= 1  # of arrays in place: new memory is dear
    found: Value = change
    return found
