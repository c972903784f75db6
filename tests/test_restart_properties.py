"""Restarts change nothing: whatever came late, was revised or doubted, and whenever the process was started anew."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import Clock
from monitor.config import read_configuration
from monitor.cycle import judge_new
from monitor.daemon import Daemon
from monitor.delivery.channel import console_channel
from monitor.gather import Context
from monitor.prices.files import FileSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.storage.store import Store, open_store
from tests.backtest.test_as_known import BEGIN, POLLS, Poll, seen
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, made, sessions
from tests.test_semantics_properties import MARKETS, RULES, Market, book_of

RESTARTS = st.frozensets(st.integers(0, 4), min_size=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database to copy, settings, and no prices."""
    folder = tmp_path_factory.mktemp("restarts")
    open_store(str(folder / "empty.db")).close()
    (folder / "metalwatch.yml").write_text("packs: [precious]\nchannels: {console: console}\n")
    (folder / "prices").mkdir()
    return folder


def opened(place: Path, name: str) -> Store:
    return open_store(str(shutil.copy(place / "empty.db", place / name)))


def daemon(place: Path, store: Store, book: Rulebook) -> Daemon:
    """A daemon whose prices are imported by others."""
    source = FileSource(place / "prices", CATALOGUE)
    context = Context(store, source, book, routing=everything(["console"]))
    channels = {"console": console_channel("console", lambda _: None)}
    return Daemon(read_configuration(place / "metalwatch.yml"), Clock(BEGIN, 0.0), context, channels)


def told(store: Store) -> list[object]:
    """All that was decided, and all messages, whatever became of them."""
    recorded = [(one.transition, one.sent, one.cause) for one in store.transitions()]
    return [*recorded, *((row.key, row.title, row.status) for row in store.outbox_rows())]


def run(
    place: Path, book: Rulebook, market: Market, polls: Sequence[Poll], restarts: frozenset[int]
) -> list[object]:
    """A daemon that wakes after each import, started anew before some of them."""
    store, now = opened(place, "run.db"), BEGIN
    running = daemon(place, store, book)
    for number, poll in enumerate(polls):
        now += timedelta(hours=poll.hours)
        if number in restarts:
            store.close()
            store = open_store(str(place / "run.db"))
            running = daemon(place, store, book)
        store.add_bars(seen(market, poll, now), seen_at=now, source="made up")
        running.clock = Clock(now, 0.0)
        running.judge("24/5")
    found = told(store)
    store.close()
    return found


@examples(6)
@given(RULES, MARKETS, POLLS, RESTARTS)
def test_what_is_decided_and_told_is_the_same_for_every_set_of_restarts(
    place: Path, rule: str, market: Market, polls: Sequence[Poll], restarts: frozenset[int]
) -> None:
    book = book_of(rule)

    assert run(place, book, market, polls, restarts) == run(place, book, market, polls, frozenset())


def test_a_bar_that_was_imported_before_its_close_is_judged_when_it_is_known(place: Path) -> None:
    book, store = book_of("r:\n  when: gold > 2\n"), opened(place, "early.db")
    running, noon = daemon(place, store, book), datetime.combine(sessions(3)[2], time(17), UTC)

    bars = made({"gold": [1.0, 1.0, 3.0], "silver": [2.0] * 3})
    store.add_bars(bars, seen_at=noon, source="made up")
    for hours in (0, 1, 8):
        running.clock = Clock(noon + timedelta(hours=hours), 0.0)
        running.judge("24/5")
    recorded = store.transitions()
    store.close()

    assert [one.transition.session for one in recorded] == [sessions(3)[2]]


@examples(6)
@given(RULES, MARKETS, POLLS)
def test_judging_once_more_finds_nothing_whatever_came_late_was_revised_or_doubted(
    place: Path, rule: str, market: Market, polls: Sequence[Poll]
) -> None:
    book, store, now = book_of(rule), opened(place, "again.db"), BEGIN
    context = daemon(place, store, book).context
    again = []
    for poll in polls:
        now += timedelta(hours=poll.hours)
        store.add_bars(seen(market, poll, now), seen_at=now, source="made up")
        judge_new(context, now=now)
        again.append(judge_new(context, now=now + timedelta(minutes=1)).decided)
    store.close()

    assert again == [()] * len(polls)
