from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.alerts import Kind, Severity
from monitor.policy import Decided
from monitor.storage.records import GivenUp, Judged, OutboxRow, Outcome, Owed
from monitor.storage.store import Store
from tests.storage.examples import NOW, message, transition

LEASE = timedelta(minutes=5)
AFTER_LEASE = NOW + LEASE


def owe(store: Store, *titles: str, channel: str = "mail", now: datetime = NOW) -> None:
    store.commit(Judged(messages=[message(channel=channel, title=title) for title in titles]), now=now)


def take(store: Store, now: datetime = NOW, limit: int = 9, channel: str = "mail") -> list[OutboxRow]:
    claims = (store.claim(now=now, lease=LEASE, channel=channel) for _ in range(limit))
    return [row for row in claims if row is not None]


def titles(rows: list[OutboxRow]) -> list[str]:
    return [row.title for row in rows]


def test_messages_are_claimed_oldest_first_and_once(store: Store) -> None:
    owe(store, "first", "second", "third")

    assert titles(take(store)) == ["first"]  # the others wait behind the one being sent
    assert [row.status for row in store.outbox_rows()] == [Owed.SENDING, Owed.PENDING, Owed.PENDING]


def test_a_sent_message_is_never_owed_again(store: Store) -> None:
    owe(store, "first")
    (row,) = take(store)

    assert store.settle_sent(row, now=NOW)

    assert take(store, AFTER_LEASE) == []
    (settled,) = store.outbox_rows(status=Owed.SENT)
    assert (settled.sent_at, settled.attempts, settled.lease_until) == (NOW, 1, None)
    (attempt,) = store.attempts(row.key)
    assert (attempt.number, attempt.started_at, attempt.ended_at, attempt.outcome) == (
        1,
        NOW,
        NOW,
        Outcome.SENT,
    )


def test_a_failed_message_is_owed_again_when_its_time_comes(store: Store) -> None:
    owe(store, "first")
    (row,) = take(store)
    later = NOW + timedelta(seconds=7)

    assert store.settle_retry(row, now=NOW, next_at=later, error="refused")

    assert take(store) == []
    (again,) = take(store, later)
    assert (again.attempts, again.last_error, again.possible_repeat) == (2, "refused", False)
    assert [one.outcome for one in store.attempts(row.key)] == [Outcome.RETRY, None]


def test_a_message_that_may_have_arrived_is_a_possible_repeat(store: Store) -> None:
    owe(store, "first")
    (row,) = take(store)

    store.settle_retry(row, now=NOW, next_at=NOW, error="no answer", may_have_arrived=True)

    assert [again.possible_repeat for again in take(store)] == [True]


def test_a_lease_that_ran_out_makes_a_possible_repeat(store: Store) -> None:
    owe(store, "first")
    take(store)

    assert take(store, AFTER_LEASE - timedelta(microseconds=1)) == []
    (again,) = take(store, AFTER_LEASE)

    assert (again.possible_repeat, again.attempts) == (True, 2)
    lost, current = store.attempts(again.key)
    assert (lost.outcome, lost.ended_at) == (Outcome.UNKNOWN, None)
    assert (current.outcome, current.started_at) == (None, AFTER_LEASE)


def test_who_lost_the_claim_cannot_settle_the_message(store: Store) -> None:
    owe(store, "first")
    (slow,) = take(store)
    (quick,) = take(store, AFTER_LEASE)

    assert not store.settle_retry(slow, now=AFTER_LEASE, next_at=AFTER_LEASE, error="late")
    late = GivenUp(end=Owed.DEAD, error="late", notices=[message(title="notice")])
    assert not store.settle_given_up(slow, late, now=AFTER_LEASE)
    assert not store.settle_sent(slow, now=AFTER_LEASE)
    assert titles(store.outbox_rows()) == ["first"]
    assert store.settle_sent(quick, now=AFTER_LEASE)
    assert not store.settle_sent(quick, now=AFTER_LEASE)


def test_a_message_waits_behind_an_older_one_of_its_channel_that_is_tried_again_later(store: Store) -> None:
    owe(store, "first", "second")
    owe(store, "elsewhere", channel="chat")
    (first,) = take(store, limit=1)
    later = NOW + timedelta(minutes=1)
    store.settle_retry(first, now=NOW, next_at=later, error="down")

    assert titles(take(store)) == []
    assert titles(take(store, channel="chat")) == ["elsewhere"]
    assert titles(take(store, later)) == ["first"]


def test_the_channels_with_messages_that_are_due_are_known(store: Store) -> None:
    owe(store, "first")
    later = replace(message(channel="chat", title="later"), not_before=NOW + timedelta(hours=1))
    store.commit(Judged(messages=[later]), now=NOW)

    assert store.channels_due(now=NOW) == ["mail"]
    assert store.channels_due(now=NOW + timedelta(hours=1)) == ["chat", "mail"]


def test_messages_about_other_instances_do_not_wait_for_one_that_is_tried_again_later(store: Store) -> None:
    about = {name: transition(instance=name) for name in ("mp", "slv")}
    for name in ("mp", "slv", "mp"):
        store.commit(
            Judged(
                decided=[Decided(transition=about[name], sent=True)],
                messages=[message(about[name], title=f"{name} {len(store.outbox_rows())}")],
            ),
            now=NOW,
        )
        about[name] = transition(Kind.RESOLVE, instance=name)
    (first,) = take(store, limit=1)
    store.settle_retry(first, now=NOW, next_at=NOW + timedelta(minutes=1), error="down")

    assert titles(take(store)) == ["slv 1"]


