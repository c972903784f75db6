"""Who hears of what, and when not: routes, silences, acknowledgements, quiet hours and storms, on a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.alerts import Kind, Severity
from monitor.cycle import judge_new
from monitor.gather import Context
from monitor.ledger import account
from monitor.messages import Form, Style, UserTemplate
from monitor.overview.attention import silence_rows
from monitor.prices.sample import SampleSource
from monitor.routing import Match, QuietHours, Route, Routing, everything
from monitor.silences import Acknowledged
from monitor.storage.store import Store, open_store
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack

LADDER = """
high:
  levels:
    warning: {when: gold > 2}
    critical: {when: gold > 4}
"""
REMINDING = "high: {when: gold > 2, remind: {every: 1 bars}}"
DAYS = sessions(10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'attention.db'}")
    yield opened
    opened.close()


def evening(number: int) -> datetime:
    """After the session of that number."""
    return datetime.combine(DAYS[number], time(23), UTC)


def live(
    store: Store, gold: Values, rules: str = "high: {when: gold > 2}", routing: Routing | None = None
) -> None:
    """A cycle after each session, from the first that was not judged yet."""
    around = Context(store, SampleSource(), pack(rules), routing=routing or everything(["mail"]))
    begun = len(store.bars())
    for count in range(begun + 1, len(gold) + 1):
        store.add_bars(made({"gold": gold[:count]}), seen_at=evening(count - 1), source="made up")
        judge_new(around, now=evening(count - 1))


def told(store: Store, channel: str = "mail") -> list[str]:
    """What was written for a channel: the title up to the session."""
    return [row.title.partition(",")[0] for row in store.outbox_rows() if row.channel == channel]


def causes(store: Store) -> list[str | None]:
    return [one.cause for one in reversed(store.transitions())]


def silence(store: Store, since: int, until: int | None) -> int:
    end = None if until is None else evening(until)
    return store.add_silence(
        Match(rule=("high",)), reason="noise", author="ann", since=evening(since), until=end
    )


def test_a_silence_hides_an_open_and_its_end_brings_the_news_that_it_is_still_open(store: Store) -> None:
    live(store, [1.0])
    number = silence(store, 0, 3)
    live(store, [1.0, 3.0, 3.0])
    hidden = told(store)
    live(store, [1.0, 3.0, 3.0, 3.0, 3.0])

    assert hidden == []
    assert causes(store) == [f"silence {number}", None]
    assert told(store) == ["WARNING still open high: gold 3 > 2"]
    said = store.outbox_rows()[-1].body
    assert f"1 message withheld since the last one (silence {number})" in said


def test_what_opens_and_ends_under_a_silence_is_never_told_and_its_cause_is_stored(store: Store) -> None:
    live(store, [1.0])
    number = silence(store, 0, 5)
    live(store, [1.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0])

    assert told(store) == []
    assert causes(store) == [f"silence {number}"] * 2


def revised(store: Store, gold: Values, rules: str = "high: {when: gold > 2}") -> None:
    """A cycle an hour after the last session, with other prices of sessions that were judged."""
    now = evening(len(gold) - 1) + timedelta(minutes=30)
    store.add_bars(made({"gold": gold}), seen_at=now, source="made up")
    judge_new(Context(store, SampleSource(), pack(rules), routing=everything(["mail"])), now=now)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([1.0, 3.0, 3.0], [1.0, 1.0, 1.0], Kind.RETRACT),
        ([1.0, 3.0, 3.0], [1.0, 3.0, 1.0], Kind.RESOLVE),
        ([1.0, 3.0, 1.0], [1.0, 3.0, 3.0], Kind.REOPEN),
    ],
)
def test_a_correction_of_what_is_silenced_is_not_told_either(
    store: Store, before: list[float], after: list[float], kind: Kind
) -> None:
    live(store, before)
    heard = told(store)
    silence(store, 2, 4)
    revised(store, after)

    assert [(one.transition.kind, one.cause) for one in store.transitions() if one.cause] == [
        (kind, "silence 1")
    ]
    assert told(store) == heard
    assert account(store.transitions(), store.outbox_rows()).withheld == {"silence 1": 1}


def test_what_a_silenced_correction_opened_again_is_told_as_still_open_when_the_silence_is_over(
    store: Store,
) -> None:
    live(store, [1.0, 3.0, 1.0])
    silence(store, 2, 4)
    revised(store, [1.0, 3.0, 3.0])
    live(store, [1.0, 3.0, 3.0, 3.0, 3.0, 3.0])

    assert told(store)[2:] == ["WARNING still open high: gold 3 > 2"]


def test_what_a_silenced_correction_made_louder_is_told_when_the_silence_is_over(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0], LADDER)
    silence(store, 2, 4)
    revised(store, [1.0, 3.0, 5.0], LADDER)
    live(store, [1.0, 3.0, 5.0, 5.0, 5.0, 5.0], LADDER)

    assert told(store)[1:] == ["CRITICAL still open high: gold 5 > 4"]


def test_what_was_corrected_before_a_silence_began_or_after_it_was_over_is_told(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0, 3.0])
    silence(store, 0, 1)
    revised(store, [1.0, 3.0, 3.0, 1.0])
    silence(store, 5, 8)

    assert [one.cause for one in store.transitions()] == [None, None]


def test_a_silence_until_resolved_hides_the_episode_that_is_open_and_not_the_next(store: Store) -> None:
    live(store, [1.0, 3.0])
    silence(store, 1, None)
    live(store, [1.0, 3.0, 1.0, 3.0])

    assert told(store) == ["WARNING high: gold 3 > 2"] * 2
    assert causes(store)[1] == "silence 1"


def test_a_silence_until_resolved_is_over_when_what_was_open_is_resolved(store: Store) -> None:
    def over(day: int) -> list[bool]:
        instances = pack("high: {when: gold > 2}").instances
        return [row.ended for row in silence_rows(store, instances, evening(day))]

    live(store, [1.0, 3.0])
    silence(store, 1, None)
    assert over(1) == [False]
    live(store, [1.0, 3.0, 3.0])
    assert over(2) == [False]
    live(store, [1.0, 3.0, 3.0, 1.0])
    assert over(3) == [True]
    live(store, [1.0, 3.0, 3.0, 1.0, 3.0])
    assert over(4) == [True]


def test_a_silence_until_resolved_is_not_over_before_the_session_it_began_in_was_judged(store: Store) -> None:
    instances = pack("high: {when: gold > 2}").instances
    live(store, [1.0])
    silence(store, 1, None)
    (before,) = silence_rows(store, instances, evening(1))
    live(store, [1.0, 1.0])
    (after,) = silence_rows(store, instances, evening(1))

    assert (before.ended, after.ended) == (False, True)


def test_a_silence_changes_messages_and_no_transition(store: Store, tmp_path: Path) -> None:
    values = [1.0, 3.0, 5.0, 3.0, 1.0, 3.0]
    other = open_store(f"sqlite:///{tmp_path / 'plain.db'}")
    live(store, values[:1], LADDER)
    silence(store, 0, 8)
    live(store, values, LADDER)
    live(other, values, LADDER)

    assert [one.transition.id for one in store.transitions() if one.transition.kind != "still_open"] == [
        one.transition.id for one in other.transitions()
    ]
    other.close()


def test_an_acknowledged_alert_is_not_reminded_of_but_its_end_is_told(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0], REMINDING)
    rule = store.transitions()[0].transition.rule
    store.acknowledge(
        Acknowledged(rule=rule, instance=None, episode=1, author="ann", note="sold", at=evening(2))
    )
    live(store, [1.0, 3.0, 3.0, 3.0, 1.0], REMINDING)

    assert causes(store) == [None, None, "acknowledged by ann", None]
    assert [title.partition(" ")[0] for title in told(store)] == ["WARNING", "WARNING", "RESOLVED"]


def test_the_end_of_an_alert_is_told_wherever_it_was_heard_of(store: Store) -> None:
    loud = Route(match=Match(severity=frozenset({Severity.CRITICAL})), channels=("phone",))
    routing = Routing(routes=(loud, Route(channels=("mail",))))
    live(store, [1.0, 3.0, 5.0, 1.0], LADDER, routing)

    assert told(store, "mail") == [
        "WARNING high: gold 3 > 2",
        "CRITICAL high: gold 5 > 4",
        "RESOLVED high: gold 1 <= 2",
    ]
    assert told(store, "phone") == ["CRITICAL high: gold 5 > 4", "RESOLVED high: gold 1 <= 2"]


def test_a_message_in_quiet_hours_is_owed_until_they_end_and_a_critical_one_is_not(store: Store) -> None:
    quiet = {"mail": QuietHours(start=time(22), end=time(7), zone="UTC")}
    routing = Routing(routes=everything(["mail"]).routes, quiet=quiet)
    live(store, [1.0, 3.0, 5.0], LADDER, routing)

    waits, at_once = store.outbox_rows()
    assert waits.next_at == waits.deferred_until == datetime.combine(DAYS[2], time(7), UTC)
    assert (at_once.next_at, at_once.deferred_until) == (evening(2), None)


def test_more_than_ten_opens_in_one_session_are_told_in_a_line_each(store: Store) -> None:
    rules = "\n".join(f"rule-{number}: {{when: gold > 2, say: 'Words of {number}'}}" for number in range(11))
    live(store, [1.0, 3.0], rules)

    (storm,) = store.outbox_rows()
    assert storm.body.count("WARNING rule-") == 11
    assert "Words of" not in storm.body


def test_every_transition_is_accounted_for(store: Store) -> None:
    live(store, [1.0], LADDER)
    silence(store, 1, 4)
    live(store, [1.0, 3.0, 5.0, 1.0, 3.0, 1.0, 5.0], LADDER, everything(["mail", "phone"]))

    total = account(store.transitions(), store.outbox_rows())
    assert total.lost == ()
    sent = sum(one.sent for one in store.transitions())
    assert {name: sum(counts.values()) for name, counts in total.told.items()} == {
        "mail": sent,
        "phone": sent,
    }
    assert total.decided == sent + sum(total.withheld.values())


def test_a_silence_that_is_ended_early_hides_nothing_more(store: Store) -> None:
    live(store, [1.0])
    number = silence(store, 0, 8)
    live(store, [1.0, 3.0])
    assert store.end_silence(number, at=evening(1) + timedelta(hours=1))
    live(store, [1.0, 3.0, 3.0])

    assert told(store) == ["WARNING still open high: gold 3 > 2"]


def test_a_template_that_fails_at_night_costs_nothing_and_is_told_once_a_day_where_health_is_told(
    store: Store,
) -> None:
    ours = UserTemplate("{% for one in alerts %}{{ one.gone }}{% endfor %}", Form.TEXT, "t/message.text.j2")
    routing = Routing(
        routes=(Route(match=Match(health=True), channels=("ops",)), Route(channels=("mail", "chat")))
    )
    around = Context(
        store,
        SampleSource(),
        pack(LADDER),
        routing=routing,
        styles=dict.fromkeys(("mail", "chat"), Style(template=ours)),
    )
    for count, gold in enumerate([[1.0], [1.0, 3.0], [1.0, 3.0, 5.0]]):
        store.add_bars(made({"gold": gold}), seen_at=evening(count), source="made up")
        judge_new(around, now=evening(count))

    rows = store.outbox_rows()
    assert [row.title.partition(",")[0] for row in rows if row.channel == "chat"] == [
        "WARNING high: gold 3 > 2",
        "CRITICAL high: gold 5 > 4",
    ]
    assert all("rule p/high, episode 1" in row.body for row in rows if row.channel != "ops")
    notices = [row for row in rows if row.channel == "ops"]
    assert len(notices) == 2  # of two days, not of four messages
    assert "t/message.text.j2:1:" in notices[0].body
    assert "no attribute 'gone'" in notices[0].body
