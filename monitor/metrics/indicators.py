"""Indicators of the `ta` library, behind one adapter.

`ta` wants pandas Series with a plain 0..n-1 index and no holes, and returns NaN while it warms up.  The
adapter drops nothing and hides nothing: its inputs are known on every bar, its NaN become null outside.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from monitor.metrics.registry import Series, Window, metric

if TYPE_CHECKING:
    import pandas as pd


@metric(
    formula="100 U / (U + D): U, D are rises and falls smoothed by 1/n (Wilder)",
    convention="first rise and fall are 0; null before n bars and while nothing has moved; 50 bars of 14 agree "
    "with other seeds to 1 point",
    look_back=lambda p: int(p["n"] or 0),
    warm_up=lambda p: 20 * int(p["n"] or 0),
    bounds=(0.0, 100.0),
    least=2,
    source="Wilder (1978), New Concepts in Technical Trading Systems; computed by ta 0.11",
)
def rsi(x: Series, n: Window = 14) -> pl.Expr:
    """Relative strength index."""

    def compute(close: "pd.Series[float]") -> "pd.Series[float]":
        from ta.momentum import RSIIndicator

        moved = close.diff().abs().cumsum() > 0  # before, ta says 100
        return RSIIndicator(close, window=n).rsi().where(moved)

    return _through_ta(x, compute)


def _through_ta(x: pl.Expr, compute: Callable[["pd.Series[float]"], "pd.Series[float]"]) -> pl.Expr:
    """Hand one known series to `ta`; leading nulls stay null."""

    def call(values: pl.Series) -> pl.Series:
        import pandas as pd

        known = values.drop_nulls()
        if known.is_empty():
            return values
        result = compute(pd.Series(known.to_numpy().astype("float64")))
        if len(result) != len(known):
            msg = f"ta returned {len(result)} values for {len(known)} bars"
            raise ValueError(msg)
        head = pl.Series([None] * (len(values) - len(known)), dtype=pl.Float64)
        return head.append(pl.Series(result.to_numpy())).fill_nan(None).alias(values.name)

    return x.map_batches(call, return_dtype=pl.Float64)


FUNCTIONS = (rsi,)
