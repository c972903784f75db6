"""The self-check: what is stored is judged again and comes out the same, unless somebody changed it."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cycle import judge_new
from monitor.gather import Context
from monitor.prices.sample import SampleSource
from monitor.routing import everything
from monitor.rules import Rulebook
from monitor.selfcheck import REMEMBERED_EVERY, Recheck, material, recheck
from monitor.storage.database import writing
from monitor.storage.store import Store, open_store
from monitor.wellbeing import is_check_due, keep_check, last_check
from tests.backtest.test_as_known import POLLS, Poll, live
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, instrument, made, sessions
from tests.support.rules import pack
from tests.test_semantics_properties import MARKETS, RULES, Market, book_of

RULE = "high: {when: gold > 2, clear_when: gold < 1.5}"
BOOK = pack(RULE)
LATER = datetime(2024, 1, 20, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    open_store(str(path)).close()
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(shutil.copy(template, tmp_path / "checked.db")))
    yield opened
    opened.close()


def context(store: Store, book: Rulebook = BOOK) -> Context:
    return Context(store, SampleSource(), book, routing=everything(["console"]))


def day_by_day(store: Store, closes: Sequence[float], book: Rulebook = BOOK) -> None:
    """A poll and a judgement after each session."""
    for number, session in enumerate(sessions(len(closes)), start=1):
        now = datetime(session.year, session.month, session.day, 23, tzinfo=UTC)
        store.add_bars(made({"gold": closes[:number]}), seen_at=now, source="made up")
        judge_new(context(store, book), now=now)


def checked(store: Store, book: Rulebook = BOOK, *, now: datetime = LATER) -> Recheck:
    return recheck(book, material(store, book, now=now))


def tampered(store: Store, statement: str) -> None:
    with writing(store.engine) as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0


def health_titles(store: Store) -> list[str]:
    return [row.title for row in store.outbox_rows() if not row.transitions]


CLOSES = [1.0, 1.6, 2.4, 2.2, 1.8, 1.2, 1.1, 2.6]


@examples(12)
@given(RULES, RULES, MARKETS, POLLS, st.integers(0, 5))
def test_an_honest_database_comes_out_the_same_whatever_was_late_revised_doubted_or_edited(
    template: Path, rule: str, edit: str, market: Market, polls: Sequence[Poll], edited: int
) -> None:
    books = [book_of(edit if number >= edited else rule) for number in range(len(polls))]
    store = open_store(str(shutil.copy(template, template.with_suffix(".example"))))

    live(store, market, polls, books)
    found = checked(store, books[-1])
    store.close()

    assert found.differences == ()


def test_all_of_the_last_month_is_judged_again(store: Store) -> None:
    day_by_day(store, CLOSES)

    found = checked(store)

    assert (found.evaluations, found.transitions, found.differences) == (8, 3, ())
    assert str(found) == (
        "8 evaluations and 3 transitions since 2024-01-01 23:00 UTC were judged again and came out the same"
    )


def test_a_price_that_was_changed_is_named_with_its_session(store: Store) -> None:
    day_by_day(store, CLOSES)
    tampered(store, "UPDATE bar_version SET close = 1.9 WHERE session = unixepoch('2024-01-03') / 86400")

    found = checked(store)

    first = found.differences[0]
    assert (first.session, first.what) == (date(2024, 1, 3), "gold 2024-01-03")
    assert first.told == (
        "gold 2024-01-03: judged with 2.4 of 2024-01-03, known 2024-01-03 21:00 UTC, "
        "and stored is 1.9 of 2024-01-03, known 2024-01-03 21:00 UTC"
    )
    assert any("2024-01-03: open is stored, and does not come" in one.told for one in found.differences)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "DELETE FROM \"transition\" WHERE kind = 'resolve'",
            "p/high 2024-01-08: resolve comes when it is judged again",
        ),
        (
            "UPDATE \"transition\" SET id = 'forged' WHERE kind = 'resolve'",
            "p/high 2024-01-08: resolve is stored",
        ),
        (
            "DELETE FROM evaluation WHERE session = '2024-01-08'",
            "p/high 2024-01-08: is judged now, and was not",
        ),
        (
            "DELETE FROM bar_version WHERE session = unixepoch('2024-01-10') / 86400",
            "gold 2024-01-10: judged with 2.6",
        ),
        (
            "UPDATE evaluation SET phase = 'ok' WHERE session = '2024-01-03'",
            "was fire and ok, and is fire and firing",
        ),
    ],
)
def test_what_was_taken_away_or_forged_is_found(store: Store, statement: str, told: str) -> None:
    day_by_day(store, CLOSES)
    tampered(store, statement)

    assert any(told in one.told for one in checked(store).differences)


def test_what_was_before_an_edit_is_judged_again_by_the_rules_of_then(store: Store) -> None:
    edited = pack(RULE.replace("> 2", "> 2.3"))
    day_by_day(store, CLOSES[:4])
    judge_new(context(store, edited), now=datetime(2024, 1, 5, 1, tzinfo=UTC))

    honest = checked(store, edited)
    tampered(store, "UPDATE bar_version SET close = 1.9 WHERE session = unixepoch('2024-01-03') / 86400")

    assert (honest.evaluations, honest.differences) == (4, ())
    assert checked(store, edited).differences[0].what == "gold 2024-01-03"
    assert honest.since == datetime(2024, 1, 1, 23, tzinfo=UTC)


def test_another_catalogue_begins_anew(store: Store) -> None:
    day_by_day(store, CLOSES[:4])
    instruments = {**CATALOGUE.instruments, "tin": instrument("tin")}
    book = pack(RULE, catalogue=replace(CATALOGUE, instruments=instruments))
    assert checked(store, book).since is None

    after = datetime(2024, 1, 5, 22, tzinfo=UTC)
    store.add_bars(made({"gold": CLOSES[:5]}), seen_at=after, source="made up")
    judge_new(context(store, book), now=after)

    assert (checked(store, book).since, checked(store, book).differences) == (after, ())


def test_it_begins_at_the_newest_memory_that_is_a_month_old(store: Store) -> None:
    day_by_day(store, [1.0, 2.5] * 30)

    kept = [one.at for one in store.judgings() if one.before is not None]
    found = checked(store, now=kept[-1] + timedelta(days=31))

    assert {later - earlier for earlier, later in pairwise(kept)} == {REMEMBERED_EVERY}
    assert found.since == kept[-1]
    assert checked(store, now=kept[2]).since == kept[0]
    assert kept[-1] - kept[0] < timedelta(days=50)


def test_a_night_is_checked_once_and_a_difference_is_told_once(store: Store) -> None:
    day_by_day(store, CLOSES)
    assert is_check_due(store, now=LATER)

    keep_check(context(store), checked(store), now=LATER)

    assert health_titles(store) == []
    assert not is_check_due(store, now=LATER + timedelta(hours=20))
    assert is_check_due(store, now=LATER + timedelta(hours=24))
    tampered(store, "UPDATE bar_version SET close = 1.9 WHERE session = unixepoch('2024-01-03') / 86400")
    for night in (1, 2):
        keep_check(context(store), checked(store), now=LATER + timedelta(days=night))

    assert health_titles(store) == ["WARNING self-check: judged again, gold 2024-01-03 is not what it was"]
    done = last_check(store)
    assert done is not None
    assert not done.well


def test_metrics_that_another_release_of_a_library_rounds_otherwise_are_the_same(store: Store) -> None:
    day_by_day(store, CLOSES)
    stored = material(store, BOOK, now=LATER)
    assert stored is not None
    nearly = tuple(
        replace(one, values={name: value and value * (1 + 1e-12) for name, value in one.values.items()})
        for one in stored.evaluations
    )

    assert recheck(BOOK, replace(stored, evaluations=nearly)).differences == ()
