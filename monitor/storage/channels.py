"""How channels fare: how often they were sent to, how often in a row they failed, until when they are left alone."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from monitor.storage import schema


def attempts_since(connection: Connection, channel: str, instant: datetime) -> int:
    """How often a channel was sent to."""
    table = schema.attempt
    wanted = (
        select(func.count())
        .select_from(table)
        .join(schema.outbox, schema.outbox.c.key == table.c.key)
        .where(schema.outbox.c.channel == channel, table.c.started_at > instant)
    )
    return connection.execute(wanted).scalar_one()


def is_left_alone(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether a channel is not to be sent to yet."""
    table = schema.channel_state
    until: datetime | None = connection.execute(
        select(table.c.open_until).where(table.c.channel == channel)
    ).scalar()
    return until is not None and until > now


def failures(connection: Connection, channel: str) -> int:
    """How often in a row a channel failed."""
    table = schema.channel_state
    return connection.execute(select(table.c.failures).where(table.c.channel == channel)).scalar() or 0


def has_failed(connection: Connection, channel: str, *, left_alone_until: datetime | None) -> None:
    """Count a failure of a channel, which is left alone from then on until an instant."""
    state = {
        "channel": channel,
        "failures": failures(connection, channel) + 1,
        "open_until": left_alone_until,
    }
    schema.upsert(connection, schema.channel_state, [state])


def works(connection: Connection, channel: str) -> bool:
    """Forget the failures of a channel; whether it was left alone because of them."""
    table = schema.channel_state
    gone = delete(table).where(table.c.channel == channel).returning(table.c.open_until)
    return connection.execute(gone).scalar() is not None
