"""Questions of those who look at messages: which are the newest, and which were written since."""

from datetime import datetime

from sqlalchemy import Connection, select

from monitor.storage import schema
from monitor.storage.records import OutboxRow
from monitor.storage.waiting import outbox_row

_ROW = schema.outbox


def newest(connection: Connection, limit: int) -> list[OutboxRow]:
    """The messages that were written last, the newest first."""
    wanted = select(_ROW).order_by(_ROW.c.number.desc()).limit(limit)
    return [outbox_row(row) for row in connection.execute(wanted).mappings()]


def written_since(connection: Connection, instant: datetime) -> list[OutboxRow]:
    """The messages that were written from an instant on."""
    wanted = select(_ROW).where(_ROW.c.created_at >= instant).order_by(_ROW.c.number)
    return [outbox_row(row) for row in connection.execute(wanted).mappings()]
