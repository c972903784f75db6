"""What holds of every function of series and bars, on made-up series; `test_catalogue` asks less of all, ta's included."""

import itertools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bars import UTC
from monitor.language import Node, Scope, evaluate, understand
from monitor.language.nodes import Apply
from monitor.metrics import FUNCTIONS, Function, Takes
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, FIRST, nothing_missing

Bars = dict[str, list[float | None]]
"""Series by `instrument.field`."""

SEEDS = st.integers(0, 10_000)
WINDOWS = (2, 3, 8)
FEW = examples(8)
OF_CONDITIONS = ("streak", "sessions_since", "at_last")
PLAIN = {
    name: function
    for name, function in FUNCTIONS.items()
    if not name.startswith("ta.") and name not in OF_CONDITIONS
}
"""Each test asks for all of them in one go, as a rulebook does; what it finds stands by their names."""


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


Found = dict[str, list[float | None]]


def calls(n: int, *, x: str = "gold") -> dict[str, Node]:
    """Every function, called alike."""
    return {name: call(function, n, x=x) for name, function in PLAIN.items()}


def values(nodes: Mapping[str, Node], series: Bars) -> Found:
    """The values of expressions, one for each session in which all their legs have a bar."""
    count = len(series["gold.close"])
    days = pl.date_range(FIRST, FIRST + timedelta(days=count - 1), eager=True)
    known = {f"{name}.known_at": days.cast(UTC) for name in ("gold", "silver")}
    wide = pl.DataFrame(
        {"session": days, **known, **series}, schema_overrides=dict.fromkeys(series, pl.Float64)
    )
    panels = evaluate(nodes.values(), wide, missing=nothing_missing)
    return {name: panels[node.legs][node.key].cast(pl.Float64).to_list() for name, node in nodes.items()}


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


def see_the_future(nodes: Mapping[str, Node], series: Bars, row: int) -> dict[str, list[str]]:
    """Who has values up to a row that later bars change, and the poisons that did it."""
    plain, found = values(nodes, series), dict[str, list[str]]()
    for poison, changed in POISONS.items():
        poisoned = values(nodes, after(series, row, changed))
        for name in nodes:
            if poisoned[name][: row + 1] != plain[name][: row + 1]:
                found.setdefault(name, []).append(poison)
    return found


@pytest.mark.parametrize("x", ["gold", "gold / silver"])
@FEW
@given(seed=SEEDS, row=st.integers(5, 38))
def test_no_function_sees_the_future(x: str, seed: int, row: int) -> None:
    assert see_the_future(calls(5, x=x), bars(seed, 40), row) == {}


def test_a_function_that_sees_the_future_would_be_found() -> None:
    honest = call(FUNCTIONS["percentile"], 3)
    assert isinstance(honest, Apply)
    cheat = replace(
        honest, function=replace(honest.function, build=lambda x, n: x.rolling_mean(n, center=True))
    )

    found = see_the_future({**calls(5), "cheat": cheat}, bars(1, 40), 20)

    assert found == {"cheat": list(POISONS)}


@pytest.mark.parametrize("n", WINDOWS)
@FEW
@given(seed=SEEDS)
def test_look_back_and_warm_up_are_enough(n: int, seed: int) -> None:
    nodes = calls(n)
    enough = {name: node.look_back + node.warm_up for name, node in nodes.items()}
    series = bars(seed, max(enough.values()) + 60)
    short: Found = {}
    for count in {*enough.values()}:
        tail = {name: column[-count:] for name, column in series.items()}
        short |= values({name: node for name, node in nodes.items() if enough[name] == count}, tail)

    whole = values(nodes, series)

    assert {name: found[-1] for name, found in short.items()} == {
        name: pytest.approx(found[-1], rel=1e-9) for name, found in whole.items()
    }


@pytest.mark.parametrize("n", WINDOWS)
@pytest.mark.parametrize("x", ["gold", "sma(gold, 4)"])
@FEW
@given(seed=SEEDS)
def test_the_first_value_comes_when_the_look_back_is_complete_also_over_another_function(
    x: str, n: int, seed: int
) -> None:
    nodes = calls(n, x=x)
    count = max(node.look_back for node in nodes.values()) + 3

    found = values(nodes, bars(seed, count))

    assert {name: [value is None for value in column] for name, column in found.items()} == {
        name: [row < node.look_back - 1 for row in range(count)] for name, node in nodes.items()
    }


