from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerts import Kind
from monitor.policy import Decided
from monitor.storage.records import Judged, Owed
from monitor.storage.store import Store
from tests.storage.examples import DAY, LATER, NOW, RULE, evaluation, judged, memory, message, transition

NEXT_DAY = DAY + timedelta(days=1)


def test_a_judged_session_is_written_whole(store: Store) -> None:
    opened = transition()

    store.commit(judged(opened), now=NOW)

    assert store.memories() == {(RULE, None): memory()}
    (recorded,) = store.transitions()
    assert recorded.transition == opened
    assert (recorded.sent, recorded.cause, recorded.text) == (True, None, "said")
    assert (recorded.recorded_at, recorded.rule_hash) == (NOW, "v1")
    assert store.evaluation(RULE, None, DAY) == evaluation()
    (row,) = store.outbox_rows()
    assert (row.channel, row.transitions, row.status, row.next_at) == (
        "mail",
        (opened.id,),
        Owed.PENDING,
        NOW,
    )
    assert row.ref == row.key[:8]


def test_nothing_of_a_session_is_written_when_any_part_of_it_fails(store: Store) -> None:
    broken = replace(evaluation(), values={"gsr": float("nan")})

    with pytest.raises(Exception, match="JSON"):
        store.commit(replace(judged(transition()), evaluations=[broken]), now=NOW)

    assert store.memories() == {}
    assert store.transitions() == []
    assert store.outbox_rows() == []


def test_judging_a_session_again_owes_nothing_again(store: Store) -> None:
    store.commit(judged(transition()), now=NOW)
    sent = store.claim(now=NOW, lease=timedelta(minutes=5), channel="mail")
    assert sent is not None
    store.settle_sent(sent, now=NOW)

    store.commit(judged(transition()), now=LATER)

    assert [row.status for row in store.outbox_rows()] == [Owed.SENT]
    assert [one.recorded_at for one in store.transitions()] == [NOW]


def test_a_message_of_old_transitions_alone_is_not_owed_even_with_a_new_key(store: Store) -> None:
    opened, other = transition(), transition(instance="mp")
    store.commit(judged(opened), now=NOW)
    store.commit(judged(other), now=NOW)

    store.commit(judged(opened, other), now=LATER)

    assert len(store.outbox_rows()) == 2


def test_a_message_with_one_new_transition_is_owed(store: Store) -> None:
    opened = transition()
    store.commit(judged(opened), now=NOW)

    store.commit(judged(opened, transition(Kind.RESOLVE)), now=LATER)

    assert len(store.outbox_rows()) == 2


def test_a_transition_on_two_channels_is_two_rows(store: Store) -> None:
    store.commit(judged(transition(), channels=("mail", "chat")), now=NOW)

    assert [row.channel for row in store.outbox_rows()] == ["mail", "chat"]


def test_a_message_without_transitions_is_owed_once(store: Store) -> None:
    health = message(title="silver is stale")

    store.commit(Judged(messages=[health]), now=NOW)
    store.commit(Judged(messages=[health]), now=LATER)
    store.enqueue([health], now=LATER)

    assert [row.title for row in store.outbox_rows()] == ["silver is stale"]


def test_a_withheld_transition_is_kept_with_its_cause(store: Store) -> None:
    one = Decided(transition=transition(), sent=False, cause="cooldown")

    store.commit(Judged(decided=[one]), now=NOW)

    (recorded,) = store.transitions()
    assert (recorded.sent, recorded.cause, recorded.rule_hash) == (False, "cooldown", "")
    assert store.counts().decisions == {"cooldown": 1}


def test_a_memory_replaces_the_one_before(store: Store) -> None:
    store.commit(Judged(memories={(RULE, None): memory(), (RULE, "mp"): memory()}), now=NOW)

    store.commit(Judged(memories={(RULE, "mp"): memory(NEXT_DAY, "v2")}), now=LATER)

    assert store.memories() == {(RULE, None): memory(), (RULE, "mp"): memory(NEXT_DAY, "v2")}


def test_an_evaluation_of_the_same_session_replaces_the_one_before(store: Store) -> None:
    store.commit(Judged(evaluations=[evaluation(), evaluation(NEXT_DAY)]), now=NOW)

    store.commit(Judged(evaluations=[evaluation(gsr=None)]), now=LATER)

    assert store.evaluation(RULE, None, DAY) == evaluation(gsr=None)
    assert store.evaluation(RULE, None) == evaluation(NEXT_DAY)
    assert store.evaluation(RULE, "mp") is None


def test_the_latest_evaluation_of_every_instance_is_told(store: Store) -> None:
    first = [evaluation(), evaluation(NEXT_DAY), evaluation(instance="mp")]

    store.commit(Judged(evaluations=first), now=NOW)

    assert store.latest_evaluations() == {
        (RULE, None): evaluation(NEXT_DAY),
        (RULE, "mp"): evaluation(instance="mp"),
    }


def test_transitions_are_told_newest_first_and_chosen(store: Store) -> None:
    opened, resolved = transition(), transition(Kind.RESOLVE, NEXT_DAY)
    member = transition(instance="mp")
    store.commit(judged(opened, member), now=NOW)
    store.commit(judged(resolved), now=LATER)

    def ids(**chosen: object) -> set[str]:
        return {one.transition.id for one in store.transitions(**chosen)}  # type: ignore[arg-type]

    assert [one.transition.session for one in store.transitions()] == [NEXT_DAY, DAY, DAY]
    assert ids(rule="other") == set()
    assert ids(instance="mp") == {member.id}
    assert ids(since=NEXT_DAY) == ids(limit=1) == {resolved.id}
    assert ids(ids=[opened.id]) == {opened.id}


def test_a_value_is_kept_under_a_name(store: Store) -> None:
    assert store.meta("heartbeat_at") is None

    store.set_meta("heartbeat_at", "once")
    store.set_meta("heartbeat_at", "twice")

    assert store.meta("heartbeat_at") == "twice"


def test_counts_tell_how_much_is_stored(store: Store) -> None:
    store.commit(judged(transition(), transition(Kind.RESOLVE)), now=NOW)

    counts = store.counts()

    assert (counts.bars, counts.transitions, counts.decisions) == (0, 2, {"sent": 2})
    assert (counts.outbox, counts.oldest_owed) == ({Owed.PENDING: 1}, NOW)
