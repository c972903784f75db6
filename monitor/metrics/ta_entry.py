"""What is known of an indicator of the `ta` library without importing it.

`ta_of_series` and `ta_of_bars` list them, `indicators` makes functions of them, `ta_refused` says which are not
offered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.metrics.registry import Params, bars

CLOSE = ("close",)
HIGH_LOW = ("high", "low")
HIGH_LOW_CLOSE = ("high", "low", "close")
HIGH_LOW_VOLUME = ("high", "low", "volume")
CLOSE_VOLUME = ("close", "volume")
ALL_FOUR = ("high", "low", "close", "volume")
VOLUME = ("volume",)

Bars = Callable[[Params], int]


class Still(StrEnum):
    """When an indicator means nothing because nothing moves, and `ta` gives a number all the same."""

    FINE = ""
    FIRST = "before anything has moved"
    RESTARTS = "before its look-back is complete, counted from the bar before the first move"
    WINDOW = "while nothing has moved in its look-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One function of `ta`: where it is, what it takes, and what must be known to trust it."""

    name: str
    module: str
    inputs: tuple[str, ...]
    windows: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    look_back: Bars
    warm_up: Bars = lambda _: 0
    formula: str
    convention: str = ""
    unit: str = "1"
    bounds: tuple[float | None, float | None] = (None, None)
    source: str
    summary: str
    least: int = 1
    still: Still = Still.FINE
    above_zero: bool = False
    """Whether it divides by its series, so that this must be above zero in its look-back and warm-up."""
    fills_with_mean: bool = False
    """Whether `ta` fills its first bars with the mean of the whole series, the future included."""


def window(name: str = "window", more: int = 0) -> Bars:
    """As many bars as a window has, and some more."""
    return lambda p: bars(p, name) + more


def times(factor: int, *names: str) -> Bars:
    """So many times the sum of some windows: the warm-up of smoothing with them."""
    return lambda p: factor * sum(bars(p, name) for name in names)


def longest(*names: str, more: int = 0) -> Bars:
    """The longest of some windows, and some more bars."""
    return lambda p: max(bars(p, name) for name in names) + more


APPEL = "Appel (1979)"
BOLLINGER = "Bollinger (2001), Bollinger on Bollinger Bands"
DONCHIAN = "Donchian's n-bar rule, with highs and lows"
KELTNER = "Keltner (1960), How to Make Money in Commodities"
WILDER = "Wilder (1978), New Concepts in Technical Trading Systems"
WITHOUT_EFFECT = "{} is taken as ta takes it and has no effect"
EMA = "e[t] = e[t-1] + 2 / (n + 1) (x[t] - e[t-1])"
IN_PER_CENT = "in per cent: 5 is 5 %"
