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
from itertools import pairwise

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


def placed(circles: Sequence[Circle], *, every: int = 1) -> list[Floats]:
    """The returns of each episode, one for each turn of the pattern."""
    turns = np.arange(0, PLACEMENTS, every)
    found = []
    for returns, places in circles:
        closed, turned = _closed(returns), turns * len(returns) // PLACEMENTS
        found += [closed[turned + place] for place in places]
    return found


def _closed(returns: Floats) -> Floats:
    """A circle laid out twice, so that a place on it and less than one turn more need no division."""
    return np.concatenate((returns, returns))


def placed_means(circles: Sequence[Circle], *, every: int = 1) -> Floats:
    """The mean of each turn; the first is the actual one."""
    # Episode by episode, because what fits the processor's cache is added six times as fast as one large array.
    returns = placed(circles, every=every)
    means: Floats = sum(returns[1:], returns[0]) / len(returns)
    return means


def shares(means: Floats) -> tuple[float, float, float]:
    """p: the share of placements with a mean at least as high, at least as low, at least as far from their middle."""
    actual, middle = means[0], means.mean()
    higher = np.count_nonzero(means >= actual - TINY)
    lower = np.count_nonzero(means <= actual + TINY)
    farther = np.count_nonzero(np.abs(means - middle) >= abs(actual - middle) - TINY)
    return higher / len(means), lower / len(means), farther / len(means)


def stepdown(tests: Sequence[Floats]) -> list[float]:
    """Adjusted p of each test, given the means of its placements, the first of them the actual one."""
    found = [standard(means) for means in tests]
    order = sorted(range(len(found)), key=lambda test: -found[test][0])
    adjusted = [0.0] * len(found)
    worst = np.zeros(1)
    for test in reversed(order):
        worst = np.maximum(worst, found[test])
        adjusted[test] = np.count_nonzero(worst >= found[test][0] - TINY) / len(worst)
    for farther, test in pairwise(order):
        adjusted[test] = max(adjusted[test], adjusted[farther])
    return adjusted


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
    # A block is looked up as its sum; the last one is cut so that as many episodes are drawn as there are.
    *whole, last = starts.T
    sums, cut = (_block_sums(returns, length) for length in (block, count - block * len(whole)))
    means = sum((sums[start] for start in whole), cut[last]) / count
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high), block)


def _block_sums(returns: Floats, length: int) -> Floats:
    """The sum of so many returns in a row, from each of them on around the circle."""
    closed, count = _closed(returns), len(returns)
    return sum((closed[first : first + count] for first in range(1, length)), returns)


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
