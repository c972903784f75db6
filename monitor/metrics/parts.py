"""Pieces of formulas that several functions share."""

import polars as pl


def quotient(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A quotient that is unknown where its denominator is not above zero."""
    return pl.when(denominator > 0).then(numerator / denominator)


def divided(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A quotient as the last step of a formula: its denominator is worked out once, and where that is not above zero
    the quotient is no finite number, of which the evaluator makes unknown.
    """
    return numerator / denominator.clip(lower_bound=0)


def simple_change(x: pl.Expr, n: int = 1) -> pl.Expr:
    """Simple return over n bars."""
    return quotient(x, x.shift(n)) - 1


def flat(x: pl.Expr, n: int) -> pl.Expr:
    """Whether the last n values are all the same: the last change is n - 1 bars ago or more."""
    row = pl.int_range(pl.len())
    changed = pl.when(x.ne_missing(x.shift(1))).then(row).forward_fill()
    return (changed <= row - (n - 1)) & x.is_not_null()


def deviation(x: pl.Expr, n: int, *, less: int = 1) -> pl.Expr:
    """Standard deviation over n - `less`, exactly zero over a flat window (a rolling sum may leave a crumb).

    It is never below zero: a quotient by it is unknown where it is zero, without `divided`.
    """
    return pl.when(flat(x, n)).then(0.0).otherwise(x.rolling_std(n, ddof=less))
