"""What the outbox itself says: of messages that waited together, of one that comes late or again, and of one given up.

Pure: rows in, words out.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.alerts import Severity
from monitor.messages import Form, Message, aged, joined
from monitor.storage.records import OutboxRow, Owed

POSSIBLE_REPEAT = "(possible repeat)"
MEANWHILE = "What waited until now:"
"""For a channel that was away as for one that was not to be disturbed."""
LINES = 40
DELAY = timedelta(minutes=15)
"""A message that comes so long after it could have been sent says so."""

_WHY = {
    Owed.DEAD: "Given up",
    Owed.EXPIRED: "Its time is up, given up",
    Owed.UNKNOWN: "It may have arrived, and this channel is sent to at most once: given up",
}


def together(row: OutboxRow, more: Sequence[OutboxRow], *, listed: bool) -> OutboxRow:
    """A message with those that are merged into it: the title of the newest of the loudest, and all of their words.

    Where there are very many, a line of each is told, and of the oldest only how many they are.
    """
    if not more:
        return row
    every = sorted([row, *more], key=lambda one: one.number)
    loudest = max(every, key=lambda one: (one.severity.rank, one.number))
    repeat = any(one.possible_repeat for one in every)
    if listed:
        many = f"{len(every):,} messages were held up"
        title = f"CRITICAL: {many}" if loudest.severity is Severity.CRITICAL else many
        body, form = _titles(every), Form.TEXT
    else:
        title = loudest.title
        body, form = joined(MEANWHILE, [(one.title, one.body, one.form) for one in every])
    return replace(row, title=title, body=body, form=form, severity=loudest.severity, possible_repeat=repeat)


def _titles(rows: Sequence[OutboxRow]) -> str:
    left_out = len(rows) - LINES
    first = [f"and {left_out:,} older ones: metalwatch alerts"] if left_out > 0 else []
    return "\n".join([*first, *(one.title for one in rows[-LINES:])])


def remarks(row: OutboxRow, *, now: datetime) -> Iterator[str]:
    """What is said below a message about its way here."""
    due = row.next_at if row.attempts == 1 else row.created_at  # quiet hours are no delay
    if now - due >= DELAY:
        yield f"(delayed {aged(now - due)}, written {row.created_at:%Y-%m-%d %H:%M} UTC)"
    if row.possible_repeat:
        yield POSSIBLE_REPEAT


def notice(row: OutboxRow, more: Sequence[OutboxRow], channel: str, *, end: Owed, error: str) -> Message:
    """The news, for another channel, that a message was given up, with those merged into it."""
    every = sorted([row, *more], key=lambda one: one.number)
    key = hashlib.sha256(f"given up\x1f{row.key}\x1f{channel}".encode()).hexdigest()[:32]
    times = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
    what = row.title if not more else f"{len(every):,} messages"
    lines = [f"{_WHY[end]} after {times}: {error}.", *([_titles(every)] if more else [])]
    return Message(
        channel=channel,
        session=row.session,
        severity=max([Severity.WARNING, *(one.severity for one in every)], key=lambda one: one.rank),
        title=f'Not delivered on channel "{row.channel}": {what}',
        body="\n".join([*lines, f"ref {row.ref}: metalwatch explain {row.ref}"]),
        transitions=(),
        key=key,
    )
