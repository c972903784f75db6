"""Why something fired, or did not: one instance in one session, from what was stored then, beside what is held today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta

import polars as pl

from monitor.alerts import Verdict
from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.judge import Memory
from monitor.ledger import evidence_of
from monitor.messages import unit_of
from monitor.overview.attention import in_the_way
from monitor.overview.explained_rows import (
    ComparisonRow,
    DecisionRow,
    ExplainedRow,
    LegRow,
    LevelRow,
    TodayRow,
)
from monitor.overview.told import MessageRow, message_rows
from monitor.rules import Instance, InstanceKey, Level, Rulebook
from monitor.selfcheck import evaluation_of
from monitor.sessions import expected_sessions, settled_at
from monitor.standing import comparisons
from monitor.storage.records import Evaluation, Recorded
from monitor.storage.store import Store

RECENT = 5
"""So many transitions before the session are told."""


def explain(
    store: Store,
    rulebook: Rulebook,
    instances: Sequence[Instance],
    *,
    now: datetime,
    session: date | None = None,
    known_by: datetime | None = None,
) -> list[ExplainedRow]:
    """Each instance in a session, in the last one known by an instant, or in its latest; those without one are left out."""
    asked = _with_asked(rulebook, instances)
    versions = store.bar_versions(instruments=asked.instruments)
    tracks = {track.instance.key: track for track in observe(asked, completed(_held(versions), now=now))}
    rules = {rule for one in instances for rule in (one.rule.id, *one.rule.inhibited_by)}
    memories, evidence = store.memories(rules), evidence_of(store, rulebook)
    found: list[ExplainedRow] = []
    for instance in instances:
        evaluation = store.evaluation(*instance.key, session, known_by=known_by)
        stored = evaluation is not None
        evaluation = evaluation or _worked_out(tracks[instance.key], session, known_by)
        if evaluation is not None:
            latest = memories.get(instance.key)
            of_now = latest if latest and latest.state.session == evaluation.session and stored else None
            found.append(
                ExplainedRow(
                    rule=instance.rule.id,
                    instance=instance.member,
                    name=instance.rule.id + (f" {instance.member}" if instance.member else ""),
                    session=evaluation.session,
                    at=evaluation.at,
                    stored=stored,
                    state=evaluation.phase,
                    levels=_levels(instance, evaluation, of_now),
                    legs=_legs(evaluation, versions, rulebook),
                    **_decisions(store, instance, evaluation.session),
                    attention=in_the_way(store, instance, latest, memories, now=now) if of_now else (),
                    evidence=evidence.get(instance.rule.id),
                    today=_today(tracks[instance.key], evaluation),
                )
            )
    return found


def why_not(instances: Sequence[Instance], rulebook: Rulebook, session: date, *, now: datetime) -> str:
    """Why these have no answer in a session that `explain` left out."""
    if session > now.date() + timedelta(days=1):
        return "that session is still to come"
    names = frozenset[str]().union(*(one.instruments for one in instances))
    read = rulebook.catalogue.subset(names)
    due = [one for one in read if len(expected_sessions(one, session, session))]
    if not due:
        calendars = ", ".join(sorted({one.calendar for one in read}))
        return f"{session:%A}, {session}, is no session of what it reads ({calendars})"
    settled = max(settled_at(one, session) for one in due)
    if settled > now:
        return f"session {session} is not over: its prices are settled at {settled:%Y-%m-%d %H:%M} UTC"
    told = f"not judged in session {session}: not all prices that it reads are held"
    return f"{told}; `metalwatch once` judges what is complete"


def _with_asked(rulebook: Rulebook, instances: Iterable[Instance]) -> Rulebook:
    """The instances, and those of the rules they ask about."""
    wanted: dict[InstanceKey, Instance] = {}
    waiting = list(instances)
    while waiting:
        one = waiting.pop()
        if one.key not in wanted:
            wanted[one.key] = one
            rules = {asked.rule for asked in one.fired.values()}
            waiting += [other for other in rulebook.instances if other.rule.id in rules]
    return Rulebook(instances=tuple(wanted.values()), catalogue=rulebook.catalogue)


def _held(versions: pl.DataFrame) -> pl.DataFrame:
    """The last version of each bar."""
    return versions.unique(["instrument", "session"], keep="last", maintain_order=True)


def _worked_out(track: Track, session: date | None, known_by: datetime | None) -> Evaluation | None:
    """How an instance stands in a session that nobody judged at the time."""
    rows = track.frame.with_row_index("row")
    if session is not None:
        rows = rows.filter(pl.col("session") == session)
    if known_by is not None:
        rows = rows.filter(pl.col("at") <= known_by)
    return evaluation_of(track, int(rows["row"][-1]), "not judged then") if rows.height else None


def _levels(instance: Instance, evaluation: Evaluation, memory: Memory | None) -> tuple[LevelRow, ...]:
    states = memory.state.levels if memory and memory.rule_hash == instance.semantic_hash else ()
    found = []
    for number, (level, verdict) in enumerate(zip(instance.levels, evaluation.verdicts, strict=False)):
        state = states[number] if number < len(states) else None
        found.append(
            LevelRow(
                level=level.severity,
                verdict=verdict.replace("band_keeping_clears", "band"),
                fires_when=level.when_text,
                needs=_needs(level),
                parts=_parts(level.when, evaluation.values),
                clear_when=level.clear_text,
                clear_parts=_parts(level.clear_when, evaluation.values) if level.clear_when else (),
                phase=state.phase.value if state else None,
                fires=state.fires if state else None,
                clears=state.clears if state else None,
                unknowns=state.unknowns if state else None,
            )
        )
    return tuple(found)


def _needs(level: Level) -> str:
    dwell = level.dwell
    bars = f"{dwell.bars} bar" + ("" if dwell.bars == 1 else "s")
    return f"{bars} of {dwell.of}" if dwell.of else bars


def _parts(condition: object, values: Mapping[str, float | None]) -> tuple[ComparisonRow, ...]:
    return tuple(ComparisonRow(**asdict(one)) for one in comparisons(condition, values))  # type: ignore[arg-type]


def _legs(evaluation: Evaluation, versions: pl.DataFrame, rulebook: Rulebook) -> tuple[LegRow, ...]:
    return tuple(_leg(name, leg, versions, rulebook) for name, leg in evaluation.legs.items())


def _leg(name: str, leg: Mapping[str, object], versions: pl.DataFrame, rulebook: Rulebook) -> LegRow:
    instrument, _, bar_field = name.partition(".")
    about = rulebook.catalogue.instruments[instrument]
    value, session = leg.get("value"), leg.get("session")
    priced = bar_field in versions.columns  # an age is worked out, and no revision changes it
    own = _standing(versions.filter(pl.col("instrument") == instrument), session, about.carry_days or 0)
    read = own.filter(pl.col("known_at") == leg.get("known_at"))
    if priced:
        read = read.filter(pl.col(bar_field) == value)
    today = own[bar_field][-1] if priced and own.height else None
    return LegRow(
        leg=name,
        instrument=instrument,
        value=value,
        unit=unit_of(about, bar_field),
        basis=about.basis,
        session=session,
        known_at=leg.get("known_at"),
        fetched_at=read["seen_at"][-1] if read.height else None,
        version=read["version"][-1] if read.height else None,
        value_today=today if priced else value,
    )


def _standing(own: pl.DataFrame, session: object, days: int) -> pl.DataFrame:
    """The versions of the bar that stands for a session: its own, or of a carried series the last one before."""
    if not isinstance(session, date):
        return own.clear()
    near = own.filter(pl.col("session").is_between(session - timedelta(days=days), session))
    return near.filter(pl.col("session") == pl.col("session").max())


def _decisions(store: Store, instance: Instance, session: date) -> dict[str, tuple[DecisionRow, ...]]:
    own = [
        one
        for one in store.transitions(rule=instance.rule.id, instance=instance.member or "")
        if one.transition.session <= session
    ]
    now = [one for one in own if one.transition.session == session]
    before = [one for one in own if one.transition.session < session][:RECENT]
    ids = [one.transition.id for one in (*now, *before)]
    messages = message_rows(store, ids)
    return {
        "decisions": tuple(_decision(one, messages) for one in now),
        "recent": tuple(_decision(one, messages) for one in before),
    }


def _decision(one: Recorded, messages: Mapping[str, Sequence[MessageRow]]) -> DecisionRow:
    made = one.transition
    return DecisionRow(
        session=made.session,
        kind=made.kind,
        level=made.level,
        reason=made.reason,
        episode=made.episode,
        sent=one.sent,
        cause=one.cause,
        text=one.text,
        recorded_at=one.recorded_at,
        messages=tuple(messages.get(made.id, ())),
    )


def _today(track: Track, evaluation: Evaluation) -> TodayRow | None:
    rows = track.frame.with_row_index("row").filter(pl.col("session") == evaluation.session)
    if not rows.height:
        return None
    again = evaluation_of(track, int(rows["row"][0]), evaluation.phase)
    verdicts = [Verdict[one.upper()] for one in again.verdicts]
    unknown = Verdict.UNKNOWN in verdicts
    return TodayRow(
        fires=True if Verdict.FIRE in verdicts else None if unknown else False,
        verdicts=tuple(one.name.lower().replace("band_keeping_clears", "band") for one in verdicts),
        parts=tuple(
            dict.fromkeys(
                part for level in track.instance.levels for part in _parts(level.when, again.values)
            )
        ),
        differs=again.verdicts != evaluation.verdicts,
    )
