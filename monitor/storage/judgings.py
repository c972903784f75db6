"""When something was judged, over which bars and by which rules: what the self-check judges again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from monitor.judge import Memory
from monitor.rules import InstanceKey
from monitor.storage import schema
from monitor.storage.codec import from_plain, to_plain
from monitor.storage.records import Judging

KEPT = timedelta(days=50)


def add(connection: Connection, one: Judging) -> None:
    """Note a time at which something was judged; what is too old to be of use goes."""
    table = schema.judging
    if one.before is not None:
        connection.execute(delete(table).where(table.c.at < one.at - KEPT))
    row = {
        "at": one.at,
        "seen_upto": one.seen_upto,
        "judged_by": one.judged_by,
        "packs": one.packs,
        "before": None if one.before is None else [_plain(*item) for item in one.before.items()],
    }
    connection.execute(insert(table).values(row))


def judgings(connection: Connection) -> list[Judging]:
    """Every time that is noted, in order."""
    table = schema.judging
    return [
        Judging(
            at=row.at,
            seen_upto=row.seen_upto,
            judged_by=row.judged_by,
            packs=row.packs,
            before=None if row.before is None else dict(map(_memory, row.before)),
        )
        for row in connection.execute(select(table).order_by(table.c.number))
    ]


def last(connection: Connection, *, with_before: bool = False) -> tuple[datetime, str] | None:
    """When something was judged last, and by what; or when it was noted last what had been remembered before."""
    table = schema.judging
    wanted = select(table.c.at, table.c.judged_by).order_by(table.c.number.desc()).limit(1)
    if with_before:
        wanted = wanted.where(table.c.before.is_not(None))
    row = connection.execute(wanted).first()
    return None if row is None else (row.at, row.judged_by)


def _plain(key: InstanceKey, memory: Memory) -> dict[str, Any]:
    return {"rule": key[0], "instance": key[1], "memory": to_plain(memory)}


def _memory(plain: Mapping[str, Any]) -> tuple[InstanceKey, Memory]:
    return (plain["rule"], plain["instance"]), from_plain(Memory, plain["memory"])
