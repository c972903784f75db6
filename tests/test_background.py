"""How what is told stands in its history: how rare, when last, and the picture of it."""

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.alerts import Kind, Severity
from monitor.background import PICTURED, background, chart
from monitor.charts import Mark, unpacked
from monitor.engine import Track, observe, transition
from monitor.messages import Background
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack

RATIO = "ratio: {when: gold > 4, clear_when: gold < 2}"


def track(gold: Values, rule: str = RATIO) -> Track:
    (found,) = observe(pack(rule), made({"gold": gold}))
    return found


def told(
    gold: Values, row: int | None = None, rule: str = RATIO, opened: int | None = None
) -> tuple[Background, dict[str, Any]]:
    """The background and the picture of a transition in a row of the sessions, or in the last one."""
    one = track(gold, rule)
    row = len(one.sessions) - 1 if row is None else row
    since = one.sessions[row if opened is None else opened]
    made_up = transition(one, row, Kind.OPEN, Severity.WARNING, episode=1, opened=since)
    found = background(one, made_up)
    assert found is not None
    return found, chart(one, made_up) or {}


@pytest.mark.parametrize(
    ("gold", "beyond", "count"),
    [
        ([1.0, 2.0, 3.0, 5.0], 1.0, 3),
        ([9.0, 2.0, 3.0, 5.0], 2 / 3, 3),
        ([5.0, 5.0, 1.0, 5.0], 1 / 3, 3),  # what is as high is not below
        ([None, 1.0, None, 1.0, 5.0], 1.0, 2),  # what is unknown counts nowhere
        ([5.0], None, 0),
    ],
)
def test_how_rare_a_value_is_is_the_part_of_earlier_sessions_it_is_beyond(
    gold: Values, beyond: float | None, count: int
) -> None:
    found, _ = told(gold)

    assert found.beyond == (pytest.approx(beyond) if beyond is not None else None)
    assert (found.sessions, found.above) == (count, True)


def test_a_rule_that_fires_below_asks_how_much_of_history_was_above() -> None:
    found, _ = told([5.0, 1.0, 4.0, 2.0], rule="low: {when: gold < 3}")

    assert found.beyond == pytest.approx(2 / 3)
    assert not found.above


def test_nothing_after_the_session_is_looked_at() -> None:
    whole, _ = told([1.0, 3.0, 5.0, 9.0, 9.0, 1.0], row=2)
    cut, _ = told([1.0, 3.0, 5.0])

    assert whole == cut


def test_the_episode_before_is_told_and_not_the_one_that_is_open() -> None:
    gold = [1.0, 5.0, 5.0, 1.0, 1.0, 5.0, 5.0]
    days = sessions(7)

    first, _ = told(gold, row=1)
    second, _ = told(gold, row=5)
    later, _ = told(gold, opened=5)

    assert first.before is None
    assert second.before == (days[1], days[3])
    assert later.before == second.before


def test_the_history_begins_where_its_value_does() -> None:
    found, _ = told([1.0, 1.0, 1.0, 5.0], rule="mean: {when: 'sma(gold, 3) > 2'}")

    assert found.since == sessions(3)[2]


def test_a_picture_shows_two_years_up_to_the_session_both_levels_and_the_episodes_in_it() -> None:
    gold = [5.0, 1.0] + [3.0] * 600 + [5.0, 6.0]
    _, spec = told(gold, row=len(gold) - 2)

    drawing = unpacked(spec)
    assert drawing.frame.height == PICTURED
    assert drawing.as_of == sessions(len(gold))[-2]
    assert drawing.frame["value"].to_list()[-2:] == [3.0, 5.0]
    assert drawing.fires == Mark(4.0, "fires > 4")
    assert drawing.clear == Mark(2.0, "clear < 2")
    assert drawing.title == "ratio: gold"
    assert drawing.episodes == ((sessions(len(gold))[-2], None),)


def test_a_picture_of_a_ladder_shows_what_ends_it() -> None:
    ladder = (
        "ladder: {levels: {info: {when: gold > 4, clear_when: gold < 2},"
        " warning: {when: gold > 8, clear_when: gold < 7}}}"
    )
    _, spec = told([1.0, 5.0, 9.0], rule=ladder)

    drawing = unpacked(spec)
    assert (drawing.fires, drawing.clear) == (Mark(8.0, "fires > 8"), Mark(2.0, "clear < 2"))


def test_a_picture_of_parts_is_in_percent_and_keeps_gaps() -> None:
    values: Sequence[float | None] = [1.0, 2.0, None, 1.0, 3.0]
    _, spec = told(values, rule="fall: {when: 'change(gold, 1) > 5%'}")

    drawing = unpacked(spec)
    assert drawing.unit == "%"
    assert drawing.fires == Mark(0.05, "fires > 5 %")
    assert drawing.clear is None
    assert drawing.frame["value"].to_list() == [None, 1.0, None, -0.5, 2.0]


def test_what_compares_no_number_has_no_picture() -> None:
    _, spec = told([1.0, 2.0, 1.0], rule="cross: {when: 'crosses_above(gold, sma(gold, 2))'}")

    assert spec == {}


def test_episodes_of_the_last_twenty_sessions_are_counted() -> None:
    often = [*[1.0] * 30, 5.0, 1.0, 5.0, 1.0, 5.0, *[1.0] * 16, 5.0]  # it opens 21, 19, 17 and 0 sessions ago

    assert told(often)[0].lately == 3
    assert told([1.0] * 30 + [5.0])[0].lately == 1