def test_a_channel_that_is_left_alone_is_sent_nothing_until_then(store: Store) -> None:
    owe(store, "first")
    (first,) = take(store)
    later = NOW + timedelta(minutes=1)
    store.settle_retry(first, now=NOW, next_at=NOW, error="down", left_alone_until=later)

    assert take(store) == []
    assert titles(take(store, later)) == ["first"]


def test_a_success_forgets_the_failures_of_a_channel(store: Store) -> None:
    owe(store, "first")
    (first,) = take(store)
    store.settle_retry(first, now=NOW, next_at=NOW, error="down")
    failed = store.failures("mail")
    (again,) = take(store)
    store.settle_sent(again, now=NOW)

    assert (failed, store.failures("mail")) == (1, 0)


def test_a_message_that_was_claimed_and_never_settled_is_known_once_its_lease_ran_out(store: Store) -> None:
    owe(store, "first")
    take(store)

    assert store.abandoned("mail", now=NOW) == []
    assert titles(store.abandoned("mail", now=AFTER_LEASE)) == ["first"]
    assert store.abandoned("chat", now=AFTER_LEASE) == []


def test_a_message_that_failed_goes_behind_those_about_other_instances_and_before_its_own(
    store: Store,
) -> None:
    for name in ("mp", "slv", "mp"):
        one = transition(Kind.RESOLVE if store.outbox_rows() else Kind.OPEN, instance=name)
        told = message(one, title=f"{name} {len(store.outbox_rows())}")
        store.commit(Judged(decided=[Decided(transition=one, sent=True)], messages=[told]), now=NOW)
    (first,) = take(store, limit=1)
    store.settle_retry(first, now=NOW, next_at=NOW, error="too long")

    assert titles(take(store)) == ["slv 1", "mp 0"]


def test_only_messages_that_are_loud_enough_are_claimed(store: Store) -> None:
    loud = replace(message(title="loud"), severity=Severity.CRITICAL)
    store.commit(Judged(messages=[message(title="low"), loud]), now=NOW)

    row = store.claim(now=NOW, lease=LEASE, channel="mail", severities=[Severity.CRITICAL])

    assert row is not None
    assert row.title == "loud"


def test_a_channel_that_works_again_need_not_wait_for_the_next_attempts(store: Store) -> None:
    later = NOW + timedelta(minutes=20)
    for name in ("mp", "slv"):
        one = transition(instance=name)
        told = message(one, title=name)
        store.commit(Judged(decided=[Decided(transition=one, sent=True)], messages=[told]), now=NOW)
    mp, slv = take(store, limit=2)
    store.settle_retry(mp, now=NOW, next_at=later, error="down")
    store.settle_retry(slv, now=NOW, next_at=NOW, error="down", left_alone_until=NOW)
    (slv,) = take(store, limit=1)
    store.settle_sent(slv, now=NOW)

    assert titles(take(store)) == ["mp"]


def test_a_clock_that_is_set_back_holds_up_only_what_was_deferred(store: Store) -> None:
    owe(store, "at once")
    deferred = replace(message(title="later"), not_before=NOW + timedelta(hours=8))
    store.commit(Judged(messages=[deferred]), now=NOW)
    before = NOW - timedelta(hours=1)

    assert store.channels_due(now=before) == ["mail"]
    assert titles(take(store, before, limit=1)) == ["at once"]
    assert titles(take(store, before)) == []


def test_a_resolve_is_told_with_its_open_that_is_still_owed(store: Store) -> None:
    opened, resolved = transition(), transition(Kind.RESOLVE)
    other = transition(instance="mp")
    for one in (opened, resolved, other):
        store.commit(
            Judged(decided=[Decided(transition=one, sent=True)], messages=[message(one, title=one.kind)]),
            now=NOW,
        )
    (first,) = take(store, limit=1)
    kin, is_all = store.to_merge(first, now=NOW, most=20)

    assert ([row.title for row in kin], is_all) == (["resolve"], False)
    assert store.settle_sent(first, now=NOW, merged=[row.key for row in kin])
    assert [row.status for row in store.outbox_rows()] == [Owed.SENT, Owed.MERGED, Owed.PENDING]
    assert store.outbox_rows()[1].merged_into == first.key


def test_a_dead_message_and_the_notices_of_it_are_one_write(store: Store) -> None:
    owe(store, "first")
    (row,) = take(store)
    notice = message(channel="chat", title="mail is down")

    assert store.settle_given_up(row, GivenUp(end=Owed.DEAD, error="410", notices=[notice]), now=NOW)

    (dead,) = store.outbox_rows(status=Owed.DEAD)
    (told,) = store.outbox_rows(status=Owed.PENDING)
    assert (dead.last_error, told.title, told.about) == ("410", "mail is down", dead.key)
    assert [one.outcome for one in store.attempts(row.key)] == [Outcome.DEAD]


def test_two_workers_never_claim_the_same_message(store: Store) -> None:
    for number in range(20):
        owe(store, str(number), channel=f"channel {number}")

    with ThreadPoolExecutor(4) as workers:
        claims = workers.map(
            lambda number: titles(take(store, limit=1, channel=f"channel {number % 20}")), range(40)
        )
        claimed = [title for one in claims for title in one]

    assert sorted(claimed, key=int) == sorted(set(claimed), key=int)
    assert all(row.attempts <= 1 for row in store.outbox_rows())
    assert len(claimed) + len(store.outbox_rows(status=Owed.PENDING)) == 20


def test_a_message_is_found_by_its_reference(store: Store) -> None:
    owe(store, "first", "second")
    second = store.outbox_rows()[1]

    assert store.outbox_rows(ref=second.ref) == [second]
