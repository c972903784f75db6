"""Windows over plain arrays: what a plain loop makes of each window, wherever parts of a long series begin."""

import math
import random
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics import FUNCTIONS, by_rows, windows
from monitor.metrics.by_rows import values_of
from monitor.metrics.rows import Column

OF_ROWS = {name: function for name, function in FUNCTIONS.items() if function.of_rows}
PRICES = st.lists(st.sampled_from([0.1, 0.3, 1.0, 1.1, 3.0, 7.0, 50.0]), min_size=1, max_size=20)
SIMPLE: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "highest": max,
    "lowest": min,
    "deviation": statistics.stdev,
}


def params_of(name: str, n: int) -> dict[str, float | None]:
    """Windows of n, and what else a function takes as it usually is."""
    named = OF_ROWS[name].parameters
    usual = {p.name: p.default for p in named if p.default is not None and p.name != "n"}
    return {**usual, "n": n}


def walk(seed: int, count: int) -> Any:
    dice = random.Random(seed)
    return np.cumprod([dice.uniform(0.9, 1.115) for _ in range(count)]) * 100


def inputs(name: str, column: Column) -> list[Column]:
    return [column] * sum(p.takes.name == "SERIES" for p in OF_ROWS[name].parameters)


@pytest.mark.parametrize("name", SIMPLE)
@given(PRICES, st.integers(2, 20))
def test_a_window_gives_what_a_plain_look_at_its_bars_gives(name: str, prices: list[float], n: int) -> None:
    rows = np.array([prices, prices[::-1]])

    found = getattr(windows, name)(rows, n) if n <= len(prices) else np.empty((2, 0))

    for row, values in zip(rows.tolist(), found.tolist(), strict=True):
        parts = [row[end - n : end] for end in range(n, len(row) + 1)]
        expected = [SIMPLE[name](part) for part in parts]
        assert values == pytest.approx(
            expected, rel=1e-9, abs=1e-12
        )  # nine digits, after a fall to a fiftieth


@given(PRICES, st.integers(2, 6))
def test_a_flat_window_has_exactly_no_deviation_and_no_other_has(prices: list[float], n: int) -> None:
    repeated = [price for price in prices for _ in range(3)]
    if n > len(repeated):
        return

    (found,) = windows.deviation(np.array([repeated]), n).tolist()

    flat = [len(set(repeated[end - n : end])) == 1 for end in range(n, len(repeated) + 1)]
    assert [value == 0.0 for value in found] == flat


@pytest.mark.parametrize("name", OF_ROWS)
def test_series_worked_out_together_have_the_values_they_have_alone(name: str) -> None:
    columns = [Column(seed, walk(seed, 40 + 3 * (seed % 2)), gaps=False) for seed in range(5)]
    calls = [inputs(name, column) for column in columns]
    params = params_of(name, 5)

    together = values_of(OF_ROWS[name], params, calls)

    alone = [values_of(OF_ROWS[name], params, [call])[0] for call in calls]
    for one, other in zip(together, alone, strict=True):
        assert (one.front, one.values.tolist()) == (other.front, other.values.tolist())


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_long_series_is_worked_out_in_parts_and_shows_no_seam(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, params = inputs(name, Column(0, walk(1, 200), gaps=False)), params_of(name, 7)
    (whole,) = values_of(OF_ROWS[name], params, [call])

    monkeypatch.setattr(by_rows, "AT_ONCE", 32)
    (parts,) = values_of(OF_ROWS[name], params, [call])

    assert (parts.front, parts.gaps) == (whole.front, whole.gaps)
    assert parts.values.tolist() == pytest.approx(whole.values.tolist(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", OF_ROWS)
def test_bars_that_come_later_change_no_bit_of_a_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_rows, "AT_ONCE", 32)
    prices, params = walk(2, 150), params_of(name, 6)

    (whole,) = values_of(OF_ROWS[name], params, [inputs(name, Column(0, prices, gaps=False))])

    for count in (20, 33, 64, 149):
        (begun,) = values_of(OF_ROWS[name], params, [inputs(name, Column(0, prices[:count], gaps=False))])
        assert begun.values.tolist() == whole.values[: len(begun.values)].tolist()


@pytest.mark.parametrize("name", OF_ROWS)
def test_bars_that_are_unknown_are_left_out_and_stay_unknown(name: str) -> None:
    prices, params = walk(3, 60), params_of(name, 4)
    holes = prices.copy()
    holes[[0, 20, 21, 40]] = math.nan
    known = ~np.isnan(holes)

    (found,) = values_of(OF_ROWS[name], params, [inputs(name, Column(0, holes, gaps=True))])

    (without,) = values_of(OF_ROWS[name], params, [inputs(name, Column(0, holes[known], gaps=False))])
    values = found.series(name)
    assert values.filter(known).to_list() == without.series(name).to_list()
    assert values.filter(~known).null_count() == 4


def test_a_series_shorter_than_the_look_back_is_unknown() -> None:
    (found,) = values_of(OF_ROWS["sma"], {"n": 5}, [[Column(1, np.ones(3), gaps=False)]])

    assert found.series("sma").to_list() == [None] * 4


def test_the_highest_so_far_shows_no_seam_either() -> None:
    rows = np.array([walk(seed, 10_000) for seed in (4, 5, 6)])

    assert (windows.highest_so_far(rows) == np.maximum.accumulate(rows, axis=1)).all()
