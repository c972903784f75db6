"""Messages still owed: written with what caused them, claimed with a lease, settled after the attempt.

Two claims cannot both win, because each changes a row on condition that it is still as it was seen.  A
lease that ran out means that nobody knows whether the message arrived: it is owed again, as a possible
repeat.  When to try again and when to give up is left to the caller.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from monitor.alerts import Severity
from monitor.messages import Form, Message
from monitor.routing import Episode
from monitor.storage import channels, schema
from monitor.storage.records import Attempt, OutboxRow, Outcome, Owed

OPEN = (Owed.PENDING, Owed.RETRY, Owed.SENDING)
"""Messages that are not settled yet."""

_ROW = schema.outbox


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
        .where(made.c.rule.in_(sorted({rule for rule, _, _ in episodes})), _ROW.c.status != Owed.DEAD.value)
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
    at_most_once: bool = False,
) -> OutboxRow | None:
    """Take the oldest message of a channel that is due; None where there is none, or the channel is left alone.

    The messages about one instance keep their order, and so do those that no transition made: none is taken while
    an older one waits to be tried again, or is being sent by somebody else.  With `at_most_once`, one whose lease ran out is not sent again.
    """
    if channels.is_left_alone(connection, channel, now):
        return None
    if at_most_once:
        _give_up_abandoned(connection, channel, now)
    wanted = (
        select(_ROW)
        .where(_due(now), _ROW.c.channel == channel, ~_behind_another(now))
        .order_by(_ROW.c.number)
        .limit(1)
    )
    found = connection.execute(wanted).mappings().one_or_none()
    return None if found is None else _take(connection, _outbox_row(found), now, now + lease)


def channels_due(connection: Connection, *, now: datetime) -> list[str]:
    """The channels with messages that are due."""
    wanted = select(_ROW.c.channel).where(_due(now)).distinct().order_by(_ROW.c.channel)
    return list(connection.execute(wanted).scalars())


def kin(connection: Connection, row: OutboxRow) -> list[OutboxRow]:
    """Further messages owed on the channel that are about no other episodes than this one's, oldest first."""
    own = _episodes_of(connection, [row.key]).get(row.key, frozenset())
    waiting = _waiting(connection, row)
    about = _episodes_of(connection, [one.key for one in waiting])
    return [one for one in waiting if about.get(one.key) and about[one.key] <= own]


def backlog(connection: Connection, row: OutboxRow, *, now: datetime) -> list[OutboxRow]:
    """Further messages owed and due on the channel, oldest first."""
    return [one for one in _waiting(connection, row) if one.next_at <= now]


def _waiting(connection: Connection, row: OutboxRow) -> list[OutboxRow]:
    wanted = select(_ROW).where(
        _ROW.c.channel == row.channel,
        _ROW.c.number != row.number,
        _ROW.c.status.in_([Owed.PENDING, Owed.RETRY]),
    )
    return [_outbox_row(one) for one in connection.execute(wanted.order_by(_ROW.c.number)).mappings()]


def _episodes_of(connection: Connection, keys: Collection[str]) -> dict[str, frozenset[Episode]]:
    made, carried = schema.transition, schema.carried
    wanted = (
        select(carried.c.key, made.c.rule, made.c.instance, made.c.episode)
        .join(made, made.c.id == carried.c.transition)
        .where(carried.c.key.in_(list(keys)))
    )
    found: dict[str, set[Episode]] = {}
    for key, rule, instance, episode in connection.execute(wanted):
        found.setdefault(key, set()).add((rule, instance or None, episode))
    return {key: frozenset(episodes) for key, episodes in found.items()}


def _give_up_abandoned(connection: Connection, channel: str, now: datetime) -> None:
    abandoned = (_ROW.c.channel == channel, _ROW.c.status == Owed.SENDING.value, _ROW.c.lease_until <= now)
    error = "nobody knows whether it arrived; this channel is sent to at most once"
    values = {"status": Owed.UNKNOWN.value, "lease_until": None, "last_error": error}
    connection.execute(update(_ROW).where(*abandoned).values(values))


