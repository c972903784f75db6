"""What changed about sessions that were judged already: a bar that came late, or one that was revised.

An instance remembers its last `WINDOW` sessions: the state before them, how each was classed, and the episodes it
told of.  When today's bars class one of those sessions differently, the sessions are folded again from that state
and the episodes compared:

* an episode that overlaps one from before is the same; what changed is recorded, and told if it is open now and
  was not, or the other way round; one that nobody heard of and that did not end after all opens late.  Where one became
  several, the last of them says whether it is open, and where several became one, the one that is open;
* one that was not there before opens (and resolves), late;
* one that is there no longer is retracted, and who heard of it hears of that too.

Older sessions are left as they were.  Reconciling a second time finds nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from monitor.alerts import AlertState, Kind, Reason, Severity, Transition, Verdict, transition_id
from monitor.engine import Span, Track, replay, state_after, transition

WINDOW = 20
"""Sessions that late and revised bars may still change."""


@dataclass(frozen=True, slots=True)
class Step:
    """One judged session and how its levels were classed, lowest first."""

    session: date
    verdicts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lived:
    """One episode as it was told, or would have been."""

    number: int
    opened: date
    resolved: date | None
    worst: Severity
    heard: bool
    """Whether anything was sent about it."""

    def overlaps(self, other: "Lived") -> bool:
        """Whether two episodes have a session in common."""
        begins_before_its_end = other.resolved is None or self.opened < other.resolved
        return begins_before_its_end and (self.resolved is None or other.opened < self.resolved)


@dataclass(frozen=True, slots=True)
class Past:
    """What an instance remembers of its last sessions."""

    base: AlertState
    """The state before the first of them."""
    steps: tuple[Step, ...] = ()
    lived: tuple[Lived, ...] = ()
    """The episodes that were open in one of them."""
    corrections: int = 0
    """How often they were reconciled."""
    severities: tuple[Severity, ...] = ()
    """How loud its levels were, lowest first."""
    edge: bool = False
    """Whether the end of an episode was nothing to tell."""
    instruments: tuple[str, ...] = ()
    """What its rule read; like its labels for silences, which are asked of its end also when the rule is gone."""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Correction:
    """The outcome of folding the remembered sessions again."""

    state: AlertState
    past: Past
    retold: tuple[Transition, ...]
    """Opens and resolves that are new, for policy to decide on."""
    corrected: tuple[tuple[Transition, bool], ...]
    """Retractions, reopenings, resolves and amendments of episodes that were there, and whether they were heard."""


def steps_of(track: Track) -> tuple[Step, ...]:
    """The sessions of a track and how each was classed."""
    rows = zip(*(level.tolist() for level in track.verdicts), strict=True)
    return tuple(
        Step(session, tuple(row)) for session, row in zip(track.sessions.to_list(), rows, strict=True)
    )


def differs(track: Track, state: AlertState, past: Past) -> bool:
    """Whether today's bars class a remembered session differently, or add one.

    What was known and is not any more has not changed: missing data never corrects an alert.
    """
    if state.session is None or not past.steps:
        return False
    window = _window(track, state, past)
    remembered = {step.session for step in past.steps}
    return remembered <= set(window.sessions) and steps_of(window) != past.steps


def _window(track: Track, state: AlertState, past: Past) -> Track:
    """The remembered sessions as they are classed today; one that is unknown today keeps its old class."""
    window = track.cut(after=past.base.session, upto=state.session)
    unknown = [(level == Verdict.UNKNOWN).nonzero()[0].tolist() for level in window.verdicts]
    if not any(unknown):
        return window
    old = {step.session: step.verdicts for step in past.steps}
    verdicts = tuple(level.copy() for level in window.verdicts)
    for place, rows in enumerate(unknown):
        for row in rows:
            before = old.get(window.sessions[row], ())
            if place < len(before):
                verdicts[place][row] = before[place]
    return replace(window, verdicts=verdicts)


def reconcile(track: Track, state: AlertState, past: Past) -> Correction:
    """Fold the remembered sessions again, over today's bars, and compare the episodes."""
    window = _window(track, state, past)
    reason = _reason(past.steps, steps_of(window))
    states, transitions = replay([window], {track.instance.key: past.base}, reason=reason)
    after = replace(states[track.instance.key], session=state.session)
    now = lived(open_before(track, past.base), transitions, heard=())
    number = past.corrections + 1
    old_of = {one.opened: _counterpart(one, past.lived) for one in now}
    last_of = {old.number: one for one in now if (old := old_of[one.opened]) is not None}
    gone = [old for old in past.lived if not any(old.overlaps(one) for one in now)]
    new = {one.opened for one in now if _is_news(old_of[one.opened], one)}
    retold = [t for t in transitions if t.opened in new]
    corrected = [
        *(_about(window, old, Kind.RETRACT, reason) for old in gone),
        *(
            _about(window, one, kind, reason, session=_session_of(kind, one, transitions))
            for one in now
            if one.opened not in new and (old := old_of[one.opened]) is not None
            if (kind := _change(old, one, is_last=last_of[old.number] is one)) is not None
        ),
    ]
    heard = {old.opened: old.heard for old in past.lived}
    told = {**{one.opened: old.heard for one in now if (old := old_of[one.opened])}, **heard}
    merged = tuple(replace(one, heard=told.get(one.opened, False)) for one in now)
    return Correction(
        state=after,
        past=replace(past, steps=steps_of(window), lived=merged, corrections=number),
        retold=tuple(renamed(t, number) for t in retold),
        corrected=tuple((renamed(t, number), told.get(t.opened or t.session, False)) for t in corrected),
    )


