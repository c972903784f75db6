"""The one path from observations to decided transitions, which the daemon and a backtest both take.

1. The state of every instance is replayed over the sessions not judged yet.
2. `Inhibitors` tell in which sessions a rule was open that silences others.
3. Policy decides what people hear of each instance, messages gives it words.

Pure: memory comes in and goes out as values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from monitor.alerts import RECORDED_ONLY, AlertState, Kind, Reason, Severity, Transition, transition_id
from monitor.engine import Inhibitors, Track, replay, transition
from monitor.messages import words
from monitor.policy import FIRST, INHIBITED, SILENT_KIND, Decided, Manners, Ongoing, Told, decide
from monitor.reconcile import Lived, Past, differs, reconcile, remember
from monitor.rules import InstanceKey, OnFirst

UNHEARD = "nobody heard of it"
"""Why the correction of an episode is withheld."""


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered of an instance between two sessions."""

    state: AlertState
    told: Told = field(default_factory=Told)
    rule_hash: str = ""
    past: Past | None = None
    """The last sessions, in which a late or revised bar may still change something."""


Memories = Mapping[InstanceKey, Memory]


@dataclass(frozen=True)
class _Stretch:
    """What is new of one instance: its sessions, and the transitions in them."""

    track: Track
    """All its observations."""
    new: Track
    """Those not judged yet."""
    memory: Memory
    state: AlertState
    """After them."""
    transitions: tuple[Transition, ...]
    past: Past
    """Before them, with what was corrected."""
    corrected: tuple[tuple[Transition, bool], ...] = ()
    """What late and revised bars changed about episodes that were told, and whether they were heard of."""

    def _row(self, session: date) -> int:
        return self.new.row_of(session)

    def still_open(self, session: date, level: Severity) -> Transition:
        return self._about(session, Kind.STILL_OPEN, level)

    def reminder(self, session: date, ongoing: Ongoing, reason: Reason) -> Transition:
        return self._about(session, Kind.REMIND, ongoing.level, reason=reason, reminder=ongoing.reminders)

    def known(self, session: date) -> bool:
        """Whether any level was more than unknown."""
        row = self._row(session)
        return any(self.new.verdict(level, row) for level in range(len(self.new.verdicts)))

    def reach(self, session: date, severity: Severity) -> float | None:
        return self.new.instance.level(severity).reach(self.new.values(self._row(session)))

    def _about(
        self,
        session: date,
        kind: Kind,
        level: Severity,
        *,
        reason: Reason = Reason.THRESHOLD,
        reminder: int = 0,
    ) -> Transition:
        """A transition about the episode that is open in a session."""
        opens = [t for t in self.transitions if t.kind is Kind.OPEN and t.session <= session]
        episode = opens[-1].episode if opens else self.memory.state.episode
        opened = opens[-1].session if opens else self.memory.state.opened
        row = self._row(session)
        made = transition(self.new, row, kind, level, episode=episode, opened=opened, reason=reason)
        if not reminder:
            return made
        named = transition_id(made.rule, made.instance, level, kind, session, reminder)
        return replace(made, id=named, reminder=reminder)


