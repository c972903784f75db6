"""The figures of a sample of returns: mean, median, hit rate, worst return and worst way there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.backtest.forward import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A sample of returns; all of it is unknown where the sample is empty."""

    count: int
    mean: float | None = None
    median: float | None = None
    hit_rate: float | None = None
    """The share above zero."""
    worst: float | None = None
    worst_path: float | None = None
    """The deepest fall below the entry on the way."""


def figures(returns: Floats, paths: Floats, weights: Floats | None = None) -> Figures:
    """The figures of known returns; `weights` say how much each counts."""
    if not len(returns):
        return Figures(count=0)
    even = weights is None
    known = paths[~np.isnan(paths)]
    return Figures(
        count=len(returns),
        mean=float(np.average(returns, weights=weights)),
        median=float(np.median(returns)) if even else _weighted_median(returns, weights),
        hit_rate=float(np.average(returns > 0, weights=weights)),
        worst=float(returns.min()),
        worst_path=float(known.min()) if len(known) else None,
    )


def _weighted_median(returns: Floats, weights: Floats | None) -> float:
    """The mean of the lowest and the highest value with half of the weight on either side."""
    order = np.argsort(returns, kind="stable")
    share = np.cumsum(np.ones(len(returns)) if weights is None else weights[order])
    half = share[-1] / 2
    low = np.searchsorted(share, half * (1 - 1e-12), side="left")
    high = np.searchsorted(share, half * (1 + 1e-12), side="right")
    return float(returns[order[[low, min(high, len(returns) - 1)]]].mean())


def of_placements(returns: Floats, paths: Floats) -> Figures:
    """The mean of each figure over placements, one row each."""
    return Figures(
        count=returns.shape[1],
        mean=float(returns.mean()),
        median=float(np.median(returns, axis=1).mean()),
        hit_rate=float((returns > 0).mean()),
        worst=float(returns.min(axis=1).mean()),
        worst_path=float(np.fmin.reduce(paths, axis=1).mean()) if not np.isnan(paths).any() else None,
    )


def pooled(arrays: Sequence[Floats]) -> Floats:
    """Arrays in a row; none of them is an empty one."""
    return np.concatenate([np.zeros(0), *arrays])
