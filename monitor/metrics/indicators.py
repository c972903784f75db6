"""Indicators of the `ta` library, behind one adapter; the only place that imports `ta` and pandas.

`ta` wants pandas Series with a plain 0..n-1 index and no holes.  It fills some warm-ups with zeros, some with the
mean of the whole series (the future included), fails on a short one, and gives numbers where nothing moves.  The
adapter hands it known bars only, enough of them, and takes nothing of a warm-up.  NaN becomes null.
"""

from typing import Any

import polars as pl

from monitor.metrics.arrays import Arrays, over_arrays
from monitor.metrics.fading import AT_ONCE, fading_sums
from monitor.metrics.registry import Array, Function, Parameter, Params, Takes, Window, bars, metric
from monitor.metrics.ta_entry import CLOSE, WILDER, Indicator, Still
from monitor.metrics.ta_of_bars import OF_BARS
from monitor.metrics.ta_of_series import OF_SERIES

Call = dict[str, float | None]


def _function(indicator: Indicator) -> Function:
    def build(*inputs: pl.Expr, **params: float | None) -> pl.Expr:
        return _expression(indicator, inputs, params)

    return Function(
        name=f"ta.{indicator.name}",
        parameters=_parameters(indicator),
        fields=() if indicator.inputs == CLOSE else indicator.inputs,
        yesno=indicator.unit == "yes/no",
        look_back=indicator.look_back,
        warm_up=indicator.warm_up,
        build=build,
        formula=indicator.formula,
        convention=indicator.convention,
        unit=indicator.unit,
        bounds=indicator.bounds,
        source=f"{indicator.source}; computed by ta 0.11",
        summary=indicator.summary,
        unknown=_unknown(indicator),
    )


def _parameters(indicator: Indicator) -> tuple[Parameter, ...]:
    if indicator.inputs == CLOSE:
        first = Parameter("close", Takes.SERIES)
    else:
        first = Parameter("instrument", Takes.INSTRUMENT)
    windows = (
        Parameter(name, Takes.WINDOW, required=False, default=default, least=indicator.least)
        for name, default in indicator.windows.items()
    )
    numbers = (
        Parameter(name, Takes.NUMBER, required=False, default=default)
        for name, default in indicator.numbers.items()
    )
    return (first, *windows, *numbers)


def _unknown(indicator: Indicator) -> str:
    denominator = (
        "while a value of its look-back or warm-up is not above zero" if indicator.above_zero else ""
    )
    return "; ".join(filter(None, (indicator.still.value, denominator)))


def _expression(indicator: Indicator, inputs: tuple[pl.Expr, ...], params: Params) -> pl.Expr:
    look_back = indicator.look_back(params)

    def compute(columns: Arrays) -> Any:
        found = _through_ta(indicator, columns, dict(params))
        found[: look_back - 1] = float("nan")
        found[_still(columns, indicator.still, look_back)] = float("nan")
        return found

    value = over_arrays(inputs, compute, least=look_back)
    if indicator.above_zero:
        remembered = look_back + indicator.warm_up(params)
        value = pl.when(inputs[0].rolling_min(remembered, min_samples=1) > 0).then(value)
    return value > 0 if indicator.unit == "yes/no" else value.clip(*indicator.bounds)


def _through_ta(indicator: Indicator, columns: Arrays, params: Call) -> Any:
    import numpy as np
    import pandas as pd
    import ta

    if indicator.fills_with_mean:
        # The mean of a series with an infinite bar is infinite whatever comes later, and pandas takes infinity
        # for no value: nothing of later bars is left in what ta makes of the first ones.
        columns = [np.concatenate(([np.inf], column)) for column in columns]
    call = getattr(getattr(ta, indicator.module), indicator.name)
    named = {name: pd.Series(column) for name, column in zip(indicator.inputs, columns, strict=True)}
    with np.errstate(all="ignore"):
        found = call(**named, **params).to_numpy(dtype="float64", copy=True)
    return found[1:] if indicator.fills_with_mean else found


def _still(columns: Arrays, still: Still, look_back: int) -> Any:
    """The bars on which an indicator means nothing because its inputs have not moved."""
    import numpy as np

    row = np.arange(len(columns[0]))
    if still is Still.FINE:
        return np.zeros(len(row), dtype=bool)
    moved = np.zeros(len(row), dtype=bool)
    for column in columns:
        moved[1:] |= np.diff(column) != 0
    if still is Still.WINDOW:
        last = np.maximum.accumulate(np.where(moved, row, 0))
        return row - last + 1 >= look_back
    first = np.argmax(moved) if moved.any() else len(row)
    return row < first + (look_back - 2 if still is Still.RESTARTS else 0)


@metric(
    formula="100 U / (U + D) = 50 + 50 (U - D) / (U + D): U, D are rises and falls smoothed by 1/n (Wilder)",
    convention="first rise and fall are 0; null before n bars; 50 bars of 14 agree with other seeds to 1 point",
    look_back=bars,
    warm_up=lambda p: 25 * bars(p),
    bounds=(0.0, 100.0),
    least=2,
    source=WILDER,
    unknown="before anything has moved",
    of_rows=True,
)
def rsi(x: Array, n: Window = 14) -> Array:
    """Relative strength index."""
    import numpy as np

    found = x[:, 1:] - x[:, :-1]  # the first is 0: no part of a sum, and both are divided by the same weights
    risen_less_fallen, in_all = 0.0, 0.0
    for start in range(0, found.shape[1], AT_ONCE):
        part = found[:, start : start + AT_ONCE]
        net = fading_sums(part, 1 - 1 / n, risen_less_fallen)
        gross = fading_sums(abs(part), 1 - 1 / n, in_all)
        risen_less_fallen, in_all = net[:, -1:], gross[:, -1:]
        np.divide(net, gross, out=part)  # before anything has moved this is no number
        part *= 50
        part += 50
    return found[:, n - 2 :]


FUNCTIONS = (rsi, *map(_function, (*OF_SERIES, *OF_BARS)))
