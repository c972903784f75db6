"""Rules that are removed, return or lose a member, and restarts at any point, on a real database."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.catchup import PATIENCE, catch_up
from monitor.clock import Clock, read_clock
from monitor.config import read_configuration
from monitor.cycle import Result, judge_new
from monitor.daemon import Daemon
from monitor.gather import Context
from monitor.instruments import Catalogue
from monitor.judge import Memories
from monitor.opening import make_context, open_source
from monitor.policy import Decided
from monitor.prices.sample import SampleSource
from monitor.routing import Match, everything
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from monitor.storage.records import Judged
from monitor.storage.store import Store, open_store
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, Values, made
from tests.support.rules import pack
from tests.test_semantics_properties import CUTS, DAYS, MARKETS, RULES, Market, book_of

NOW = datetime(2024, 3, 1, 22, tzinfo=UTC)
HIGH = "high: {when: gold > 90}\n"
LOW = "low: {when: gold < 99}\n"
OTHER = "other: {when: gold > 1000}\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'catchup.db'}")
    yield opened
    opened.close()


def judged(store: Store, rules: str, gold: Values = (80, 95), **others: Values) -> Result:
    """One cycle with these rules and bars."""
    store.add_bars(made({"gold": gold, **others}), seen_at=NOW, source="made up")
    return judge_new(Context(store, SampleSource(), pack(rules), routing=everything(["console"])), now=NOW)


def titles(store: Store) -> list[str]:
    return [row.title for row in store.outbox_rows()]


# --- a rule that is removed


def test_the_open_alert_of_a_removed_rule_is_closed_and_told_once(store: Store) -> None:
    judged(store, HIGH + OTHER)
    first, second = (judged(store, OTHER) for _ in range(2))

    (one,) = first.decided
    assert (one.transition.kind, one.transition.reason, one.transition.episode) == (
        "resolve",
        "rule_removed",
        1,
    )
    assert titles(store)[1:] == ["RESOLVED p/high: rule removed (since 2024-01-02)"]
    assert (second.decided, second.owed) == ((), 0)


def test_all_removed_rules_are_one_message(store: Store) -> None:
    judged(store, HIGH + LOW + OTHER)
    removed = judged(store, OTHER)

    assert removed.owed == 1
    assert titles(store)[1:] == ["RESOLVED: 2 alerts closed, their rules are in force no more"]
    body = store.outbox_rows()[-1].body
    assert body.startswith(
        "RESOLVED p/high: rule removed (since 2024-01-02)\nRESOLVED p/low: rule removed (since 2024-01-01)\n"
    )


def test_a_removed_rule_that_was_not_open_says_nothing(store: Store) -> None:
    judged(store, HIGH + OTHER, [95, 80])

    assert judged(store, OTHER, [95, 80]).decided == ()


def test_an_alert_nobody_heard_of_is_closed_in_silence(store: Store) -> None:
    judged(store, f"{OTHER}high: {{when: gold > 90, on_first: silent}}\n")
    removed = judged(store, OTHER)

    assert [(one.sent, one.cause) for one in removed.decided] == [(False, "first judgement")]
    assert titles(store) == []


def test_the_end_of_a_removed_edge_is_not_told(store: Store) -> None:
    judged(store, f"{OTHER}high: {{when: gold > 90, mode: edge}}\n")
    removed = judged(store, OTHER)

    assert [(one.sent, one.cause) for one in removed.decided] == [(False, "silent kind")]


def silenced(store: Store, match: Match) -> None:
    store.add_silence(match, reason="roll", author="me", since=NOW, until=NOW + timedelta(days=30))


@pytest.mark.parametrize(
    "match",
    [
        Match(rule=("high",)),
        Match(pack=("p",)),
        Match(instrument=("gold",)),
        Match(labels={"desk": "metals"}),
    ],
)
def test_the_end_of_a_removed_rule_that_is_silenced_is_not_told(store: Store, match: Match) -> None:
    judged(store, "high: {when: gold > 90, labels: {desk: metals}}\n" + OTHER)
    silenced(store, match)
    removed = judged(store, OTHER)

    assert [(one.sent, one.cause) for one in removed.decided] == [(False, "silence 1")]
    assert len(titles(store)) == 1


def test_the_end_of_a_removed_rule_is_told_when_others_are_silenced(store: Store) -> None:
    judged(store, HIGH + OTHER)
    silenced(store, Match(instrument=("silver",)))
    silenced(store, Match(rule=("other",)))

    assert judged(store, OTHER).owed == 1


def test_a_removed_rule_inhibits_nothing_any_more(store: Store) -> None:
    quiet = "low: {when: gold < 99, inhibited_by: [high]}\n"
    judged(store, HIGH + quiet)
    judged(store, quiet)
    assert judged(store, quiet, [80, 95, 95]).decided[-1].transition.kind == "still_open"


def test_a_rule_that_comes_back_is_judged_as_new_although_no_session_passed(store: Store) -> None:
    for rules in (HIGH + OTHER, OTHER, HIGH + OTHER, OTHER, HIGH + OTHER):
        judged(store, rules)

    assert [title.partition(":")[0] for title in titles(store)] == [
        *("WARNING high", "RESOLVED p/high") * 2,
        "WARNING high",
    ]
    reasons = [one.transition.reason.value for one in store.transitions(rule="p/high")]
    assert sorted(reasons) == ["already_true"] * 3 + ["rule_removed"] * 2


def test_a_rule_that_comes_back_with_more_levels_is_judged_by_them(store: Store) -> None:
    ladder = "high: {levels: {info: {when: gold > 90}, warning: {when: gold > 94}}}\n"
    for rules in (HIGH + OTHER, OTHER, ladder + OTHER):
        judged(store, rules)

    assert titles(store)[-1].startswith("WARNING high: gold 95 > 94")


def test_a_member_that_left_its_group_closes_its_own_alert_only(store: Store) -> None:
    text = "pack: p\nabout: x\nrules: {each: {for_each: metals, when: it > 90}}\n"

    def cycle(*members: str) -> Result:
        smaller = Catalogue(CATALOGUE.instruments, {**CATALOGUE.groups, "metals": members})
        book = read_rulebook({"p.yml": text}, smaller)
        return judge_new(Context(store, SampleSource(), book, routing=everything(["console"])), now=NOW)

    store.add_bars(made({"gold": [80, 95], "silver": [80, 95]}), seen_at=NOW, source="made up")
    cycle("gold", "silver")
    left = cycle("gold")

    assert [(one.transition.instance, one.transition.reason) for one in left.decided] == [
        ("silver", "left_universe")
    ]
    assert titles(store)[-1] == "RESOLVED p/each silver: no longer in its group (since 2024-01-02)"


@pytest.mark.parametrize(
    ("edited", "title"),
    [
        ("each: {for_each: metals, when: it > 90}", "RESOLVED: 2 alerts closed, no longer in their groups"),
        ("other: {when: lyc > 90}", "RESOLVED: 3 alerts closed, their rules are in force no more"),
    ],
)
def test_one_message_of_many_that_are_closed_says_why(store: Store, edited: str, title: str) -> None:
    def cycle(rule: str, *members: str) -> None:
        groups = Catalogue(CATALOGUE.instruments, {**CATALOGUE.groups, "metals": members})
        book = pack(rule, catalogue=groups)
        judge_new(Context(store, SampleSource(), book, routing=everything(["console"])), now=NOW)

    bars = made({name: [80, 95] for name in ("gold", "silver", "slv")})
    store.add_bars(bars, seen_at=NOW, source="made up")
    cycle("each: {for_each: metals, when: it > 90}", "gold", "silver", "slv")
    cycle(edited, "gold")

    assert titles(store)[-1] == title


# --- a rule that is edited


def test_an_edit_is_judged_at_once_and_stored_with_the_conditions_that_made_it(store: Store) -> None:
    judged(store, HIGH)
    edited = judged(store, "high: {when: gold > 100}\n")

    assert [one.transition.reason for one in edited.decided] == ["rule_changed"]
    assert titles(store)[-1].startswith("RESOLVED high: closed by a rule edit at gold 95, 2024-01-02")
    newest = max(store.transitions(), key=lambda one: one.transition.kind == "resolve")
    assert newest.rule_hash == store.memories()["p/high", None].rule_hash
    assert judged(store, "high: {when: gold > 100}\n").decided == ()


def test_a_new_member_of_a_group_is_a_first_judgement_and_not_an_edit(store: Store) -> None:
    judged(store, OTHER)
    first = judged(store, HIGH + OTHER)

    assert [one.transition.reason for one in first.decided] == ["already_true"]


def test_a_faulty_edit_removes_no_rule(tmp_path: Path, store: Store) -> None:
    rules = tmp_path / "own.yml"
    rules.write_text("pack: own\nabout: x\nrules: {stress: {when: gold / silver > 90}}\n")
    (tmp_path / "metalwatch.yml").write_text("packs: [own.yml]\nprices: {source: sample}\n")
    configuration = read_configuration(tmp_path / "metalwatch.yml", {})
    daemon = Daemon(configuration, Clock(), make_context(configuration, store, SampleSource()), {})
    store.add_bars(made({"gold": [80, 95], "silver": [1, 1]}), seen_at=NOW, source="made up")
    judge_new(daemon.context, now=NOW)

    for faulty in (
        "pack: own\nabout: x\nrules: {}\n",
        "pack: own\nabout: x\nrules: {stress: {when: gld >}}\n",
    ):
        rules.write_text(faulty)
        daemon.reload()
        assert judge_new(daemon.context, now=NOW).decided == ()
    rules.unlink()
    daemon.reload()

    assert judge_new(daemon.context, now=NOW).decided == ()
    assert store.memories()["own/stress", None].state.level == 0


# --- restarts


@examples(15)
@given(RULES, RULES, MARKETS, CUTS, st.sets(st.integers(0, DAYS - 1), max_size=4), st.integers(0, DAYS))
def test_restarts_change_nothing_that_is_decided(
    template: Path,
    rule: str,
    edit: str,
    market: Market,
    cuts: Sequence[int],
    restarts: set[int],
    edited_on: int,
) -> None:
    days = sorted({*cuts, *restarts, DAYS - 1})
    books = {day: book_of(edit if day >= edited_on else rule) for day in days}

    straight = replayed(books, market, days)
    restarted = replayed(books, market, days, restarts=restarts, database=template)

    assert restarted == straight


def replayed(
    books: dict[int, Rulebook],
    market: Market,
    days: Sequence[int],
    *,
    restarts: set[int] | None = None,
    database: Path | None = None,
) -> tuple[Memories, list[Decided]]:
    """What is decided on some days; on restarts a new process reads its memories from the database."""
    if database is not None:
        database = Path(shutil.copy(database, database.with_suffix(".example")))
    memories: Memories = {}
    said: list[Decided] = []
    for day in days:
        bars = made({name: values[: day + 1] for name, values in market.items()})
        for step in catch_up(books[day], bars, memories, now=NOW + timedelta(days=day)):
            memories = {**memories, **step.memories}
            said += step.decided
            if database is not None and day in (restarts or ()):
                memories = through(database, memories, step.decided)
    return memories, said


def through(database: Path, memories: Memories, decided: Sequence[Decided]) -> Memories:
    """What a process leaves in the database, as the next one reads it."""
    store = open_store(str(database))
    store.commit(Judged(memories=memories, decided=decided), now=NOW)
    store.close()
    again = open_store(str(database))
    found = again.memories()
    again.close()
    return found


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    open_store(str(path)).close()
    return path


# --- groups whose members settle at different hours

BOTH = Catalogue(CATALOGUE.instruments, {"both": ("lyc", "nys")})
BREADTH = "breadth: {when: 'share(both, change(it, 1) >= 5%) > 50%'}"
ASKING = """
asks: {when: fired(breadth) and lyc > 1}
each: {for_each: both, when: 'change(it, 1) > 5%'}
any: {when: fired(each) and lyc > 1}
"""
SYDNEY_IS_OVER = datetime(2024, 1, 4, 12, tzinfo=UTC)
NEW_YORK_IS_OVER = datetime(2024, 1, 4, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "new_york", "upto"),
    [
        pytest.param(SYDNEY_IS_OVER, (100, 100), 3, id="New York has not opened"),
        pytest.param(NEW_YORK_IS_OVER + PATIENCE / 2, (100, 100), 3, id="its bar is not there yet"),
        pytest.param(NEW_YORK_IS_OVER + PATIENCE / 2, (100, 100, 100), 4, id="its bar is there"),
        pytest.param(NEW_YORK_IS_OVER + PATIENCE, (100, 100), 4, id="its bar does not come"),
        pytest.param(SYDNEY_IS_OVER, (100,), 4, id="its bar did not come the day before"),
        pytest.param(SYDNEY_IS_OVER, (), 4, id="it has never had a bar"),
    ],
)
def test_a_session_of_a_group_waits_for_the_members_that_are_still_to_settle(
    now: datetime, new_york: Values, upto: int
) -> None:
    bars = made({"lyc": (100, 100, 110), **({"nys": new_york} if new_york else {})}, catalogue=BOTH)
    book = pack(f"{BREADTH}{ASKING}alone: {{when: 'change(lyc, 1) > 50%'}}", catalogue=BOTH)

    (step,) = catch_up(book, bars, {}, now=now)

    judged_upto = {key: memory.state.session for key, memory in step.memories.items()}
    for rule in ("breadth", "asks", "any"):
        assert judged_upto[f"p/{rule}", None] == date(2024, 1, upto)
    assert judged_upto["p/alone", None] == judged_upto["p/each", "lyc"] == date(2024, 1, 4)


def test_a_running_daemon_judges_a_group_without_the_member_that_does_not_come(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "own.yml").write_text(
        "pack: own\nabout: x\nrules: {breadth: {when: 'share(silver_miners, change(it, 1) >= 5%) > 50%'}}\n"
    )
    settled = "packs: [own.yml]\nprices: {source: files, folder: prices}\n"
    (tmp_path / "metalwatch.yml").write_text(settled)
    (tmp_path / "prices").mkdir()
    rows = "date,open,high,low,close,volume\n2024-01-02,5,5,5,5,9\n2024-01-03,5,5,5,5,9\n"
    (tmp_path / "prices" / "cde.csv").write_text(rows)
    (tmp_path / "prices" / "hl.csv").write_text(rows + "2024-01-04,6,6,6,6,9\n")
    configuration = read_configuration(tmp_path / "metalwatch.yml", {})
    with closing(open_source(configuration)) as source:
        daemon = Daemon(configuration, Clock(), make_context(configuration, store, source), {})
        told = []
        for at in ("16:30", "17:30", "18:45"):
            daemon.clock = read_clock(f"2024-01-04T{at}-05:00")
            daemon.judge("XNYS")
            told.append(store.memories()["own/breadth", None].state.session)

    assert told == [date(2024, 1, 3), date(2024, 1, 3), date(2024, 1, 4)]
