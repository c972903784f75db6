"""A backtest of what was known decides what the daemon decided, to the byte, whatever came late or was revised."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor.alerts import Reason
from monitor.backtest.as_known import arrivals, as_known
from monitor.backtest.run import run
from monitor.catchup import catch_up
from monitor.cli.app import app_of
from monitor.cycle import judge_new
from monitor.errors import UsageError
from monitor.gather import Context
from monitor.judge import Memories
from monitor.policy import Decided
from monitor.prices.sample import SampleSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.storage.database import writing
from monitor.storage.records import FIRST_STARTED
from monitor.storage.store import Store, open_store
from tests.support.examples import examples
from tests.support.made_up import made, sessions
from tests.support.rules import pack
from tests.test_semantics_properties import DAYS, GOES_ON, MARKETS, RULES, Market, book_of, with_a_stop

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


@examples(12)
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


@examples(12)
@given(RULES, MARKETS, POLLS, st.integers(1, DAYS - 1))
def test_they_are_where_prices_stop_and_others_go_on(
    template: Path, rule: str, market: Market, polls: Sequence[Poll], stop: int
) -> None:
    book = book_of(f"{rule}{GOES_ON}")
    market = with_a_stop(market, stop)
    store = open_store(str(shutil.copy(template, template.with_suffix(".stopped"))))

    decided = live(store, market, polls, [book] * len(polls))
    again = as_known(book, store.bar_versions(), first_started=started(store))
    store.close()

    assert again == tuple(decided)


@examples(8)
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

    of_gold = store.bar_versions(instruments=["gold"])

    assert of_gold.select("version", "close", "seen_at").rows() == [
        (1, 1.0, BEGIN),
        (2, 2.0, BEGIN + timedelta(days=1)),
        (3, 3.0, BEGIN + timedelta(days=2)),
    ]
    assert len(store.bar_versions()) == 4


OWN = "pack: p\nabout: made up\nrules:\n  high: {when: gold > 2, clear_when: gold < 1.5}\n"
SETTINGS = "database: known.db\npacks: [own.yml]\nprices: {source: sample}\n"


@pytest.fixture
def corrected(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A home whose gold of Wednesday was 3.0 for four hours, and 1.6 since."""
    for name, text in (("own.yml", OWN), ("metalwatch.yml", SETTINGS)):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    market: Market = {"gold": [1.6, 1.6, 1.6, 1.6], "silver": [1.0] * 4}
    polls = [Poll(40, frozenset(), {}), Poll(24, frozenset(), {2: 3.0}), Poll(4, frozenset(), {})]
    live(store, market, polls, [BOOK] * 3)
    return store


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app_of(), list(arguments))
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.mark.usefixtures("corrected")
def test_the_command_shows_what_was_decided_then_and_what_today_says() -> None:
    text = told("backtest", "--as-known")

    assert "2024-01-03 p/high open threshold sent 2024-01-03 p/high retract revised_data sent" in text
    assert "2 alerts, 2 sent. Opened not with today's values: p/high 2024-01-03." in text
    assert "All 2 transitions are stored as they were decided." in text
    assert "nothing is stored to compare with" in told("backtest", "precious", "--as-known")
    assert json.loads(told("backtest", "--as-known", "--to", "2024-01-02", "--json"))["alerts"] == []


def test_the_command_says_what_is_unlike_the_transitions_stored(corrected: Store) -> None:
    with writing(corrected.engine) as connection:
        connection.exec_driver_sql("DELETE FROM \"transition\" WHERE kind = 'retract'")

    assert "Unlike what is stored: p/high retract 2024-01-03 comes now only." in told(
        "backtest", "--as-known"
    )


def test_what_opened_before_the_first_start_is_no_difference(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prices of silver stopped while its rule was firing, and gold came and went afterwards."""
    rules = "high: {when: gold > 2}\n  dear: {when: silver > 2}"
    for name, text in (
        ("own.yml", f"pack: p\nabout: made up\nrules:\n  {rules}\n"),
        ("metalwatch.yml", SETTINGS),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    live(
        store,
        {"gold": [1.0, 3.0, 1.0, 3.0], "silver": [3.0]},
        [Poll(84, frozenset(), {})],
        [pack(rules.replace("\n  ", "\n"))],
    )

    text = told("backtest", "--as-known")

    assert "2024-01-04 p/high open already_true sent" in text
    assert "2024-01-01 p/dear open already_true sent" in text
    assert "Opened" not in text


@pytest.mark.usefixtures("corrected")
def test_prices_are_shown_as_they_were_known() -> None:
    def wednesday(as_of: str) -> float:
        shown = json.loads(told("prices", "show", "gold", "--as-of", as_of, "--json"))
        value: float = next(bar["close"] for bar in shown["bars"] if bar["session"] == "2024-01-03")
        return value

    assert wednesday("2024-01-03") == 1.6
    assert wednesday("2024-01-04T15:00-05:00") == 3.0
    assert wednesday("2024-01-04T18:00-05:00") == 1.6


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("prices", "show", "--as-of", "2024-01-05T00:00"), "expected an instant with its offset such as"),
        (("prices", "show", "--as-of", "2023-01-05"), "no prices were known at 2023-01-06 00:00 UTC"),
        (
            ("backtest", "--as-known", "--budget", "4/month"),
            "it takes no --prices, --html, --parquet or --budget",
        ),
    ],
)
def test_what_cannot_be_shown_as_known_says_why(
    corrected: Store, arguments: Sequence[str], fault: str
) -> None:
    assert corrected.counts().bars > 0
    with pytest.raises(UsageError, match=fault):
        CliRunner().invoke(app_of(), list(arguments), catch_exceptions=False)
