"""What silver's episodes were followed by, worked out a second way: plain Python over CSV files, nothing of the product.

Loops where the product has arrays, every rotation where it takes five thousand, `statistics` where it has NumPy.
"""

import csv
import math
import random
import statistics
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Closes = dict[str, float]
Test = Callable[[int], bool]


@dataclass(frozen=True)
class ByHand:
    """One rule at one horizon."""

    true: int
    opened: list[str]
    mean: float
    median: float
    positive: int
    baseline: float
    baseline_hits: float
    t: float
    naive_mean: float
    naive_t: float
    low: float
    high: float
    p: float
    p_two_sided: float
    worst_path: float


def closes(file: Path) -> Closes:
    """Session to close, where the close is above zero."""
    with file.open() as text:
        rows = list(csv.DictReader(text))
    return {row["date"]: float(row["close"]) for row in rows if row["close"] and float(row["close"]) > 0}


def gsr_above_80(gold: Closes, silver: Closes, horizon: int) -> ByHand:
    """`gold / silver > 80` for three bars, until it is below 75."""
    days = sorted(gold.keys() & silver.keys())
    ratio = [gold[day] / silver[day] for day in days]
    return _by_hand(days, lambda i: ratio[i] > 80, lambda i: ratio[i] < 75, 3, silver, horizon)


def silver_down_20(silver: Closes, horizon: int) -> ByHand:
    """A fifth below the highest close of 252 sessions, until it is a tenth below."""
    days = sorted(silver)
    values = [silver[day] for day in days]
    fall = [values[i] / max(values[max(i - 251, 0) : i + 1]) - 1 for i in range(len(days))]
    return _by_hand(
        days, lambda i: i >= 251 and fall[i] <= -0.2, lambda i: fall[i] > -0.1, 1, silver, horizon
    )


def _by_hand(
    days: Sequence[str], fires: Test, clears: Test, hold: int, study: Closes, horizon: int
) -> ByHand:
    opened = _episodes(days, fires, clears, hold)
    own = sorted(study)
    every = {own[i]: _after(own, study, own[i], horizon) for i in range(len(own))}
    known = [day for day in own if every[day] is not None]
    field = [value for day in known if (value := every[day]) is not None]
    returns = [value for day in opened if (value := _after(own, study, day, horizon)) is not None]
    true = [days[i] for i in range(len(days)) if fires(i)]
    naive = [value for day in true if (value := _after(own, study, day, horizon)) is not None]
    baseline = statistics.fmean(field)
    places = [known.index(day) for day in opened if day in set(known)]
    turned = [
        statistics.fmean(field[(place + turn) % len(field)] for place in places) for turn in range(len(field))
    ]
    low, high = _interval(returns)
    mean = statistics.fmean(returns)
    return ByHand(
        true=len(true),
        opened=opened,
        mean=mean,
        median=statistics.median(returns),
        positive=sum(value > 0 for value in returns),
        baseline=baseline,
        baseline_hits=sum(value > 0 for value in field) / len(field),
        t=_t(returns, baseline),
        naive_mean=statistics.fmean(naive),
        naive_t=_t(naive, baseline),
        low=low,
        high=high,
        p=sum(value >= mean - 1e-12 for value in turned) / len(turned),
        p_two_sided=sum(abs(value - baseline) >= abs(mean - baseline) - 1e-12 for value in turned)
        / len(turned),
        worst_path=min(_path(own, study, day, horizon) for day in opened),
    )


def _episodes(days: Sequence[str], fires: Test, clears: Test, hold: int) -> list[str]:
    opened: list[str] = []
    is_open, count = False, 0
    for i, day in enumerate(days):
        count = count + 1 if fires(i) and not is_open else 0
        if is_open:
            is_open = fires(i) or not clears(i)
        elif count >= hold:
            is_open = True
            opened.append(day)
    return opened


def _after(own: Sequence[str], study: Closes, day: str, horizon: int) -> float | None:
    entry = bisect_right(own, day)
    return study[own[entry + horizon]] / study[own[entry]] - 1 if entry + horizon < len(own) else None


def _path(own: Sequence[str], study: Closes, day: str, horizon: int) -> float:
    entry = bisect_right(own, day)
    way = [study[own[i]] for i in range(entry, min(entry + horizon + 1, len(own)))]
    return min(way) / way[0] - 1 if len(way) == horizon + 1 else 0.0


def _t(values: Sequence[float], against: float) -> float:
    return (statistics.fmean(values) - against) / (statistics.stdev(values) / math.sqrt(len(values)))


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Episodes drawn one by one; from another generator than the product's."""
    dice = random.Random(2)
    means = sorted(statistics.fmean(dice.choices(values, k=len(values))) for _ in range(20_000))
    return means[500], means[-501]
