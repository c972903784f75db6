"""Messages still owed: written with what caused them, claimed with a lease, settled after the attempt.

Two claims cannot both win, because each changes a row on condition that it is still as it was seen.  A
lease that ran out means that nobody knows whether the message arrived: it is owed again, as a possible
repeat.  When to try again and when to give up is left to the caller.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from monitor.alerts import Severity
from monitor.messages import Message
from monitor.routing import Episode
from monitor.storage import channels, schema, waiting
from monitor.storage.records import OPEN, Attempt, GivenUp, OutboxRow, Outcome, Owed

_ROW = schema.outbox
MOST_KEYS = 500
"""So many keys one statement can take."""


def enqueue(
    connection: Connection, messages: Iterable[Message], *, now: datetime, about: str | None = None
) -> None:
    """Owe each message, unless its key says that it is owed, or was sent, already."""
    rows = {message.key: message for message in messages}
    new = schema.insert_if_absent(
        connection, _ROW, [_message_row(one, now, about) for one in rows.values()], key=_ROW.c.key
    )
    carried = [{"transition": one, "key": key} for key in sorted(new) for one in rows[key].transitions]
    if carried:
        connection.execute(insert(schema.carried), carried)


def heard_on(connection: Connection, episodes: Collection[Episode]) -> dict[Episode, frozenset[str]]:
    """The channels for which a message of each episode was written that was not given up."""
    made, carried = schema.transition, schema.carried
    wanted = (
        select(made.c.rule, made.c.instance, made.c.episode, _ROW.c.channel)
        .join(carried, carried.c.transition == made.c.id)
        .join(_ROW, _ROW.c.key == carried.c.key)
        .where(
            made.c.rule.in_(sorted({rule for rule, _, _ in episodes})),
            _ROW.c.status.notin_([Owed.DEAD, Owed.EXPIRED]),
        )
        .distinct()
    )
    found: dict[Episode, set[str]] = {}
    for rule, instance, episode, channel in connection.execute(wanted):
        found.setdefault((rule, instance or None, episode), set()).add(channel)
    return {one: frozenset(found.get(one, ())) for one in episodes}


def claim(
    connection: Connection,
    *,
    now: datetime,
    lease: timedelta,
    channel: str,
    severities: Collection[Severity],
) -> OutboxRow | None:
    """Take the next message of a channel that is due; None where there is none, or the channel is left alone.

    The messages about one instance keep their order, and so do those that no transition made: none is taken while
    an older one is to be tried again, or is being sent.  Only messages of some severities are taken, and those of
    others hold up none of them.
    """
    if channels.is_left_alone(connection, channel, now):
        return None
    found = waiting.following(connection, channel, now=now, severities=severities)
    return None if found is None else _take(connection, found, now, now + lease)


def settle_sent(
    connection: Connection, row: OutboxRow, *, now: datetime, merged: Collection[str] = ()
) -> bool:
    """The channel took the message, and with it those merged into it.

    A channel that was left alone works again: what is owed there need not wait for its next attempt.
    False when the claim had run out and the message is another's.
    """
    _end_attempt(connection, row, now, Outcome.SENT, None)
    if channels.works(connection, row.channel):
        later = (_ROW.c.channel == row.channel, _ROW.c.status == Owed.RETRY.value, _ROW.c.next_at > now)
        connection.execute(update(_ROW).where(*later).values(next_at=now))
    if not _settle(connection, row, {"status": Owed.SENT.value, "sent_at": now, "last_error": None}):
        return False
    _merge(connection, row, merged, {"status": Owed.MERGED.value})
    return True


def _merge(connection: Connection, row: OutboxRow, merged: Collection[str], values: dict[str, Any]) -> None:
    """What is owed and was told in another message goes where that one goes."""
    for part in _batched(sorted(merged)):
        owed = update(_ROW).where(_ROW.c.key.in_(part), _ROW.c.status.in_([Owed.PENDING, Owed.RETRY]))
        connection.execute(owed.values(**values, merged_into=row.key))


def _batched(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Keys in parts that one statement can take."""
    for start in range(0, len(keys), MOST_KEYS):
        yield keys[start : start + MOST_KEYS]


def settle_retry(
    connection: Connection,
    row: OutboxRow,
    *,
    now: datetime,
    next_at: datetime,
    error: str,
    may_have_arrived: bool = False,
) -> bool:
    """The channel did not take the message, or did not say so; it is owed again from `next_at` on."""
    _end_attempt(connection, row, now, Outcome.RETRY, error)
    repeat = row.possible_repeat or may_have_arrived
    values = {"status": Owed.RETRY.value, "next_at": next_at, "last_error": error, "possible_repeat": repeat}
    return _settle(connection, row, values)


