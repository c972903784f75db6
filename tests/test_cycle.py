"""A cycle on a real database: what is kept, judged and owed, also when bars come late or are revised."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.cycle import judge_new, run_cycle
from monitor.gather import Context, Gathered, fetch
from monitor.packs import load_rulebook
from monitor.prices.sample import SampleSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.storage.store import Store, open_store
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack

BOOK = pack("high: {when: gold > 2, clear_when: gold < 1.5}")
SEEN = datetime(2024, 3, 1, 22, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'cycle.db'}")
    yield opened
    opened.close()


def context(store: Store, rulebook: Rulebook = BOOK) -> Context:
    return Context(store=store, source=SampleSource(), rulebook=rulebook, routing=everything(["console"]))


def keep(store: Store, gold: Values, seen_at: datetime) -> None:
    store.add_bars(made({"gold": gold}), seen_at=seen_at, source="made up")


def titles(store: Store) -> list[str]:
    return [row.title for row in store.outbox_rows()]


def test_a_revised_bar_is_corrected_at_once_and_only_once(store: Store) -> None:
    keep(store, [1.6, 1.6], SEEN)
    judge_new(context(store), now=SEEN)
    keep(store, [1.6, 1.6, 3.0], SEEN + timedelta(days=1))
    judge_new(context(store), now=SEEN + timedelta(days=1))
    keep(store, [1.6, 1.6, 1.7], SEEN + timedelta(days=2))
    for _ in range(2):
        judge_new(context(store), now=SEEN + timedelta(days=2))

    assert [title.partition(",")[0] for title in titles(store)] == [
        "WARNING high: gold 3 > 2",
        "CORRECTION high: gold 1.700 <= 2",
    ]
    assert "told before: WARNING high: gold 3 > 2, 2024-01-03" in store.outbox_rows()[1].body
    kinds = [(one.transition.kind.value, one.transition.reason.value) for one in store.transitions()]
    assert sorted(kinds) == [("open", "threshold"), ("retract", "revised_data")]


def test_an_alert_that_did_not_end_says_so_and_what_was_told_before(store: Store) -> None:
    begun = [1.6, 1.6, 3.0]
    for day, gold in enumerate(([1.6, 1.6], begun, [*begun, 1.0], [*begun, 2.5])):
        keep(store, gold, SEEN + timedelta(days=day))
        judge_new(context(store), now=SEEN + timedelta(days=day))

    told = store.outbox_rows()[-1]
    assert told.title == "WARNING reopened high: gold 3 > 2, 2024-01-03 (since 2024-01-03)"
    assert "told before: RESOLVED high: gold 1 < 1.5, 2024-01-04 (since 2024-01-03)" in told.body


def test_the_first_version_of_a_bar_stays_readable_as_of_its_time(store: Store) -> None:
    keep(store, [1.6, 3.0], SEEN)
    keep(store, [1.6, 1.7], SEEN + timedelta(days=1))

    assert store.bars(as_of=SEEN)["close"].to_list() == [1.6, 3.0]
    assert store.bars()["close"].to_list() == [1.6, 1.7]


def test_nothing_is_asked_for_while_no_settled_bar_is_missing(store: Store) -> None:
    around = context(store, load_rulebook(["precious"], folder=Path()))
    evening = datetime(2020, 3, 13, 22, tzinfo=UTC)
    first = run_cycle(around, now=evening)
    again = fetch(around, now=evening + timedelta(hours=1))

    assert len(first.fetched) == 2
    assert again == Gathered()


def test_a_bar_of_a_later_session_was_known_when_it_came_not_when_it_settled(store: Store) -> None:
    around = context(store, load_rulebook(["precious"], folder=Path()))
    run_cycle(around, now=datetime(2020, 3, 12, 22, tzinfo=UTC))
    late = datetime(2020, 3, 16, 12, tzinfo=UTC)
    run_cycle(around, now=late)

    held = store.bars(instruments=["gold"])
    known = dict(held.select("session", "known_at").iter_rows())
    assert known[date(2020, 3, 13)] == late
    assert known[date(2020, 3, 12)] == datetime(2020, 3, 12, 17, 30, tzinfo=UTC)


def test_sessions_that_were_missed_are_judged_in_order_and_told_in_one_message_before_the_newest(
    store: Store,
) -> None:
    keep(store, [1.6], SEEN)
    judge_new(context(store), now=SEEN)
    keep(store, [1.6, 3.0, 1.0, 3.0], SEEN)
    result = judge_new(context(store), now=SEEN)

    assert result.sessions == sessions(4)[1:]
    assert titles(store) == [
        "WARNING while you were away, 2024-01-02 to 2024-01-03: 2 alerts",
        "WARNING high: gold 3 > 2, 2024-01-04",
    ]
    lines = store.outbox_rows()[0].body.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["WARNING high", "RESOLVED high"]


def test_what_was_missed_is_told_with_what_was_withheld_before_it(store: Store) -> None:
    book = pack("high: {when: gold > 2, cooldown: 5 days}")
    known = [1.0, 3.0, 1.0, 3.0, 1.0]
    for count in range(1, len(known) + 1):
        keep(store, known[:count], SEEN)
        judge_new(context(store, book), now=SEEN)
    keep(store, [*known, 3.0, 1.0, 1.0], SEEN)
    judge_new(context(store, book), now=SEEN)

    told = store.outbox_rows()[-1]
    assert told.title.startswith("WARNING while you were away")
    assert "; 2 messages withheld since the last one (cooldown)" in told.body.splitlines()[0]
