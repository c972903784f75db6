"""Oracle values of the functions that need no `ta`, beyond those of `make`: the same form, the same rules.

Python's `statistics` and `math`, exact fractions and lists written by hand; nothing of Metalwatch, polars, pandas or
ta is imported.
"""

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.reference.make import CLOSES, DERIVED, LONG, OTHERS, Column, case, change, deviation, ema, window

Cases = tuple[str, list[dict[str, Any]]]

HULL = [
    20.00, 20.10, 19.90, 20.00, 20.50, 20.25, 20.90, 20.90, 20.90, 20.75, 20.75, 21.00, 21.10, 20.90, 20.90, 21.25,
    21.40, 21.40, 21.25, 21.75, 22.00,
]  # fmt: skip
"""Closes of Hull's table "Computation of volatility": 20 returns, 19.3 % a year."""

ANSCOMBE_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE_Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
"""Anscombe (1973), first set: y = 3.00 + 0.500 x, correlation 0.816."""

STATISTICS = "Python's statistics module, over the changes in exact fractions"
BY_HAND = "counted by hand"


def compounded(per_cents: Sequence[float]) -> list[float]:
    """A series from 100 whose one-bar changes are these."""
    levels = [100.0]
    for one in per_cents:
        levels.append(levels[-1] * (1 + one / 100))
    return levels


def logs(x: Sequence[float], n: int) -> Column:
    return [None if row < n else math.log(x[row]) - math.log(x[row - n]) for row in range(len(x))]


def differences(x: Sequence[float], n: int) -> Column:
    return [
        None if row < n else float(Fraction(str(x[row])) - Fraction(str(x[row - n]))) for row in range(len(x))
    ]


def known(x: Column) -> list[float]:
    return [value for value in x if value is not None]


def volatility(x: Sequence[float], n: int, per_year: float) -> Column:
    return [None, *window(known(logs(x, 1)), n, lambda v: deviation(v) * math.sqrt(per_year))]


def robust(values: Sequence[float]) -> float | None:
    exact = [Fraction(value) for value in values]
    middle = statistics.median(exact)
    spread = statistics.median([abs(value - middle) for value in exact])
    return float((exact[-1] - middle) / (Fraction("1.4826") * spread)) if spread else None


def together(x: Sequence[float], y: Sequence[float], n: int, *, slope: bool) -> Column:
    a, b = known(change(x, 1)), known(change(y, 1))
    found: Column = [None]
    for row in range(len(a)):
        mine, yours = a[max(0, row + 1 - n) : row + 1], b[max(0, row + 1 - n) : row + 1]
        if len(mine) < n or len(set(yours)) == 1 or (not slope and len(set(mine)) == 1):
            found.append(None)
        elif slope:
            found.append(statistics.linear_regression(yours, mine).slope)
        else:
            found.append(statistics.correlation(mine, yours))
    return found


def minus(a: Column, b: Column) -> Column:
    return [None if p is None or q is None else p - q for p, q in zip(a, b, strict=True)]


def line(x: Sequence[float], fast: int, slow: int) -> Column:
    return minus(ema(x, fast), ema(x, slow))


def signal(x: Sequence[float], fast: int, slow: int, n: int) -> Column:
    first = max(fast, slow) - 1
    return [*[None] * first, *ema(known(line(x, fast, slow)), n)]


def band(x: Sequence[float], n: int, k: float) -> Column:
    return window(x, n, lambda v: statistics.fmean(v) + k * statistics.pstdev(v))


def percent_b(values: Sequence[float], k: float) -> float | None:
    spread = statistics.pstdev(values)
    return (values[-1] - statistics.fmean(values) + k * spread) / (2 * k * spread) if spread else None


def place(values: Sequence[float]) -> float | None:
    reach = max(values) - min(values)
    return (values[-1] - min(values)) / reach if reach else None


def before(x: Column, n: int = 1) -> Column:
    return [*[None] * n, *x[:-n]]


