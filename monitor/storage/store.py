"""The door to the database: every method is one transaction, and every refusal a `StorageError`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Connection, func, select

from monitor.bars import Action, Quote
from monitor.health import SeriesHealth, SourceHealth
from monitor.judge import Memory
from monitor.live import Live
from monitor.messages import Message
from monitor.quality import Finding, Sighting
from monitor.routing import Match
from monitor.rules import InstanceKey
from monitor.silences import Acknowledged, Silence
from monitor.storage import attention, findings, health, judgements, judgings, outbox, prices, schema
from monitor.storage.database import connect, connect_reader, faults, free_bytes, name_of, reading, writing
from monitor.storage.migrate import migrate
from monitor.storage.owing import Owing
from monitor.storage.records import (
    Counts,
    Evaluation,
    Judged,
    Judging,
    Kept,
    Polled,
    Recorded,
    Version,
)

NEWEST = "newest_bar_at"
"""Kept beside the bars, for every cycle asks and a look at all of them would take longer than the cycle.

A bar that is not final, and was not, is no news here: no close is judged by it."""


def open_store(url: str) -> "Store":
    """Open the database of a path or a URL, made or upgraded where needed."""
    engine = connect(url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


def open_reader(url: str) -> "Store":
    """The database of a path or a URL to read only; it may be away, and is asked for when it is needed."""
    return Store(connect_reader(url))


@dataclass(frozen=True, slots=True)
class Store(Owing):
    """An open database."""

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return name_of(self.engine)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    # --- prices

    def add_bars(self, frame: pl.DataFrame, *, seen_at: datetime, source: str) -> int:
        """Write a version of each bar that is new or changed; returns how many were written."""
        return self.keep(Polled(frame), seen_at=seen_at, source=source).new_bars

    def keep(self, polled: Polled, *, seen_at: datetime, source: str) -> Kept:
        """Write all that a poll brought, as a whole or not at all; returns what was news."""
        with writing(self.engine) as connection:
            findings.add_actions(connection, polled.actions, seen_at=seen_at, source=source)
            outbox.enqueue(connection, polled.messages, now=seen_at)
            written = prices.add_bars(
                connection, polled.bars, seen_at=seen_at, source=source, quotes=polled.quotes
            )
            if written.settled:
                newest = max(seen_at, _newest(connection) or seen_at)
                schema.upsert(connection, schema.meta, [{"key": NEWEST, "value": newest.isoformat()}])
            return Kept(
                new_bars=written.versions,
                findings=findings.add_findings(connection, polled.findings, now=seen_at),
            )

    def sightings(self, instruments: Iterable[str], *, since: date, interval: str = "1d") -> list[Sighting]:
        """Every close since a session that is or was quarantined, and when it was first seen."""
        with reading(self.engine) as connection:
            return prices.sightings(connection, instruments, interval=interval, since=since)

    def actions(self, instrument: str | None = None) -> list[Action]:
        """Splits and payments, by instrument and session."""
        with reading(self.engine) as connection:
            return findings.actions(connection, instrument)

    def findings(self, *, since: datetime | None = None) -> list[tuple[Finding, datetime]]:
        """What was found about prices and when, oldest first."""
        with reading(self.engine) as connection:
            return findings.findings(connection, since=since)

    def bars(
        self,
        *,
        as_of: datetime | None = None,
        instruments: Iterable[str] | None = None,
        interval: str = "1d",
        since: date | None = None,
    ) -> pl.DataFrame:
        """The latest version of each bar, or the one that was known at `as_of`; from a session on, if given."""
        with reading(self.engine) as connection:
            return prices.read_bars(
                connection, as_of=as_of, instruments=instruments, interval=interval, since=since
            )

    def bar_versions(
        self,
        *,
        instruments: Iterable[str] | None = None,
        interval: str = "1d",
    ) -> pl.DataFrame:
        """Every version of each bar, with `version` and `seen_at`; see `backtest.as_known`."""
        with reading(self.engine) as connection:
            return prices.read_versions(connection, instruments=instruments, interval=interval)

    # --- what was judged

    def commit(self, judged: Judged, *, now: datetime) -> None:
        """Write all that one judged session changes, as a whole or not at all.

        A transition that is stored already is left as it is, and a message is owed only if at least one of
        its transitions is new; a message without any is owed once by its key.
        """
        with writing(self.engine) as connection:
            judgements.commit(connection, judged, now=now)

    def memories(self, rules: Collection[str] | None = None) -> dict[InstanceKey, Memory]:
        """What is remembered of every instance, or of those of some rules."""
        with reading(self.engine) as connection:
            return judgements.memories(connection, rules)

    def judged(self) -> dict[InstanceKey, date | None]:
        """Up to which session each instance was judged, those left out that are in force no more."""
        with reading(self.engine) as connection:
            return judgements.judged(connection)

    def lives(self) -> dict[InstanceKey, Live]:
        """What was told before the close, of every instance of which the close is still to come."""
        with reading(self.engine) as connection:
            return judgements.lives(connection)

    def quote(self, instrument: str) -> Quote:
        """What the source said last of an unsettled bar."""
        with reading(self.engine) as connection:
            return prices.quote(connection, instrument)

    def transitions(
        self,
        *,
        rule: str | None = None,
        instance: str | None = None,
        since: date | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Recorded]:
        """Recorded transitions, newest session first."""
        with reading(self.engine) as connection:
            return judgements.transitions(
                connection, rule=rule, instance=instance, since=since, ids=ids, limit=limit
            )

    def evaluation(
        self,
        rule: str,
        instance: str | None,
        session: date | None = None,
        *,
        known_by: datetime | None = None,
    ) -> Evaluation | None:
        """How an instance was judged in a session, in the last one known by an instant, or in its latest."""
        with reading(self.engine) as connection:
            return judgements.evaluation(connection, rule, instance, session, known_by)

    def latest_evaluations(self, rule: str | None = None) -> dict[InstanceKey, Evaluation]:
        """How every instance, or each of one rule, was judged in its latest session."""
        with reading(self.engine) as connection:
            return judgements.latest_evaluations(connection, rule)

    def evaluations(self, *, since: datetime) -> list[Evaluation]:
        """How instances were judged since an instant: their latest judgement in each session."""
        with reading(self.engine) as connection:
            return judgements.evaluations(connection, since=since)

    def judgings(self) -> list[Judging]:
        """Every time at which something was judged in the last weeks, in order."""
        with reading(self.engine) as connection:
            return judgings.judgings(connection)

    def last_judging(self, *, with_before: bool = False) -> tuple[datetime, str] | None:
        """When something was judged last, and by what; or when it was noted last what had been remembered before."""
        with reading(self.engine) as connection:
            return judgings.last(connection, with_before=with_before)

    def keep_evidence(self, lines: Mapping[Version, str], *, now: datetime) -> None:
        """Keep what history says of versions of rules, each in one line."""
        with writing(self.engine) as connection:
            judgements.keep_evidence(connection, lines, now=now)

    def evidence(self) -> dict[Version, tuple[str, datetime]]:
        """What history says of versions of rules, and when that was measured."""
        with reading(self.engine) as connection:
            return judgements.evidence(connection)

    # --- what people asked not to hear

    def add_silence(
        self, match: Match, *, reason: str, author: str, since: datetime, until: datetime | None
    ) -> int:
        """Keep a silence; returns its number."""
        with writing(self.engine) as connection:
            return attention.add_silence(
                connection, match, reason=reason, author=author, since=since, until=until
            )

    def end_silence(self, number: int, *, at: datetime) -> bool:
        """Let a silence end now; False when there is none of that number that still holds."""
        with writing(self.engine) as connection:
            return attention.end_silence(connection, number, at=at)

    def silences(self) -> list[Silence]:
        """Every silence, those that ended too, oldest first."""
        with reading(self.engine) as connection:
            return attention.silences(connection)

    def acknowledge(self, one: Acknowledged) -> None:
        """Keep an acknowledgement; the last one of an episode holds."""
        with writing(self.engine) as connection:
            attention.acknowledge(connection, one)

    def acknowledged(self) -> list[Acknowledged]:
        """Every acknowledgement, oldest first."""
        with reading(self.engine) as connection:
            return attention.acknowledged(connection)

    # --- data health

    def healths(self) -> dict[str, SeriesHealth]:
        """What is remembered of the health of every series."""
        with reading(self.engine) as connection:
            return health.healths(connection)

    def source_health(self, source: str) -> SourceHealth:
        """What is remembered of the health of a source."""
        with reading(self.engine) as connection:
            return health.source_health(connection, source)

    def commit_health(
        self,
        series: Iterable[SeriesHealth],
        messages: Iterable[Message],
        *,
        source: SourceHealth | None = None,
        now: datetime,
    ) -> None:
        """Write what changed about data health, and owe what is told of it, as a whole or not at all."""
        with writing(self.engine) as connection:
            health.commit(connection, series, source)
            outbox.enqueue(connection, messages, now=now)

    # --- the rest

    def meta(self, key: str) -> str | None:
        """A value kept under a name, such as `first_started_at`."""
        with reading(self.engine) as connection:
            return connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == key)).scalar()

    def set_meta(self, key: str, value: str) -> None:
        """Keep a value under a name."""
        with writing(self.engine) as connection:
            schema.upsert(connection, schema.meta, [{"key": key, "value": value}])

    def faults(self) -> list[str]:
        """What the database finds wrong with itself; PostgreSQL keeps its own watch."""
        return faults(self.engine)

    def free_bytes(self) -> int | None:
        """How much room there is where the database is; None where nobody knows."""
        return free_bytes(self.engine)

    def newest(self) -> datetime | None:
        """When a close rule saw bars change last: the newest version was stored that is final, or comes after one."""
        with reading(self.engine) as connection:
            return _newest(connection)

    def counts(self) -> Counts:
        """How much is stored, of one and the same instant."""
        with reading(self.engine) as connection:
            return Counts(
                bars=prices.count(connection),
                transitions=connection.execute(
                    select(func.count()).select_from(schema.transition)
                ).scalar_one(),
                decisions=judgements.decisions(connection),
                outbox=outbox.counts(connection),
                oldest_owed=outbox.oldest_owed(connection),
            )


def _newest(connection: Connection) -> datetime | None:
    value = connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == NEWEST)).scalar()
    return None if value is None else datetime.fromisoformat(value)
