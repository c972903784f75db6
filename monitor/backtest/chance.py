"""How much of a result luck explains: random dates, intervals from episodes, and how many tests were made.

Random dates with the same spacing.  The sessions of a span whose return is known are closed to a circle, and the whole
pattern of episodes is turned on it by the same number of sessions: as many dates, the same gaps between them in the
same order, other returns (the toroidal shift of Lotwick and Silverman, "Methods for analysing spatial processes of
several types of points", J. R. Stat. Soc. B 44, 1982, on a line of time).  `PLACEMENTS` turns are spread evenly over
the circle and the actual one is among them, so that p is a plain share, never zero, and needs no dice.  All tests
of a run are turned by the same part of their circles, so what rules have in common stays in common.

Adjusted p.  The stepdown of Romano and Wolf ("Exact and approximate stepdown methods for multiple hypothesis testing",
JASA 100, 2005; in this form "Efficient computation of adjusted p-values", Statistics & Probability Letters 113, 2016):
two-sided, over means in standard deviations of their own placements.

Intervals.  Episodes in the order of their dates are drawn with replacement in circular blocks (Politis and Romano,
1992), as long as windows of returns hang together on average; the mean of each draw, its 2.5th and 97.5th percentile.
Where episodes make less than `LEAST_BLOCKS` blocks there is no interval: a few draws of the same few numbers only look
certain.

arch has a stationary bootstrap, SPA and StepM.  They ask whether series of the same days, such as the returns of many
strategies, beat a benchmark; dates that turn as a pattern are another question.  It also brings scipy and statsmodels:
1.1 s of import, five times that of polars.  Its circular block bootstrap agrees with the intervals here, in a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.backtest.forward import Days, Floats, Rows

PLACEMENTS = 5_000
SHOWN_PLACEMENTS = 1_000
"""So many of them tell what random dates look like besides their mean."""
RESAMPLES = 20_000
LEAST_BLOCKS = 3
SEED = 1
TINY = 1e-12
"""Two means closer than this are the same one, added in another order."""

Circle = tuple[Floats, Rows]
"""The known returns of one instrument's span, and the places of episodes among them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """In what range the mean of such episodes would come to lie in 95 of 100 cases."""

    low: float
    high: float
    block: int
    """So many episodes in a row were drawn together."""


def placed(circles: Sequence[Circle], *, every: int = 1) -> Floats:
    """The returns of all episodes, one row for each turn of the pattern."""
    turns = np.arange(0, PLACEMENTS, every)
    found = [
        _closed(returns)[places[None, :] + (turns * len(returns) // PLACEMENTS)[:, None]]
        for returns, places in circles
        if len(places)
    ]
    return np.concatenate(found, axis=1)


def _closed(returns: Floats) -> Floats:
    """A circle laid out twice, so that a place on it and less than one turn more need no division."""
    return np.concatenate((returns, returns))


def placed_means(circles: Sequence[Circle]) -> Floats:
    """The mean of each turn; the first is the actual one."""
    means: Floats = placed(circles).mean(axis=1)
    return means


def shares(means: Floats) -> tuple[float, float, float]:
    """p: the share of placements with a mean at least as high, at least as low, at least as far from their middle."""
    actual, middle = means[0], means.mean()
    higher = np.mean(means >= actual - TINY)
    lower = np.mean(means <= actual + TINY)
    farther = np.mean(np.abs(means - middle) >= abs(actual - middle) - TINY)
    return float(higher), float(lower), float(farther)


def stepdown(tests: Sequence[Floats]) -> list[float]:
    """Adjusted p of each test, given the means of its placements, the first of them the actual one."""
    if not tests:
        return []
    found = np.column_stack([standard(means) for means in tests])
    order = np.argsort(-found[0], kind="stable")
    worst = np.maximum.accumulate(found[:, order[::-1]], axis=1)[:, ::-1]
    steps = np.mean(worst >= found[0, order] - TINY, axis=0)
    adjusted = np.empty(len(tests))
    adjusted[order] = np.maximum.accumulate(steps)
    return [float(one) for one in adjusted]


def standard(means: Floats) -> Floats:
    """Distances from the middle, in standard deviations; where all placements are alike, none."""
    spread = means.std()
    if spread <= TINY:
        return np.zeros(len(means))
    distances: Floats = np.abs(means - means.mean()) / spread
    return distances


def interval_of(returns: Floats, *, block: int, seed: Sequence[int]) -> Interval | None:
    """The interval of the mean of episodes in the order of their dates; None where they are too few."""
    count = len(returns)
    if count < LEAST_BLOCKS * block:
        return None
    dice = np.random.default_rng(seed)
    starts = dice.integers(0, count, (RESAMPLES, -(-count // block)))
    drawn = starts[:, :, None] + np.arange(block)
    means = _closed(returns)[drawn.reshape(RESAMPLES, -1)[:, :count]].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high), block)


def t_of(returns: Floats, against: float) -> float | None:
    """The mean's distance from another one in standard errors."""
    count = len(returns)
    spread = float(returns.std(ddof=1)) if count > 1 else 0.0
    return float((returns.mean() - against) / (spread / np.sqrt(count))) if spread > TINY else None


def overlap(entered: Days, left: Days) -> tuple[float, float]:
    """What is left of so many windows where they overlap, and the share of them that overlap another.

    The effective number is the time that they cover together, in windows of mean length.
    """
    if not len(entered):
        return 0.0, 0.0
    order = np.lexsort((left, entered))
    starts, ends = entered[order].astype(np.int64), left[order].astype(np.int64)
    until = np.maximum.accumulate(ends)
    begins = np.maximum(starts[1:], until[:-1])
    covered = ends[0] - starts[0] + np.maximum(ends[1:] - begins, 0).sum()
    behind = np.append(False, starts[1:] < until[:-1])
    ahead = np.append(starts[1:] < ends[:-1], False)
    return float(covered / (ends - starts).mean()), float((behind | ahead).mean())
