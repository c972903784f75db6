"""A backtest of what was known decides what the daemon decided, to the byte, whatever came late or was revised."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts import Reason
from monitor.backtest.as_known import arrivals, as_known
from monitor.backtest.run import run
from monitor.catchup import catch_up
from monitor.cycle import judge_new
from monitor.gather import FIRST_STARTED, Context
from monitor.judge import Memories
from monitor.policy import Decided
from monitor.prices.sample import SampleSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.storage.store import Store, open_store
from tests.support.made_up import made, sessions
from tests.support.rules import pack
from tests.test_semantics_properties import DAYS, MARKETS, RULES, Market, book_of

BEGIN = datetime(2024, 1, 2, 3, tzinfo=UTC)
BOOK = pack("high: {when: gold > 2, clear_when: gold < 1.5}")


@dataclass(frozen=True)
class Poll:
    """One look at the source: so many hours after the one before, some bars missing, some with another value, and
    some that are not settled or not believed.
    """

    hours: int
    missing: frozenset[int]
    revised: Mapping[int, float]
    doubtful: Mapping[int, str] = field(default_factory=dict)


DOUBTS = ("partial", "provisional", "quarantined")
POLLS = st.lists(
    st.builds(
        Poll,
        hours=st.integers(1, 250),
        missing=st.frozensets(st.integers(0, DAYS - 1), max_size=12),
        revised=st.dictionaries(st.integers(0, DAYS - 1), st.sampled_from([1.0, 2.0, 3.5]), max_size=4),
        doubtful=st.dictionaries(st.integers(0, DAYS - 1), st.sampled_from(DOUBTS), max_size=6),
    ),
    min_size=2,
    max_size=5,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    open_store(str(path)).close()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "known.db"))
    yield opened
    opened.close()


def context(store: Store, rulebook: Rulebook) -> Context:
    return Context(store, SampleSource(), rulebook, routing=everything(["console"]))


def seen(market: Market, poll: Poll, now: datetime) -> pl.DataFrame:
    """What a source gives at that instant, today's unsettled bar too."""
    values = {
        name: [
            None if day in poll.missing else poll.revised.get(day, value) for day, value in enumerate(series)
        ]
        for name, series in market.items()
    }
    doubts = {sessions(DAYS)[day]: status for day, status in poll.doubtful.items()}
    status = pl.col("session").replace_strict(doubts, default="final", return_dtype=pl.String).alias("status")
    return made(values).filter(pl.col("session") <= now.date()).with_columns(status)


def live(store: Store, market: Market, polls: Sequence[Poll], books: Sequence[Rulebook]) -> list[Decided]:
    """What a daemon decides: it judges when it starts, and whenever a poll brought something new."""
    now, decided = BEGIN, list[Decided]()
    for number, (poll, book) in enumerate(zip(polls, books, strict=True)):
        now += timedelta(hours=poll.hours)
        new = store.add_bars(seen(market, poll, now), seen_at=now, source="made up")
        if new or not number:
            decided += judge_new(context(store, book), now=now).decided
    return decided


@settings(max_examples=12)
@given(RULES, MARKETS, POLLS)
def test_live_transitions_are_those_of_a_backtest_of_what_was_known(
    template: Path, rule: str, market: Market, polls: Sequence[Poll]
) -> None:
    book = book_of(rule)
    store = open_store(str(shutil.copy(template, template.with_suffix(".example"))))

    decided = live(store, market, polls, [book] * len(polls))
    again = as_known(book, store.bar_versions(), first_started=started(store))
    store.close()

    assert again == tuple(decided)


@settings(max_examples=8)
@given(RULES, RULES, MARKETS, POLLS, st.integers(0, 5))
def test_they_are_although_a_rule_was_edited_on_the_way(
    template: Path, rule: str, edit: str, market: Market, polls: Sequence[Poll], edited: int
) -> None:
    books = [book_of(edit if number >= edited else rule) for number in range(len(polls))]
    store = open_store(str(shutil.copy(template, template.with_suffix(".edited"))))

    decided = live(store, market, polls, books)
    at = BEGIN + sum((timedelta(hours=poll.hours) for poll in polls[: edited + 1]), timedelta())
    again: list[Decided] = []
    memories: Memories = {}
    for instant, bars in arrivals(store.bar_versions(), first_started=started(store)):
        book = books[-1] if edited < len(polls) and instant >= at else books[0]
        for step in catch_up(book, bars, memories, now=instant):
            memories = {**memories, **step.memories}
            again += step.decided
    store.close()

    assert again == decided


def started(store: Store) -> datetime:
    return datetime.fromisoformat(store.meta(FIRST_STARTED) or "")


def test_what_was_known_is_told_and_not_what_is_known_today(store: Store) -> None:
    first, wrong, right = Poll(40, frozenset(), {}), Poll(24, frozenset(), {2: 3.0}), Poll(4, frozenset(), {})
    market: Market = {"gold": [1.6, 1.6, 1.6, 1.6], "silver": [1.0] * 4}

    live(store, market, [first, wrong, right], [BOOK] * 3)
    known = as_known(BOOK, store.bar_versions(), first_started=started(store))

    assert [(one.transition.kind, one.transition.reason) for one in known] == [
        ("open", Reason.THRESHOLD),
        ("retract", Reason.REVISED_DATA),
    ]
    assert run(BOOK, store.bars()).decided == ()


def test_a_bar_that_came_after_the_first_start_is_late_although_its_session_was_before(store: Store) -> None:
    market: Market = {"gold": [1.0, 3.0, 1.6, 1.6, 1.6], "silver": [1.0] * 5}
    hole, whole = Poll(80, frozenset({1}), {}), Poll(1, frozenset(), {})

    decided = live(store, market, [hole, whole], [BOOK] * 2)

    assert [one.transition.reason for one in decided] == [Reason.LATE_DATA]
    assert as_known(BOOK, store.bar_versions(), first_started=started(store)) == tuple(decided)


def test_every_version_of_a_bar_is_read_with_the_instant_at_which_it_was_stored(store: Store) -> None:
    for day, close in enumerate((1.0, 2.0, 3.0)):
        store.add_bars(made({"gold": [close]}), seen_at=BEGIN + timedelta(days=day), source="made up")
    store.add_bars(made({"silver": [1.0]}), seen_at=BEGIN, source="made up")

    two = store.bar_versions(instruments=["gold"], until=BEGIN + timedelta(days=1))

    assert two.select("version", "close", "seen_at").rows() == [
        (1, 1.0, BEGIN),
        (2, 2.0, BEGIN + timedelta(days=1)),
    ]
    assert len(store.bar_versions()) == 4
