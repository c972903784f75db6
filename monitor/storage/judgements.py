"""What was judged: the memory of each instance, its transitions, and the evaluation of each session.

`commit` is the one write that matters: what changed, and what must be said of it, stand or fall together.
Replaying a session writes nothing twice, because a message is owed only for a transition that is new.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, true

from monitor.alerts import AlertState, Kind, Reason, Severity, Transition
from monitor.judge import Memory
from monitor.live import Live
from monitor.policy import Decided, Told
from monitor.reconcile import Past
from monitor.rules import InstanceKey
from monitor.storage import judgings, outbox, schema
from monitor.storage.codec import from_plain, to_plain
from monitor.storage.records import Evaluation, Judged, Recorded, Version

SENT, WITHHELD = "sent", "withheld"


def commit(connection: Connection, judged: Judged, *, now: datetime) -> None:
    """Write one judged session: memories, transitions, the messages they make, evaluations."""
    if judged.judging is not None:
        judgings.add(connection, judged.judging)
    schema.upsert(
        connection, schema.alert_state, [_memory_row(*item, now) for item in judged.memories.items()]
    )
    _keep_lives(connection, judged.lives, now)
    hashes = {key: memory.rule_hash for key, memory in judged.memories.items()}
    transitions = [_transition_row(decided, hashes, now) for decided in judged.decided]
    table = schema.transition
    new = schema.insert_if_absent(connection, table, transitions, key=table.c.id)
    owed = [message for message in judged.messages if not message.transitions or new & {*message.transitions}]
    outbox.enqueue(connection, owed, now=now)
    schema.upsert(connection, schema.evaluation, [_evaluation_row(one, now) for one in judged.evaluations])


def _keep_lives(connection: Connection, lives: Mapping[InstanceKey, Live | None], now: datetime) -> None:
    table = schema.preview
    rows = [
        {
            "rule": rule,
            "instance": instance or "",
            "session": live.session,
            "level": live.level.value,
            "episode": live.episode,
            "told_at": now,
        }
        for (rule, instance), live in lives.items()
        if live is not None
    ]
    schema.upsert(connection, table, rows)
    for rule, instance in (key for key, live in lives.items() if live is None):
        own = (table.c.rule == rule, table.c.instance == (instance or ""))
        connection.execute(delete(table).where(*own))


def lives(connection: Connection) -> dict[InstanceKey, Live]:
    """What was told before the close, of every instance of which the close is still to come."""
    return {
        (row.rule, row.instance or None): Live(
            session=row.session, level=Severity(row.level), episode=row.episode
        )
        for row in connection.execute(select(schema.preview))
    }


def memories(connection: Connection, rules: Collection[str] | None = None) -> dict[InstanceKey, Memory]:
    """What is remembered of every instance, or of those of some rules."""
    table = schema.alert_state
    wanted = select(table) if rules is None else select(table).where(table.c.rule.in_(sorted(rules)))
    rows = connection.execute(wanted).mappings()
    return {
        (row["rule"], row["instance"] or None): Memory(
            from_plain(AlertState, row["state"]),
            from_plain(Told, row["told"]),
            row["rule_hash"],
            from_plain(Past, row["past"]) if row["past"] else None,
        )
        for row in rows
    }


def judged(connection: Connection) -> dict[InstanceKey, date | None]:
    """Up to which session each instance was judged, those left out that are in force no more."""
    table = schema.alert_state
    found = connection.execute(
        select(table.c.rule, table.c.instance, table.c.session).where(table.c.rule_hash != "")
    )
    return {(rule, instance or None): session for rule, instance, session in found}


def transitions(
    connection: Connection,
    *,
    rule: str | None = None,
    instance: str | None = None,
    since: date | None = None,
    ids: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Recorded]:
    """Recorded transitions, newest session first."""
    table = schema.transition
    wanted = select(table).order_by(table.c.session.desc(), table.c.recorded_at.desc(), table.c.id)
    if rule is not None:
        wanted = wanted.where(table.c.rule == rule)
    if instance is not None:
        wanted = wanted.where(table.c.instance == instance)
    if since is not None:
        wanted = wanted.where(table.c.session >= since)
    if ids is not None:
        wanted = wanted.where(table.c.id.in_(list(ids)))
    return [_recorded(row) for row in connection.execute(wanted.limit(limit)).mappings()]


def decisions(connection: Connection) -> dict[str, int]:
    """How many transitions were sent, and how many were withheld for each cause."""
    table = schema.transition
    grouped = select(table.c.decision, table.c.cause, func.count()).group_by(table.c.decision, table.c.cause)
    found: Counter[str] = Counter()
    for decision, cause, number in connection.execute(grouped):
        found[decision if decision == SENT else cause or WITHHELD] += number
    return dict(found)


def evaluation(
    connection: Connection,
    rule: str,
    instance: str | None,
    session: date | None,
    known_by: datetime | None = None,
) -> Evaluation | None:
    """How an instance was judged in a session, in the last one known by an instant, or in its latest."""
    table = schema.evaluation
    wanted = select(table).where(table.c.rule == rule, table.c.instance == (instance or ""))
    if session is not None:
        wanted = wanted.where(table.c.session == session)
    if known_by is not None:
        wanted = wanted.where(table.c.at <= known_by)
    row = connection.execute(wanted.order_by(table.c.session.desc()).limit(1)).mappings().first()
    return None if row is None else _evaluation(row)


def evaluations(connection: Connection, *, since: datetime) -> list[Evaluation]:
    """How instances were judged since an instant: their latest judgement in each session."""
    table = schema.evaluation
    found = connection.execute(select(table).where(table.c.judged_at >= since)).mappings()
    return [_evaluation(row) for row in found]


def latest_evaluations(connection: Connection, rule: str | None = None) -> dict[InstanceKey, Evaluation]:
    """How every instance, or each of one rule, was judged in its latest session."""
    table = schema.evaluation
    last = (
        select(table.c.rule, table.c.instance, func.max(table.c.session).label("session"))
        .where(true() if rule is None else table.c.rule == rule)
        .group_by(table.c.rule, table.c.instance)
        .subquery()
    )
    same = and_(*(table.c[name] == last.c[name] for name in ("rule", "instance", "session")))
    rows = connection.execute(select(table).join(last, onclause=same)).mappings()
    found = (_evaluation(row) for row in rows)
    return {(one.rule, one.instance): one for one in found}


def keep_evidence(connection: Connection, lines: Mapping[Version, str], *, now: datetime) -> None:
    """Write what history says of versions of rules, each in one line."""
    rows = [
        {"rule": rule, "version": version, "line": line, "measured_at": now}
        for (rule, version), line in lines.items()
    ]
    schema.upsert(connection, schema.evidence, rows)


def evidence(connection: Connection) -> dict[Version, tuple[str, datetime]]:
    """What history says of versions of rules, and when that was measured."""
    found = connection.execute(select(schema.evidence))
    return {(row.rule, row.version): (row.line, row.measured_at) for row in found}


def _memory_row(key: InstanceKey, memory: Memory, now: datetime) -> schema.Row:
    rule, instance = key
    return {
        "rule": rule,
        "instance": instance or "",
        "rule_hash": memory.rule_hash,
        "session": memory.state.session,
        "state": to_plain(memory.state),
        "told": to_plain(memory.told),
        "past": to_plain(memory.past),
        "updated_at": now,
    }


def _transition_row(decided: Decided, hashes: dict[InstanceKey, str], now: datetime) -> schema.Row:
    one = decided.transition
    return {
        "id": one.id,
        "rule": one.rule,
        "instance": one.instance or "",
        "kind": one.kind.value,
        "level": one.level.value,
        "session": one.session,
        "at": one.at,
        "reason": one.reason.value,
        "episode": one.episode,
        "opened": one.opened,
        "values": one.values,
        "legs": one.legs,
        "decision": SENT if decided.sent else WITHHELD,
        "cause": decided.cause,
        "text": decided.text,
        "recorded_at": now,
        "rule_hash": hashes.get((one.rule, one.instance), ""),
    }


def _recorded(row: Any) -> Recorded:
    named = ("id", "rule", "session", "at", "episode", "opened", "values", "legs")
    return Recorded(
        transition=Transition(
            **{name: row[name] for name in named},
            instance=row["instance"] or None,
            kind=Kind(row["kind"]),
            level=Severity(row["level"]),
            reason=Reason(row["reason"]),
        ),
        sent=row["decision"] == SENT,
        cause=row["cause"],
        text=row["text"],
        recorded_at=row["recorded_at"],
        rule_hash=row["rule_hash"],
    )


def _evaluation_row(one: Evaluation, now: datetime) -> schema.Row:
    named = ("rule", "session", "at", "verdicts", "values", "legs", "phase")
    return {**{name: getattr(one, name) for name in named}, "instance": one.instance or "", "judged_at": now}


def _evaluation(row: Any) -> Evaluation:
    named = ("rule", "session", "at", "values", "legs", "phase")
    return Evaluation(
        **{name: row[name] for name in named},
        instance=row["instance"] or None,
        verdicts=tuple(row["verdicts"]),
    )
