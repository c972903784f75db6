"""The indicators of `ta`, each written from the literature over plain lists; nothing of ta, pandas or polars.

Values that are not known yet are None.  A bar series `b` is a mapping of `open`, `high`, `low`, `close`, `volume`.
"""

import math
from collections.abc import Callable, Mapping, Sequence

Column = list[float | None]
Bars = Mapping[str, Sequence[float]]
Known = Sequence[float | None]


def over(x: Known, n: int, of: Callable[[list[float]], float | None]) -> Column:
    """A function of the last n values, known when all of them are."""
    found: Column = []
    for row in range(len(x)):
        part = [value for value in x[max(0, row + 1 - n) : row + 1] if value is not None]
        found.append(of(part) if len(part) == n else None)
    return found


def each(of: Callable[..., float | None], *columns: Known) -> Column:
    """A function bar by bar, unknown where an argument is."""
    return [None if None in row else of(*row) for row in zip(*columns, strict=True)]


def ago(x: Known, n: int) -> Column:
    return [*[None] * min(n, len(x)), *x[: max(0, len(x) - n)]]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def ratio(above: float, below: float) -> float | None:
    return above / below if below else None


def smoothed(x: Known, weight: float, least: int) -> Column:
    """Exponential smoothing begun with the first known value, told when `least` values are known."""
    found: Column = []
    level, count = 0.0, 0
    for value in x:
        if value is None:
            if count:
                raise AssertionError("an oracle's series must have no holes")
            found.append(None)
            continue
        level = level + weight * (value - level) if count else value
        count += 1
        found.append(level if count >= least else None)
    return found


def ema(x: Known, n: int) -> Column:
    return smoothed(x, 2 / (n + 1), n)


def wilder(x: Sequence[float], n: int) -> list[float]:
    """Wilder's running mean from the mean of the first n values on: the value of bar n is the first."""
    found = [mean(x[:n])]
    for value in x[n:]:
        found.append((found[-1] * (n - 1) + value) / n)
    return found


# --- of any series


def wma(x: Known, n: int) -> Column:
    return over(x, n, lambda v: math.fsum((i + 1) * one for i, one in enumerate(v)) / (n * (n + 1) / 2))


def kama(x: Sequence[float], n: int, fast: int, slow: int) -> Column:
    level = x[n - 1]
    found: Column = [None] * n
    for row in range(n, len(x)):
        path = math.fsum(abs(x[i] - x[i - 1]) for i in range(row - n + 1, row + 1))
        straight = abs(x[row] - x[row - n]) / path if path else 0.0
        constant = (straight * (2 / (fast + 1) - 2 / (slow + 1)) + 2 / (slow + 1)) ** 2
        level += constant * (x[row] - level)
        found.append(level)
    return found


def population(values: Sequence[float]) -> float:
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / len(values))


def band(x: Known, n: int, k: float) -> Column:
    return over(x, n, lambda v: mean(v) + k * population(v))


def bollinger_width(x: Known, n: int, k: float) -> Column:
    return over(x, n, lambda v: 100 * 2 * k * population(v) / mean(v))


def bollinger_place(x: Known, n: int, k: float) -> Column:
    return over(x, n, lambda v: ratio(v[-1] - mean(v) + k * population(v), 2 * k * population(v)))


def ulcer(x: Known, n: int) -> Column:
    falls = over(x, n, lambda v: 100 * (v[-1] / max(v) - 1))
    return over(falls, n, lambda v: math.sqrt(mean([one**2 for one in v])))


def roc(x: Known, n: int) -> Column:
    return each(lambda now, then: 100 * (now / then - 1), x, ago(x, n))


def log_return(x: Known) -> Column:
    return each(lambda now, then: 100 * (math.log(now) - math.log(then)), x, ago(x, 1))


def rsi(x: Sequence[float], n: int) -> Column:
    up = down = 0.0
    found: Column = []
    for row, value in enumerate(x):
        step = value - x[row - 1] if row else 0.0
        up, down = up + (max(step, 0.0) - up) / n, down + (max(-step, 0.0) - down) / n
        found.append(100 * up / (up + down) if row + 1 >= n and up + down else None)
    return found


