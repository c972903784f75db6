"""Empty the outbox: claim a message with a lease, send it outside any transaction, settle it.

At least once: a process that dies between sending and settling leaves a lease that runs out, and the message is sent
again, marked as a possible repeat; not so on a channel that may be sent to at most once.  The messages about one
instance keep their order, those about one episode that wait together are told as one, and no channel waits for
another.  A channel that fails again and again is left alone for a while.  What is given up is told on the others.
"""

from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from monitor.alerts import Severity
from monitor.delivery.channel import Channel, NoAnswerError
from monitor.delivery.pictures import picture_of
from monitor.delivery.retry import PATIENCE, left_alone_until, next_attempt
from monitor.delivery.wording import notice, remarks, together
from monitor.errors import DeliveryError
from monitor.messages import PICTURE, noted
from monitor.routing import QuietHours
from monitor.storage.records import GivenUp, OutboxRow, Outcome, Owed
from monitor.storage.store import Store

LEASE = timedelta(minutes=5)
"""Longer than any channel may take over one message."""

MANY = 20
"""So many messages, or more, that were held up are told as one."""
MOST_AT_ONCE = 8
"""Channels that are sent to at the same time."""
ABANDONED = "nobody knows whether it arrived"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the messages that were due."""

    sent: int = 0
    retried: int = 0
    dead: int = 0
    """Given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a channel may be sent to."""

    rate: tuple[int, timedelta] | None = None
    """At most so many messages in such a span."""
    at_most_once: bool = False
    """A message that may have arrived is not sent again: it costs money, or wakes somebody."""
    quiet: QuietHours | None = None
    """When it is left alone: also with what should have been sent before, and could not."""

    def loud_enough(self, now: datetime) -> tuple[Severity, ...]:
        """The severities of messages that may be sent now."""
        return tuple(one for one in Severity if self.quiet is None or self.quiet.over(now, one) <= now)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that its channel took, with those merged into it, and when."""

    row: OutboxRow
    merged: tuple[str, ...]
    at: datetime


Unwritten = MutableMapping[str, Taken]
"""What was taken and is not written down, by key: the database refused it.  It is not sent again by this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What the steps of one delivery share."""

    store: Store
    channels: Mapping[str, Channel]
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    terms: Mapping[str, Terms]
    lease: timedelta
    unwritten: Unwritten

    def terms_of(self, channel: str) -> Terms:
        return self.terms.get(channel, Terms())


def deliver_due(  # noqa: PLR0913 - all that a delivery depends on is told
    store: Store,
    channels: Mapping[str, Channel],
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    terms: Mapping[str, Terms] | None = None,
    lease: timedelta = LEASE,
    unwritten: Unwritten | None = None,
) -> Delivered:
    """Send every message that is due, until none is left or its channel fails; channels do not wait for each other.

    Whoever delivers again and again passes the same `unwritten` each time; whose clock runs faster, a longer `lease`.
    """
    left = {} if unwritten is None else unwritten
    work = _Work(
        store=store, channels=channels, now=now, jitter=jitter, terms=terms or {}, lease=lease, unwritten=left
    )
    for taken in list(left.values()):
        _write_down(work, taken)
    total: Counter[Outcome] = Counter()
    waiting: set[str] = set()
    while named := [one for one in store.channels_due(now=now()) if one not in waiting]:
        for name, ended in zip(named, _at_once(partial(_empty, work), named), strict=True):
            total += ended
            if not ended or ended[Outcome.RETRY]:
                waiting.add(name)
    return Delivered(total[Outcome.SENT], total[Outcome.RETRY], total[Outcome.DEAD] + total[Outcome.UNKNOWN])


def _at_once(empty: Callable[[str], Counter[Outcome]], names: Sequence[str]) -> list[Counter[Outcome]]:
    if len(names) == 1:
        return [empty(names[0])]
    with ThreadPoolExecutor(min(len(names), MOST_AT_ONCE), thread_name_prefix="deliver") as pool:
        return list(pool.map(empty, names))


def _empty(work: _Work, name: str) -> Counter[Outcome]:
    """One channel's messages, in order, until none is due, the channel fails, or its rate is used up."""
    ended: Counter[Outcome] = Counter()
    own = work.terms_of(name)
    while not _is_used_up(work, name):
        now = work.now()
        for lost in work.store.abandoned(name, now=now) if own.at_most_once else ():
            _give_up(work, lost, (), end=Owed.UNKNOWN, error=ABANDONED)
        row = work.store.claim(now=now, lease=work.lease, channel=name, severities=own.loud_enough(now))
        if row is None:
            break
        outcome = _deliver(work, row)
        ended[outcome] += 1
        if outcome is Outcome.RETRY:
            break
    return ended


