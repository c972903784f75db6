from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from monitor.storage.records import Judged, OutboxRow, Outcome, Owed
from monitor.storage.store import Store
from tests.storage.examples import NOW, message

LEASE = timedelta(minutes=5)
AFTER_LEASE = NOW + LEASE


def owe(store: Store, *titles: str, channel: str = "mail", now: datetime = NOW) -> None:
    store.commit(Judged(messages=[message(channel=channel, title=title) for title in titles]), now=now)


def take(store: Store, now: datetime = NOW, limit: int = 9, **other: object) -> list[OutboxRow]:
    return store.claim(now=now, lease=LEASE, limit=limit, **other)  # type: ignore[arg-type]


def titles(rows: list[OutboxRow]) -> list[str]:
    return [row.title for row in rows]


def test_messages_are_claimed_oldest_first_and_once(store: Store) -> None:
    owe(store, "first", "second", "third")

    assert titles(take(store, limit=2)) == ["first", "second"]
    assert titles(take(store)) == []  # the third waits behind those being sent
    assert [row.status for row in store.outbox_rows()] == [Owed.SENDING, Owed.SENDING, Owed.PENDING]


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
    assert not store.settle_dead(slow, now=AFTER_LEASE, error="late", notices=[message(title="notice")])
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

    assert titles(take(store)) == ["elsewhere"]
    assert titles(take(store, later)) == ["first", "second"]


def test_channels_can_be_left_out(store: Store) -> None:
    owe(store, "first")
    owe(store, "elsewhere", channel="chat")

    assert titles(take(store, skip={"mail"})) == ["elsewhere"]


def test_a_dead_message_and_the_notices_of_it_are_one_write(store: Store) -> None:
    owe(store, "first")
    (row,) = take(store)
    notice = message(channel="chat", title="mail is down")

    assert store.settle_dead(row, now=NOW, error="410", notices=[notice])

    (dead,) = store.outbox_rows(status=Owed.DEAD)
    (told,) = store.outbox_rows(status=Owed.PENDING)
    assert (dead.last_error, told.title, told.about) == ("410", "mail is down", dead.key)
    assert [one.outcome for one in store.attempts(row.key)] == [Outcome.DEAD]


def test_two_workers_never_claim_the_same_message(store: Store) -> None:
    for number in range(20):
        owe(store, str(number), channel=f"channel {number}")

    with ThreadPoolExecutor(4) as workers:
        claims = workers.map(lambda _: titles(take(store, limit=1)), range(30))
        claimed = [title for one in claims for title in one]

    assert sorted(claimed, key=int) == sorted(set(claimed), key=int)
    assert all(row.attempts <= 1 for row in store.outbox_rows())
    assert len(claimed) + len(store.outbox_rows(status=Owed.PENDING)) == 20


def test_a_message_is_found_by_its_reference(store: Store) -> None:
    owe(store, "first", "second")
    second = store.outbox_rows()[1]

    assert store.outbox_rows(ref=second.ref) == [second]
