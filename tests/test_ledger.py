"""The account of messages, and digests from what is stored."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.cycle import judge_new
from monitor.digest import Every, Schedule
from monitor.gather import Context
from monitor.ledger import digests_due, read_ledger, sections
from monitor.prices.sample import SampleSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.storage.store import Store, open_store
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack

BOOK = pack(
    "high: {when: gold > 2}\nnear: {when: gold > 4}\nfar: {when: gold > 40}\n"
    "quiet: {when: gold > 2, cooldown: 90 days}"
)
DAYS = sessions(20)
WEEKLY = Schedule(every=Every.WEEK, at=time(8), zone="UTC", weekday=0, channels=("mail", "chat"))
MONDAY = datetime.combine(DAYS[5], time(8), UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def live(store: Store, gold: Values, book: Rulebook = BOOK) -> None:
    around = Context(store, SampleSource(), book, routing=everything(["mail"]))
    for count in range(1, len(gold) + 1):
        now = datetime.combine(DAYS[count - 1], time(23), UTC)
        store.add_bars(made({"gold": gold[:count]}), seen_at=now, source="made up")
        judge_new(around, now=now)


def test_a_ledger_knows_what_is_open_what_happened_and_what_is_nearest(store: Store) -> None:
    live(store, [1.0, 3.0, 1.0, 3.0, 3.0])
    ledger = read_ledger(store, BOOK, since=MONDAY - timedelta(days=7), until=MONDAY)
    told = sections(ledger)

    assert [one.instance.rule.name for one in ledger.open] == ["high", "quiet"]
    assert [one.instance.rule.name for one in ledger.nearest] == ["near", "far"]
    assert len(told["Opened"]) == 4
    assert told["Never fired in the history that is held"] == ["p/near", "p/far"]
    assert told["Withheld"] == ["1 by cooldown"]
    assert ledger.account.lost == ()


def test_a_digest_tells_how_far_a_rule_is_in_per_cent_of_the_value_as_status_does(store: Store) -> None:
    floor = pack(
        "floor: {when: gold < 2}\ncalm: {when: 'change(gold, 1) > 20%'}\nslow: {when: gold > 7, for: 9 bars}"
    )
    live(store, [8.0, 8.0], floor)
    told = sections(read_ledger(store, floor, since=MONDAY - timedelta(days=7), until=MONDAY))

    assert told["Nearest to firing"] == [
        "p/slow: gold 8, waits for > 7, there",
        "p/calm: change(gold, 1) 0 %, waits for > 20 %, +20.0 points away",
        "p/floor: gold 8, waits for < 2, -6 (-75.0 %) away",
    ]


LADDER = pack(
    "steps:\n  levels: {info: {when: gold > 2}, warning: {when: gold > 4}}\n  remind: {every: 2 bars}\n"
    "calm: {when: gold > 2, cooldown: 3 days}"
)


def test_a_digest_tells_of_which_session_a_value_is_where_others_were_judged_since(store: Store) -> None:
    two = pack("open: {when: gold > 2}\nnear: {when: gold > 4}\nhigher: {when: silver > 4}")
    around = Context(store, SampleSource(), two, routing=everything(["mail"]))
    for count in range(1, 5):
        now = datetime.combine(DAYS[count - 1], time(23), UTC)
        prices = {"gold": [1.0, 3.0][:count], "silver": [1.0] * count}
        store.add_bars(made(prices), seen_at=now, source="made up")
        judge_new(around, now=now)
    told = sections(read_ledger(store, two, since=MONDAY - timedelta(days=7), until=MONDAY))

    assert told["Open"] == [f"warning p/open: gold 3 in {DAYS[1]}, since {DAYS[1]}"]
    assert told["Nearest to firing"] == [
        f"p/near: gold 3 in {DAYS[1]}, waits for > 4, +1 (+33.3 %) away",
        "p/higher: silver 1, waits for > 4, +3 (+300.0 %) away",
    ]


def test_a_digest_tells_of_escalations_reminders_and_what_is_still_open(store: Store) -> None:
    live(store, [1.0, 3.0, 1.0, 3.0, 5.0, 5.0, 5.0], LADDER)
    weekly = replace(WEEKLY, weekday=DAYS[7].weekday())
    digests_due(store, LADDER, [weekly], now=datetime.combine(DAYS[7], time(8), UTC), source="made up")
    digest = store.outbox_rows()[-1]

    assert digest.title.endswith(": 2 opened, 1 escalated, 2 closed, 2 told again, 2 open")
    assert "Escalated (1)\n  WARNING steps: gold 5 > 4" in digest.body
    assert "Told again (2)\n" in digest.body
    assert "\n  WARNING still open calm: " in digest.body
    assert "(reminder 1, since" in digest.body


def test_a_digest_tells_of_corrections(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0])
    around = Context(store, SampleSource(), BOOK, routing=everything(["mail"]))
    now = datetime.combine(DAYS[3], time(23), UTC)
    store.add_bars(made({"gold": [1.0, 1.5, 1.5, 1.5]}), seen_at=now, source="made up")
    judge_new(around, now=now)
    digests_due(store, BOOK, [WEEKLY], now=MONDAY, source="made up")
    digest = store.outbox_rows()[-1]

    assert digest.title.endswith(": 2 opened, 2 corrected")
    assert "Corrected (2)\n  CORRECTION " in digest.body


def test_a_digest_is_owed_once_on_each_of_its_channels(store: Store) -> None:
    live(store, [1.0, 3.0])
    for _ in range(3):
        digests_due(store, BOOK, [WEEKLY], now=MONDAY + timedelta(minutes=1), source="made up")

    digests = [row for row in store.outbox_rows() if row.title.startswith("Weekly digest")]
    assert [row.channel for row in digests] == ["mail", "chat"]
    assert digests[0].title == f"Weekly digest, {DAYS[5]}: 2 opened, 2 open"


def test_a_digest_that_is_more_than_a_day_late_is_not_made_up_for(store: Store) -> None:
    live(store, [1.0, 3.0])
    assert digests_due(store, BOOK, [WEEKLY], now=MONDAY + timedelta(days=2), source="made up") == 0


def test_the_digest_after_one_that_was_missed_tells_of_its_span_too(store: Store) -> None:
    def write(now: datetime) -> None:
        digests_due(store, BOOK, [WEEKLY], now=now, source="made up")

    live(store, [1.0] * 7 + [3.0])
    write(MONDAY)  # and off over the next one
    write(MONDAY + timedelta(days=14))
    digest = store.outbox_rows()[-1]

    assert digest.title == f"Weekly digest, {DAYS[15]}: since {DAYS[5]}, 2 opened, 2 open"
    assert "Opened (2)\n  WARNING " in digest.body


def test_a_digest_that_comes_late_tells_what_happened_up_to_then_and_the_next_one_the_rest(
    store: Store,
) -> None:
    live(store, [1.0] * 5 + [3.0])  # judged on the Monday at 23:00
    for late in (timedelta(hours=16), timedelta(days=7)):
        digests_due(store, BOOK, [WEEKLY], now=MONDAY + late, source="made up")

    digests = [row.title for row in store.outbox_rows() if row.channel == "mail" and "digest" in row.title]
    assert digests == [f"Weekly digest, {DAYS[5]}: 2 opened, 2 open", f"Weekly digest, {DAYS[10]}: 2 open"]


def test_a_digest_that_was_due_before_the_first_start_is_not_written(store: Store) -> None:
    daily = Schedule(every=Every.DAY, at=time(22), zone="UTC", channels=("mail",))

    def written(day: int) -> int:
        now = datetime.combine(DAYS[day], time(23), UTC)
        return digests_due(store, BOOK, [daily], now=now, source="made up")

    assert written(0) == 0
    live(store, [1.0])  # at 23:00 of that day
    assert [written(0), written(1)] == [0, 1]


def test_two_digests_a_day_on_one_channel_are_written_once_each(store: Store) -> None:
    live(store, [1.0, 3.0])
    morning = Schedule(every=Every.DAY, at=time(7), zone="UTC", channels=("mail",))
    twice = [morning, replace(morning, at=time(19))]

    written = [
        digests_due(store, BOOK, twice, now=MONDAY + timedelta(hours=hours), source="made up")
        for hours in range(48)
    ]
    assert sum(written) == 6


def test_a_digest_of_a_week_without_anything_still_comes(store: Store) -> None:
    live(store, [1.0, 1.0])
    digests_due(store, BOOK, [WEEKLY], now=MONDAY, source="made up")

    assert store.outbox_rows()[0].title.endswith(": nothing happened")


def test_a_clock_that_is_set_back_across_the_hour_of_a_digest_writes_no_other_one(store: Store) -> None:
    live(store, [1.0, 3.0])
    daily = Schedule(every=Every.DAY, at=time(8), zone="UTC", channels=("mail",))
    for hours in (-23, 0, -1, 0, 1):
        digests_due(store, BOOK, [daily], now=MONDAY + timedelta(hours=hours), source="made up")

    written = [row.title for row in store.outbox_rows() if row.title.startswith("Daily digest")]
    assert len(written) == len(set(written)) == 2
