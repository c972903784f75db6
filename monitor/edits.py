"""What the edit of a rule changes about what is remembered of its instances.

* Other words, another severity: everything is kept, and speaks of today's severities (`in_severities`).
* Other conditions: the new ones are folded over history in silence, up to the last session judged, and the episode
  that is open under them is compared with the one that was (`edited`).  Open before and now: the same episode, which
  is recorded, and told only if a louder level is open than any it had.  Open no longer: it resolves.  Open now: it
  opens, already true.
* Nothing is known under the new conditions since the episode opened: it is held until something is.

What closed before is history and stays.  Editing back is one more edit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.alerts import AlertState, Kind, LevelState, Phase, Reason, Severity, Transition, Verdict
from monitor.engine import Track, replay, state_after, transition
from monitor.policy import Told
from monitor.reconcile import WINDOW, Lived, Past, lived, open_before, renamed, steps_of
from monitor.rules import Level, OnFirst


@dataclass(frozen=True, slots=True)
class Edit:
    """What is remembered of an instance under its new conditions, and what that changed."""

    state: AlertState
    told: Told
    past: Past
    transition: Transition | None


def in_severities(told: Told, past: Past, now: Sequence[Severity]) -> tuple[Told, Past]:
    """What is remembered, in today's severities: level by level while their number is the same, else the nearest
    one that is not louder.
    """
    before = past.severities
    if not before or before == tuple(now):
        return told, past

    def today(severity: Severity) -> Severity:
        if len(before) == len(now) and severity in before:
            return now[before.index(severity)]
        return now[_index(now, severity)]

    def maybe(severity: Severity | None) -> Severity | None:
        return None if severity is None else today(severity)

    ongoing = replace(told.ongoing, level=today(told.ongoing.level)) if told.ongoing else None
    episodes = tuple(replace(one, worst=today(one.worst)) for one in past.lived)
    told = replace(
        told, level=maybe(told.level), owed=maybe(told.owed), louder=maybe(told.louder), ongoing=ongoing
    )
    return told, replace(past, lived=episodes, severities=tuple(now))


def edited(track: Track, before: AlertState, told: Told, past: Past) -> Edit:
    """Fold the new conditions over the sessions judged by the old ones, and compare the open episodes.

    What is remembered speaks of today's severities already.
    """
    levels, number = track.instance.levels, past.corrections + 1
    history = track.cut(upto=before.session or date.min)
    was = _open_one(before, past, levels)
    after = state_after(history, AlertState.fresh(len(levels)))
    if was is not None and after.level is None and not _known_since(history, was.opened):
        after = _held(before, was, levels)
        new = Past(base=after, lived=(was,))
    else:
        episode = before.episode + int(was is None and after.level is not None)
        new = _past(history, after, episode, past)
        after = replace(after, session=before.session, episode=episode, worst=_worst(after, was, levels))
    change = _change(history, was, after)
    return Edit(
        state=after,
        told=_told(told, track, was, after, past),
        past=replace(new, corrections=number),
        transition=None if change is None else renamed(change, number),
    )


def is_silent_first(track: Track, state: AlertState) -> bool:
    """Whether people do not hear of an episode that was open before its conditions were asked for the first time:
    the rule wants it so, or it is an edge, which is told in its own session only.
    """
    rule = track.instance.rule
    return rule.on_first is not OnFirst.NOTIFY or (rule.edge and state.opened != state.session)


def _index(severities: Sequence[Severity], wanted: Severity) -> int:
    """The loudest of some severities, lowest first, that is not louder than one; else the lowest."""
    return max((i for i, one in enumerate(severities) if one.rank <= wanted.rank), default=0)


def _open_one(before: AlertState, past: Past, levels: Sequence[Level]) -> Lived | None:
    """The episode that was open by the old conditions."""
    if before.level is None or before.opened is None:
        return None
    unknown = Lived(before.episode, before.opened, None, levels[0].severity, heard=True)
    return next((one for one in past.lived if one.resolved is None), unknown)


def _known_since(history: Track, opened: date) -> bool:
    """Whether a level was more than unknown in a session since then."""
    rows = range(history.row_of(opened), len(history.sessions))
    return any(level[row] != Verdict.UNKNOWN for level in history.verdicts for row in rows)


def _held(before: AlertState, was: Lived, levels: Sequence[Level]) -> AlertState:
    """Open at the level people know, and below it."""
    top = _index([level.severity for level in levels], was.worst)
    phases = (Phase.FIRING if index <= top else Phase.OK for index in range(len(levels)))
    return replace(before, levels=tuple(LevelState(phase) for phase in phases), level=top, worst=top)


def _worst(after: AlertState, was: Lived | None, levels: Sequence[Level]) -> int | None:
    """The highest level of the open episode that people can know of; one above it is news."""
    if was is None or after.level is None:
        return after.level
    return max(after.level, _index([level.severity for level in levels], was.worst))


def _past(history: Track, after: AlertState, episode: int, old: Past) -> Past:
    """The last sessions as the new conditions class them, with the number of episodes so far as it was told.

    They begin later where the new conditions make more episodes than were ever counted.
    """
    rows = len(history.sessions)
    base, transitions = _fold(history, max(0, rows - WINDOW))
    begun = [base.opened] if base.opened else []
    begun += [one.session for one in transitions if one.kind is Kind.OPEN]
    surplus = len(begun) - episode
    if surplus > 0:
        first = history.row_of(begun[surplus]) if surplus < len(begun) else rows
        base, transitions = _fold(history, first)
    shift = episode - after.episode
    episodes = (
        replace(
            one,
            number=one.number + shift,
            heard=any(known.heard and known.overlaps(one) for known in old.lived),
        )
        for one in lived(open_before(history, base), transitions, heard=())
    )
    return Past(
        base=replace(base, episode=base.episode + shift),
        steps=steps_of(history.cut(after=base.session)),
        lived=tuple(episodes),
    )


def _fold(history: Track, row: int) -> tuple[AlertState, list[Transition]]:
    """The state before a row, and the transitions from there on."""
    before = history.cut(upto=history.sessions[row - 1] if row else date.min)
    base = state_after(before, AlertState.fresh(len(history.instance.levels)))
    _, transitions = replay([history.cut(after=base.session)], {history.instance.key: base})
    return base, transitions


def _change(history: Track, was: Lived | None, after: AlertState) -> Transition | None:
    """What became of the open episode, in the last session judged."""
    if not len(history.sessions) or (was is None and after.level is None):
        return None
    levels, last = history.instance.levels, len(history.sessions) - 1
    kind, severity, opened = Kind.OPEN, levels[after.level or 0].severity, after.opened
    if was is not None and after.level is None:
        kind, severity, opened = Kind.RESOLVE, was.worst, was.opened
    elif was is not None:
        kind = Kind.AMEND if severity.rank <= was.worst.rank else Kind.ESCALATE
    return transition(
        history, last, kind, severity, episode=after.episode, opened=opened, reason=Reason.RULE_CHANGED
    )


def _told(told: Told, track: Track, was: Lived | None, after: AlertState, past: Past) -> Told:
    """What people know of the episode, and are owed at the level it has now; reminders count anew."""
    told = replace(told, ongoing=None)
    if track.instance.rule.edge:
        return replace(told, owed=None, louder=None)
    if was is None or after.level is None:
        return told
    level = track.instance.levels[after.level].severity
    never_owed = past.edge and not was.heard and told.unheard is None
    louder = told.louder is not None and told.level is not None and level.rank > told.level.rank
    return replace(told, owed=level if told.owed or never_owed else None, louder=level if louder else None)
