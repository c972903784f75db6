"""What holds of every function without exception, those of `ta` included: built directly, on bars made up by a seed.

`test_properties` asks more of the functions that are not ta's, through the language.
"""

import math
import random
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from monitor.metrics import FUNCTIONS, Function, Takes, reference_page
from monitor.metrics.by_rows import values_of
from monitor.metrics.registry import ALL_HISTORY
from monitor.metrics.rows import Column

Series = dict[str, list[float | None]]
Params = Mapping[str, float | None]

ALL = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
TA = {name: function for name, function in FUNCTIONS.items() if name.startswith("ta.")}
OF_TA = pytest.mark.parametrize("function", TA.values(), ids=list(TA))
UNCOMMON = (6, 4, 5, 3, 7, 2, 8, 3, 5)
"""Windows in the order of a function's parameters, none like its neighbour."""
PRICES = ("open", "high", "low", "close")


def bars(seed: int, count: int) -> Series:
    """Wandering prices around 100 with whole bars, and a second close `other`."""
    dice = random.Random(seed)
    found: Series = {name: [] for name in (*PRICES, "volume", "other")}
    price = other = 100.0
    for _ in range(count):
        opened, close = price * dice.uniform(0.97, 1.03), price * dice.uniform(0.95, 1.055)
        other *= dice.uniform(0.95, 1.055)
        row = {
            "open": opened,
            "high": max(opened, close) * dice.uniform(1.001, 1.02),
            "low": min(opened, close) * dice.uniform(0.98, 0.999),
            "close": close,
            "volume": float(dice.randrange(100, 10_000)),
            "other": other,
        }
        for name, value in row.items():
            found[name].append(value)
        price = close
    return found


def uncommon(function: Function) -> Params:
    windows = iter(UNCOMMON)
    return {
        p.name: max(next(windows), p.least) if p.takes is Takes.WINDOW else p.default
        for p in function.parameters
        if p.takes in (Takes.WINDOW, Takes.NUMBER)
    }


def usual(function: Function) -> Params:
    return {
        p.name: 20 if p.required else p.default
        for p in function.parameters
        if p.takes in (Takes.WINDOW, Takes.NUMBER)
    }


def values(function: Function, series: Series, params: Params) -> list[float | None]:
    """The function of the close and the other close, of whether the close is above 0, or of the bar's fields."""
    frame = pl.DataFrame(series, schema=dict.fromkeys(series, pl.Float64))
    fields = iter(("close", "other"))
    inputs = [pl.col(name) for name in function.fields]
    for parameter in function.parameters:
        if parameter.takes is Takes.SERIES:
            inputs.append(pl.col(next(fields)))
        elif parameter.takes is Takes.YESNO:
            inputs.append(pl.col("close") > 0)
    if function.of_rows:
        (column,) = values_of(
            function, params, [[Column.of(frame.select(one).to_series()) for one in inputs]]
        )
        found = column.series("value")
    else:
        found = frame.select(function.build(*inputs, **params).alias("value"))["value"].cast(pl.Float64)
    return [None if value is None or not math.isfinite(value) else value for value in found]


def tail(series: Series, count: int) -> Series:
    return {name: column[-count:] for name, column in series.items()}


@ALL
@pytest.mark.parametrize("params", [uncommon, usual], ids=["uncommon", "usual"])
def test_the_first_value_comes_when_the_look_back_is_complete(function: Function, params: object) -> None:
    chosen = uncommon(function) if params is uncommon else usual(function)
    look_back = function.look_back(chosen)

    found = values(function, bars(1, look_back + 3), chosen)

    assert [value is None for value in found] == [True] * (look_back - 1) + [False] * 4


@ALL
def test_history_that_is_too_short_is_unknown_and_breaks_nothing(function: Function) -> None:
    chosen = uncommon(function)
    look_back = function.look_back(chosen)

    for count in {0, 1, 2, look_back - 1} & set(range(look_back)):
        assert values(function, bars(2, count), chosen) == [None] * count


@ALL
@pytest.mark.parametrize("seed", [3, 4])
def test_look_back_and_warm_up_are_enough(function: Function, seed: int) -> None:
    chosen = uncommon(function)
    enough = function.look_back(chosen) + function.warm_up(chosen)
    if function.warm_up(chosen) >= ALL_HISTORY:
        return  # says that it may need every bar
    series = bars(seed, enough + 60)

    whole, short = values(function, series, chosen)[-1], values(function, tail(series, enough), chosen)[-1]

    assert whole is not None
    assert short == pytest.approx(whole, rel=1e-9)


