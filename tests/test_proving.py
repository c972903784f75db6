"""What history says of a rule is measured once, kept for the version of the rule, and quoted by its messages."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.cycle import judge_new
from monitor.gather import Context
from monitor.prices.sample import SampleSource
from monitor.proving import GOOD_FOR, keep_evidence
from monitor.routing import everything
from monitor.storage.store import Store, open_store
from tests.support.made_up import made, sessions
from tests.support.rules import pack

RULE = "high: {when: gold > 2, study: gold}"
GOLD = [1.0, 3.0, *[1.0] * 8] * 20
DAYS = sessions(len(GOLD) + 5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'proving.db'}")
    yield opened
    opened.close()


def around(store: Store, rules: str = RULE) -> Context:
    return Context(store, SampleSource(), pack(rules), routing=everything(["mail"]))


def evening(number: int) -> datetime:
    return datetime.combine(DAYS[number], time(23), UTC)


def live(store: Store, gold: list[float], rules: str = RULE) -> None:
    now = evening(len(gold) - 1)
    store.add_bars(made({"gold": gold}, days=DAYS), seen_at=now, source="made up")
    judge_new(around(store, rules), now=now)


def bodies(store: Store) -> list[str]:
    return [row.body for row in store.outbox_rows()]


def test_a_message_quotes_what_was_measured_before_it_and_nothing_that_came_after(store: Store) -> None:
    live(store, GOLD)
    kept = keep_evidence(around(store), now=evening(len(GOLD) - 1))
    live(store, [*GOLD, 3.0])

    assert kept == 1
    (message,) = bodies(store)
    assert f"evidence {DAYS[0]} to {DAYS[len(GOLD) - 1]}, 20 episodes (" in message
    assert "after 63 sessions against" in message


def test_before_anything_was_measured_a_message_has_no_evidence(store: Store) -> None:
    live(store, GOLD)
    live(store, [*GOLD, 3.0])

    assert "evidence" not in bodies(store)[0]


def test_an_edited_rule_does_not_borrow_the_evidence_of_what_it_replaced(store: Store) -> None:
    live(store, GOLD)
    keep_evidence(around(store), now=evening(len(GOLD) - 1))
    live(store, [*GOLD, 3.0], "high: {when: gold > 2.5, study: gold}")

    assert "evidence" not in bodies(store)[0]


def test_words_and_cooldowns_are_no_new_version_but_conditions_and_studies_are() -> None:
    plain = pack(RULE).versions
    worded = pack("high: {when: gold > 2, study: gold, say: 'x', cooldown: 9 days}").versions
    other = pack("high: {when: gold > 2, study: silver}").versions

    assert plain == worded
    assert plain != other
    assert plain != pack("high: {when: gold > 3, study: gold}").versions


def test_what_was_measured_holds_for_a_month_and_then_is_measured_again(store: Store) -> None:
    live(store, GOLD)
    now = evening(len(GOLD) - 1)

    assert keep_evidence(around(store), now=now) == 1
    assert keep_evidence(around(store), now=now + GOOD_FOR - timedelta(hours=1)) == 0
    assert keep_evidence(around(store), now=now + GOOD_FOR) == 1


def test_a_rule_that_was_never_known_is_measured_once_too(store: Store) -> None:
    never = "high: {when: 'sma(gold, 5000) > 2', study: gold}"
    live(store, GOLD, never)

    assert keep_evidence(around(store, never), now=evening(len(GOLD))) == 1
    assert keep_evidence(around(store, never), now=evening(len(GOLD))) == 0


def test_a_rule_whose_prices_came_late_is_measured_again_the_next_day_and_its_messages_say_nothing_until_then(
    store: Store,
) -> None:
    both, now = "high: {when: gold + silver > 4, study: gold}", evening(len(GOLD) - 1)
    live(store, GOLD, both)
    keep_evidence(around(store, both), now=now)  # silver is still to come
    store.add_bars(made({"silver": GOLD}, days=DAYS), seen_at=now, source="made up")
    judge_new(around(store, both), now=now)
    store.add_bars(
        made({"gold": [*GOLD, 3.0], "silver": [*GOLD, 3.0]}, days=DAYS), seen_at=now, source="made up"
    )
    judge_new(around(store, both), now=evening(len(GOLD)))

    assert "never known" not in bodies(store)[-1]
    assert keep_evidence(around(store, both), now=now + timedelta(days=1)) == 1
    assert "20 episodes" in next(iter(store.evidence().values()))[0]


def test_without_prices_nothing_is_measured_yet(store: Store) -> None:
    assert keep_evidence(around(store), now=evening(0)) == 0
    assert store.evidence() == {}