def levels() -> dict[str, Cases]:
    return {
        "difference": (
            "later less earlier",
            [case("difference(x)", differences(CLOSES, 1), DERIVED), case("difference(x, 5)", differences(CLOSES, 5), DERIVED)],
        ),
        "log_change": (
            "natural logarithm of later over earlier, as a fraction",
            [case("log_change(x)", logs(CLOSES, 1), DERIVED), case("log_change(x, 5)", logs(CLOSES, 5), DERIVED)],
        ),
        "previous": (
            "the value n bars ago",
            [case("previous(x)", before(list(CLOSES)), DERIVED), case("previous(x, 3)", before(list(CLOSES), 3), DERIVED)],
        ),
        "highest": ("of the last n bars, this one included", [case("highest(x, 6)", window(CLOSES, 6, max), DERIVED)]),
        "lowest": ("of the last n bars, this one included", [case("lowest(x, 6)", window(CLOSES, 6, min), DERIVED)]),
        "realised_vol": (
            "sample standard deviation (n - 1) of log changes times the root of the bars a year",
            [
                case("realised_vol(x, 10)", volatility(CLOSES, 10, 252), DERIVED),
                case("realised_vol(x, 5, per_year=52)", volatility(CLOSES, 5, 52), DERIVED),
                {
                    **case("realised_vol(x, 20)", [*[None] * 20, 0.193], "Hull, Computation of volatility: 19.3 % a year", x=HULL),
                    "absolute": 5e-4,
                },
            ],
        ),
        "robust_z": (
            "from the median, in 1.4826 median absolute deviations of the same window, this bar included",
            [case(f"robust_z(x, {n})", window(CLOSES, n, robust), f"{STATISTICS}: median") for n in (3, 8, 15)],
        ),
    }  # fmt: skip


def pairs() -> dict[str, Cases]:
    both = {"x": CLOSES, "y": OTHERS}
    anscombe = {"x": compounded(ANSCOMBE_Y), "y": compounded(ANSCOMBE_X)}
    published = "Anscombe (1973), Graphs in Statistical Analysis, set 1, compounded from 100"
    return {
        "correlation": (
            "Pearson, of simple one-bar changes",
            [
                case("correlation(x, y, 5)", together(CLOSES, OTHERS, 5, slope=False), f"{STATISTICS}: correlation", **both),
                case("correlation(x, y, 20)", together(CLOSES, OTHERS, 20, slope=False), f"{STATISTICS}: correlation", **both),
                {**case("correlation(x, y, 11)", [*[None] * 11, 0.816], published, **anscombe), "absolute": 5e-4},
            ],
        ),
        "beta": (
            "least squares with an intercept, simple one-bar changes of x on those of y",
            [
                case("beta(x, y, 5)", together(CLOSES, OTHERS, 5, slope=True), f"{STATISTICS}: linear_regression", **both),
                case("beta(x, y)", together(LONG, OTHERS * 20, 120, slope=True)[:200], f"{STATISTICS}: linear_regression", x=LONG[:200], y=(OTHERS * 20)[:200]),
                {**case("beta(x, y, 11)", [*[None] * 11, 0.500], published, **anscombe), "absolute": 5e-4},
            ],
        ),
        "min": ("bar by bar", [case("min(x, y)", [min(a, b) for a, b in zip(CLOSES, OTHERS, strict=True)], DERIVED, **both)]),
        "max": ("bar by bar", [case("max(x, y)", [max(a, b) for a, b in zip(CLOSES, OTHERS, strict=True)], DERIVED, **both)]),
        "abs": ("without its sign", [case("abs(x - 33)", [abs(value - 33) for value in CLOSES], DERIVED)]),
        "log": ("natural; unknown at or below zero", [case("log(x - 33)", [math.log(value - 33) if value > 33 else None for value in CLOSES], DERIVED)]),
    }  # fmt: skip


