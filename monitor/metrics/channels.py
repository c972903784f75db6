"""Averages and bands around a value: MACD, Bollinger, Donchian."""

import polars as pl

from monitor.metrics import windows
from monitor.metrics.registry import Array, Number, Params, Series, Window, bars, metric

APPEL = "Appel (1979), The Moving Average Convergence Divergence Trading Method"
BOLLINGER = "Bollinger (2001), Bollinger on Bollinger Bands"
DONCHIAN = (
    "Donchian's n-bar rule, as in Curtis Faith (2003), The Original Turtle Trading Rules; here on closes"
)


def _slower(params: Params) -> int:
    return max(bars(params, "fast"), bars(params, "slow"))


def _with_signal(params: Params) -> int:
    return _slower(params) + bars(params, "signal") - 1


def _line(x: pl.Expr, fast: int, slow: int) -> pl.Expr:
    return _average(x, fast) - _average(x, slow)


def _average(x: pl.Expr, n: int) -> pl.Expr:
    return x.ewm_mean(span=n, adjust=False, min_samples=n)


@metric(
    formula="ema(x, fast) - ema(x, slow)",
    convention="above zero while the fast average is above the slow one; averages as in ema",
    look_back=_slower,
    warm_up=lambda p: 20 * _slower(p),
    unit="same",
    source=APPEL,
)
def macd(x: Series, fast: Window = 12, slow: Window = 26) -> pl.Expr:
    """Moving average convergence divergence: the line."""
    return _line(x, fast, slow)


@metric(
    formula="ema(macd(x, fast, slow), signal)",
    convention="averages as in ema, begun with the first known value of the line",
    look_back=_with_signal,
    warm_up=lambda p: 20 * _with_signal(p),
    unit="same",
    source=APPEL,
)
def macd_signal(x: Series, fast: Window = 12, slow: Window = 26, signal: Window = 9) -> pl.Expr:
    """Moving average convergence divergence: the signal line."""
    return _average(_line(x, fast, slow), signal)


@metric(
    formula="macd(x, fast, slow) - macd_signal(x, fast, slow, signal)",
    convention="above zero while the line is above its signal",
    look_back=_with_signal,
    warm_up=lambda p: 20 * _with_signal(p),
    unit="same",
    source=APPEL,
)
def macd_histogram(x: Series, fast: Window = 12, slow: Window = 26, signal: Window = 9) -> pl.Expr:
    """Moving average convergence divergence: the line less its signal."""
    line = _line(x, fast, slow)
    return line - _average(line, signal)


@metric(
    formula="(x - lower) / (upper - lower), the %b: 0 on the lower band, 1 on the upper, 0.5 on the average",
    convention="bands k population standard deviations (n, as in Bollinger's book, not n - 1) around the simple "
    "average of the last n bars, this one included; outside 0 to 1 beyond the bands",
    look_back=bars,
    least=2,
    source=BOLLINGER,
    unknown="over a flat window",
    of_rows=True,
)
def bollinger(x: Array, n: Window = 20, k: Number = 2) -> Array:
    """Where a value stands between its Bollinger bands."""
    above, spread = windows.standing(x, n, less=0)
    return (above + k * spread) / windows.above_zero(2 * k * spread)


@metric(
    formula="sma(x, n) + k * standard deviation of the last n bars",
    convention="population standard deviation (n, not n - 1), this bar included",
    look_back=bars,
    unit="same",
    least=2,
    source=BOLLINGER,
    of_rows=True,
)
def bollinger_upper(x: Array, n: Window = 20, k: Number = 2) -> Array:
    """Upper Bollinger band."""
    return windows.mean(x, n) + k * windows.deviation(x, n, less=0)


@metric(
    formula="sma(x, n) - k * standard deviation of the last n bars",
    convention="population standard deviation (n, not n - 1), this bar included",
    look_back=bars,
    unit="same",
    least=2,
    source=BOLLINGER,
    of_rows=True,
)
def bollinger_lower(x: Array, n: Window = 20, k: Number = 2) -> Array:
    """Lower Bollinger band."""
    return windows.mean(x, n) - k * windows.deviation(x, n, less=0)


@metric(
    formula="(x - lowest) / (highest - lowest) of the last n bars",
    convention="this bar included: 1 at the highest of n bars, 0 at the lowest; of x (a close), not of highs and lows",
    look_back=bars,
    bounds=(0.0, 1.0),
    least=2,
    source=DONCHIAN,
    unknown="over a flat window",
    of_rows=True,
)
def donchian(x: Array, n: Window = 20) -> Array:
    """Where a value stands between the lowest and the highest of the last n bars."""
    low, high = windows.lowest(x, n), windows.highest(x, n)
    return (x[..., n - 1 :] - low) / windows.above_zero(high - low)


@metric(
    formula="highest of x[t-n] ... x[t-1]",
    convention="this bar is not in it, so that x can be above it: x > donchian_upper(x, n) is a breakout; of x "
    "(a close), not of highs",
    look_back=lambda p: bars(p) + 1,
    unit="same",
    source=DONCHIAN,
    of_rows=True,
)
def donchian_upper(x: Array, n: Window = 20) -> Array:
    """The highest of the n bars before this one."""
    return windows.highest(x[..., :-1], n)


@metric(
    formula="lowest of x[t-n] ... x[t-1]",
    convention="this bar is not in it, so that x can be below it: x < donchian_lower(x, n) is a breakdown; of x "
    "(a close), not of lows",
    look_back=lambda p: bars(p) + 1,
    unit="same",
    source=DONCHIAN,
    of_rows=True,
)
def donchian_lower(x: Array, n: Window = 20) -> Array:
    """The lowest of the n bars before this one."""
    return windows.lowest(x[..., :-1], n)


FUNCTIONS = (
    macd, macd_signal, macd_histogram, bollinger, bollinger_upper, bollinger_lower,
    donchian, donchian_upper, donchian_lower,
)  # fmt: skip
