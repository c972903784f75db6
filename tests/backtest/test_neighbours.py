"""A threshold is moved by five and ten per cent, one at a time, and nothing else of the rule is."""

import pytest

from monitor.backtest.neighbours import neighbours
from monitor.backtest.run import run
from monitor.engine import opens
from monitor.language import written
from monitor.rules import Rulebook
from tests.support.made_up import made
from tests.support.rules import pack

BARS = made({"gold": [80.0 + row for row in range(40)], "silver": [1.0] * 40})


def texts(rules: str, **metrics: str) -> list[str]:
    book = pack(rules, metrics="\n".join(f"{name}: {text}" for name, text in metrics.items()))
    return [one.text for one in neighbours(run(book, BARS).tracks)]


def test_a_threshold_has_four_neighbours_in_the_words_of_the_pack() -> None:
    assert texts("r: {when: gsr > 80}", gsr="gold / silver") == [
        "gsr > 72",
        "gsr > 76",
        "gsr > 84",
        "gsr > 88",
    ]


def test_a_percentage_stays_one() -> None:
    assert texts('r: {when: "change(gold, 1) >= 8%"}')[0] == "change(gold, 1) >= 7.2 %"


def test_the_two_sides_of_one_threshold_move_together_and_two_thresholds_apart() -> None:
    assert texts('r: {when: "change(gold, 1) >= 8% or change(gold, 1) <= -8%"}')[3] == (
        "change(gold, 1) >= 8.8 % or change(gold, 1) <= -8.8 %"
    )
    assert len(texts("r: {when: gold > 90 and silver > 2}")) == 8


def test_a_named_threshold_moves_and_one_inside_a_metric_does_not() -> None:
    assert texts("r: {when: gold > top}", top="90")[2] == "gold > 94.5"
    assert texts('r: {when: "sessions_since(gold > 90) < 5"}')[0] == "sessions_since(gold > 90) < 4.5"


def test_zero_and_another_metric_have_no_neighbours() -> None:
    assert texts('r: {when: "change(gold, 1) > 0"}') == []
    assert texts("r: {when: gold > silver}") == []


def test_a_group_is_moved_as_one_rule() -> None:
    book = pack("r: {for_each: metals, when: it > 90, overrides: {silver: {when: it > 2}}}")

    found = neighbours(run(book, BARS).tracks)

    assert [one.text for one in found] == ["it > 81", "it > 85.5", "it > 94.5", "it > 99"]
    assert [len(one.tracks) for one in found] == [2] * 4


@pytest.mark.parametrize(
    "rule",
    [
        "r: {when: gold > 90, for: 3 bars, clear_when: gold < 80}",
        "r: {levels: {info: {when: gold < 90}, critical: {when: gold > 110, clear_when: gold < 100}}}",
        "r: {when: 90 < gold and not silver > 5}",
    ],
)
def test_a_moved_rule_opens_as_one_that_was_written_so(rule: str) -> None:
    for factor, limit in ((0.9, "81"), (0.95, "85.5"), (1.05, "94.5"), (1.1, "99")):
        moved = next(
            one
            for one in neighbours(run(pack(rule), BARS).tracks)
            if one.factor == factor and limit in one.text
        )

        assert [opens(track) for track in moved.tracks] == [
            opens(track) for track in run(_book(rule, limit), BARS).tracks
        ]


def _book(rule: str, limit: str) -> Rulebook:
    head, _, tail = rule.partition("90")
    return pack(f"{head}{limit}{tail}")


def test_a_bound_of_clear_when_moves_only_when_values_would_both_fire_and_clear() -> None:
    book = pack("r: {when: gold > 90, clear_when: gold < 85}")

    clears = [
        written(clear)
        for one in neighbours(run(book, BARS).tracks)
        if (clear := one.tracks[0].instance.levels[0].clear_when) is not None
    ]

    assert clears == ["gold < 76.5", "gold < 85", "gold < 85", "gold < 85"]
