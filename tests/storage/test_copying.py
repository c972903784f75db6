"""A history that is copied is the same history, also when it is numbered on; backups are databases."""

import resource
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.errors import StorageError, UsageError
from monitor.routing import Match
from monitor.storage import copying
from monitor.storage.copying import back_up, copy, count, tables
from monitor.storage.database import reading
from monitor.storage.records import Judging
from monitor.storage.store import Store, open_store
from tests.storage.examples import DAY, LATER, NOW, bar, bars, judged, message, transition


def ignore(_table: str, _rows: int) -> None:
    pass


def noted(at: datetime) -> Judging:
    """A time at which something was judged."""
    return Judging(at=at, seen_upto=at, judged_by="0.1 abc")


def everything(store: Store) -> dict[str, set[str]]:
    """Every row of every table."""
    with reading(store.engine) as connection:
        return {
            table.name: {
                repr(sorted(row.items(), key=str)) for row in connection.execute(select(table)).mappings()
            }
            for table in tables()
        }


def lived_in(url: str) -> Store:
    """A database with bars, judgings, messages that were sent and are owed, silences and a value of its own."""
    store = open_store(url)
    many = [bar(session=DAY - timedelta(days=days)) for days in range(1, 40)]
    store.add_bars(bars(bar(), bar("gold", close=None), *many), seen_at=NOW, source="files")
    store.add_bars(bar(close=31.123456789012345), seen_at=LATER, source="files")
    store.commit(replace(judged(transition()), judging=noted(NOW)), now=NOW)
    store.commit(judged(transition(instance="mp", session=DAY + timedelta(days=1))), now=LATER)
    row = store.claim(now=NOW, lease=timedelta(minutes=5), channel="mail")
    assert row is not None
    store.settle_sent(row, now=LATER)
    store.add_silence(Match(), reason="holiday", author="ann", since=NOW, until=None)
    store.set_meta("first_started_at", NOW.isoformat())
    return store


@pytest.fixture
def empty(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty database of the other kind."""
    other = open_store(
        str(tmp_path / "other.db")
        if url.startswith("postgresql")
        else request.getfixturevalue("postgres_url")
    )
    yield other
    other.close()


@pytest.fixture
def full(url: str) -> Iterator[Store]:
    store = lived_in(url)
    yield store
    store.close()


def test_a_copy_is_the_same_history_there_and_back(
    full: Store, empty: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ROWS_AT_ONCE", 7)
    seen: dict[str, int] = {}

    counts = copy(full, empty, step=lambda table, rows: seen.update({table: seen.get(table, 0) + rows}))

    assert everything(empty) == everything(full)
    assert counts == count(full) == {table.name: seen.get(table.name, 0) for table in tables()}
    assert counts["bar_version"] == 42
    assert empty.memories() == full.memories()
    assert empty.outbox_rows() == full.outbox_rows()
    back = open_store(str(tmp_path / "back.db"))
    copy(empty, back, step=ignore)
    assert everything(back) == everything(full)
    back.close()


def test_what_is_written_after_a_copy_is_numbered_on(full: Store, empty: Store) -> None:
    copy(full, empty, step=ignore)

    empty.enqueue([message(title="new")], now=LATER)

    assert [row.number for row in empty.outbox_rows()] == [1, 2, 3]
    assert empty.add_silence(Match(), reason="more", author="bob", since=NOW, until=None) == 2
    empty.commit(replace(judged(), judging=noted(LATER)), now=LATER)
    assert empty.judgings() == [noted(NOW), noted(LATER)]


def test_a_database_that_holds_something_is_not_copied_into(full: Store, empty: Store) -> None:
    empty.set_meta("a", "b")

    with pytest.raises(UsageError, match=r"is not empty \(meta: 1\); name an empty one, nothing was changed"):
        copy(full, empty, step=ignore)

    assert count(empty)["bar_version"] == 0


def test_a_copy_that_breaks_off_leaves_nothing(full: Store, empty: Store) -> None:
    def stop(table: str, _rows: int) -> None:
        if table == "transition":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(full, empty, step=stop)

    assert sum(count(empty).values()) == 0
    copy(full, empty, step=ignore)
    assert everything(empty) == everything(full)


def test_a_backup_is_a_database_with_the_same_history_while_others_read_and_write(
    full: Store, tmp_path: Path
) -> None:
    before = everything(full)
    with reading(full.engine):
        counts = back_up(full, tmp_path / "backup.db", step=ignore)
        full.set_meta("later", "than the backup")

    restored = open_store(str(tmp_path / "backup.db"))
    assert everything(restored) == before
    assert counts == count(restored)
    restored.close()
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]


def test_a_backup_replaces_none(full: Store, tmp_path: Path) -> None:
    (tmp_path / "backup.db").write_text("precious")

    with pytest.raises(UsageError, match=r"backup\.db is there already; name another file"):
        back_up(full, tmp_path / "backup.db", step=ignore)

    assert (tmp_path / "backup.db").read_text() == "precious"


def test_a_backup_into_a_folder_that_is_not_there_is_refused(full: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*nowhere; make it"):
        back_up(full, tmp_path / "nowhere" / "backup.db", step=ignore)


def test_a_backup_for_which_there_is_no_room_leaves_nothing(full: Store, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StorageError, match="disk"):
            back_up(full, tmp_path / "backups" / "backup.db", step=ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list((tmp_path / "backups").iterdir()) == []