def remember(
    track: Track, past: Past, state: AlertState, transitions: Iterable[Transition], heard: Collection[str]
) -> Past:
    """The past after some sessions were judged: their steps and episodes added, the oldest forgotten.

    `heard` are the ids of the transitions that were sent.
    """
    every = lived(past.lived, transitions, heard=heard)
    window = track.cut(after=past.base.session, upto=state.session)
    base, surplus = past.base, len(window.sessions) - WINDOW
    if surplus > 0:
        base = state_after(window.cut(upto=window.sessions[surplus - 1]), base)
        window = window.cut(after=base.session)
    open_since = base.session or date.min
    kept = tuple(one for one in every if one.resolved is None or one.resolved > open_since)
    return replace(
        past,
        base=base,
        steps=steps_of(window),
        lived=kept,
        severities=tuple(level.severity for level in track.instance.levels),
        edge=track.instance.rule.edge,
        instruments=tuple(sorted(track.instance.instruments)),
        labels=dict(track.instance.labels),
    )


def before_window(track: Track) -> AlertState:
    """The state before the last sessions of an instance that is judged for the first time."""
    fresh, surplus = AlertState.fresh(len(track.instance.levels)), len(track.sessions) - WINDOW
    return state_after(track.cut(upto=track.sessions[surplus - 1]), fresh) if surplus > 0 else fresh


def open_before(track: Track, base: AlertState) -> tuple[Lived, ...]:
    """The episode that was open before the remembered sessions, as it was then."""
    if base.level is None or base.worst is None or base.opened is None:
        return ()
    worst = track.instance.levels[base.worst].severity
    return (Lived(base.episode, base.opened, None, worst, heard=False),)


def lived(
    before: Iterable[Lived], transitions: Iterable[Transition], *, heard: Collection[str]
) -> tuple[Lived, ...]:
    """Episodes with what some transitions add to them."""
    found = {one.opened: one for one in before}
    for one in transitions:
        opened = one.opened or one.session
        if one.kind is Kind.OPEN:
            found[opened] = Lived(one.episode, opened, None, one.level, one.id in heard)
            continue
        was = found.get(opened)
        if was and was.resolved is None and one.kind in (Kind.ESCALATE, Kind.RESOLVE, Kind.STILL_OPEN):
            ended = one.session if one.kind is Kind.RESOLVE else None
            worst = was.worst if one.kind is Kind.STILL_OPEN else one.level
            found[opened] = replace(was, resolved=ended, worst=worst, heard=was.heard or one.id in heard)
    return tuple(found.values())


def spans(state: AlertState, past: Past | None) -> list[Span]:
    """The episodes that are remembered, the open one among them."""
    ended = () if past is None else past.lived
    resolved: list[Span] = [(one.opened, one.resolved) for one in ended if one.resolved is not None]
    return resolved if state.opened is None else [*resolved, (state.opened, None)]


def _reason(before: Sequence[Step], now: Sequence[Step]) -> Reason:
    """Late where a session that was unknown, or not there, is known now; else revised."""
    old = {step.session: step.verdicts for step in before}
    unknown = int(Verdict.UNKNOWN)
    late = any(
        any(v != unknown for v in step.verdicts)
        and all(v == unknown for v in old.get(step.session, (unknown,)))
        for step in now
        if old.get(step.session) != step.verdicts
    )
    return Reason.LATE_DATA if late else Reason.REVISED_DATA


def _counterpart(one: Lived, before: Iterable[Lived]) -> Lived | None:
    """The same episode as it was before: of several that became one, the one that is open."""
    same = [old for old in before if old.overlaps(one)]
    is_open = (old for old in same if old.resolved is None and one.resolved is None)
    return next(is_open, same[0] if same else None)


def _is_news(old: Lived | None, now: Lived) -> bool:
    """Whether an episode is told as a new one: it was not there, or was over before anybody heard of it."""
    return old is None or (old.resolved is not None and now.resolved is None and not old.heard)


def _change(old: Lived, new: Lived, *, is_last: bool) -> Kind | None:
    """What happened to an episode that was there before, if anything; of several that it became, to the last one."""
    if (old.opened, old.resolved, old.worst) == (new.opened, new.resolved, new.worst):
        return None
    if not is_last:
        return Kind.AMEND
    if old.resolved is None and new.resolved is not None:
        return Kind.RESOLVE
    if old.resolved is not None and new.resolved is None:
        return Kind.REOPEN
    is_louder = new.resolved is None and new.worst.rank > old.worst.rank
    return Kind.ESCALATE if is_louder else Kind.AMEND


def _session_of(kind: Kind, one: Lived, transitions: Iterable[Transition]) -> date | None:
    """The session a change is told of: that of its end, or in which an episode came to its worst level, if remembered."""
    if kind is Kind.RESOLVE:
        return one.resolved
    if kind is Kind.AMEND:
        return None
    found = (t for t in transitions if t.kind in (Kind.OPEN, Kind.ESCALATE) and t.opened == one.opened)
    return next((t.session for t in found if t.level is one.worst), None)


def _about(
    window: Track, episode: Lived, kind: Kind, reason: Reason, *, session: date | None = None
) -> Transition:
    """A transition about an episode, in a session of the window: its own, else the nearest that is there."""
    wanted = session or episode.opened
    row = min(window.row_of(wanted), len(window.sessions) - 1)
    number, opened = episode.number, episode.opened
    return transition(window, row, kind, episode.worst, episode=number, opened=opened, reason=reason)


def renamed(one: Transition, number: int) -> Transition:
    """The same change in the same session may come again with the next correction: its id tells them apart."""
    named = transition_id(one.rule, one.instance, one.level, one.kind, one.session, number)
    return replace(one, id=named)
