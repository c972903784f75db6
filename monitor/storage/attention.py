"""Silences and acknowledgements: what people asked not to hear."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from monitor.alerts import Severity
from monitor.routing import Match
from monitor.silences import Acknowledged, Silence
from monitor.storage import schema

LARGEST = 2**31 - 1
"""No database counts silences beyond."""


def add_silence(
    connection: Connection, match: Match, *, reason: str, author: str, since: datetime, until: datetime | None
) -> int:
    """Keep a silence; returns its number."""
    row = {
        "match": {
            "severity": sorted(one.value for one in match.severity),
            "pack": match.pack,
            "rule": match.rule,
            "instrument": match.instrument,
            "labels": dict(match.labels),
        },
        "reason": reason,
        "author": author,
        "since": since,
        "until": until,
    }
    table = schema.silence
    number: int = connection.execute(insert(table).values(row).returning(table.c.number)).scalar_one()
    return number


def end_silence(connection: Connection, number: int, *, at: datetime) -> bool:
    """Let a silence end now; False when there is none of that number that still holds."""
    if abs(number) > LARGEST:
        return False
    table = schema.silence
    holds = (table.c.number == number, (table.c.until.is_(None)) | (table.c.until > at))
    return connection.execute(update(table).where(*holds).values(until=at)).rowcount == 1


def silences(connection: Connection) -> list[Silence]:
    """Every silence, those that ended too, oldest first."""
    table = schema.silence
    found = connection.execute(select(table).order_by(table.c.number))
    return [
        Silence(
            number=row.number,
            match=Match(
                severity=frozenset(Severity(one) for one in row.match["severity"]),
                pack=tuple(row.match["pack"]),
                rule=tuple(row.match["rule"]),
                instrument=tuple(row.match["instrument"]),
                labels=row.match["labels"],
            ),
            reason=row.reason,
            author=row.author,
            since=row.since,
            until=row.until,
        )
        for row in found
    ]


def acknowledge(connection: Connection, one: Acknowledged) -> None:
    """Keep an acknowledgement; the last one of an episode holds."""
    row = {
        "rule": one.rule,
        "instance": one.instance or "",
        "episode": one.episode,
        "author": one.author,
        "note": one.note,
        "at": one.at,
    }
    schema.upsert(connection, schema.acknowledged, [row])


def acknowledged(connection: Connection) -> list[Acknowledged]:
    """Every acknowledgement, oldest first."""
    table = schema.acknowledged
    found = connection.execute(select(table).order_by(table.c.at, table.c.rule, table.c.instance))
    return [
        Acknowledged(
            rule=row.rule,
            instance=row.instance or None,
            episode=row.episode,
            author=row.author,
            note=row.note,
            at=row.at,
        )
        for row in found
    ]
