"""The one path from observations to decided transitions, which the daemon and a backtest both take.

1. What late and revised bars, or an edit of the rule, change about judged sessions is put right (`reconcile`,
   `edits`), and the state of every instance is replayed over the sessions not judged yet.
2. `Inhibitors` tell in which sessions a rule was open that silences others, `hush` what people asked not to hear.
3. Policy decides what people hear of each instance, messages gives it words.

Pure: memory comes in and goes out as values.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.alerts import RECORDED_ONLY, AlertState, Kind, Reason, Severity, Transition, transition_id
from monitor.edits import edited, in_severities, is_silent_first
from monitor.engine import Inhibitors, Track, replay, transition
from monitor.messages import words
from monitor.policy import (
    FIRST,
    INHIBITED,
    SILENT_KIND,
    Decided,
    Manners,
    Ongoing,
    Told,
    decide,
    decide_later,
    withholding,
)
from monitor.reconcile import Lived, Past, differs, reconcile, remember, spans
from monitor.rules import Instance, InstanceKey
from monitor.silences import NOBODY, Hush

UNHEARD = "nobody heard of it"
"""Why the correction of an episode is withheld."""


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered of an instance between two sessions."""

    state: AlertState
    told: Told = field(default_factory=Told)
    rule_hash: str = ""
    """Of the conditions that judged it; empty when its rule is in force no more."""
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
    edit: Transition | None = None
    """What other conditions changed about the episode that was open."""

    @property
    def changes(self) -> tuple[Transition, ...]:
        louder = (made for made, _ in self.corrected if made.kind is Kind.ESCALATE)
        return (*louder, *((self.edit,) if self.edit else ()), *self.transitions)

    def still_open(self, session: date, level: Severity) -> Transition:
        return self._about(session, Kind.STILL_OPEN, level)

    def reminder(self, session: date, ongoing: Ongoing, reason: Reason) -> Transition:
        return self._about(session, Kind.REMIND, ongoing.level, reason=reason, reminder=ongoing.reminders)

    def known(self, session: date) -> bool:
        """Whether any level was more than unknown."""
        row = self.track.row_of(session)
        return any(self.track.verdict(level, row) for level in range(len(self.track.verdicts)))

    def reach(self, session: date, severity: Severity) -> float | None:
        track = self.track
        return track.instance.level(severity).reach(track.values(track.row_of(session)))

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
        before = self.memory.state.session or date.min
        opens = [t for t in self.transitions if t.kind is Kind.OPEN and before < t.session <= session]
        episode = opens[-1].episode if opens else self.memory.state.episode
        opened = opens[-1].session if opens else self.memory.state.opened
        row = self.track.row_of(session)
        made = transition(self.track, row, kind, level, episode=episode, opened=opened, reason=reason)
        if not reminder:
            return made
        named = transition_id(made.rule, made.instance, level, kind, session, reminder)
        return replace(made, id=named, reminder=reminder)


