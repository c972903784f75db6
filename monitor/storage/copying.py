"""A whole history copied: from one database to an empty one, and into a backup file while a daemon runs.

A copy is one transaction on both sides, counted at its end, so that it is complete or not there at all.  A backup of
either database is one file of SQLite, which Metalwatch opens as it is, and copies back.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Table, func, insert, select, text

from monitor.errors import StorageError, UsageError
from monitor.storage import schema
from monitor.storage.database import reading, told, writing
from monitor.storage.store import Store, open_store

ROWS_AT_ONCE = 5_000

Counts = Mapping[str, int]
"""Rows by table."""
Step = Callable[[str, int], None]
"""Hears of a table and of how many rows were written just now."""


def tables() -> list[Table]:
    """What a history consists of, the tables that others refer to first; who leads is not part of it."""
    return [table for table in schema.metadata.sorted_tables if table is not schema.leader]


def count(store: Store) -> Counts:
    """How many rows each table has."""
    with reading(store.engine) as connection:
        return _counts(connection)


def copy(source: Store, target: Store, *, step: Step) -> Counts:
    """Copy every row into an empty database, as a whole or not at all; how many rows each table has now."""
    with reading(source.engine) as old, writing(target.engine) as new:
        if full := {name: rows for name, rows in _counts(new).items() if rows}:
            raise UsageError(
                f"the database {target.name} is not empty ({_listed(full)}); name an empty one, nothing was changed"
            )
        with told(source.engine):
            before = _counts(old)
        with closing(_parts(source, old)) as parts:
            for table, rows in parts:
                new.execute(insert(table), rows)
                step(table.name, len(rows))
        _settle_in(new)
        after = _counts(new)
        if after != before:
            raise StorageError(
                f"the copy in {target.name} is not whole ({_listed(before)} became {_listed(after)}); nothing was changed"
            )
    return after


def back_up(store: Store, file: Path, *, step: Step) -> Counts:
    """Copy the database as it is at this instant into a new file, looked over; nobody waits for it."""
    if file.exists():
        raise UsageError(f"{file} is there already; name another file, a backup replaces none")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}; make it, or name another file")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        counts = _copied(store, unfinished, step)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.rename(file)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"the backup {file} could not be written ({error}); nothing is left of it"
        ) from error
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{unfinished}{end}").unlink(missing_ok=True)
    return counts


def _copied(store: Store, file: Path, step: Step) -> Counts:
    if store.engine.dialect.name == "sqlite":
        _copy_pages(store, file)
    with closing(open_store(str(file))) as copied:
        if store.engine.dialect.name != "sqlite":
            copy(store, copied, step=step)
        if faults := copied.faults():
            raise StorageError(f"the backup is damaged ({faults[0]}); check the disk, and try again")
        return count(copied)


def _copy_pages(store: Store, file: Path) -> None:
    """SQLite's own way: one state of the file, all pages in one step, while others read and write."""
    with closing(store.engine.raw_connection()) as pooled, closing(sqlite3.connect(file)) as copied:
        cast("sqlite3.Connection", pooled.driver_connection).backup(copied)


def _counts(connection: Connection) -> Counts:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables()
    }


def _parts(source: Store, connection: Connection) -> Generator[tuple[Table, Sequence[dict[str, Any]]]]:
    """The rows of every table, some thousand at a time."""
    for table in tables():
        with told(source.engine):
            found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        with closing(found):
            while rows := _fetched(source, found):
                yield table, rows


def _fetched(source: Store, found: CursorResult[Any]) -> Sequence[dict[str, Any]]:
    with told(source.engine):
        return [dict(row) for row in found.mappings().fetchmany(ROWS_AT_ONCE)]


def _settle_in(connection: Connection) -> None:
    """Let PostgreSQL number on from the last row, and learn how many there are."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables():
        column = table.autoincrement_column
        last = None if column is None else connection.execute(select(func.max(column))).scalar()
        if column is not None and last is not None:
            sequence = {"table": table.name, "column": column.name, "last": last}
            connection.execute(
                text("select setval(pg_get_serial_sequence(:table, :column), :last)"), sequence
            )
    connection.execute(text(f"analyze {', '.join(table.name for table in tables())}"))


def _listed(counts: Counts) -> str:
    return ", ".join(f"{name}: {rows:,}" for name, rows in counts.items() if rows) or "no rows"