@FEW
@given(seed=SEEDS, gone=st.sets(st.integers(1, 28), max_size=5))
def test_unknown_bars_inside_change_nothing_but_themselves(seed: int, gone: set[int]) -> None:
    """A function over a series with unknown values is that over the series without them."""
    series = bars(seed, 30)
    holes: Bars = {**series, "silver.close": [0.0 if row in gone else 1.0 for row in range(30)]}
    kept = {name: [v for row, v in enumerate(column) if row not in gone] for name, column in holes.items()}
    of_series = {name: node for name, node in calls(3, x="gold / silver").items() if not PLAIN[name].fields}

    found = values(of_series, holes)

    assert {
        name: [value for row, value in enumerate(column) if row not in gone] for name, column in found.items()
    } == values(of_series, kept)


AWKWARD = st.sampled_from([0.0, -1.0, 5.0, 5.0, 1e-300, 1e300, 7.25, 100.0])


@pytest.mark.parametrize("x", ["gold", "gold * silver", "gold / silver"])
@FEW
@given(data=st.lists(st.tuples(AWKWARD, AWKWARD, AWKWARD), min_size=4, max_size=20))
def test_neither_nan_nor_infinity_comes_out(x: str, data: list[tuple[float, float, float]]) -> None:
    columns = [list(column) for column in zip(*data, strict=True)]
    series: Bars = {}
    for name, (first, second) in {"gold": (0, 1), "silver": (1, 2)}.items():
        series[f"{name}.close"] = [*columns[first]]
        series[f"{name}.open"] = [*columns[second]]
        series[f"{name}.volume"] = [*columns[2]]

    for name, found in values(calls(2, x=x), series).items():
        assert all(value is None or math.isfinite(value) for value in found), name


@pytest.mark.parametrize("n", [2, 5, 11, 22])
@FEW
@given(data=st.lists(st.sampled_from([1.0, 3.0, 3.0, 50.0, 0.01]), min_size=10, max_size=30))
def test_values_stay_within_the_bounds_a_function_promises(n: int, data: list[float]) -> None:
    series: Bars = {
        f"{name}.{field}": [*data] for name in ("gold", "silver") for field in ("close", "open", "volume")
    }

    for name, found in values(calls(n), series).items():
        low, high = PLAIN[name].bounds
        known = [value for value in found if value is not None]
        assert low is None or all(value >= low for value in known), name
        assert high is None or all(value <= high for value in known), name


@pytest.mark.parametrize("factor", [4.0, 0.25])
@FEW
@given(seed=SEEDS)
def test_scaling_the_prices_scales_what_is_a_price_and_nothing_else(factor: float, seed: int) -> None:
    series = bars(seed, 40)
    scaled = {name: [None if v is None else v * factor for v in column] for name, column in series.items()}
    nodes = calls(6)
    del nodes["log"]  # of a price it depends on the price's unit, and says so

    plain, after_scaling = values(nodes, series), values(nodes, scaled)

    for name, found in after_scaling.items():
        by = factor if PLAIN[name].unit == "same" else 1.0
        expected = [None if v is None else pytest.approx(v * by, rel=1e-9, abs=1e-9) for v in plain[name]]
        assert found == expected, name


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


@pytest.mark.parametrize("n", WINDOWS)
@FEW
@given(level=st.floats(0.01, 1e5))
def test_over_a_flat_series_nothing_stands_out(n: int, level: float) -> None:
    """A price that stands still is its own average and extreme; a score or an RSI of it is unknown."""
    series: Bars = {
        f"{name}.{field}": [level] * 30
        for name in ("gold", "silver")
        for field in ("close", "open", "volume")
    }
    still = {"same": level, "%": 0.0, "yes/no": 0.0, "percentile": 100.0, "1": 1.0}
    own = {"log": math.log(level), **dict.fromkeys(NOUGHT_WHEN_FLAT, 0.0), **dict.fromkeys(UNKNOWN_WHEN_FLAT)}

    for name, found in values(calls(n), series).items():
        wanted = own.get(name, still[PLAIN[name].unit])
        assert found[-1] == (None if wanted is None else pytest.approx(wanted, abs=1e-9)), name


def test_a_percentile_of_the_highest_value_is_exactly_100_for_every_window() -> None:
    rising: list[float | None] = [float(day) for day in range(1, 401)]
    series = {"gold.close": rising, "silver.close": rising}

    for n in range(1, 401, 1 + 10):
        node = understand(f"percentile(gold, {n})", Scope(CATALOGUE))
        assert values({"percentile": node}, series)["percentile"][-1] == 100.0, n
