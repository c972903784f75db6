"""Random dates, p over many tests, intervals from episodes, and what overlap leaves of them."""

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.backtest.chance import (
    PLACEMENTS,
    TINY,
    interval_of,
    overlap,
    placed,
    placed_means,
    shares,
    stepdown,
    t_of,
)
from monitor.backtest.forward import Floats


def test_random_dates_keep_their_number_and_their_spacing() -> None:
    field, places = np.arange(50.0), np.array([3, 10, 12])

    turned = np.column_stack(placed([(field, places)]))

    assert turned.shape == (PLACEMENTS, 3)
    assert turned[0].tolist() == [3, 10, 12]
    assert {tuple(np.diff(row) % 50) for row in turned} == {(7, 2)}
    assert set(turned[:, 0]) == set(range(50))


def test_random_dates_of_several_instruments_turn_together() -> None:
    gold, silver = np.arange(50.0), np.arange(50.0) + 1000

    of_gold, of_silver = placed([(gold, np.array([3])), (silver, np.array([3]))])

    assert set(of_silver - of_gold) == {1000}


def test_p_is_the_share_of_all_placements() -> None:
    field = np.arange(1.0, 101.0)

    higher, lower, farther = shares(placed_means([(field, np.array([94]))]))

    assert (higher, lower, farther) == pytest.approx((0.06, 0.95, 0.12))  # 95 and better; its mirror too


def test_where_all_sessions_are_alike_everything_is_luck() -> None:
    means = placed_means([(np.full(80, 0.02), np.array([5, 50]))])

    assert shares(means) == (1, 1, 1)
    assert stepdown([means, means]) == [1, 1]


def by_definition(tests: Sequence[Floats]) -> list[float]:
    """Romano and Wolf's stepdown in loops: each against the worst of those that are not rejected before it."""
    scaled = []
    for means in tests:
        middle, spread = sum(means) / len(means), float(np.std(means))
        scaled.append([abs(one - middle) / spread for one in means])
    left = sorted(range(len(tests)), key=lambda k: -scaled[k][0])
    found: dict[int, float] = {}
    before = 0.0
    while left:
        first = left[0]
        worst = [max(scaled[k][draw] for k in left) for draw in range(len(tests[0]))]
        share = sum(one >= scaled[first][0] - TINY for one in worst) / len(worst)
        before = max(before, share)
        found[first] = before
        left = left[1:]
    return [found[k] for k in range(len(tests))]


@given(seed=st.integers(0, 10_000), count=st.integers(1, 6))
def test_adjusted_p_is_what_the_definition_gives(seed: int, count: int) -> None:
    dice = np.random.default_rng(seed)
    shared = dice.normal(size=60)
    tests = [shared * dice.uniform(0, 2) + dice.normal(size=60) for _ in range(count)]

    assert stepdown(tests) == pytest.approx(by_definition(tests))


@given(seed=st.integers(0, 10_000), count=st.integers(1, 6))
def test_adjusted_p_is_never_below_p_and_of_a_single_test_it_is_p(seed: int, count: int) -> None:
    dice = np.random.default_rng(seed)
    tests = [dice.normal(size=200) for _ in range(count)]

    for means, adjusted in zip(tests, stepdown(tests), strict=True):
        assert adjusted >= shares(means)[2]
    assert stepdown(tests[:1]) == [shares(tests[0])[2]]


def test_the_same_test_twice_costs_nothing_and_another_one_does() -> None:
    dice = np.random.default_rng(3)
    one = np.append(3.0, dice.normal(size=999))
    others = [dice.normal(size=1000) for _ in range(20)]

    assert stepdown([one, one]) == [shares(one)[2]] * 2
    assert stepdown([one, *others])[0] > 3 * shares(one)[2]


RETURNS = np.array([0.107, 0.171, 0.393, 0.112, 0.022, 0.128, -0.118, 0.125, 0.134])


@pytest.mark.parametrize(
    ("block", "low", "high"),
    # From 200,000 draws of arch 8.0.0: IIDBootstrap, and CircularBlockBootstrap(2) and (3), seed 7.
    [(1, 0.03833, 0.20522), (2, 0.04322, 0.20878), (3, 0.03489, 0.20767)],
)
def test_intervals_are_those_of_another_library(block: int, low: float, high: float) -> None:
    found = interval_of(RETURNS, block=block, seed=(1,))

    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)


@pytest.mark.parametrize(
    ("count", "block", "told"), [(2, 1, False), (3, 1, True), (8, 3, False), (9, 3, True)]
)
def test_what_makes_less_than_three_blocks_has_no_interval(count: int, block: int, told: bool) -> None:
    found = interval_of(RETURNS[:count], block=block, seed=(1,))

    assert (found is not None) is told


def test_one_episode_has_no_interval_and_no_t() -> None:
    assert interval_of(np.array([0.1]), block=1, seed=(1,)) is None
    assert t_of(np.array([0.1]), 0.0) is None
    assert t_of(np.array([0.1, 0.1]), 0.0) is None  # nor have two that are alike


def test_t_is_the_distance_in_standard_errors() -> None:
    assert t_of(np.array([1.0, 2.0, 3.0]), 1.0) == pytest.approx(3**0.5)


def windows(*spans: tuple[int, int]) -> tuple[float, float]:
    starts, ends = (np.array(days, "datetime64[D]") for days in zip(*spans, strict=True))
    return overlap(starts, ends)


def test_windows_apart_count_in_full_and_the_same_one_twice_counts_once() -> None:
    assert windows((0, 10), (10, 20), (50, 60)) == (3, 0)
    assert windows((0, 10), (0, 10)) == (1, 1)


def test_windows_that_half_overlap_count_for_what_they_cover() -> None:
    assert windows((0, 10), (5, 15), (100, 110)) == pytest.approx((2.5, 2 / 3))
    assert windows((0, 100), (10, 20), (30, 40)) == (2.5, 1)  # 100 days in windows of 40


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), min_size=1, max_size=25))
def test_the_effective_number_is_what_counting_days_gives(spans: list[tuple[int, int]]) -> None:
    covered = {day for start, length in spans for day in range(start, start + length)}
    mean = sum(length for _, length in spans) / len(spans)
    pairs = itertools.permutations(spans, 2)
    crossed = [(a, b) for a, b in pairs if a[0] < b[0] + b[1] and b[0] < a[0] + a[1]]
    shuffled = random.Random(1).sample(spans, len(spans))

    effective, share = windows(*((start, start + length) for start, length in shuffled))

    assert effective == pytest.approx(len(covered) / mean)
    assert (share > 0) == bool(crossed)
