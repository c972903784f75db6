"""Functions that polars has no expression for: over plain arrays of the bars on which all inputs are known."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

Arrays = list[Any]
"""One numpy array of float64 per input, all of the same length, without NaN."""


def over_arrays(inputs: Sequence[pl.Expr], compute: Callable[[Arrays], Any], *, least: int) -> pl.Expr:
    """What `compute` makes of the known bars; bars before the inputs are known stay unknown, NaN too.

    `compute` sees at least `least` bars and returns as many values as it is given.
    """

    def call(columns: Sequence[pl.Series]) -> pl.Series:
        name, total = columns[0].name, len(columns[0])
        start = max(column.null_count() for column in columns)  # nulls stand in front only
        if total - start < least:
            return pl.Series(name, [None] * total, dtype=pl.Float64)
        found = compute([column.slice(start).cast(pl.Float64).to_numpy() for column in columns])
        if len(found) != total - start:
            msg = f"{len(found)} values came for {total - start} bars"
            raise ValueError(msg)
        values = pl.Series(name, found, dtype=pl.Float64).fill_nan(None)
        return pl.Series(name, [None] * start, dtype=pl.Float64).append(values)

    return pl.map_batches(list(inputs), call, return_dtype=pl.Float64)