def stoch_rsi(x: Sequence[float], n: int) -> Column:
    return over(rsi(x, n), n, lambda v: ratio(v[-1] - min(v), max(v) - min(v)))


def averaged(x: Known, n: int) -> Column:
    return over(x, n, mean)


def tsi(x: Sequence[float], slow: int, fast: int) -> Column:
    steps = each(lambda now, then: now - then, x, ago(x, 1))
    sizes = [None if step is None else abs(step) for step in steps]
    twice = [ema(ema(column, slow), fast) for column in (steps, sizes)]
    return each(lambda m, size: 100 * m / size, *twice)


def macd(x: Known, slow: int, fast: int) -> Column:
    return each(lambda f, s: f - s, ema(x, fast), ema(x, slow))


def ppo(x: Known, slow: int, fast: int) -> Column:
    return each(lambda f, s: 100 * (f - s) / s, ema(x, fast), ema(x, slow))


def less_signal(line: Column, n: int) -> Column:
    return each(lambda value, signal: value - signal, line, ema(line, n))


def trix(x: Known, n: int) -> Column:
    return roc(ema(ema(ema(x, n), n), n), 1)


def dpo(x: Known, n: int) -> Column:
    return each(lambda then, middle: then - middle, ago(x, n // 2 + 1), averaged(x, n))


def kst(x: Known, rocs: Sequence[int], windows: Sequence[int]) -> Column:
    parts = [averaged(roc(x, r), w) for r, w in zip(rocs, windows, strict=True)]
    return each(lambda a, b, c, d: a + 2 * b + 3 * c + 4 * d, *parts)


def stc(x: Known, slow: int, fast: int, cycle: int, first: int, second: int) -> Column:
    def place(v: list[float]) -> float | None:
        return ratio(100 * (v[-1] - min(v)), max(v) - min(v))

    once = ema(over(macd(x, slow, fast), cycle, place), first)
    return ema(over(once, cycle, place), second)


# --- of bars


def true_ranges(b: Bars) -> list[float]:
    """From the second bar on."""
    rows = range(1, len(b["close"]))
    return [max(b["high"][i], b["close"][i - 1]) - min(b["low"][i], b["close"][i - 1]) for i in rows]


def directional(b: Bars, n: int) -> tuple[list[float], list[float]]:
    """+DI and -DI from bar n on, the first bar being bar 0."""
    ups, downs = [], []
    for i in range(1, len(b["close"])):
        up, down = b["high"][i] - b["high"][i - 1], b["low"][i - 1] - b["low"][i]
        ups.append(up if up > down and up > 0 else 0.0)
        downs.append(down if down > up and down > 0 else 0.0)
    size = wilder(true_ranges(b), n)
    plus, minus = (
        [100 * m / s for m, s in zip(wilder(moves, n), size, strict=True)] for moves in (ups, downs)
    )
    return plus, minus


def di(b: Bars, n: int, which: int) -> Column:
    """ta tells it one bar later than it is known."""
    return [*[None] * (n + 1), *directional(b, n)[which][1:]]


def adx(b: Bars, n: int) -> Column:
    apart = [100 * abs(p - m) / (p + m) if p + m else 0.0 for p, m in zip(*directional(b, n), strict=True)]
    return [*[None] * (2 * n - 1), *wilder(apart, n)]


def atr(b: Bars, n: int) -> Column:
    ranges = [b["high"][0] - b["low"][0], *true_ranges(b)]
    return [*[None] * (n - 1), *wilder(ranges, n)]


def vortex(b: Bars, n: int, mine: str, other: str) -> Column:
    moves = each(lambda now, then: abs(now - then), b[mine], ago(b[other], 1))
    return each(
        lambda move, size: move / size, over(moves, n, math.fsum), over([None, *true_ranges(b)], n, math.fsum)
    )


def aroon(x: Known, n: int, of: Callable[[list[float]], float]) -> Column:
    return over(x, n + 1, lambda v: 100 * v.index(of(v)) / n)


def mass(b: Bars, fast: int, slow: int) -> Column:
    once = ema(each(lambda h, low: h - low, b["high"], b["low"]), fast)
    return over(each(lambda a, c: a / c, once, ema(once, fast)), slow, math.fsum)


def middle(b: Bars, n: int) -> Column:
    return each(lambda h, low: (h + low) / 2, over(b["high"], n, max), over(b["low"], n, min))


def place(b: Bars, n: int) -> Column:
    """Of the close between the lowest low and the highest high."""
    return each(
        lambda c, h, low: ratio(c - low, h - low), b["close"], over(b["high"], n, max), over(b["low"], n, min)
    )


def times(factor: float, x: Known, plus: float = 0.0) -> Column:
    return [None if value is None else factor * value + plus for value in x]


def awesome(b: Bars, fast: int, slow: int) -> Column:
    points = [(h + low) / 2 for h, low in zip(b["high"], b["low"], strict=True)]
    return each(lambda f, s: f - s, averaged(points, fast), averaged(points, slow))


def ultimate(b: Bars, windows: Sequence[int], weights: Sequence[float]) -> Column:
    before = ago(b["close"], 1)
    pressure = each(lambda c, low, p: c - min(low, p), b["close"], b["low"], before)
    sizes: Column = [None, *true_ranges(b)]
    parts = [
        each(lambda a, s: a / s, over(pressure, n, math.fsum), over(sizes, n, math.fsum)) for n in windows
    ]
    whole = math.fsum(weights)
    return each(
        lambda *v: 100 * math.fsum(w * one for w, one in zip(weights, v, strict=True)) / whole, *parts
    )


def typical(b: Bars) -> list[float]:
    return [(h + low + c) / 3 for h, low, c in zip(b["high"], b["low"], b["close"], strict=True)]


def cci(b: Bars, n: int, constant: float) -> Column:
    def of(v: list[float]) -> float | None:
        spread = mean([abs(one - mean(v)) for one in v])
        return ratio(v[-1] - mean(v), constant * spread)

    return over(typical(b), n, of)


def keltner(b: Bars, n: int, side: int) -> Column:
    """Middle (0), upper (1), lower (-1)."""
    reach = averaged([h - low for h, low in zip(b["high"], b["low"], strict=True)], n)
    return each(lambda m, r: m + side * r, averaged(typical(b), n), reach)


def cmf(b: Bars, n: int) -> Column:
    flows = [
        v * ((c - low) - (h - c)) / (h - low) if h > low else 0.0
        for h, low, c, v in zip(b["high"], b["low"], b["close"], b["volume"], strict=True)
    ]
    return each(ratio, over(flows, n, math.fsum), over(b["volume"], n, math.fsum))


def mfi(b: Bars, n: int) -> Column:
    prices = typical(b)
    flows: Column = [None]
    for row in range(1, len(prices)):
        sign = (prices[row] > prices[row - 1]) - (prices[row] < prices[row - 1])
        flows.append(sign * prices[row] * b["volume"][row])

    def of(v: list[float]) -> float | None:
        up = math.fsum(one for one in v if one > 0)
        return ratio(100 * up, up - math.fsum(one for one in v if one < 0))

    return over(flows, n, of)


def force(b: Bars, n: int) -> Column:
    return ema(each(lambda now, then, v: (now - then) * v, b["close"], ago(b["close"], 1), b["volume"]), n)


def ease(b: Bars) -> Column:
    points = [(h + low) / 2 for h, low in zip(b["high"], b["low"], strict=True)]
    return each(
        lambda now, then, h, low, v: 1e8 * (now - then) * (h - low) / v,
        points, ago(points, 1), b["high"], b["low"], b["volume"],
    )  # fmt: skip


def vwap(b: Bars, n: int) -> Column:
    paid = [p * v for p, v in zip(typical(b), b["volume"], strict=True)]
    return each(ratio, over(paid, n, math.fsum), over(b["volume"], n, math.fsum))