def channels() -> dict[str, Cases]:
    shown = "begun with the first value, not bias-adjusted; the signal begun with the first known value of the line"
    population = "population standard deviation (n), this bar included"
    histogram = minus(line(LONG[:60], 12, 26), signal(LONG[:60], 12, 26, 9))
    pstdev = "Python's statistics module: fmean and pstdev"
    return {
        "macd": (
            shown,
            [case("macd(x, 4, 9)", line(CLOSES, 4, 9), DERIVED), case("macd(x)", line(LONG[:60], 12, 26), DERIVED, x=LONG[:60])],
        ),
        "macd_signal": (
            shown,
            [case("macd_signal(x, 4, 9, 3)", signal(CLOSES, 4, 9, 3), DERIVED), case("macd_signal(x)", signal(LONG[:60], 12, 26, 9), DERIVED, x=LONG[:60])],
        ),
        "macd_histogram": (
            shown,
            [case("macd_histogram(x, 4, 9, 3)", minus(line(CLOSES, 4, 9), signal(CLOSES, 4, 9, 3)), DERIVED), case("macd_histogram(x)", histogram, DERIVED, x=LONG[:60])],
        ),
        "bollinger": (
            f"0 on the lower band, 1 on the upper; {population}",
            [case("bollinger(x)", window(CLOSES, 20, lambda v: percent_b(v, 2)), pstdev), case("bollinger(x, 5, 1.5)", window(CLOSES, 5, lambda v: percent_b(v, 1.5)), pstdev)],
        ),
        "bollinger_upper": (
            population,
            [case("bollinger_upper(x)", band(CLOSES, 20, 2), pstdev), case("bollinger_upper(x, 5, 1.5)", band(CLOSES, 5, 1.5), pstdev)],
        ),
        "bollinger_lower": (
            population,
            [case("bollinger_lower(x)", band(CLOSES, 20, -2), pstdev), case("bollinger_lower(x, 5, 1.5)", band(CLOSES, 5, -1.5), pstdev)],
        ),
        "donchian": (
            "0 at the lowest, 1 at the highest of n bars, this one included; unknown over a flat window",
            [case("donchian(x)", window(CLOSES, 20, place), DERIVED), case("donchian(x, 5)", window(CLOSES, 5, place), DERIVED)],
        ),
        "donchian_upper": (
            "highest of the n bars before this one",
            [case("donchian_upper(x)", before(window(CLOSES, 20, max)), DERIVED), case("donchian_upper(x, 5)", before(window(CLOSES, 5, max)), DERIVED)],
        ),
        "donchian_lower": (
            "lowest of the n bars before this one",
            [case("donchian_lower(x)", before(window(CLOSES, 20, min)), DERIVED), case("donchian_lower(x, 5)", before(window(CLOSES, 5, min)), DERIVED)],
        ),
    }  # fmt: skip


def memory() -> dict[str, Cases]:
    price = [5.0, 7.0, 8.0, 3.0, 9.0, 9.5, 9.0, 2.0, 1.0, 6.0]
    other = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    switch = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    return {
        "streak": (
            "this bar included; 0 where the condition is false; bars on which it is unknown are not counted",
            [
                case("streak(x > 6)", [0, 1, 2, 0, 1, 2, 3, 0, 0, 0], BY_HAND, x=price),
                case("streak(x / y > 6)", [0, 1, None, None, 2, 3, None, 0, 0, 0], BY_HAND, x=price, y=switch),
            ],
        ),
        "sessions_since": (
            "0 on a bar on which it is true; unknown before the first; bars on which it is unknown are not counted",
            [
                case("sessions_since(x > 8.5)", [None, None, None, None, 0, 0, 0, 1, 2, 3], BY_HAND, x=price),
                case("sessions_since(x / y > 6)", [None, 0, None, None, 0, 0, None, 1, 2, 3], BY_HAND, x=price, y=switch),
            ],
        ),
        "at_last": (
            "of the last bar on which the condition was true, this one included; unknown before the first",
            [
                case("at_last(x > 6, y)", [None, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0, 7.0, 7.0, 7.0], BY_HAND, x=price, y=other),
                case("at_last(x < 6, x)", [5.0, 5.0, 5.0, 3.0, 3.0, 3.0, 3.0, 2.0, 1.0, 1.0], BY_HAND, x=price),
            ],
        ),
    }  # fmt: skip


def reference() -> dict[str, Cases]:
    """For each function its convention and its cases."""
    return levels() | pairs() | channels() | memory()
