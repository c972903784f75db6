"""Oracle values of every function of the rule language, worked out without the code under test.

Each formula is written the way a spreadsheet would have it, over plain lists, with exact sums (`math.fsum`) and
exact fractions where the definition allows; nothing of Metalwatch, polars, pandas or ta is imported.  Published
tables stand beside as cases of their own.  `every` writes them down.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

Column = list[float | None]

CLOSES = [
    30.03, 30.41, 29.87, 30.02, 31.55, 31.55, 32.9, 32.12, 31.7, 33.08, 34.61, 33.95, 33.95, 33.95, 33.95, 33.95,
    35.2, 36.78, 36.01, 34.4, 32.77, 29.15, 30.9, 31.25, 33.6, 38.01, 37.44, 37.5, 40.25, 41.1, 39.93, 38.72,
]  # fmt: skip
"""Made up: rises, falls, a plateau of five equal values, a crash and a spike."""
OTHERS = [
    32.0, 32.0, 31.0, 30.02, 31.0, 31.0, 32.0, 33.0, 33.0, 33.08, 33.0, 33.0, 33.95, 33.0, 34.5, 33.95,
    34.0, 35.0, 36.01, 36.0, 34.0, 31.0, 30.5, 31.25, 32.0, 36.0, 37.44, 38.0, 39.0, 40.0, 41.0, 38.72,
]  # fmt: skip
OPENS = [round(value * (1 + ((row * 37) % 11 - 5) / 100), 4) for row, value in enumerate(CLOSES)]
VOLUMES = [float(1000 + (row * 7919) % 977 + (9000 if row in (10, 25) else 0)) for row in range(len(CLOSES))]

WILDER = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
    46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521,
    45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
]  # fmt: skip
WILDER_RSI = [
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46,
    41.87, 45.46, 37.30, 33.08, 37.77,
]  # fmt: skip
"""The worked example of RSI(14) in StockCharts' ChartSchool (QQQQ, 14 Dec 2009 to 1 Feb 2010), from the 15th bar."""


def change(x: Sequence[float], n: int) -> Column:
    return [None if row < n else float(Fraction(x[row]) / Fraction(x[row - n]) - 1) for row in range(len(x))]


def window(x: Sequence[float], n: int, of: Callable[[Sequence[float]], float | None]) -> Column:
    return [None if row + 1 < n else of(x[row + 1 - n : row + 1]) for row in range(len(x))]


def mean(values: Sequence[float]) -> float:
    return float(sum(map(Fraction, values)) / len(values))


def deviation(values: Sequence[float]) -> float:
    middle = sum(map(Fraction, values)) / len(values)
    return math.sqrt(sum((Fraction(value) - middle) ** 2 for value in values) / (len(values) - 1))


def score(values: Sequence[float]) -> float | None:
    spread = deviation(values)
    return (values[-1] - mean(values)) / spread if spread else None


def weak_percentile(values: Sequence[float]) -> float:
    return 100 * sum(value <= values[-1] for value in values) / len(values)


def highs(x: Sequence[float], n: int | None) -> Column:
    return window(x, n, max) if n else [max(x[: row + 1]) for row in range(len(x))]


def drawdown(x: Sequence[float], n: int | None) -> Column:
    tops = highs(x, n)
    return [None if top is None else value / top - 1 for value, top in zip(x, tops, strict=True)]


def ema(x: Sequence[float], n: int) -> Column:
    weight, level, found = Fraction(2, n + 1), Fraction(x[0]), []
    for row, value in enumerate(x):
        level += weight * (Fraction(value) - level)
        found.append(None if row + 1 < n else float(level))
    return found


def sigma_move(x: Sequence[float], n: int) -> Column:
    returns = [float(Fraction(later) / Fraction(now) - 1) for now, later in itertools.pairwise(x)]
    found: Column = [None]
    for row, value in enumerate(returns):
        spread = deviation(returns[row - n : row]) if row >= n else 0.0
        found.append(value / spread if spread else None)
    return found


def crosses(x: Sequence[float], y: Sequence[float]) -> list[bool | None]:
    """Whether x went from at or below y to above it."""
    sides = [(now > level) - (now < level) for now, level in zip(x, y, strict=True)]
    return [None, *(before <= 0 < after for before, after in itertools.pairwise(sides))]


def relative_volume(volume: Sequence[float], n: int) -> Column:
    return [None if row < n else volume[row] / mean(volume[row - n : row]) for row in range(len(volume))]


def gap(opens: Sequence[float], closes: Sequence[float]) -> Column:
    pairs = zip(opens[1:], closes, strict=False)
    return [None, *(float(Fraction(opened) / Fraction(closed) - 1) for opened, closed in pairs)]


def rsi(x: Sequence[float], n: int) -> Column:
    """Wilder's smoothing begun with a rise and a fall of zero on the first bar."""
    up = down = 0.0
    found: Column = []
    for row, value in enumerate(x):
        step = value - x[row - 1] if row else 0.0
        up += (max(step, 0.0) - up) / n
        down += (max(-step, 0.0) - down) / n
        found.append(100 * up / (up + down) if row + 1 >= n and up + down else None)
    return found


def rsi_as_published(x: Sequence[float], n: int) -> Column:
    """Wilder's smoothing begun with the means of the first n rises and falls, as in his book."""
    steps = [later - now for now, later in itertools.pairwise(x)]
    up = math.fsum(max(step, 0.0) for step in steps[:n]) / n
    down = math.fsum(max(-step, 0.0) for step in steps[:n]) / n
    found: Column = [None] * n + [100 * up / (up + down)]
    for step in steps[n:]:
        up = (up * (n - 1) + max(step, 0.0)) / n
        down = (down * (n - 1) + max(-step, 0.0)) / n
        found.append(100 * up / (up + down))
    return found


