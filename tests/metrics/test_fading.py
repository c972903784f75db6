"""Fading sums: what a plain loop makes of them, however many bars and series there are."""

import random
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from monitor.metrics.fading import fading_sums

KEEP = 13 / 14


def walk(seed: int, count: int) -> Any:
    dice = random.Random(seed)
    return np.array([[dice.uniform(-1, 1.1) for _ in range(count)]])


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 1023, 1024, 1025, 20_000])
def test_every_sum_is_the_bar_and_what_is_kept_of_the_sum_before(count: int) -> None:
    rows = walk(count, count)

    (found,) = fading_sums(rows, KEEP)

    plain = accumulate(rows[0], lambda before, bar: bar + KEEP * before)
    assert found.tolist() == pytest.approx(list(plain), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("count", [0, 5, 16, 100, 1024, 1030, 17_000, 19_999])
def test_later_bars_and_other_series_change_no_bit_of_a_sum(count: int) -> None:
    rows = np.concatenate([walk(seed, 20_000) for seed in (1, 2, 3)])
    whole = fading_sums(rows, KEEP)

    for number in range(3):
        (begun,) = fading_sums(rows[number : number + 1, :count], KEEP)
        assert begun.tolist() == whole[number, :count].tolist()


def test_sums_go_on_from_those_before() -> None:
    rows = np.concatenate([walk(seed, 3000) for seed in (4, 5)])
    first = fading_sums(rows[:, :2048], KEEP)

    both = np.concatenate([first, fading_sums(rows[:, 2048:], KEEP, first[:, -1:])], axis=1)

    assert both.tolist() == [
        pytest.approx(own.tolist(), rel=1e-12, abs=1e-12) for own in fading_sums(rows, KEEP)
    ]


def test_the_bars_handed_in_are_left_as_they_are() -> None:
    rows = walk(1, 100)
    before = rows.copy()

    fading_sums(rows, KEEP)

    assert (rows == before).all()
