"""How near a trigger is: in steps of an ordinary day, and how often the value went as far before."""

import itertools
import statistics

import pytest

from monitor.engine import observe
from monitor.nearness import AHEAD, FAR, Nearness, nearness
from tests.support.made_up import Values, made
from tests.support.rules import pack


def near(gold: Values, rule: str, *, opened: bool = False, silver: Values | None = None) -> Nearness:
    series = {"gold": gold} if silver is None else {"gold": gold, "silver": silver}
    (track,) = observe(pack(f"r: {rule}"), made(series))
    return nearness(track, opened=opened)


WAVE = [100.0, 102.0, 101.0, 99.0] * 40
"""It moves by 2, 1, 2 and 1."""


def test_the_distance_is_counted_in_standard_deviations_of_a_days_step() -> None:
    steps = [later - before for before, later in itertools.pairwise(WAVE)]

    found = near(WAVE, "{when: gold > 109}")

    assert found.steps == pytest.approx(10 / statistics.stdev(steps))


def test_how_often_it_came_so_far_counts_the_sessions_from_which_it_did_within_a_month() -> None:
    calm, leap = [100.0] * 60, [110.0] * 40
    gold = [*calm, *leap, *calm]
    # From the 21 sessions before the leap it went up by a tenth; the last 21 have not been seen to their end.
    counted = len(gold) - AHEAD

    assert near(gold, "{when: gold > 110}").often == pytest.approx(AHEAD / counted)
    assert near(gold, "{when: gold > 110.5}").often == 0
    assert near(gold, "{when: gold < 90.95}").often == pytest.approx(AHEAD / counted)
    assert near(gold, "{when: gold < 90.90}").often == 0
    assert near([*calm, *leap], "{when: gold < 99.9}").often == 0


def test_prices_are_compared_by_parts_and_numbers_around_zero_by_their_size() -> None:
    doubled = [10.0] * 30 + [11.0] * 30 + [100.0] * 60  # up by a tenth, then far more
    around_zero = "{when: 'gold - 50 > 5'}"

    assert near(doubled, "{when: gold > 110}").often == pytest.approx(2 * AHEAD / (len(doubled) - AHEAD))
    assert near([40.0] * 30 + [60.0] * 30 + [40.0] * 40, around_zero).often == pytest.approx(
        AHEAD / (100 - AHEAD)
    )


def test_an_open_rule_is_asked_how_near_its_end_is() -> None:
    rule = "{when: gold > 95, clear_when: gold < 90}"

    assert near(WAVE, rule, opened=True).steps == pytest.approx(near(WAVE, "{when: gold < 90}").steps or 0)
    assert near(WAVE, rule, opened=True).often == 0


def test_what_is_there_is_no_step_away() -> None:
    assert near(WAVE, "{when: gold > 50}") == Nearness(0.0, None)


def test_a_threshold_that_moves_is_measured_to_where_it_stands() -> None:
    rising = [100.0 + day for day in range(60)]
    behind = [value - 5 for value in rising[:-1]] + [rising[-1] - 15]

    found = near(behind, "{when: gold > silver}", silver=rising)

    steps = [0.0] * 58 + [10.0]
    assert found.steps == pytest.approx(15 / statistics.stdev(steps))


@pytest.mark.parametrize(
    ("gold", "rule"),
    [
        ([100.0] * 10, "{when: gold > 110}"),
        ([None] * 9 + [1.0], "{when: gold > 110}"),
        (WAVE, "{when: 'sma(gold, 500) > 1'}"),
        (WAVE, "{when: 'crosses_above(gold, 200)'}"),
    ],
)
def test_without_history_or_a_number_nothing_is_said(gold: Values, rule: str) -> None:
    assert near(gold, rule) == FAR


def test_what_never_moves_is_no_number_of_steps_away() -> None:
    assert near([100.0] * 60, "{when: gold > 110}") == Nearness(None, 0.0)
