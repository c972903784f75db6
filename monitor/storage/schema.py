"""The tables, and the few ways of writing that SQLite and PostgreSQL spell differently.

`migrations` build these tables; a test holds the two equal.  What the rows mean is told in `records`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

from monitor.storage.times import BarDay, BarInstant, Instant

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


metadata = MetaData()

bar_version = Table(
    "bar_version",
    metadata,
    Column("interval", String, primary_key=True),
    Column("instrument", String, primary_key=True),
    Column("session", BarDay, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("opened_at", BarInstant),
    Column("known_at", BarInstant, nullable=False),
    Column("seen_at", BarInstant, nullable=False),
    *(Column(name, Double) for name in ("open", "high", "low", "close", "volume")),
    Column("status", String, nullable=False),
    Column("source", String, nullable=False),
    Column("contract", String),
    Column("source_at", BarInstant),
    sqlite_with_rowid=False,
)

action = Table(
    "action",
    metadata,
    Column("instrument", String, primary_key=True),
    Column("session", Date, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("value", Double, nullable=False),
    Column("source", String, nullable=False),
    Column("seen_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

finding = Table(
    "finding",
    metadata,
    Column("instrument", String, primary_key=True),
    Column("session", Date, primary_key=True),
    Column("kind", String, primary_key=True),
    *(Column(name, Double) for name in ("seen", "expected")),
    Column("reason", String, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("released_by", String),
    Column("found_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

alert_state = Table(
    "alert_state",
    metadata,
    Column("rule", String, primary_key=True),
    Column("instance", String, primary_key=True),  # '' where the rule has no instances
    Column("rule_hash", String, nullable=False),
    Column("session", Date),
    Column("state", JSON, nullable=False),
    Column("told", JSON, nullable=False),
    Column("past", JSON),
    Column("updated_at", Instant, nullable=False),
)

transition = Table(
    "transition",
    metadata,
    Column("id", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("rule", "instance", "kind", "level")),
    Column("session", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", String, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("opened", Date),
    Column("values", JSON, nullable=False),
    Column("legs", JSON, nullable=False),
    Column("decision", String, nullable=False),
    Column("cause", String),
    Column("text", String, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("rule_hash", String, nullable=False),
    Index("transition_of_instance", "rule", "instance", "session"),
    Index("transition_by_session", "session"),
)

preview = Table(
    "preview",
    metadata,
    Column("rule", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("session", Date, nullable=False),
    Column("level", String, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("told_at", Instant, nullable=False),
)

evaluation = Table(
    "evaluation",
    metadata,
    Column("rule", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("session", Date, primary_key=True),
    Column("at", Instant, nullable=False),
    *(Column(name, JSON, nullable=False) for name in ("verdicts", "values", "legs")),
    Column("phase", String, nullable=False),
    Column("judged_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

judging = Table(
    "judging",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("seen_upto", Instant, nullable=False),
    Column("judged_by", String, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("packs", JSON(none_as_null=True)),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("ref", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("session", Date),
    *(Column(name, String, nullable=False) for name in ("severity", "title", "body", "form")),
    Column("chart", JSON(none_as_null=True)),
    Column("transitions", JSON, nullable=False),
    Column("about", String),
    Column("created_at", Instant, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("possible_repeat", Boolean, nullable=False),
    Column("sent_at", Instant),
    Column("last_error", String),
    Column("merged_into", String),
    Column("deferred_until", Instant),
    Index("outbox_by_ref", "ref"),
    Index("outbox_by_status", "status", "channel", "number"),
)

carried = Table(
    "carried",
    metadata,
    Column("transition", String, primary_key=True),
    Column("key", String, ForeignKey("outbox.key"), primary_key=True),
    Index("carried_by_key", "key"),
    sqlite_with_rowid=False,
)

channel_state = Table(
    "channel_state",
    metadata,
    Column("channel", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("open_until", Instant),
)

attempt = Table(
    "attempt",
    metadata,
    Column("key", String, ForeignKey("outbox.key"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String),
    Column("error", String),
)

silence = Table(
    "silence",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("match", JSON, nullable=False),
    *(Column(name, String, nullable=False) for name in ("reason", "author")),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
)

acknowledged = Table(
    "acknowledged",
    metadata,
    Column("rule", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("episode", Integer, primary_key=True, autoincrement=False),
    *(Column(name, String, nullable=False) for name in ("author", "note")),
    Column("at", Instant, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("rule", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("line", String, nullable=False),
    Column("measured_at", Instant, nullable=False),
)

series_health = Table(
    "series_health",
    metadata,
    Column("instrument", String, primary_key=True),
    Column("watched", Date, nullable=False),
    Column("freshness", String, nullable=False),
    Column("since", Instant),
    Column("last_session", Date),
    Column("missing", Integer, nullable=False),
    Column("gaps", JSON, nullable=False),
    Column("outage_after", Date),
    *(Column(name, String, nullable=False) for name in ("told", "outcome", "detail")),
    Column("answered_at", Instant),
    Column("not_found", Integer, nullable=False),
    Column("not_found_since", Instant),
    Column("not_found_told", Boolean, nullable=False),
    Column("quote_at", Instant),
    Column("behind", Boolean, nullable=False),
)

source_health = Table(
    "source_health",
    metadata,
    Column("source", String, primary_key=True),
    Column("failing", Boolean, nullable=False),
    Column("since", Instant),
    *(Column(name, Integer, nullable=False) for name in ("missing", "filled")),
    Column("behind_since", Instant),
)

leader = Table(
    "leader",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("epoch", Integer, nullable=False),
    Column("holder", String, nullable=False),
    Column("since", Instant, nullable=False),
)

meta = Table(
    "meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False)
)


def insert_if_absent(
    connection: Connection, table: Table, rows: Sequence[Row], *, key: Column[str]
) -> set[str]:
    """Insert the rows whose keys are not there yet; returns the keys of those that were inserted."""
    if not rows:
        return set()
    statement = _insert(connection, table).on_conflict_do_nothing().returning(key)
    return set(connection.execute(statement, [dict(row) for row in rows]).scalars())


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows; those whose primary keys are there already replace the old ones."""
    if not rows:
        return
    statement = _insert(connection, table)
    changes = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    keys = list(table.primary_key.columns)
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    connection.execute(statement, [dict(row) for row in rows])


def _insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)
    from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite

    return insert_into_sqlite(table)
