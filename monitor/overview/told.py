"""What people were told: a row for each message, with every attempt to deliver it."""

from collections.abc import Iterable
from datetime import datetime

from monitor.overview.row import Row
from monitor.overview.words import discreet
from monitor.storage.records import OutboxRow, Outcome, Owed
from monitor.storage.store import Store


class AttemptRow(Row):
    """One try to deliver a message."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    """null: it is under way, or its process died."""
    error: str | None
    """What the channel said, without secrets, paths and addresses."""


class MessageRow(Row):
    """One message on one channel, and how far it has come."""

    ref: str
    channel: str
    title: str
    status: Owed
    created_at: datetime
    sent_at: datetime | None
    deferred_until: datetime | None
    """The end of the quiet hours in which it was written; null: there were none."""
    next_at: datetime | None
    """Of one that is owed: from when on it is sent."""
    merged_into: str | None
    """The ref of the message that tells it."""
    possible_repeat: bool
    """An earlier attempt may have arrived."""
    last_error: str | None
    attempts: tuple[AttemptRow, ...]


def message_row(store: Store, row: OutboxRow) -> MessageRow:
    """A message as it is shown."""
    return MessageRow(
        ref=row.ref,
        channel=row.channel,
        title=discreet(row.title),
        status=row.status,
        created_at=row.created_at,
        sent_at=row.sent_at,
        deferred_until=row.deferred_until,
        next_at=row.next_at if row.status in (Owed.PENDING, Owed.RETRY) else None,
        merged_into=row.merged_into[:8] if row.merged_into else None,
        possible_repeat=row.possible_repeat,
        last_error=discreet(row.last_error or "") or None,
        attempts=tuple(
            AttemptRow(
                number=one.number,
                started_at=one.started_at,
                ended_at=one.ended_at,
                outcome=one.outcome,
                error=discreet(one.error or "") or None,
            )
            for one in store.attempts(row.key)
        ),
    )


def message_rows(store: Store, transitions: Iterable[str]) -> dict[str, list[MessageRow]]:
    """The messages that carry each of some transitions."""
    found: dict[str, list[MessageRow]] = {}
    for row in store.carriers(transitions):
        shown = message_row(store, row)
        for one in row.transitions:
            found.setdefault(one, []).append(shown)
    return found