def settle_sent(
    connection: Connection, row: OutboxRow, *, now: datetime, merged: Collection[str] = ()
) -> bool:
    """The channel took the message, and with it those merged into it.

    False when the claim had run out and the message is another's.
    """
    _end_attempt(connection, row, now, Outcome.SENT, None)
    channels.works(connection, row.channel)
    if not _settle(connection, row, {"status": Owed.SENT.value, "sent_at": now, "last_error": None}):
        return False
    for part in batched(sorted(merged)):
        told = update(_ROW).where(_ROW.c.key.in_(part), _ROW.c.status.in_([Owed.PENDING, Owed.RETRY]))
        connection.execute(told.values(status=Owed.MERGED.value, merged_into=row.key))
    return True


def batched(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Keys in parts that one statement can take."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


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


def settle_dead(
    connection: Connection, row: OutboxRow, *, now: datetime, error: str, notices: Sequence[Message] = ()
) -> bool:
    """The message is given up; the notices that say so elsewhere are owed from the same instant."""
    _end_attempt(connection, row, now, Outcome.DEAD, error)
    if not _settle(connection, row, {"status": Owed.DEAD.value, "last_error": error}):
        return False
    enqueue(connection, notices, now=now, about=row.key)
    return True


def rows(connection: Connection, *, status: Owed | None = None, ref: str | None = None) -> list[OutboxRow]:
    """Messages in the order in which they were written."""
    wanted = select(_ROW).order_by(_ROW.c.number)
    if status is not None:
        wanted = wanted.where(_ROW.c.status == status.value)
    if ref is not None:
        wanted = wanted.where(_ROW.c.ref == ref)
    return [_outbox_row(row) for row in connection.execute(wanted).mappings()]


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
    """When the oldest message that is not settled was written."""
    wanted = select(_ROW.c.created_at).where(_ROW.c.status.in_([*OPEN])).order_by(_ROW.c.number).limit(1)
    found: datetime | None = connection.execute(wanted).scalar()
    return found


def _due(now: datetime) -> ColumnElement[bool]:
    waits = and_(_ROW.c.status.in_([Owed.PENDING, Owed.RETRY]), _ROW.c.next_at <= now)
    return or_(waits, and_(_ROW.c.status == Owed.SENDING, _ROW.c.lease_until <= now))


def _behind_another(now: datetime) -> ColumnElement[bool]:
    older = _ROW.alias("older")
    retried_later = and_(older.c.status == Owed.RETRY, older.c.next_at > now)
    being_sent = and_(older.c.status == Owed.SENDING, older.c.lease_until > now)
    same_channel = and_(older.c.channel == _ROW.c.channel, older.c.number < _ROW.c.number)
    its, mine = schema.carried.alias("its"), schema.carried.alias("mine")
    then, now_ = schema.transition.alias("then"), schema.transition.alias("now")
    same_instance = (
        select(its.c.key)
        .join(then, then.c.id == its.c.transition)
        .join(now_, and_(now_.c.rule == then.c.rule, now_.c.instance == then.c.instance))
        .join(mine, mine.c.transition == now_.c.id)
        .where(its.c.key == older.c.key, mine.c.key == _ROW.c.key)
        .correlate(older, _ROW)
        .exists()
    )
    kinless = ~or_(
        select(its.c.key).where(its.c.key == older.c.key).correlate(older).exists(),
        select(mine.c.key).where(mine.c.key == _ROW.c.key).correlate(_ROW).exists(),
    )
    together = or_(same_instance, kinless)
    waits = or_(retried_later, being_sent)
    return select(older.c.number).where(same_channel, waits, together).correlate(_ROW).exists()


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
        "possible_repeat": False,
    }


def _outbox_row(row: Any) -> OutboxRow:
    typed = {
        "severity": Severity(row["severity"]),
        "status": Owed(row["status"]),
        "form": Form(row["form"]),
        "transitions": tuple(row["transitions"]),
    }
    return OutboxRow(**{**row, **typed})
