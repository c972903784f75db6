"""Every function of `ta` is offered or refused, each refusal is true, and the adapter guards against what is.

Where a test of a reason fails after an update of `ta`, the refusal can be lifted.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import ta

from monitor.language import ExpressionError, Scope, understand
from monitor.metrics import FUNCTIONS, REFUSED
from tests.metrics.test_catalogue import bars, uncommon, usual, values
from tests.support.made_up import CATALOGUE

MODULES = (ta.momentum, ta.trend, ta.volatility, ta.volume, ta.others)
Indicator = Callable[..., Any]


def functions() -> dict[str, Indicator]:
    """The public functions of ta by the name they have in a rule."""
    return {
        f"ta.{name}": function
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def called(name: str, *, start: int = 0, later: float | None = None) -> list[float]:
    """What ta itself gives on made-up bars with its defaults; `later` is the value of the last ones."""
    function, series = functions()[name], bars(11, 100)
    if later is not None:
        series = {key: [*column[:-5], *[later] * 5] for key, column in series.items()}
    named = {key: pd.Series(column[start:]) for key, column in series.items() if key in _taken(function)}
    with np.errstate(all="ignore"):
        return list(function(**named))


def _taken(function: Indicator) -> set[str]:
    return set(inspect.signature(function).parameters)


def test_every_function_of_ta_is_offered_or_refused() -> None:
    offered = {name for name in FUNCTIONS if name.startswith("ta.")}

    assert offered | set(REFUSED) == set(functions())
    assert not offered & set(REFUSED)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.startswith("ta.")])
def test_an_offered_function_has_the_parameters_and_defaults_of_ta(name: str) -> None:
    left_out = {"fillna", "visual", "offset", "original_version", "open", "high", "low", "close", "volume"}
    theirs = {
        parameter.name: parameter.default
        for parameter in inspect.signature(functions()[name]).parameters.values()
        if parameter.name not in left_out
    }

    assert {p.name: p.default for p in FUNCTIONS[name].parameters[1:]} == theirs
    assert set(FUNCTIONS[name].fields or ("close",)) == _taken(functions()[name]) - set(theirs) - {
        "fillna", "visual", "offset", "original_version",
    }  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_function_says_why(name: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        understand(f"{name}(slv)", Scope(CATALOGUE))

    assert str(caught.value) == f"{name} is refused: {REFUSED[name]}"


def wilders_trend(high: list[float], low: list[float], close: list[float]) -> list[bool]:
    """Whether the parabolic stop is below, from the third bar on: Wilder's rule, begun as ta begins."""
    rising, pace, top, bottom = True, 0.02, high[0], low[0]
    stop, found = close[1], []
    for row in range(2, len(high)):
        stop += pace * ((top if rising else bottom) - stop)
        stop = min(stop, *low[row - 2 : row]) if rising else max(stop, *high[row - 2 : row])
        if low[row] < stop if rising else high[row] > stop:
            stop, rising, pace = (top if rising else bottom), not rising, 0.02
            top, bottom = high[row], low[row]
        elif high[row] > top if rising else low[row] < bottom:
            top, bottom, pace = max(top, high[row]), min(bottom, low[row]), min(pace + 0.02, 0.2)
        found.append(rising)
    return found


def test_the_stop_of_ta_turns_on_other_days_than_wilders() -> None:
    series = {name: [value or 0.0 for value in column] for name, column in bars(0, 400).items()}
    named = {name: pd.Series(series[name]) for name in ("high", "low", "close")}

    theirs = list(ta.trend.psar_up(**named).notna())[2:]

    wilders = wilders_trend(series["high"], series["low"], series["close"])
    assert sum(one != other for one, other in zip(theirs, wilders, strict=True)) > 3
    assert theirs[16:135] == wilders[16:135]  # they agree in between: it is the turns that differ


def test_the_balance_volume_of_ta_adds_the_volume_of_a_bar_that_did_not_move() -> None:
    close, volume = pd.Series([10.0, 11.0, 11.0]), pd.Series([100.0, 100.0, 7.0])

    assert list(ta.volume.on_balance_volume(close, volume)) == [100.0, 200.0, 207.0]


@pytest.mark.parametrize("name", [name for name, why in REFUSED.items() if "since the first bar held" in why])
def test_what_adds_up_since_the_first_bar_depends_on_where_history_starts(name: str) -> None:
    assert called(name)[-1] != pytest.approx(called(name, start=20)[-1], rel=1e-3)


FILLED = ("ta.kst", "ta.kst_sig", "ta.vortex_indicator_pos", "ta.vortex_indicator_neg")
"""What ta fills with the mean of the whole series; of the vortex only rounding is left of it, and not always."""
FUTURES = (0.0, 1e6, 1e12)


@pytest.mark.parametrize("name", FILLED[:2])
def test_what_ta_makes_of_the_first_bars_sees_the_future(name: str) -> None:
    plain = called(name)[:95]

    assert not all(np.array_equal(called(name, later=one)[:95], plain, equal_nan=True) for one in FUTURES)


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("later", FUTURES)
def test_what_is_taken_of_them_does_not(name: str, later: float) -> None:
    chosen, series = usual(FUNCTIONS[name]), bars(11, 100)
    other = {key: [*column[:-5], *[later] * 5] for key, column in series.items()}

    assert values(FUNCTIONS[name], other, chosen)[:95] == values(FUNCTIONS[name], series, chosen)[:95]


def test_ta_fills_the_warm_up_of_adx_with_zeros_and_the_adapter_does_not() -> None:
    assert called("ta.adx")[:3] == [0.0, 0.0, 0.0]
    assert values(FUNCTIONS["ta.adx"], bars(11, 60), uncommon(FUNCTIONS["ta.adx"]))[:3] == [None] * 3


def test_a_number_for_a_condition_of_ta_is_a_condition_here() -> None:
    assert understand("ta.bollinger_hband_indicator(gold)", Scope(CATALOGUE)).yesno


def test_an_indicator_has_its_own_name_and_parameters() -> None:
    for text in ("ta.adx(slv, window=10)", "ta.rsi(gold / silver, window=10)", "ta.macd_diff(close=gold)"):
        assert understand(text, Scope(CATALOGUE)).legs
