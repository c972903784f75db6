"""Asking a source and keeping what came: gaps are filled, what is doubtful is held and told once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import pytest

from monitor.gather import Context, fetch
from monitor.prices.files import FileSource
from monitor.quality import Kind
from monitor.routing import everything
from monitor.storage.store import Store, open_store
from tests.support.made_up import CATALOGUE, sessions
from tests.support.rules import pack

DAYS = sessions(60)
CLOSES = [100.0 + number % 3 for number in range(60)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'gather.db'}")
    yield opened
    opened.close()


@pytest.fixture
def context(store: Store, tmp_path: Path) -> Context:
    source = FileSource(tmp_path / "prices", CATALOGUE)
    book = pack("high: {when: slv > 1000}")
    return Context(store=store, source=source, rulebook=book, routing=everything(["console"]))


def write(folder: Path, rows: dict[date, float]) -> None:
    """The file of slv."""
    (folder / "prices").mkdir(exist_ok=True)
    lines = [f"{day},{close}" for day, close in rows.items()]
    (folder / "prices" / "slv.csv").write_text("\n".join(["date,close", *lines]), encoding="utf-8")


def evening(day: date) -> datetime:
    return datetime.combine(day, time(22), UTC)


def held(store: Store, day: date) -> float | None:
    found = store.bars().filter(pl.col("session") == day)
    return None if found.is_empty() else float(found["close"].item())


def test_a_session_that_was_missing_weeks_ago_is_asked_for_again_and_put_in_its_place(
    context: Context, store: Store, tmp_path: Path
) -> None:
    rows = dict(zip(DAYS, CLOSES, strict=True))
    gap = DAYS[40]
    write(tmp_path, {day: close for day, close in rows.items() if day != gap and day < DAYS[59]})
    fetch(context, now=evening(DAYS[58]))
    before = held(store, gap)

    write(tmp_path, rows)
    fetch(context, now=evening(DAYS[59]))

    assert before is None
    assert held(store, gap) == rows[gap]


def test_a_revision_that_is_not_believable_does_not_replace_the_bar_that_is_held(
    context: Context, store: Store, tmp_path: Path
) -> None:
    rows: dict[date, float] = dict(zip(DAYS[:58], CLOSES, strict=False))
    write(tmp_path, rows)
    fetch(context, now=evening(DAYS[57]))

    write(tmp_path, {**rows, DAYS[56]: 583.0, DAYS[58]: 101.0})
    gathered = fetch(context, now=evening(DAYS[58]))

    assert held(store, DAYS[56]) == rows[DAYS[56]]
    assert Kind.SPIKE in [one.kind for one in gathered.findings]
    assert [row.title for row in store.outbox_rows()] == [f"WARNING slv: unconfirmed move, {DAYS[56]}"]


def test_what_is_doubted_is_told_once_and_rules_see_nothing_of_it(
    context: Context, store: Store, tmp_path: Path
) -> None:
    rows = dict(zip(DAYS[:58], CLOSES, strict=False)) | {DAYS[57]: 2000.0}
    write(tmp_path, rows)
    for _ in range(3):
        fetch(context, now=evening(DAYS[57]))

    assert store.bars()["status"][-1] == "quarantined"
    assert [row.title for row in store.outbox_rows()] == [f"WARNING slv: unconfirmed move, {DAYS[57]}"]
    assert "+1860.8%" in store.outbox_rows()[0].body


def test_a_history_on_another_base_is_asked_for_as_a_whole_and_is_one_finding(
    context: Context, store: Store, tmp_path: Path
) -> None:
    rows = dict(zip(DAYS[:58], CLOSES, strict=False))
    write(tmp_path, rows)
    fetch(context, now=evening(DAYS[57]))

    write(tmp_path, {day: close / 2 for day, close in rows.items()} | {DAYS[58]: 50.5})
    gathered = fetch(context, now=evening(DAYS[58]))

    assert [one.kind for one in gathered.findings] == [Kind.READJUSTMENT]
    assert held(store, DAYS[0]) == CLOSES[0] / 2
    assert store.outbox_rows() == []


def test_a_series_that_turns_into_another_is_told(context: Context, store: Store, tmp_path: Path) -> None:
    rows = dict(zip(DAYS[:58], CLOSES, strict=False))
    write(tmp_path, rows)
    fetch(context, now=evening(DAYS[57]))
    other = {day: close * (1.02 + 0.002 * number) for number, (day, close) in enumerate(rows.items())}

    write(tmp_path, other | {DAYS[58]: 118.0})
    gathered = fetch(context, now=evening(DAYS[58]))

    assert [one.kind for one in gathered.findings] == [Kind.ANOTHER_SERIES]
    assert [row.title for row in store.outbox_rows()] == [f"WARNING slv: another series?, {DAYS[57]}"]