def judge(
    tracks: Sequence[Track], memories: Memories, *, upto: date | None = None, hush: Hush = NOBODY
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """Judge every session not judged yet, up to one: the memories after it, and what was decided in order.

    `hush` says what people asked not to hear.  An instance without a memory starts fresh: a backtest, or one that
    `seed` of `catchup` did not see.
    """
    stretches = [_stretch(track, memories, upto) for track in tracks]
    before = {key: spans(memory.state, memory.past) for key, memory in memories.items()}
    before |= {stretch.track.instance.key: spans(stretch.memory.state, stretch.past) for stretch in stretches}
    inhibitors = Inhibitors(before, (one for stretch in stretches for one in stretch.changes))
    hushed = hushed_by(inhibitors, hush)
    after: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for one in stretches:
        own, told = _decide(one, hushed, hush)
        instance = one.track.instance
        heard = {made.transition.id for made in own if made.sent}
        later = (made.transition for made in own if made.transition.kind is Kind.STILL_OPEN)
        changes = sorted((*one.changes, *later), key=lambda made: made.session)
        past = remember(one.track, one.past, one.state, changes, heard)
        after[instance.key] = Memory(one.state, told, instance.semantic_hash, past)
        decided.extend(replace(made, text=words(instance, made.transition)) for made in own)
    decided.sort(key=lambda one: (one.transition.session, one.transition.rule, one.transition.instance or ""))
    return after, decided


def hushed_by(inhibitors: Inhibitors, hush: Hush) -> Hush:
    """Why a transition is not told: a rule that was open in its session, else what people asked for."""

    def cause(instance: Instance, transition: Transition) -> str | None:
        rule = inhibitors.of(instance, transition.session)
        return hush(instance, transition) if rule is None else f"{INHIBITED}{rule}"

    return cause


def _stretch(track: Track, memories: Memories, upto: date | None) -> _Stretch:
    key = track.instance.key
    memory = memories.get(key)
    edit: Transition | None = None
    if memory is None:
        memory = Memory(AlertState.fresh(len(track.instance.levels)))
    else:
        memory, edit = _as_edited(track, memory)
    past = memory.past or Past(base=memory.state)
    retold: tuple[Transition, ...] = ()
    corrected: tuple[tuple[Transition, bool], ...] = ()
    if differs(track, memory.state, past):
        correction = reconcile(track, memory.state, past)
        memory = replace(memory, state=correction.state)
        past, retold, corrected = correction.past, correction.retold, correction.corrected
    new = track.cut(after=memory.state.session, upto=upto)
    states, transitions = replay([new], {key: memory.state})
    return _Stretch(track, new, memory, states[key], (*retold, *transitions), past, corrected, edit)


def _as_edited(track: Track, memory: Memory) -> tuple[Memory, Transition | None]:
    """What is remembered under the rule as it is written today, and what that changed about an open episode."""
    instance = track.instance
    past = memory.past or Past(base=memory.state)
    told, past = in_severities(memory.told, past, [level.severity for level in instance.levels])
    memory = replace(memory, told=told, past=past)
    if memory.rule_hash in ("", instance.semantic_hash):
        return memory, None
    edit = edited(track, memory.state, told, past)
    return Memory(edit.state, edit.told, instance.semantic_hash, edit.past), edit.transition


def _decide(one: _Stretch, hush: Hush, asked: Hush) -> tuple[list[Decided], Told]:
    """What people hear of an instance: corrections first, then what an edit changed, then what is new."""
    told = one.memory.told
    is_open = one.memory.state.level is not None
    if not is_open and any(t.kind in (Kind.RETRACT, Kind.RESOLVE) for t, _ in one.corrected):
        told = replace(told, owed=None, ongoing=None)
    taken_back = [t.opened or t.session for t, _ in one.corrected if t.kind is Kind.RETRACT]
    told = _without(told, taken_back, one.past.lived)
    corrections, told = _corrections(one, told, hush, asked)
    edits, told = ([], told) if one.edit is None else _decide_edit(one, one.edit, told, hush)
    rule = one.track.instance.rule
    if told.ongoing is None and rule.remind:
        told = replace(told, ongoing=ongoing_of(one.track, one.memory.state, told))
    late = _over_already(one)
    past, told = _decide_past(one, late, told, hush)
    rest = [made for made in one.transitions if made not in late]
    own, told = _talked(one, rest, told, hush, one.new.sessions.to_list())
    return [*corrections, *edits, *past, *own], told


def _over_already(one: _Stretch) -> list[Transition]:
    """The transitions of episodes that late and revised bars brought, and that were over before today's sessions."""
    before = one.memory.state.session or date.min
    ended = {t.opened for t in one.transitions if t.kind is Kind.RESOLVE and t.session <= before}
    return [t for t in one.transitions if t.opened in ended and t.session <= before]


def _decide_past(
    one: _Stretch, late: Sequence[Transition], told: Told, hush: Hush
) -> tuple[list[Decided], Told]:
    """What people hear of episodes that were over already: what they know of the one that is open stays."""
    fresh = replace(told, owed=None, unheard=None, louder=None, ongoing=None)
    decided, after = _talked(one, late, fresh, hush, [])
    if one.memory.state.level is None:
        return decided, after
    return decided, replace(told, last_open=after.last_open, withheld=after.withheld, causes=after.causes)


def _without(told: Told, taken_back: Collection[date], lived: Collection[Lived]) -> Told:
    """What people have heard once episodes are taken back: an open that was none holds no cooldown."""
    last = told.last_open
    gone = max((opened for opened in taken_back if last and opened <= last), default=None)
    stays = max((one for one in lived if one.heard), key=lambda one: one.opened, default=None)
    if gone is None or (stays and stays.opened > gone):
        return told
    return replace(told, last_open=stays.opened if stays else None, level=stays.worst if stays else None)


def _decide_edit(one: _Stretch, edit: Transition, told: Told, hush: Hush) -> tuple[list[Decided], Told]:
    if edit.kind is Kind.AMEND:
        return [Decided(transition=edit, sent=False, cause=SILENT_KIND)], told
    if edit.kind is Kind.OPEN and is_silent_first(one.track, one.memory.state):
        told = replace(withholding(told, FIRST), unheard=FIRST)
        return [Decided(transition=edit, sent=False, cause=FIRST)], told
    return _talked(one, [edit], told, hush, [])


def _corrections(one: _Stretch, told: Told, hush: Hush, asked: Hush) -> tuple[list[Decided], Told]:
    """What late and revised bars changed about episodes that were there.

    One that became louder is news to everybody.  Of all else hears who heard of the episode, although another rule is
    open now: only who `asked` not to hear of it does not.
    """
    decided: list[Decided] = []
    for made, heard in one.corrected:
        if made.kind is Kind.ESCALATE:
            later, told = decide_later(made, told, _manners(one, _now(one, hush)))
        else:
            cause = UNHEARD if not heard else _now(one, asked)(one.track.instance, made)
            if made.kind in RECORDED_ONLY:
                cause = SILENT_KIND
            elif heard and cause is not None:
                told = withholding(told, cause)
                told = replace(told, owed=made.level, unheard=cause) if made.kind is Kind.REOPEN else told
            later = Decided(transition=made, sent=cause is None, cause=cause)
        decided.append(later)
    return decided, told


def _now(one: _Stretch, hush: Hush) -> Hush:
    """What people do not want to hear of what is known only now, though it is about a session before."""
    known = one.track.cut(after=one.past.base.session, upto=one.memory.state.session).at
    at: datetime = max(known.drop_nulls())
    return lambda instance, made: hush(instance, replace(made, at=at))


def _talked(
    one: _Stretch,
    transitions: Sequence[Transition],
    told: Told,
    hush: Hush,
    sessions: Sequence[date],
) -> tuple[list[Decided], Told]:
    """What policy says of some transitions of an instance, and of the sessions that were judged."""
    return decide(
        transitions,
        told,
        cooldown=one.track.instance.rule.cooldown,
        sessions=sessions,
        still_open=one.still_open,
        manners=_manners(one, hush),
    )


def _manners(one: _Stretch, hush: Hush) -> Manners:
    instance = one.track.instance
    return Manners(
        edge=instance.rule.edge,
        remind=instance.rule.remind,
        hush=lambda transition: hush(instance, transition),
        reach=one.reach,
        known=one.known,
        reminder=one.reminder,
    )


def ongoing_of(track: Track, state: AlertState, told: Told) -> Ongoing | None:
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
