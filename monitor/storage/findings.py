"""What was found about prices, and what companies did to their own: splits and payments.  Each is kept once."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update

from monitor.bars import Action, ActionKind
from monitor.quality import Finding, Kind, Release
from monitor.storage import schema


def add_actions(connection: Connection, actions: Iterable[Action], *, seen_at: datetime, source: str) -> None:
    """Keep splits and payments; the value that a source gives last holds."""
    rows = [
        {
            "instrument": one.instrument,
            "session": one.session,
            "kind": one.kind.value,
            "value": one.value,
            "source": source,
            "seen_at": seen_at,
        }
        for one in actions
    ]
    schema.upsert(connection, schema.action, rows)


def actions(connection: Connection, instrument: str | None = None) -> list[Action]:
    """Splits and payments, by instrument and session."""
    table = schema.action
    wanted = select(table).order_by(table.c.instrument, table.c.session, table.c.kind)
    if instrument is not None:
        wanted = wanted.where(table.c.instrument == instrument)
    found = connection.execute(wanted)
    return [Action(row.instrument, row.session, ActionKind(row.kind), row.value) for row in found]


def add_findings(connection: Connection, found: Iterable[Finding], *, now: datetime) -> tuple[Finding, ...]:
    """Keep what was found, each once, and release once what was held; returns what is news."""
    return tuple(one for one in found if _add(connection, one, now))


def _add(connection: Connection, one: Finding, now: datetime) -> bool:
    table = schema.finding
    row = {
        "instrument": one.instrument,
        "session": one.session,
        "kind": one.kind.value,
        "seen": one.seen,
        "expected": one.expected,
        "reason": one.reason,
        "held": one.held,
        "released_by": one.released_by,
        "found_at": now,
    }
    if schema.insert_if_absent(connection, table, [row], key=table.c.instrument):
        return True
    if one.released_by is None:
        return False
    same = (getattr(table.c, name) == row[name] for name in ("instrument", "session", "kind"))
    values = {"held": False, "released_by": one.released_by.value}
    return connection.execute(update(table).where(*same, table.c.held).values(values)).rowcount == 1


def findings(connection: Connection, *, since: datetime | None = None) -> list[tuple[Finding, datetime]]:
    """What was found and when, oldest first."""
    table = schema.finding
    wanted = select(table).order_by(table.c.found_at, table.c.instrument, table.c.session, table.c.kind)
    if since is not None:
        wanted = wanted.where(table.c.found_at >= since)
    return [
        (
            Finding(
                instrument=row.instrument,
                session=row.session,
                kind=Kind(row.kind),
                seen=row.seen,
                expected=row.expected,
                reason=row.reason,
                released_by=Release(row.released_by) if row.released_by else None,
                held=row.held,
            ),
            row.found_at,
        )
        for row in connection.execute(wanted)
    ]