def settle_given_up(connection: Connection, row: OutboxRow, given_up: GivenUp, *, now: datetime) -> bool:
    """The message is given up, with those merged into it; the notices that say so elsewhere are owed at once."""
    outcome = Outcome.UNKNOWN if given_up.end is Owed.UNKNOWN else Outcome.DEAD
    _end_attempt(connection, row, now, outcome, given_up.error)
    values = {"status": given_up.end.value, "last_error": given_up.error}
    if not _settle(connection, row, values):
        return False
    _merge(connection, row, given_up.merged, values)
    enqueue(connection, given_up.notices, now=now, about=row.key)
    return True


def rows(connection: Connection, *, status: Owed | None = None, ref: str | None = None) -> list[OutboxRow]:
    """Messages in the order in which they were written."""
    wanted = select(_ROW).order_by(_ROW.c.number)
    if status is not None:
        wanted = wanted.where(_ROW.c.status == status.value)
    if ref is not None:
        wanted = wanted.where(_ROW.c.ref == ref)
    return [waiting.outbox_row(row) for row in connection.execute(wanted).mappings()]


def carriers(connection: Connection, transitions: Iterable[str]) -> list[OutboxRow]:
    """The messages that carry some transitions, in the order in which they were written."""
    keys = select(schema.carried.c.key).where(schema.carried.c.transition.in_(list(transitions)))
    wanted = select(_ROW).where(_ROW.c.key.in_(keys)).order_by(_ROW.c.number)
    return [waiting.outbox_row(row) for row in connection.execute(wanted).mappings()]


def attempts(connection: Connection, key: str) -> list[Attempt]:
    """Every attempt to deliver a message, first one first."""
    table = schema.attempt
    wanted = select(table).where(table.c.key == key).order_by(table.c.number)
    found = connection.execute(wanted).mappings()
    return [
        Attempt(**{**row, "outcome": Outcome(row["outcome"]) if row["outcome"] else None}) for row in found
    ]


def counts(connection: Connection) -> dict[Owed, int]:
    """How many messages stand where."""
    grouped = select(_ROW.c.status, func.count()).group_by(_ROW.c.status)
    return {Owed(status): number for status, number in connection.execute(grouped)}


def oldest_owed(connection: Connection) -> datetime | None:
    """Since when a message is owed that could have been sent: one that is deferred counts from its time on."""
    could = case((_ROW.c.status == Owed.PENDING.value, _ROW.c.next_at), else_=_ROW.c.created_at)
    wanted = select(could.label("since")).where(_ROW.c.status.in_([*OPEN])).order_by("since").limit(1)
    found: datetime | None = connection.execute(wanted).scalar()
    return found


def _take(connection: Connection, seen: OutboxRow, now: datetime, until: datetime) -> OutboxRow | None:
    """The row, claimed; None when another process was quicker."""
    abandoned = seen.status is Owed.SENDING
    taken = replace(
        seen,
        status=Owed.SENDING,
        attempts=seen.attempts + 1,
        lease_until=until,
        possible_repeat=seen.possible_repeat or abandoned,
    )
    unchanged = (_ROW.c.number == seen.number, _ROW.c.status == seen.status, _ROW.c.attempts == seen.attempts)
    values = {name: getattr(taken, name) for name in ("status", "attempts", "lease_until", "possible_repeat")}
    if connection.execute(update(_ROW).where(*unchanged).values(values)).rowcount != 1:
        return None
    if abandoned:
        _end_attempt(connection, seen, None, Outcome.UNKNOWN, None)
    attempt = {"key": taken.key, "number": taken.attempts, "started_at": now}
    connection.execute(insert(schema.attempt).values(attempt))
    return taken


def _settle(connection: Connection, row: OutboxRow, values: dict[str, Any]) -> bool:
    held = (_ROW.c.number == row.number, _ROW.c.status == Owed.SENDING, _ROW.c.attempts == row.attempts)
    statement = update(_ROW).where(*held).values({**values, "lease_until": None})
    return connection.execute(statement).rowcount == 1


def _end_attempt(
    connection: Connection, row: OutboxRow, now: datetime | None, outcome: Outcome, error: str | None
) -> None:
    """Write how the attempt ended, also when the claim was lost meanwhile: it happened."""
    table = schema.attempt
    own = (table.c.key == row.key, table.c.number == row.attempts)
    values = {"ended_at": now, "outcome": outcome.value, "error": error}
    connection.execute(update(table).where(*own).values(values))


def _message_row(message: Message, now: datetime, about: str | None) -> schema.Row:
    named = ("key", "ref", "channel", "session", "title", "body", "form", "chart", "transitions")
    return {
        **{name: getattr(message, name) for name in named},
        "severity": message.severity.value,
        "about": about,
        "created_at": now,
        "status": Owed.PENDING.value,
        "attempts": 0,
        "next_at": max(now, message.not_before or now),
        "deferred_until": message.not_before if message.not_before and message.not_before > now else None,
        "possible_repeat": False,
    }
