"""Limits under `health:` of packs: the strictest of all holds, and nonsense is a fault."""

from datetime import timedelta

import pytest

from monitor.errors import FaultyFileError
from monitor.rulefile import read_rulebook
from monitor.rules import FeedLimit, HealthLimits
from tests.support.made_up import CATALOGUE


def limits(*healths: str) -> HealthLimits:
    """The limits of a rulebook of packs with these lines below `health:`."""
    texts = {
        f"{number}.yml": f"pack: p{number}\nabout: made up\n{health}\nrules:\n  high: {{when: gold > 1}}\n"
        for number, health in enumerate(healths)
    }
    return read_rulebook(texts, CATALOGUE).health


def feed(after: int, clear: int, series: int) -> FeedLimit:
    return FeedLimit(after=timedelta(minutes=after), clear=timedelta(minutes=clear), series=series)


@pytest.mark.parametrize(
    ("healths", "expected"),
    [
        pytest.param([""], HealthLimits(missing=1), id="nothing said"),
        pytest.param(
            ["health: {bar-missing: {after: 3 sessions}}", ""], HealthLimits(missing=3), id="one says"
        ),
        pytest.param(
            ["health: {bar-missing: {after: 3 sessions}}", "health: {bar-missing: {after: 0 sessions}}"],
            HealthLimits(missing=0),
            id="the strictest",
        ),
        pytest.param(
            [
                "health: {feed-stale: {after: 30 minutes, series: 2, clear: 10 minutes}}",
                "health: {feed-stale: {after: 40 minutes, series: 1}}",
            ],
            HealthLimits(feed=feed(30, 10, 1)),
            id="the strictest of each",
        ),
    ],
)
def test_the_strictest_limits_of_all_packs_hold(healths: list[str], expected: HealthLimits) -> None:
    assert limits(*healths) == expected


@pytest.mark.parametrize(
    ("health", "fault"),
    [
        ("bar-missing: {after: 9 sessions}", "at most 8 sessions"),
        ("bar-missing: {after: 1 sessions, clear: 1 sessions}", "well again with its next bar"),
        ("bar-missing: {after: 1 sessions, series: 2}", "it is told of each series"),
        ("feed-stale: {after: 2 sessions}", "it counts how far quotes are behind"),
        ("feed-stale: {after: 0 minutes}", "every quote is a little behind"),
        ("feed-stale: {after: 30 minutes, clear: 1 sessions}", "it counts how far quotes are behind"),
    ],
)
def test_a_limit_that_nothing_can_be_held_to_is_a_fault(health: str, fault: str) -> None:
    with pytest.raises(FaultyFileError, match=fault):
        limits(f"health: {{{health}}}")
