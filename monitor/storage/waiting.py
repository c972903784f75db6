"""What waits in the outbox: which message is next on a channel, and what can be told with it.

A message that nobody tried yet goes before one that failed, so that one which a channel never takes holds up nothing
but what is about the same instance.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, not_, null, or_, select

from monitor.alerts import Severity
from monitor.messages import Form
from monitor.routing import Episode
from monitor.storage import schema
from monitor.storage.records import OPEN, OutboxRow, Owed

_ROW = schema.outbox
_HEAVY = frozenset({"body", "chart"})
_CRITICAL = _ROW.c.severity == Severity.CRITICAL.value


def following(
    connection: Connection, channel: str, *, now: datetime, severities: Collection[Severity]
) -> OutboxRow | None:
    """The message of a channel that is due next; of those that were tried as often, a critical one."""
    owed = (_ROW.c.channel == channel, _ROW.c.status.in_([*OPEN]))
    loud = _among(severities)
    busy = and_(_ROW.c.status == Owed.SENDING, _ROW.c.lease_until > now)
    flags = (and_(_due(now), loud).label("due"), or_(busy, and_(_failed(), loud)).label("holds"))
    rows = _flagged(connection, flags, owed)
    if not any(row.due for row in rows):
        return None
    about = _episodes_of(connection, select(_ROW.c.key).where(*owed))
    free = [row for row in _not_held_up(rows, about) if row.due]
    if not free:
        return None
    first = min(free, key=lambda row: (row.attempts, not row.critical, row.number))
    found = connection.execute(select(_ROW).where(_ROW.c.number == first.number)).mappings().one()
    return outbox_row(found)


def _flagged(connection: Connection, flags: Iterable[Any], owed: Iterable[ColumnElement[bool]]) -> list[Any]:
    """Messages without their words, in their order, with flags: `due`, and `holds` up others also where it is not."""
    named = (_ROW.c.number, _ROW.c.key, _ROW.c.attempts, _CRITICAL.label("critical"))
    return list(connection.execute(select(*named, *flags).where(*owed).order_by(_ROW.c.number)))


def _not_held_up(rows: Sequence[Any], about: Mapping[str, frozenset[Episode]]) -> Iterator[Any]:
    """Of rows in their order: those that share no instance with an older one that is due, failed or is being sent.

    Those that are about no instance hold each other up when they failed or are being sent.
    """
    held_up: set[object] = set()
    for row in rows:
        instances: set[object] = {episode[:2] for episode in about.get(row.key, ())}
        if held_up.isdisjoint(instances or {None}):
            yield row
        if row.holds:
            held_up |= instances or {None}
        elif row.due:
            held_up |= instances


def channels_due(connection: Connection, *, now: datetime) -> list[str]:
    """The channels with messages that are due."""
    wanted = select(_ROW.c.channel).where(_due(now)).distinct().order_by(_ROW.c.channel)
    return list(connection.execute(wanted).scalars())


def abandoned(connection: Connection, channel: str, *, now: datetime) -> list[OutboxRow]:
    """The messages of a channel that were claimed and whose lease ran out."""
    wanted = select(_ROW).where(_ROW.c.channel == channel, _abandoned(now)).order_by(_ROW.c.number)
    return [outbox_row(one) for one in connection.execute(wanted).mappings()]


def kin(connection: Connection, row: OutboxRow) -> list[OutboxRow]:
    """Further messages owed on the channel that are about no other episodes than this one's, oldest first."""
    own = _episodes_of(connection, select(schema.carried.c.key).where(schema.carried.c.key == row.key))
    others = _waiting(row)
    about = _episodes_of(connection, select(_ROW.c.key).where(others))
    mine = own.get(row.key, frozenset())
    keys = sorted(key for key, episodes in about.items() if episodes <= mine)
    if not keys:
        return []
    wanted = select(_ROW).where(others, _ROW.c.key.in_(keys)).order_by(_ROW.c.number)
    return [outbox_row(one) for one in connection.execute(wanted).mappings()]


def backlog(
    connection: Connection, row: OutboxRow, *, now: datetime, severities: Collection[Severity]
) -> list[OutboxRow]:
    """Further messages owed on the channel that may be sent now and listed with this one, oldest first.

    Critical ones are listed among themselves only; nothing is that comes after one about its instance that is not.
    They may be very many, so they come without bodies and pictures.
    """
    alike = _CRITICAL if row.severity is Severity.CRITICAL else not_(_CRITICAL)
    may = and_(_waiting(row), or_(_failed(), _ROW.c.next_at <= now), _among(severities))
    flags = (and_(may, alike).label("listed"), and_(may, not_(alike)).label("due"), false().label("holds"))
    rows = _flagged(connection, flags, [_waiting(row)])
    about = _episodes_of(connection, select(_ROW.c.key).where(_waiting(row)))
    numbers = {one.number for one in _not_held_up(rows, about) if one.listed}
    light = [null().label(one.name) if one.name in _HEAVY else one for one in _ROW.c]
    found = connection.execute(select(*light).where(may, alike).order_by(_ROW.c.number)).mappings()
    return [outbox_row({**one, "body": ""}) for one in found if one["number"] in numbers]


def outbox_row(row: Any) -> OutboxRow:
    """A row of the table as a value."""
    typed = {
        "severity": Severity(row["severity"]),
        "status": Owed(row["status"]),
        "form": Form(row["form"]),
        "transitions": tuple(row["transitions"]),
    }
    return OutboxRow(**{**row, **typed})


def _waiting(row: OutboxRow) -> ColumnElement[bool]:
    owed = _ROW.c.status.in_([Owed.PENDING, Owed.RETRY])
    return and_(_ROW.c.channel == row.channel, _ROW.c.number != row.number, owed)


def _failed() -> ColumnElement[bool]:
    """What was tried, or is being sent."""
    return _ROW.c.status.in_([Owed.RETRY, Owed.SENDING])


def _among(severities: Collection[Severity]) -> ColumnElement[bool]:
    return _ROW.c.severity.in_([one.value for one in severities])


def _due(now: datetime) -> ColumnElement[bool]:
    """What is to be sent now; a clock that was set back does not hold up what was due when it was written."""
    waits = _ROW.c.status.in_([Owed.PENDING, Owed.RETRY])
    at_once = and_(_ROW.c.status == Owed.PENDING, _ROW.c.next_at <= _ROW.c.created_at)
    return or_(at_once, and_(waits, _ROW.c.next_at <= now), _abandoned(now))


def _abandoned(now: datetime) -> ColumnElement[bool]:
    return and_(_ROW.c.status == Owed.SENDING, _ROW.c.lease_until <= now)


def _episodes_of(connection: Connection, keys: Any) -> dict[str, frozenset[Episode]]:
    """The episodes that messages are about, of those that a query names."""
    made, carried = schema.transition, schema.carried
    wanted = (
        select(carried.c.key, made.c.rule, made.c.instance, made.c.episode)
        .join(made, made.c.id == carried.c.transition)
        .where(carried.c.key.in_(keys))
    )
    found: dict[str, set[Episode]] = {}
    for key, rule, instance, episode in connection.execute(wanted):
        found.setdefault(key, set()).add((rule, instance or None, episode))
    return {key: frozenset(episodes) for key, episodes in found.items()}
