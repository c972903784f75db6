"""What holds of every function of series and bars, on made-up series; `test_catalogue` asks less of all, ta's included."""

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.bars import UTC
from monitor.language import Node, Scope, evaluate, understand
from monitor.language.nodes import Apply
from monitor.metrics import FUNCTIONS, Function, Takes
from tests.support.made_up import CATALOGUE, FIRST, nothing_missing

Bars = dict[str, list[float | None]]
"""Series by `instrument.field`."""

SEEDS = st.integers(0, 10_000)
WINDOWS = (2, 3, 8)
FEW = settings(max_examples=4)
OF_CONDITIONS = ("streak", "sessions_since", "at_last")
PLAIN = {
    name: function
    for name, function in FUNCTIONS.items()
    if not name.startswith("ta.") and name not in OF_CONDITIONS
}
KINDS = pytest.mark.parametrize("function", PLAIN.values(), ids=list(PLAIN))


def beside(x: str) -> str:
    """A second series in the unit of the first."""
    return (
        " ".join({"gold": "silver", "silver": "gold"}.get(word, word) for word in x.split())
        if " " in x
        else "silver"
    )


def call(function: Function, n: int, *, x: str = "gold") -> Node:
    """The function of x, of silver where it takes a second series, with windows of n, n + 3 ... bars."""
    names, windows = iter((x, beside(x))), itertools.count(n, 3)
    arguments = []
    for parameter in function.parameters:
        if parameter.takes is Takes.INSTRUMENT:
            arguments.append("gold")
        elif parameter.takes is Takes.WINDOW:
            arguments.append(str(max(next(windows), parameter.least)))
        elif parameter.takes is Takes.NUMBER:
            arguments.append("2")
        else:
            arguments.append(next(names) + (" > 100" if parameter.takes is Takes.YESNO else ""))
    return understand(f"{function.name}({', '.join(arguments)})", Scope(CATALOGUE))


def bars(seed: int, count: int) -> Bars:
    """Two wandering prices that cross each other, opens around them and volumes."""
    dice = random.Random(seed)
    found: Bars = {}
    for name in ("gold", "silver"):
        price, closes, opens = 100.0, [], []
        for _ in range(count):
            opens.append(price * dice.uniform(0.97, 1.03))
            price *= dice.uniform(0.95, 1.055)
            closes.append(price)
        found[f"{name}.close"] = [*closes]
        found[f"{name}.open"] = [*opens]
        found[f"{name}.volume"] = [float(dice.randrange(100, 10_000)) for _ in range(count)]
    return found


def values(node: Node, series: Bars) -> list[float | None]:
    """The values of an expression, one for each session in which all its legs have a bar."""
    count = len(series["gold.close"])
    days = pl.date_range(FIRST, FIRST + timedelta(days=count - 1), eager=True)
    known = {f"{name}.known_at": days.cast(UTC) for name in ("gold", "silver")}
    wide = pl.DataFrame(
        {"session": days, **known, **series}, schema_overrides=dict.fromkeys(series, pl.Float64)
    )
    (frame,) = evaluate([node], wide, missing=nothing_missing).values()
    found: list[float | None] = frame[node.key].cast(pl.Float64).to_list()
    return found


def after(series: Bars, row: int, poison: Callable[[float], float | None]) -> Bars:
    """The series with everything after a row poisoned."""
    return {
        name: [*column[: row + 1], *(None if v is None else poison(v) for v in column[row + 1 :])]
        for name, column in series.items()
    }


POISONS: dict[str, Callable[[float], float | None]] = {
    "nulls": lambda _: None,
    "ten times": lambda value: value * 10,
    "a tenth": lambda value: value / 10,
    "zero": lambda _: 0.0,
    "noise": lambda value: random.Random(value).uniform(-1e6, 1e6),
}


def sees_the_future(node: Node, series: Bars, row: int) -> list[str]:
    """The poisons of later bars that change a value up to a row."""
    plain = values(node, series)[: row + 1]
    return [
        name
        for name, poison in POISONS.items()
        if values(node, after(series, row, poison))[: row + 1] != plain
    ]


@KINDS
@FEW
@given(seed=SEEDS, row=st.integers(5, 38))
def test_no_function_sees_the_future(function: Function, seed: int, row: int) -> None:
    series = bars(seed, 40)

    for node in (call(function, 5), call(function, 5, x="gold / silver")):
        assert sees_the_future(node, series, row) == []


def test_a_function_that_sees_the_future_would_be_found() -> None:
    honest = call(FUNCTIONS["sma"], 3)
    assert isinstance(honest, Apply)
    cheat = replace(
        honest, function=replace(honest.function, build=lambda x, n: x.rolling_mean(n, center=True))
    )

    assert len(sees_the_future(cheat, bars(1, 40), 20)) == len(POISONS)


@KINDS
@pytest.mark.parametrize("n", WINDOWS)
@FEW
@given(seed=SEEDS)
def test_look_back_and_warm_up_are_enough(function: Function, n: int, seed: int) -> None:
    node = call(function, n)
    enough = node.look_back + node.warm_up
    series = bars(seed, enough + 60)
    tail = {name: column[-enough:] for name, column in series.items()}

    whole, short = values(node, series)[-1], values(node, tail)[-1]

    assert short == pytest.approx(whole, rel=1e-9)


