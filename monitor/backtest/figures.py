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
    count = len(returns)
    worst_path = np.fmin.reduce(paths)
    known = None if np.isnan(worst_path) else float(worst_path)
    hits: float
    if weights is None:
        hits = np.count_nonzero(returns > 0) / count
        mean, median = float(returns.mean()), float(_median(returns))
    else:
        hits = float(np.average(returns > 0, weights=weights))
        mean, median = float(np.average(returns, weights=weights)), _weighted_median(returns, weights)
    worst = float(returns.min())
    return Figures(count=count, mean=mean, median=median, hit_rate=hits, worst=worst, worst_path=known)


def _median(values: Floats) -> Floats:
    """Along the first axis; numpy's own loads its masked arrays, which takes longer than all medians of a backtest."""
    low, high = (len(values) - 1) // 2, len(values) // 2
    parted = np.partition(values, (low, high), axis=0)
    middle: Floats = (parted[low] + parted[high]) / 2
    return middle


def _weighted_median(returns: Floats, weights: Floats) -> float:
    """The mean of the lowest and the highest value with half of the weight on either side."""
    order = np.argsort(returns, kind="stable")
    share = np.cumsum(weights[order])
    half = share[-1] / 2
    low = np.searchsorted(share, half * (1 - 1e-12), side="left")
    high = np.searchsorted(share, half * (1 + 1e-12), side="right")
    return float(returns[order[[low, min(high, len(returns) - 1)]]].mean())


def of_placements(returns: Sequence[Floats], paths: Sequence[Floats]) -> Figures:
    """The mean of each figure over placements; of each episode what follows it in all of them."""
    own, ways = np.stack(returns), np.stack(paths)
    return Figures(
        count=len(own),
        mean=float(own.mean()),
        median=float(_median(own).mean()),
        hit_rate=float((own > 0).mean()),
        worst=float(own.min(axis=0).mean()),
        worst_path=float(ways.min(axis=0).mean()) if not np.isnan(ways).any() else None,
    )


def pooled(arrays: Sequence[Floats]) -> Floats:
    """Arrays in a row; none of them is an empty one."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.zeros(0), *arrays])
