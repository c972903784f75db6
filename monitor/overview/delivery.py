"""What lies in the outbox and why, in one line per channel."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from monitor.overview.words import counted
from monitor.storage.records import GIVEN_UP, OPEN, OutboxRow

LATELY = timedelta(days=7)
"""So long after it was written a message that was given up is something wrong."""


def owed(rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """The messages that are still to be sent."""
    return [row for row in rows if row.status in OPEN]


def given_up(rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """The messages that are not sent any more, although nobody knows that they arrived."""
    return [row for row in rows if row.status in GIVEN_UP]


def failures(rows: Iterable[OutboxRow], *, now: datetime) -> list[str]:
    """Of each channel that did not take what it was sent lately: how much, and the last reason it gave."""
    every = list(rows)
    lately = [row for row in given_up(every) if now - row.created_at <= LATELY]
    failed = [row for row in (*owed(every), *lately) if row.last_error]
    failed.sort(key=lambda row: (row.channel, row.status in GIVEN_UP, row.number))
    return [
        _line(channel, list(group), dead=dead)
        for (channel, dead), group in groupby(failed, key=lambda row: (row.channel, row.status in GIVEN_UP))
    ]


def _line(channel: str, rows: list[OutboxRow], *, dead: bool) -> str:
    first = rows[0]
    if dead:
        what = f"{counted(len(rows), 'message')} given up (`metalwatch explain {first.ref}`)"
    else:
        attempts = counted(first.attempts, "attempt")
        what = (
            f"not delivered after {attempts}, still owed, tried again from {first.next_at:%Y-%m-%d %H:%M} UTC"
        )
    return f'channel "{channel}": {what}: {first.last_error}'
