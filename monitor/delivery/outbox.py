"""Empty the outbox: claim a message with a lease, send it outside any transaction, settle it.

At least once: a process that dies between sending and settling leaves a lease that runs out, and the
message is sent again, marked as a possible repeat.  A channel's messages keep their order, so one that
must be tried again holds back those behind it, and no other channel's.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerts import Severity
from monitor.delivery.channel import Channel, NoAnswerError
from monitor.delivery.retry import next_attempt
from monitor.errors import DeliveryError
from monitor.messages import Message
from monitor.storage.records import OutboxRow, Outcome
from monitor.storage.store import Store

LEASE = timedelta(minutes=5)
"""Longer than any channel may take over one message."""

POSSIBLE_REPEAT = "(possible repeat)"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the messages that were due."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


def deliver_due(
    store: Store, channels: Mapping[str, Channel], *, now: Callable[[], datetime], jitter: Callable[[], float]
) -> Delivered:
    """Send every message that is due, each channel's in order, until none is left or its channel fails."""
    ended: Counter[Outcome] = Counter()
    waiting: set[str] = set()
    while claimed := store.claim(now=now(), lease=LEASE, limit=1, skip=waiting):
        (row,) = claimed
        outcome = _deliver(store, row, channels, now, jitter)
        ended[outcome] += 1
        if outcome is Outcome.RETRY:
            waiting.add(row.channel)
    return Delivered(ended[Outcome.SENT], ended[Outcome.RETRY], ended[Outcome.DEAD])


def _deliver(
    store: Store,
    row: OutboxRow,
    channels: Mapping[str, Channel],
    now: Callable[[], datetime],
    jitter: Callable[[], float],
) -> Outcome:
    try:
        _send(row, channels)
    except DeliveryError as error:
        return _settle_failed(store, row, error, channels, now=now(), jitter=jitter())
    store.settle_sent(row, now=now())
    return Outcome.SENT


def _send(row: OutboxRow, channels: Mapping[str, Channel]) -> None:
    channel = channels.get(row.channel)
    if channel is None:
        raise DeliveryError(f'there is no channel "{row.channel}" in the settings any more', permanent=True)
    body = f"{row.body}\n{POSSIBLE_REPEAT}" if row.possible_repeat else row.body
    channel.send(row.title, body, row.severity)


def _settle_failed(
    store: Store,
    row: OutboxRow,
    error: DeliveryError,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    jitter: float,
) -> Outcome:
    again = (
        None if error.permanent else next_attempt(row.attempts, now, created_at=row.created_at, jitter=jitter)
    )
    if again is not None:
        lost = isinstance(error, NoAnswerError)
        store.settle_retry(row, now=now, next_at=again, error=str(error), may_have_arrived=lost)
        return Outcome.RETRY
    notices = [] if row.about else [_notice(row, name, error) for name in channels if name != row.channel]
    store.settle_dead(row, now=now, error=str(error), notices=notices)
    return Outcome.DEAD


def _notice(row: OutboxRow, channel: str, error: DeliveryError) -> Message:
    """The news, for another channel, that a message was given up.  Of a lost notice there is none."""
    key = hashlib.sha256(f"given up\x1f{row.key}\x1f{channel}".encode()).hexdigest()[:32]
    times = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
    return Message(
        channel=channel,
        session=row.session,
        severity=max(Severity.WARNING, row.severity, key=lambda severity: severity.rank),
        title=f'Not delivered on channel "{row.channel}": {row.title}',
        body=f"Given up after {times}: {error}.\nref {row.ref}: metalwatch explain {row.ref}",
        transitions=(),
        key=key,
    )
