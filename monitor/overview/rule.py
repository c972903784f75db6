"""One instance of a rule in full: how its levels were judged, from which numbers, its episodes, and a picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from monitor.alerts import Kind, Severity
from monitor.background import PICTURED, drawing
from monitor.charts import Drawing
from monitor.engine import Track, episodes
from monitor.gather import Context
from monitor.language import bounds_of, written
from monitor.ledger import Standpoint, evidence_of
from monitor.overview.alerts import AlertRow, alert_rows, heard
from monitor.overview.explained import explain
from monitor.overview.explained_rows import ExplainedRow
from monitor.overview.row import Row
from monitor.overview.rules import RuleRow
from monitor.rules import Instance, named_metrics
from monitor.standing import decisive
from monitor.storage.records import Evaluation, Recorded

NEWEST = 20
SPARKED = 60
"""Sessions in a sparkline."""
LISTED = 30
"""Sessions in the table beside a picture."""
ENDS = (Kind.RESOLVE, Kind.REOPEN)
"""What says until when an episode lasts."""


class EpisodeRow(Row):
    """From an open to its resolve."""

    opened: date
    resolved: date | None
    """null: it is open."""
    worst: Severity | None
    told: bool | None
    """Whether its open was sent; null for history from before the first start, of which nobody was told."""
    cause: str | None
    """Why its open was withheld."""


class PointRow(Row):
    """The metric in one session."""

    session: date
    value: float | None


class RuleView(Row):
    """One instance of a rule in full."""

    standing: RuleRow
    about: dict[str, str]
    """What else its pack says of it: note, study, cooldown, labels and so on."""
    explained: ExplainedRow | None
    """Why it fires, or does not, in its last session."""
    metrics: dict[str, str]
    """The metrics it names, as they are defined."""
    episodes: tuple[EpisodeRow, ...]
    """In all of the history that is held, the newest first."""
    alerts: tuple[AlertRow, ...]
    """What happened last."""
    metric: str | None
    """What the points are of."""
    points: tuple[PointRow, ...]
    """Its last sessions."""
    evidence: str | None
    """What a backtest of this version of the rule said, in one line."""
    text: str | None
    """The rule as it stands in its pack."""


@dataclass(frozen=True)
class Pictured:
    """A rule in full, and what its picture shows."""

    view: RuleView
    drawing: Drawing | None


def read_rule(
    context: Context,
    point: Standpoint,
    row: RuleRow,
    *,
    track: Track | None,
    text: str | None,
    now: datetime,
) -> Pictured:
    """One instance in full; `track` is its history, None where that is not known yet."""
    instance, evaluation, store = point.instance, point.evaluation, context.store
    recorded = store.transitions(rule=instance.rule.id, instance=instance.member or "")
    shown = heard(recorded)[:NEWEST]
    held = None if track is None or evaluation is None else track.cut(upto=evaluation.session)
    made = _picture(held, evaluation, instance)
    explained = explain(store, context.rulebook, [instance], now=now) if evaluation else []
    view = RuleView(
        standing=row,
        about=_about(instance),
        explained=explained[0] if explained else None,
        metrics=_metrics(instance),
        episodes=tuple(_episodes(recorded, episodes(held) if held else ())),
        alerts=tuple(alert_rows(shown, store.carriers([one.transition.id for one in shown]))),
        metric=None if made is None else made.title.partition(": ")[2],
        points=() if made is None else _points(made),
        evidence=evidence_of(store, context.rulebook).get(instance.rule.id),
        text=text,
    )
    return Pictured(view, made)


def _picture(held: Track | None, evaluation: Evaluation | None, instance: Instance) -> Drawing | None:
    if held is None or evaluation is None or not len(held.sessions):
        return None
    level = instance.levels[0]
    return drawing(held, level, decisive(level.when, evaluation.values, holds=False), last=PICTURED)


def _points(made: Drawing) -> tuple[PointRow, ...]:
    rows = made.frame.tail(LISTED).select("session", "value").reverse().iter_rows()
    return tuple(PointRow(session=session, value=value) for session, value in rows)


def _about(instance: Instance) -> dict[str, str]:
    rule = instance.rule
    found = {
        "note": rule.note,
        "study": rule.study,
        "cooldown": f"{rule.cooldown} days" if rule.cooldown else None,
        "mode": "edge" if rule.edge else None,
        "judged": "live, and at the close" if rule.live else None,
        "inhibited by": ", ".join(rule.inhibited_by) or None,
        "expires": rule.expires and str(rule.expires),
        "labels": ", ".join(f"{name}: {value}" for name, value in rule.labels.items()) or None,
    }
    return {name: value for name, value in found.items() if value}


def _metrics(instance: Instance) -> dict[str, str]:
    conditions = [c for level in instance.levels for c in (level.when, level.clear_when) if c is not None]
    found = {name: node for one in conditions for name, node in named_metrics(one).items()}
    return {name: written(node.operands[0]) for name, node in sorted(found.items()) if node.operands}


def _episodes(recorded: Iterable[Recorded], history: Iterable[tuple[date, date | None]]) -> list[EpisodeRow]:
    """Those that were stored, and before them those of the history that is held; the newest first."""
    stored = _stored(recorded)
    first = min((one.opened for one in stored), default=date.max)
    before = [
        EpisodeRow(opened=opened, resolved=resolved, worst=None, told=None, cause=None)
        for opened, resolved in history
        if opened < first
    ]
    return sorted([*before, *stored], key=lambda one: one.opened, reverse=True)


def _stored(recorded: Iterable[Recorded]) -> list[EpisodeRow]:
    found: dict[int, EpisodeRow] = {}
    for one in sorted(recorded, key=lambda one: (one.transition.session, one.recorded_at)):
        made = one.transition
        if made.kind is Kind.OPEN:
            found[made.episode] = EpisodeRow(
                opened=made.opened or made.session,
                resolved=None,
                worst=made.level,
                told=one.sent,
                cause=one.cause,
            )
        elif made.episode in found and made.kind is Kind.ESCALATE:
            found[made.episode] = found[made.episode].model_copy(update={"worst": made.level})
        elif made.episode in found and made.kind in ENDS:
            resolved = None if made.kind is Kind.REOPEN else made.session
            found[made.episode] = found[made.episode].model_copy(update={"resolved": resolved})
        elif made.kind is Kind.RETRACT:
            found.pop(made.episode, None)
    return list(found.values())


def sparkline(track: Track, upto: date) -> tuple[float | None, ...]:
    """The last values of what an instance compares first; empty where it compares nothing."""
    held = track.cut(upto=upto)
    bounds = bounds_of(track.instance.levels[0].when)
    return tuple(held.frame[bounds[0][0].key].tail(SPARKED).cast(pl.Float64).to_list()) if bounds else ()
