"""How far a level is from firing or from clear, told in the same words everywhere."""

import pytest

from monitor.rules import Level
from monitor.standing import compared, comparisons, standing, to_clear
from tests.support.rules import pack

METRICS = "{gsr: gold / silver, gsr_z: 'zscore(gsr, 20)', fall: 'change(gold, 1)'}"


def level(rule: str) -> Level:
    (instance,) = pack(f"one: {rule}", metrics=METRICS).instances
    return instance.levels[0]


@pytest.mark.parametrize(
    ("rule", "value", "distance", "percent"),
    [
        ("{when: gsr > 90}", {"gsr": 80.0}, "+10", 12.5),
        ("{when: gsr_z >= 3}", {"gsr_z": -0.1047}, "+3.105", None),
        ("{when: fall <= -5%}", {"fall": 0.002}, "-5.2 points", None),
        ("{when: gold > 2 * silver}", {"gold": 10.0, "2 * silver": 7.5}, "there", -25.0),
        ("{when: gsr > 90}", {"gsr": None}, "?", None),
    ],
)
def test_a_distance_is_in_the_unit_of_the_metric_and_in_per_cent_of_what_is_like_a_price(
    rule: str, value: dict[str, float | None], distance: str, percent: float | None
) -> None:
    now = standing(level(rule), value, opened=False)

    assert (now.distance_shown, now.distance_in_percent) == (distance, percent)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("{when: gsr > 90, clear_when: gsr < 85}", {"gsr": 104.8}),
        ("{when: gsr_z >= 3, clear_when: gsr_z < 0.5}", {"gsr_z": 0.52}),
        ("{when: fall <= -5%, clear_when: fall > -2%}", {"fall": -0.07}),
        ("{when: gsr > 90}", {"gsr": 104.8}),
    ],
)
def test_a_message_tells_the_distance_to_clear_in_the_words_of_status(
    rule: str, value: dict[str, float | None]
) -> None:
    one = level(rule)
    now = standing(one, value, opened=True)

    part = "" if now.distance_in_percent is None else f" ({now.distance_in_percent:+.1f} %)"
    assert to_clear(one, value).endswith(f", {now.distance_shown}{part} from here")


@pytest.mark.parametrize(
    ("condition", "value", "waits_for", "distance"),
    [
        ("gsr > 90", {"gsr": 104.8}, "<= 90", "-14.80"),
        ("gsr > 90 and gold > 2", {"gsr": 104.8, "gold": 2.1}, "<= 2", "-0.1000"),
        ("gsr > 90 or gold > 2", {"gsr": 104.8, "gold": 1.0}, "<= 90", "-14.80"),
    ],
)
def test_an_open_rule_without_a_clear_condition_waits_until_it_does_not_fire(
    condition: str, value: dict[str, float | None], waits_for: str, distance: str
) -> None:
    now = standing(level(f"{{when: '{condition}'}}"), value, opened=True)

    assert (now.threshold_shown, now.distance_shown) == (waits_for, distance)


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        ("{when: gold > 9_000}", {"gold": 9000.4}, "gold 9,000.4 > 9,000"),
        ("{when: gold < 9_000}", {"gold": 8999.6}, "gold 8,999.6 < 9,000"),
        ("{when: gold >= 9_000}", {"gold": 9000.0}, "gold 9,000 >= 9,000"),
        ("{when: gsr > 4.5}", {"gsr": 4.5005}, "gsr 4.5005 > 4.5"),
        ("{when: gsr > 4.5}", {"gsr": 4.6123456}, "gsr 4.612 > 4.5"),
        ("{when: fall > 0.8%}", {"fall": 0.0081}, "fall 0.81 % > 0.8 %"),
        ("{when: gsr > 19}", {"gsr": 19.0022}, "gsr 19.002 > 19"),
        ("{when: gold > 10_000_000}", {"gold": 11750016.2}, "gold 11,750,016 > 10,000,000"),
        ("{when: gsr > 1234.5678}", {"gsr": 2000.0}, "gsr 2,000 > 1,234.5678"),
    ],
)
def test_a_value_is_told_with_digits_enough_to_stand_on_its_side_of_the_threshold(
    rule: str, value: dict[str, float | None], told: str
) -> None:
    one = level(rule)
    waits = standing(one, value, opened=False)

    assert compared(one.when, value, holds=True) == told
    assert [str(part) for part in comparisons(one.when, value)] == [f"{told}: yes"]
    assert f"{waits.metric} {waits.value_shown} {waits.threshold_shown}" == told


def test_a_value_and_a_threshold_that_moves_are_told_apart() -> None:
    one = level("{when: gold > 2 * silver}")

    (part,) = comparisons(one.when, {"gold": 10.0004, "2 * silver": 10.0001})
    assert str(part) == "gold 10.0004 > 2 * silver 10.0001: yes"


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        ("{when: gold / slv > 9}", {"gold / slv": 10.5}, "gold / slv 10.50 per ozt > 9"),
        ("{when: lyc / slv > 9}", {"lyc / slv": 10.5}, "lyc / slv 10.50 AUD/USD > 9"),
        ("{when: 1 / gold < 2}", {"1 / gold": 1.5}, "1 / gold 1.500 ozt/USD < 2"),
        ("{when: gsr > 90}", {"gsr": 104.8}, "gsr 104.8 > 90"),
    ],
)
def test_a_message_tells_the_unit_of_a_ratio_that_has_one(
    rule: str, value: dict[str, float | None], told: str
) -> None:
    assert compared(level(rule).when, value, holds=True) == told