def _is_used_up(work: _Work, name: str) -> bool:
    rate = work.terms_of(name).rate
    if rate is None:
        return False
    most, span = rate
    return work.store.attempts_since(name, work.now() - span) >= most


def _deliver(work: _Work, row: OutboxRow) -> Outcome:
    now, own, most = work.now(), work.terms_of(row.channel), MANY if row.channel in work.channels else 0
    more, listed = work.store.to_merge(row, now=now, most=most, severities=own.loud_enough(now))
    plain = more or row.attempts > 1 or own.at_most_once
    picture, missing = (None, "") if plain else picture_of(row)
    if row.lease_until is not None and work.now() >= row.lease_until:
        return Outcome.RETRY  # the machine slept meanwhile: whoever claims it now sends it
    try:
        _send(work, together(row, more, listed=listed), picture, missing)
    except DeliveryError as failure:
        return _failed(work, row, more, failure, pictured=picture is not None)
    taken = Taken(row, tuple(one.key for one in more), work.now())
    work.unwritten[row.key] = taken
    _write_down(work, taken)
    return Outcome.SENT


def _write_down(work: _Work, taken: Taken) -> None:
    work.store.settle_sent(taken.row, now=taken.at, merged=taken.merged)
    work.unwritten.pop(taken.row.key, None)


def _send(work: _Work, row: OutboxRow, picture: bytes | None, missing: str) -> None:
    channel = work.channels.get(row.channel)
    if channel is None:
        raise DeliveryError(f'there is no channel "{row.channel}" in the settings any more', permanent=True)
    body = row.body if picture else row.body.replace(PICTURE, "")
    for remark in (missing, *remarks(row, now=work.now())):
        body = noted(body, row.form, remark) if remark else body
    channel.send(row.title, body, row.severity, row.form, picture)


def _failed(
    work: _Work, row: OutboxRow, more: Sequence[OutboxRow], failure: DeliveryError, *, pictured: bool
) -> Outcome:
    """Settle a message that its channel did not take: to be tried again, or given up."""
    now, jitter, error = work.now(), work.jitter(), str(failure)
    # It may be the picture that was refused: the next attempt goes without.
    permanent = failure.permanent and not pictured
    failures = work.store.failures(row.channel) + 1
    alone = left_alone_until(max(failures, PATIENCE) if permanent else failures, now, jitter=jitter)
    end = _end(work, row, failure, permanent=permanent)
    again = next_attempt(row.attempts, now, created_at=row.created_at, jitter=jitter)
    if end is None and again is not None:
        lost = pictured or isinstance(failure, NoAnswerError)
        work.store.settle_retry(
            row, now=now, next_at=again, error=error, may_have_arrived=lost, left_alone_until=alone
        )
        return Outcome.RETRY
    if end is None:
        end = Owed.EXPIRED
        more = [one for one in more if next_attempt(1, now, created_at=one.created_at, jitter=0) is None]
    _give_up(work, row, more, end=end, error=error, alone_until=alone)
    return Outcome.UNKNOWN if end is Owed.UNKNOWN else Outcome.DEAD


def _end(work: _Work, row: OutboxRow, failure: DeliveryError, *, permanent: bool) -> Owed | None:
    """How a message ends at once; None: it is tried again while its time is not up.

    What is refused for good is tried again all the same where nobody else could be told: somebody may mend the channel.
    """
    if isinstance(failure, NoAnswerError) and work.terms_of(row.channel).at_most_once:
        return Owed.UNKNOWN
    elsewhere = bool(work.channels.keys() - {row.channel})
    return Owed.DEAD if permanent and (elsewhere or row.channel not in work.channels) else None


def _give_up(
    work: _Work,
    row: OutboxRow,
    more: Sequence[OutboxRow],
    *,
    end: Owed,
    error: str,
    alone_until: datetime | None = None,
) -> None:
    """Settle a message as given up, and owe the news of it to every other channel; of lost news there is none."""
    others = [] if row.about else [name for name in work.channels if name != row.channel]
    given_up = GivenUp(
        end=end,
        error=error,
        merged=[one.key for one in more],
        notices=[notice(row, more, name, end=end, error=error) for name in others],
    )
    alone = alone_until if row.channel in work.channels else None
    work.store.settle_given_up(row, given_up, now=work.now(), left_alone_until=alone)
