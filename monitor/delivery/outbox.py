"""Empty the outbox: claim a message with a lease, send it outside any transaction, settle it.

At least once: a process that dies between sending and settling leaves a lease that runs out, and the message is sent
again, marked as a possible repeat; not so on a channel that may be sent to at most once.  The messages about one
instance keep their order, those about one episode that wait together are told as one, and no channel waits for
another.  A channel that fails again and again is left alone for a while.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from monitor.alerts import Severity
from monitor.delivery.channel import Channel, NoAnswerError
from monitor.delivery.pictures import picture_of
from monitor.delivery.retry import left_alone_until, next_attempt
from monitor.errors import DeliveryError
from monitor.messages import PICTURE, Form, Message, joined, noted
from monitor.storage.records import OutboxRow, Outcome
from monitor.storage.store import Store

LEASE = timedelta(minutes=5)
"""Longer than any channel may take over one message."""

POSSIBLE_REPEAT = "(possible repeat)"
MEANWHILE = "What happened before this channel could be reached:"
MANY = 20
"""So many messages, or more, that were held up are told as one."""
LINES = 40
MOST_AT_ONCE = 8
"""Channels that are sent to at the same time."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the messages that were due."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a channel may be sent to."""

    rate: tuple[int, timedelta] | None = None
    """At most so many messages in such a span."""
    at_most_once: bool = False
    """A message that may have arrived is not sent again: it costs money, or wakes somebody."""


def deliver_due(
    store: Store,
    channels: Mapping[str, Channel],
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    terms: Mapping[str, Terms] | None = None,
) -> Delivered:
    """Send every message that is due, until none is left or its channel fails; channels do not wait for each other."""
    work = partial(_empty, store, channels, now=now, jitter=jitter, terms=terms or {})
    total: Counter[Outcome] = Counter()
    waiting: set[str] = set()
    while named := [one for one in store.channels_due(now=now()) if one not in waiting]:
        for name, ended in zip(named, _at_once(work, named), strict=True):
            total += ended
            if not ended or ended[Outcome.RETRY]:
                waiting.add(name)
    return Delivered(total[Outcome.SENT], total[Outcome.RETRY], total[Outcome.DEAD])


def _at_once(work: Callable[[str], Counter[Outcome]], names: Sequence[str]) -> list[Counter[Outcome]]:
    if len(names) == 1:
        return [work(names[0])]
    with ThreadPoolExecutor(min(len(names), MOST_AT_ONCE), thread_name_prefix="deliver") as pool:
        return list(pool.map(work, names))


def _empty(
    store: Store,
    channels: Mapping[str, Channel],
    name: str,
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    terms: Mapping[str, Terms],
) -> Counter[Outcome]:
    """One channel's messages, in order, until none is due, the channel fails, or its rate is used up."""
    ended: Counter[Outcome] = Counter()
    own = terms.get(name, Terms())
    while not _is_used_up(store, name, own, now()):
        row = store.claim(now=now(), lease=LEASE, channel=name, at_most_once=own.at_most_once)
        if row is None:
            break
        outcome = _deliver(store, row, channels, now, jitter)
        ended[outcome] += 1
        if outcome is Outcome.RETRY:
            break
    return ended


def _is_used_up(store: Store, name: str, own: Terms, now: datetime) -> bool:
    if own.rate is None:
        return False
    most, span = own.rate
    return store.attempts_since(name, now - span) >= most


def _deliver(
    store: Store,
    row: OutboxRow,
    channels: Mapping[str, Channel],
    now: Callable[[], datetime],
    jitter: Callable[[], float],
) -> Outcome:
    more, is_all = store.to_merge(row, now=now(), most=MANY)
    picture, missing = (None, "") if more or row.attempts > 1 else picture_of(row)
    try:
        _send(_together(row, more, listed=is_all), channels, picture, missing)
    except DeliveryError as failure:
        # It may be the picture that was refused: the next attempt goes without.
        error = DeliveryError(str(failure)) if picture and failure.permanent else failure
        return _settle_failed(store, row, error, channels, now=now(), jitter=jitter())
    store.settle_sent(row, now=now(), merged=[one.key for one in more])
    return Outcome.SENT


def _together(row: OutboxRow, more: Sequence[OutboxRow], *, listed: bool) -> OutboxRow:
    """A message with those that are merged into it: the newest one's title, and all of their words.

    Where there are very many, a line of each is told, and of the oldest only how many they are.
    """
    if not more:
        return row
    every = sorted([row, *more], key=lambda one: one.number)
    repeat = any(one.possible_repeat for one in every)
    if not listed:
        parts = [(one.title, one.body, one.form) for one in every]
        body, form = joined(MEANWHILE, parts)
        return replace(row, title=every[-1].title, body=body, form=form, possible_repeat=repeat)
    titles = [one.title for one in every]
    left_out = len(titles) - LINES
    lines = [f"and {left_out:,} older ones: metalwatch alerts"] if left_out > 0 else []
    title = f"{len(every):,} messages were held up"
    body = "\n".join([*lines, *titles[-LINES:]])
    return replace(row, title=title, body=body, form=Form.TEXT, possible_repeat=repeat)


def _send(row: OutboxRow, channels: Mapping[str, Channel], picture: bytes | None, missing: str) -> None:
    channel = channels.get(row.channel)
    if channel is None:
        raise DeliveryError(f'there is no channel "{row.channel}" in the settings any more', permanent=True)
    body = row.body if picture else row.body.replace(PICTURE, "")
    for note in (missing, POSSIBLE_REPEAT if row.possible_repeat else ""):
        body = noted(body, row.form, note) if note else body
    channel.send(row.title, body, row.severity, row.form, picture)


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
        store.settle_retry(
            row,
            now=now,
            next_at=again,
            error=str(error),
            may_have_arrived=lost,
            left_alone_until=left_alone_until(store.failures(row.channel) + 1, now, jitter=jitter),
        )
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