def judge(
    tracks: Sequence[Track], memories: Memories, *, upto: date | None = None
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """Judge every session not judged yet, up to one: the memories after it, and what was decided in order.

    An instance without a memory starts fresh: a backtest, or one that `seed` did not see.
    """
    stretches = [_stretch(track, memories, upto) for track in tracks]
    before = {key: memory.state for key, memory in memories.items()}
    before |= {stretch.track.instance.key: stretch.memory.state for stretch in stretches}
    inhibitors = Inhibitors(before, (one for stretch in stretches for one in stretch.transitions))
    after: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for one in stretches:
        own, told = _decide(one, inhibitors)
        instance = one.track.instance
        heard = {made.transition.id for made in own if made.sent}
        past = remember(one.track, one.past, one.state, one.transitions, heard)
        after[instance.key] = Memory(one.state, told, instance.semantic_hash, past)
        decided.extend(replace(made, text=words(instance, made.transition)) for made in own)
    decided.sort(key=lambda one: (one.transition.session, one.transition.rule, one.transition.instance or ""))
    return after, decided


def _stretch(track: Track, memories: Memories, upto: date | None) -> _Stretch:
    key = track.instance.key
    fresh = AlertState.fresh(len(track.instance.levels))
    memory = memories.get(key) or Memory(fresh)
    past = memory.past or Past(base=memory.state)
    retold: tuple[Transition, ...] = ()
    corrected: tuple[tuple[Transition, bool], ...] = ()
    if differs(track, memory.state, past):
        correction = reconcile(track, memory.state, past)
        memory = replace(memory, state=correction.state)
        past, retold, corrected = correction.past, correction.retold, correction.corrected
    new = track.cut(after=memory.state.session, upto=upto)
    states, transitions = replay([new], {key: memory.state})
    return _Stretch(track, new, memory, states[key], (*retold, *transitions), past, corrected)


def _decide(one: _Stretch, inhibitors: Inhibitors) -> tuple[list[Decided], Told]:
    """What people hear of an instance: corrections first, then what is new."""
    corrections = [_correction(transition, heard) for transition, heard in one.corrected]
    told = one.memory.told
    if any(t.kind in (Kind.RETRACT, Kind.RESOLVE) for t, _ in one.corrected):
        told = replace(told, owed=None, ongoing=None)
    own, told = _decide_new(one, told, inhibitors)
    return [*corrections, *own], told


def _correction(transition: Transition, heard: bool) -> Decided:  # noqa: FBT001 - a pair taken apart
    if transition.kind in RECORDED_ONLY:
        return Decided(transition=transition, sent=False, cause=SILENT_KIND)
    return Decided(transition=transition, sent=heard, cause=None if heard else UNHEARD)


def _decide_new(one: _Stretch, told: Told, inhibitors: Inhibitors) -> tuple[list[Decided], Told]:
    instance = one.track.instance
    if told.ongoing is None and instance.rule.remind:
        told = replace(told, ongoing=_ongoing(one.track, one.memory.state, told))
    manners = Manners(
        edge=instance.rule.edge,
        remind=instance.rule.remind,
        inhibitor=lambda session: inhibitors.of(instance, session),
        reach=one.reach,
        known=one.known,
        reminder=one.reminder,
    )
    return decide(
        one.transitions,
        told,
        cooldown=instance.rule.cooldown,
        sessions=one.new.sessions.to_list(),
        still_open=one.still_open,
        manners=manners,
    )


def _ongoing(track: Track, state: AlertState, told: Told) -> Ongoing | None:
    """The open episode of a rule that learnt to remind while it was open, counted from its beginning."""
    if state.level is None or state.session is None or state.opened is None:
        return None
    levels = track.instance.levels
    past = track.cut(upto=state.session)
    bars = len(past.cut(after=state.opened).sessions)
    values = past.values(len(past.sessions) - 1) if len(past.sessions) else {}
    extreme = track.instance.rule.remind.new_extreme is not None
    heard = track.instance.level(told.level) if told.level else levels[state.level]
    return Ongoing(
        level=levels[state.level].severity, bars=bars, farthest=heard.reach(values) if extreme else None
    )


def seed(
    tracks: Sequence[Track], memories: Memories | None = None, *, upto: date | None = None
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """The first judgement of instances: history without messages, then one open for each that is firing now.

    Those opens carry the numbers of the last session judged and the reason `already_true`.  `memories` are those
    of other instances, which may inhibit these.
    """
    histories = [track.cut(upto=upto) for track in tracks]
    states, _ = replay(histories, {})
    known = {key: memory.state for key, memory in (memories or {}).items()}
    inhibitors = Inhibitors({**known, **states}, ())
    after: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for track in histories:
        instance = track.instance
        state, told = states[instance.key], Told()
        if state.level is not None:
            one = _already_true(track, state)
            cause = _first_cause(track, state, inhibitors)
            decided.append(
                Decided(transition=one, sent=cause is None, cause=cause, text=words(instance, one))
            )
            told = _first_told(track, state, one, cause)
        after[instance.key] = Memory(state, told, instance.semantic_hash, _seeded_past(track, state, told))
    return after, decided


def _seeded_past(track: Track, state: AlertState, told: Told) -> Past:
    """What a first judgement leaves to be corrected: its last sessions, and the episode that is open."""
    opened = state.opened
    past = remember(track, Past(AlertState.fresh(len(state.levels))), state, (), ())
    if state.worst is None or opened is None:
        return past
    worst = track.instance.levels[state.worst].severity
    return replace(past, lived=(Lived(state.episode, opened, None, worst, heard=told.last_open is not None),))


def _first_cause(track: Track, state: AlertState, inhibitors: Inhibitors) -> str | None:
    """Why an alert that is open at the first judgement is not told: an edge is told in its own session only."""
    rule = track.instance.rule
    past_edge = rule.edge and state.opened != state.session
    if rule.on_first is not OnFirst.NOTIFY or past_edge:
        return FIRST
    inhibitor = inhibitors.of(track.instance, track.sessions[-1])
    return None if inhibitor is None else f"{INHIBITED}{inhibitor}"


def _first_told(track: Track, state: AlertState, one: Transition, cause: str | None) -> Told:
    rule = track.instance.rule
    if cause is None:
        told = Told(last_open=one.session, level=one.level)
    else:
        owed = None if cause == FIRST or rule.edge else one.level
        told = Told(owed=owed, withheld=1, unheard=cause)
    return replace(told, ongoing=_ongoing(track, state, told)) if rule.remind else told


def _already_true(track: Track, state: AlertState) -> Transition:
    level = track.instance.levels[state.level or 0].severity
    return transition(
        track,
        len(track.sessions) - 1,
        Kind.OPEN,
        level,
        episode=state.episode,
        opened=state.opened,
        reason=Reason.ALREADY_TRUE,
    )
