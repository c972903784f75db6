"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BAR_DAY = sa.Date().with_variant(sa.Integer(), "sqlite")
BAR_INSTANT = INSTANT.with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_prices()
    _create_judgements()
    _create_evaluations()
    _create_outbox()
    _create_attention()
    _create_previews()
    _create_evidence()
    _create_health()
    op.create_table(
        "meta",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.create_table(
        "leader",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
    )


def _create_prices() -> None:
    op.create_table(
        "bar_version",
        sa.Column("interval", sa.String, primary_key=True),
        sa.Column("instrument", sa.String, primary_key=True),
        sa.Column("session", BAR_DAY, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("opened_at", BAR_INSTANT),
        sa.Column("known_at", BAR_INSTANT, nullable=False),
        sa.Column("seen_at", BAR_INSTANT, nullable=False),
        *(sa.Column(name, sa.Double) for name in ("open", "high", "low", "close", "volume")),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("contract", sa.String),
        sa.Column("source_at", BAR_INSTANT),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "action",
        sa.Column("instrument", sa.String, primary_key=True),
        sa.Column("session", sa.Date, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "finding",
        sa.Column("instrument", sa.String, primary_key=True),
        sa.Column("session", sa.Date, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        *(sa.Column(name, sa.Double) for name in ("seen", "expected")),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("released_by", sa.String),
        sa.Column("found_at", INSTANT, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_judgements() -> None:
    op.create_table(
        "alert_state",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("rule_hash", sa.String, nullable=False),
        sa.Column("session", sa.Date),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("told", sa.JSON, nullable=False),
        sa.Column("past", sa.JSON),
        sa.Column("updated_at", INSTANT, nullable=False),
    )
    op.create_table(
        "transition",
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("rule", "instance", "kind", "level")),
        sa.Column("session", sa.Date, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("opened", sa.Date),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("legs", sa.JSON, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("cause", sa.String),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("rule_hash", sa.String, nullable=False),
    )
    op.create_index("transition_of_instance", "transition", ["rule", "instance", "session"])
    op.create_index("transition_by_session", "transition", ["session"])


def _create_evaluations() -> None:
    op.create_table(
        "evaluation",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("session", sa.Date, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("verdicts", "values", "legs")),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("judged_at", INSTANT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "judging",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("seen_upto", INSTANT, nullable=False),
        sa.Column("judged_by", sa.String, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("packs", sa.JSON),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("ref", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("session", sa.Date),
        *(sa.Column(name, sa.String, nullable=False) for name in ("severity", "title", "body", "form")),
        sa.Column("chart", sa.JSON),
        sa.Column("transitions", sa.JSON, nullable=False),
        sa.Column("about", sa.String),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT),
        sa.Column("possible_repeat", sa.Boolean, nullable=False),
        sa.Column("sent_at", INSTANT),
        *(sa.Column(name, sa.String) for name in ("last_error", "merged_into")),
        sa.Column("deferred_until", INSTANT),
    )
    op.create_index("outbox_by_ref", "outbox", ["ref"])
    op.create_index("outbox_by_status", "outbox", ["status", "channel", "number"])
    op.create_table(
        "carried",
        sa.Column("transition", sa.String, primary_key=True),
        sa.Column("key", sa.String, sa.ForeignKey("outbox.key"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("carried_by_key", "carried", ["key"])
    op.create_table(
        "channel_state",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("open_until", INSTANT),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.String, sa.ForeignKey("outbox.key"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("outcome", sa.String),
        sa.Column("error", sa.String),
    )


def _create_attention() -> None:
    op.create_table(
        "silence",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("match", sa.JSON, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("reason", "author")),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
    )
    op.create_table(
        "acknowledged",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("episode", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("author", "note")),
        sa.Column("at", INSTANT, nullable=False),
    )


def _create_evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("version", sa.String, primary_key=True),
        sa.Column("line", sa.String, nullable=False),
        sa.Column("measured_at", INSTANT, nullable=False),
    )


def _create_health() -> None:
    op.create_table(
        "series_health",
        sa.Column("instrument", sa.String, primary_key=True),
        sa.Column("watched", sa.Date, nullable=False),
        sa.Column("freshness", sa.String, nullable=False),
        sa.Column("since", INSTANT),
        sa.Column("last_session", sa.Date),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("gaps", sa.JSON, nullable=False),
        sa.Column("outage_after", sa.Date),
        *(sa.Column(name, sa.String, nullable=False) for name in ("told", "outcome", "detail")),
        sa.Column("answered_at", INSTANT),
        sa.Column("not_found", sa.Integer, nullable=False),
        sa.Column("not_found_since", INSTANT),
        sa.Column("not_found_told", sa.Boolean, nullable=False),
        sa.Column("quote_at", INSTANT),
        sa.Column("behind", sa.Boolean, nullable=False),
    )
    op.create_table(
        "source_health",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("failing", sa.Boolean, nullable=False),
        sa.Column("since", INSTANT),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("missing", "filled")),
        sa.Column("behind_since", INSTANT),
    )


def _create_previews() -> None:
    op.create_table(
        "preview",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("session", sa.Date, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
    )
