"""What followed the episodes of a rule session by session, and what follows any session: how both spread.

A change is from the close after the signal, as everywhere in evidence.  The sessions of pooled instruments count for as
much as their episodes.
"""

from collections.abc import Sequence

import numpy as np

from monitor.backtest.forward import HORIZONS, Floats, Rows, Study
from monitor.charts import Band, Fans

STEPS = tuple(sorted({*range(0, HORIZONS[-1] + 1, 3), *HORIZONS}))
PARTS = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_WAYS = 30
"""More single lines than these are not told apart."""
LEAST_SHADED = 5
"""Of fewer episodes no middle half is drawn."""

Placed = tuple[Study, Rows, Rows]
"""What is studied, the rows of its signals, and the rows of all sessions of the span."""


def fans_of(placed: Sequence[Placed]) -> Fans:
    """The fans of one rule; `placed` has one entry for each instrument that is studied."""
    own = [study.ways(rows, STEPS) for study, rows, _ in placed]
    anyway = [study.ways(rows, STEPS) for study, _, rows in placed if len(rows)]
    weights = [
        np.full(len(rows), max(len(signals), 1) / len(rows)) for _, signals, rows in placed if len(rows)
    ]
    all_own = np.concatenate([np.zeros((0, len(STEPS))), *own])
    return Fans(
        own=_bands(all_own, np.ones(len(all_own))),
        any=_bands(
            np.concatenate([np.zeros((0, len(STEPS))), *anyway]), np.concatenate([np.zeros(0), *weights])
        ),
        ways=tuple(map(_way, all_own)) if len(all_own) <= MOST_WAYS else (),
        marks=(0, *HORIZONS[1:]),
        shaded=len(all_own) >= LEAST_SHADED,
    )


def _way(changes: Floats) -> tuple[tuple[int, float], ...]:
    return tuple(
        (step, float(change)) for step, change in zip(STEPS, changes, strict=True) if not np.isnan(change)
    )


def _bands(changes: Floats, weights: Floats) -> tuple[Band, ...]:
    found = []
    for step, column in zip(STEPS, changes.T, strict=True):
        known = ~np.isnan(column)
        if known.any():
            low, quarter, middle, three, high = _quantiles(column[known], weights[known])
            found.append(
                Band(after=step, low=low, quarter=quarter, middle=middle, three_quarters=three, high=high)
            )
    return tuple(found)


def _quantiles(values: Floats, weights: Floats) -> list[float]:
    """Weighted quantiles, linear between values that stand in the middle of their weights."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order])
    places = (share - weights[order] / 2) / share[-1]
    return [float(one) for one in np.interp(PARTS, places, values[order])]