@ALL
@pytest.mark.parametrize("poison", ["none", "ten times", "zero", "noise", "huge"])
def test_no_function_sees_the_future(function: Function, poison: str) -> None:
    chosen = uncommon(function)
    row = function.look_back(chosen) + 8
    series, dice = bars(5, row + 20), random.Random(6)

    def changed(value: float | None) -> float:
        scale = {"ten times": 10.0, "zero": 0.0, "huge": 1e290}.get(poison)
        return dice.uniform(-1e6, 1e6) if scale is None or value is None else value * scale

    later = {
        name: [] if poison == "none" else [changed(v) for v in column[row:]]
        for name, column in series.items()
    }
    poisoned: Series = {name: [*column[:row], *later[name]] for name, column in series.items()}

    assert values(function, poisoned, chosen)[:row] == values(function, series, chosen)[:row]


@ALL
def test_a_series_that_starts_late_is_as_one_that_starts_there(function: Function) -> None:
    chosen = uncommon(function)
    series = bars(7, function.look_back(chosen) + 5)
    late: Series = {name: [None, None, None, *column] for name, column in series.items()}

    assert values(function, late, chosen) == [None, None, None, *values(function, series, chosen)]


@OF_TA
@pytest.mark.parametrize("factor", [4.0, 0.25])
def test_scaling_prices_scales_what_is_a_price_and_scaling_volumes_nothing(
    function: Function, factor: float
) -> None:
    if "no pure number" in function.convention:
        return
    chosen = uncommon(function)
    series = bars(8, function.look_back(chosen) + 15)
    scaled: Series = {name: [v and v * factor for v in column] for name, column in series.items()}
    by = factor if function.unit == "same" else 1.0

    plain, after = values(function, series, chosen), values(function, scaled, chosen)

    assert after == [None if v is None else pytest.approx(v * by, rel=1e-9, abs=1e-9) for v in plain]


@OF_TA
@pytest.mark.parametrize("level", [0.1, 31.41, 5318.0])
def test_where_nothing_moves_nothing_is_high_or_low(function: Function, level: float) -> None:
    """An indicator of a dead feed is its level, zero change, or unknown; ta says 0, 100 or crumbs of rounding."""
    chosen = uncommon(function)
    count = function.look_back(chosen) + 30
    still: Series = {name: [level] * count for name in (*PRICES, "volume", "other")}

    found = values(function, still, chosen)[-1]

    if function.unit == "same" and not any(
        word in function.name for word in ("macd", "dpo", "awesome", "range")
    ):
        assert found == pytest.approx(level)
    elif found is not None:
        assert found == pytest.approx(0.0, abs=1e-9)


@OF_TA
def test_a_feed_that_stops_moving_ends_as_unknown_or_near_its_level(function: Function) -> None:
    chosen = uncommon(function)
    moving = bars(9, 60)
    stopped: Series = {name: [*column, *[column[-1]] * 400] for name, column in moving.items()}
    for name in PRICES:
        stopped[name][60:] = [moving["close"][-1]] * 400

    found = values(function, stopped, chosen)[-1]

    low, high = function.bounds
    assert found is None or ((low is None or found >= low) and (high is None or found <= high))


AWKWARD = (0.0, -1.0, 5.0, 5.0, 1e-300, 1e300, 7.25, 100.0)


@ALL
@pytest.mark.parametrize("seed", range(3))
def test_awkward_numbers_neither_break_nor_warn(function: Function, seed: int) -> None:
    dice = random.Random(seed)
    series: Series = {name: [dice.choice(AWKWARD) for _ in range(60)] for name in (*PRICES, "other")}
    series["volume"] = [abs(dice.choice(AWKWARD)) for _ in range(60)]

    found = values(function, series, uncommon(function))

    low, high = function.bounds
    assert all((low is None or v >= low) and (high is None or v <= high) for v in found if v is not None)


@ALL
def test_every_entry_is_complete(function: Function) -> None:
    assert function.formula
    assert function.source
    assert function.summary.endswith(".")
    assert function.unit in ("same", "1", "%", "percent", "percentile", "yes/no")
    assert function.yesno == (function.unit == "yes/no")
    assert function.look_back(usual(function)) >= 1


def test_the_reference_page_is_the_one_on_file() -> None:
    path = Path(__file__).parents[2] / "rules" / "FUNCTIONS.md"

    assert path.read_text(encoding="utf-8") == reference_page(), (
        "python -m monitor.metrics > rules/FUNCTIONS.md"
    )
