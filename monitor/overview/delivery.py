"""What lies in the outbox and why, in one line per channel."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from monitor.overview.words import counted
from monitor.routing import Routing
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


def later(rows: Iterable[OutboxRow], routing: Routing, *, now: datetime) -> list[str]:
    """Of each channel that is not to hear yet what is owed to it, for quiet hours or a rate: how much, and from when."""
    untried = [row for row in owed(rows) if not row.attempts]
    starts = [
        (row.channel, max(row.next_at, routing.over(row.channel, now, row.severity))) for row in untried
    ]
    waiting = sorted(start for start in starts if start[1] > now)
    return [_waits(name, [at for _, at in group]) for name, group in groupby(waiting, key=lambda one: one[0])]


def _waits(channel: str, starts: list[datetime]) -> str:
    wait = "waits" if len(starts) == 1 else "wait"
    return (
        f'channel "{channel}": {counted(len(starts), "message")} {wait} until {starts[0]:%Y-%m-%d %H:%M} UTC'
    )


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