def numacc(base: float, low: float, high: float, pairs: int) -> list[float]:
    """A series of NIST's Statistical Reference Datasets: a base, then low and high in turn."""
    return [base, *[low, high] * pairs]


def last(count: int, value: float) -> Column:
    return [*[None] * (count - 1), value]


def case(call: str, expected: Sequence[object], source: str, **inputs: Sequence[float]) -> dict[str, Any]:
    return {"call": call, "source": source, "inputs": inputs or {"x": CLOSES}, "expected": expected}


DERIVED = "make.py, by the definition, in exact fractions where it allows"
NIST = "NIST Statistical Reference Datasets, univariate summary statistics, certified standard deviation"
LONG = CLOSES * 20


@cache
def reference() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """For each function its convention and its cases."""
    both = {"x": CLOSES, "y": OTHERS}
    swapped = {"x": OTHERS, "y": CLOSES}
    bar = {"open": OPENS, "close": CLOSES, "volume": VOLUMES}
    numacc1 = [10000001.0, 10000003.0, 10000002.0]
    numacc3 = numacc(1000000.2, 1000000.1, 1000000.3, 500)
    numacc4 = numacc(10000000.2, 10000000.1, 10000000.3, 500)
    return {
        "change": (
            "simple return, as a fraction",
            [case("change(x, 1)", change(CLOSES, 1), DERIVED), case("change(x, 5)", change(CLOSES, 5), DERIVED)],
        ),
        "drawdown": (
            "value over the highest of the window, this bar included, less 1; zero or negative",
            [
                case("drawdown(x)", drawdown(CLOSES, None), DERIVED),
                case("drawdown(x, 6)", drawdown(CLOSES, 6), DERIVED),
            ],
        ),
        "high_water": (
            "highest of the window, this bar included",
            [
                case("high_water(x)", highs(CLOSES, None), DERIVED),
                case("high_water(x, 6)", highs(CLOSES, 6), DERIVED),
            ],
        ),
        "sma": (
            "arithmetic mean",
            [case(f"sma(x, {n})", window(CLOSES, n, mean), DERIVED) for n in (1, 5, 20)],
        ),
        "ema": (
            "weight 2 / (n + 1), begun with the first value, not bias-adjusted",
            [case(f"ema(x, {n})", ema(CLOSES, n), DERIVED) for n in (1, 4, 10)],
        ),
        "stdev": (
            "sample standard deviation (n - 1), this bar included",
            [
                case("stdev(x, 5)", window(CLOSES, 5, deviation), DERIVED),
                case("stdev(x, 3)", last(3, 1.0), f"{NIST}: NumAcc1", x=numacc1),
                # Doubles hold these values to nine or ten digits after the point only.
                {**case("stdev(x, 1001)", last(1001, 0.1), f"{NIST}: NumAcc3", x=numacc3), "relative": 1e-9},
                {**case("stdev(x, 1001)", last(1001, 0.1), f"{NIST}: NumAcc4", x=numacc4), "relative": 1e-8},
            ],
        ),
        "zscore": (
            "this bar included, n - 1; unknown over a flat window",
            [case(f"zscore(x, {n})", window(CLOSES, n, score), DERIVED) for n in (2, 5, 20)],
        ),
        "percentile": (
            "share of the last n values at or below this one, this one included, times 100",
            [
                case("percentile(x, 5)", window(CLOSES, 5, weak_percentile), DERIVED),
                case("percentile(x, 11)", window(CLOSES, 11, weak_percentile), DERIVED),
                case(
                    "percentile(x, 5)",
                    last(5, 80.0),
                    "documentation of scipy.stats.percentileofscore: ([1, 2, 3, 3, 4], 3, kind='weak') is 80",
                    x=[1.0, 2.0, 4.0, 3.0, 3.0],
                ),
            ],
        ),
        "sigma_move": (
            "return over the sample standard deviation (n - 1) of the n returns before it",
            [case("sigma_move(x, 3)", sigma_move(CLOSES, 3), DERIVED), case("sigma_move(x)", sigma_move(LONG, 60), DERIVED, x=LONG)],
        ),
        "crosses_above": (
            "from at or below to above, between two bars",
            [case("crosses_above(x, y)", crosses(CLOSES, OTHERS), DERIVED, **both)],
        ),
        "crosses_below": (
            "from at or above to below, between two bars",
            [case("crosses_below(x, y)", crosses(OTHERS, CLOSES), DERIVED, **both), case("crosses_below(x, y)", crosses(CLOSES, OTHERS), DERIVED, **swapped)],
        ),
        "gap": ("open over the close of the bar before, less 1", [case("gap(x)", gap(OPENS, CLOSES), DERIVED, **bar)]),
        "relative_volume": (
            "volume over the mean of the n bars before",
            [
                case("relative_volume(x, 5)", relative_volume(VOLUMES, 5), DERIVED, **bar),
                case("relative_volume(x)", relative_volume(VOLUMES, 20), DERIVED, **bar),
            ],
        ),
        "rsi": (
            "Wilder's smoothing 1/n, begun with a rise and a fall of zero; unknown before n bars and before any move",
            [
                case("rsi(x, 5)", rsi(CLOSES, 5), DERIVED),
                case("rsi(x)", rsi(CLOSES, 14), DERIVED),
                case("rsi(x)", rsi(WILDER, 14), DERIVED + "; the closes of StockCharts' worked example", x=WILDER),
                case("rsi(x, 3)", rsi([7.0] * 6 + CLOSES, 3), DERIVED, x=[7.0] * 6 + CLOSES),
            ],
        ),
    }  # fmt: skip
