"""What lies in the outbox and why, in one line per channel."""

from collections.abc import Iterable
from itertools import groupby

from monitor.overview.words import counted
from monitor.storage.records import OutboxRow, Owed

STILL_OWED = frozenset({Owed.PENDING, Owed.SENDING, Owed.RETRY})


def owed(rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """The messages that are still to be sent."""
    return [row for row in rows if row.status in STILL_OWED]


def failures(rows: Iterable[OutboxRow]) -> list[str]:
    """Of each channel that did not take what it was sent: how much, and the last reason it gave."""
    failed = [row for row in rows if row.last_error and row.status in (Owed.RETRY, Owed.SENDING, Owed.DEAD)]
    failed.sort(key=lambda row: (row.channel, row.status is Owed.DEAD, row.number))
    return [
        _line(channel, list(group), dead=dead)
        for (channel, dead), group in groupby(failed, key=lambda row: (row.channel, row.status is Owed.DEAD))
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