@KINDS
@pytest.mark.parametrize("n", WINDOWS)
@FEW
@given(seed=SEEDS)
def test_the_first_value_comes_when_the_look_back_is_complete(function: Function, n: int, seed: int) -> None:
    node = call(function, n)

    found = values(node, bars(seed, node.look_back + 3))

    assert [value is None for value in found] == [True] * (node.look_back - 1) + [False] * 4


@KINDS
@pytest.mark.parametrize("n", WINDOWS)
@FEW
@given(seed=SEEDS)
def test_the_first_value_of_a_function_of_a_function_comes_when_both_are_complete(
    function: Function, n: int, seed: int
) -> None:
    node = call(function, n, x="sma(gold, 4)")

    found = values(node, bars(seed, node.look_back + 3))

    assert [value is None for value in found] == [True] * (node.look_back - 1) + [False] * 4


@KINDS
@FEW
@given(seed=SEEDS, data=st.data())
def test_unknown_bars_inside_change_nothing_but_themselves(
    function: Function, seed: int, data: st.DataObject
) -> None:
    """A function over a series with unknown values is that over the series without them."""
    series = bars(seed, 30)
    gone = data.draw(st.sets(st.integers(1, 28), max_size=5))
    holes: Bars = {**series, "silver.close": [0.0 if row in gone else 1.0 for row in range(30)]}
    kept = {name: [v for row, v in enumerate(column) if row not in gone] for name, column in holes.items()}
    node = call(function, 3, x="gold / silver")
    if function.fields:
        return  # takes an instrument, not a series

    found = values(node, holes)

    assert [found[row] for row in range(30) if row not in gone] == values(node, kept)


AWKWARD = st.sampled_from([0.0, -1.0, 5.0, 5.0, 1e-300, 1e300, 7.25, 100.0])


@KINDS
@FEW
@given(data=st.lists(st.tuples(AWKWARD, AWKWARD, AWKWARD), min_size=4, max_size=20))
def test_neither_nan_nor_infinity_comes_out(
    function: Function, data: list[tuple[float, float, float]]
) -> None:
    columns = [list(column) for column in zip(*data, strict=True)]
    series: Bars = {}
    for name, (first, second) in {"gold": (0, 1), "silver": (1, 2)}.items():
        series[f"{name}.close"] = [*columns[first]]
        series[f"{name}.open"] = [*columns[second]]
        series[f"{name}.volume"] = [*columns[2]]

    for node in (
        call(function, 2),
        call(function, 2, x="gold * silver"),
        call(function, 2, x="gold / silver"),
    ):
        assert all(value is None or math.isfinite(value) for value in values(node, series))


@KINDS
@FEW
@given(data=st.lists(st.sampled_from([1.0, 3.0, 3.0, 50.0, 0.01]), min_size=10, max_size=30))
def test_values_stay_within_the_bounds_a_function_promises(function: Function, data: list[float]) -> None:
    low, high = function.bounds
    series: Bars = {
        f"{name}.{field}": [*data] for name in ("gold", "silver") for field in ("close", "open", "volume")
    }

    for n in (2, 5, 11, 22):
        known = [value for value in values(call(function, n), series) if value is not None]
        assert all((low is None or value >= low) and (high is None or value <= high) for value in known)


@KINDS
@pytest.mark.parametrize("factor", [4.0, 0.25])
@FEW
@given(seed=SEEDS)
def test_scaling_the_prices_scales_what_is_a_price_and_nothing_else(
    function: Function, factor: float, seed: int
) -> None:
    series = bars(seed, 40)
    scaled = {name: [None if v is None else v * factor for v in column] for name, column in series.items()}
    node = call(function, 6)
    by = factor if function.unit == "same" else 1.0
    if function.name == "log":
        return  # of a price it depends on the price's unit, and says so

    plain, after_scaling = values(node, series), values(node, scaled)

    assert after_scaling == [None if v is None else pytest.approx(v * by, rel=1e-9, abs=1e-9) for v in plain]


NOUGHT_WHEN_FLAT = ("stdev", "difference", "macd", "macd_signal", "macd_histogram")
UNKNOWN_WHEN_FLAT = (
    "zscore",
    "robust_z",
    "sigma_move",
    "rsi",
    "bollinger",
    "donchian",
    "correlation",
    "beta",
)


@KINDS
@FEW
@given(level=st.floats(0.01, 1e5), n=st.sampled_from(WINDOWS))
def test_over_a_flat_series_nothing_stands_out(function: Function, level: float, n: int) -> None:
    """A price that stands still is its own average and extreme; a score or an RSI of it is unknown."""
    series: Bars = {
        f"{name}.{field}": [level] * 30
        for name in ("gold", "silver")
        for field in ("close", "open", "volume")
    }
    still = {"same": level, "%": 0.0, "yes/no": 0.0, "percentile": 100.0, "1": 1.0}[function.unit]
    own = {"log": math.log(level), **dict.fromkeys(NOUGHT_WHEN_FLAT, 0.0), **dict.fromkeys(UNKNOWN_WHEN_FLAT)}
    wanted = own.get(function.name, still)
    expected = None if wanted is None else pytest.approx(wanted, abs=1e-9)

    found = values(call(function, n), series)[-1]

    assert found == expected


def test_a_percentile_of_the_highest_value_is_exactly_100_for_every_window() -> None:
    rising: list[float | None] = [float(day) for day in range(1, 401)]
    series = {"gold.close": rising, "silver.close": rising}

    for n in range(1, 401, 1 + 10):
        node = understand(f"percentile(gold, {n})", Scope(CATALOGUE))
        assert values(node, series)[-1] == 100.0, n
