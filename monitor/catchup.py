"""All that is to be judged of the bars held, step by step: the same for a cycle and for the replay of what was known.

1. What is remembered of rules that are gone is closed (`closings`).
2. Instances without a memory are judged for the first time (`seed`).
3. Every session that was not judged yet is judged, in order, those that are late in one step; without one, what came
   late, was revised or edited is put right in the last session.

Pure: bars and memories come in, steps go out, and whoever asked keeps each of them before the next is made.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import chain

import polars as pl

from monitor.alerts import AlertState, Kind, Reason, Severity, Transition, transition_id
from monitor.bars import completed
from monitor.edits import is_silent_first
from monitor.engine import Inhibitors, Track, groups_of, observe, replay, transition
from monitor.instruments import Instrument
from monitor.judge import Memories, Memory, hushed_by, judge, ongoing_of
from monitor.language import Leg
from monitor.messages import closed_words, words
from monitor.policy import COOLDOWN, FIRST, SILENT_KIND, Decided, Told, withholding
from monitor.reconcile import Past, before_window, differs, open_before, remember, renamed, spans
from monitor.rules import Instance, InstanceKey, Rule, Rulebook
from monitor.sessions import expected_sessions, settled_at
from monitor.silences import NOBODY, Hush

PATIENCE = timedelta(hours=2)
"""So long after it should have settled a member of a group is waited for."""
LATELY = timedelta(days=14)
"""Older sessions wait for nobody."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step changes; it is kept as a whole or not at all."""

    sessions: tuple[date, ...] = ()
    """The session that was judged, or several that are late; none for first judgements and for rules that are gone."""
    tracks: tuple[Track, ...] = ()
    """Those that were judged."""
    memories: Mapping[InstanceKey, Memory] = field(default_factory=dict)
    """Those that changed."""
    decided: tuple[Decided, ...] = ()

    @property
    def late(self) -> bool:
        """Whether nobody was there when its sessions were over."""
        return len(self.sessions) > 1


def catch_up(
    rulebook: Rulebook, bars: pl.DataFrame, memories: Memories, *, now: datetime, hush: Hush = NOBODY
) -> Iterator[Step]:
    """Every step from what is remembered to what is known by now; `hush` says what people asked not to hear."""
    held = dict(memories)
    gone = closings(rulebook, held, now=now, hush=hush)
    if gone.memories:
        held |= gone.memories
        yield gone
    settled = completed(bars, now=now)
    observed = _without_waiting(observe(rulebook, settled), settled, rulebook, now=now)
    tracks = [track for track in observed if len(track.sessions)]
    first = [track for track in tracks if _is_new(track, held)]
    known = [track for track in tracks if not _is_new(track, held)]
    if first:
        new, decided = seed(first, held, hush=hush)
        held |= new
        yield Step(tracks=tuple(first), memories=new, decided=tuple(decided))
    for sessions in _in_turns(known, held) or _to_correct(known, held):
        after, decided = judge(known, held, upto=sessions[-1], hush=hush)
        changed = {key: memory for key, memory in after.items() if memory != held[key]}
        held |= after
        yield Step(sessions, tuple(known), changed, tuple(decided))


def _without_waiting(
    tracks: Iterable[Track], bars: pl.DataFrame, rulebook: Rulebook, *, now: datetime
) -> Iterator[Track]:
    """The tracks without the newest sessions for which a member of a group still has to come: half of them is enough
    for a value, but another one when the other half is there.
    """
    catalogue = rulebook.catalogue
    lately = bars.filter(pl.col("session") > now.date() - LATELY)
    held = set(lately.select("instrument", "session").iter_rows())

    @cache
    def waits(names: frozenset[str], session: date) -> bool:
        return any(_is_awaited(catalogue.instruments[name], session, held, now) for name in names)

    for track in tracks:
        names = _awaited_by(track.instance, rulebook)
        row = len(track.sessions)
        while names and row and waits(names, track.sessions[row - 1]):
            row -= 1
        yield track if row == len(track.sessions) else _first_rows(track, row)


def _awaited_by(instance: Instance, rulebook: Rulebook) -> frozenset[str]:
    """The members of groups that an instance reads, also of groups that it asks about through another rule."""
    names = frozenset[str]().union(*chain(*groups_of(instance).values()))
    for one in instance.fired.values():
        asked = [other for other in rulebook.find(one.rule) if one.member in (None, other.member)]
        names = names.union(*(_awaited_by(other, rulebook) for other in asked))
        if len(asked) > 1:
            names = names.union(*(other.priced for other in asked))
    return names


def _first_rows(track: Track, rows: int) -> Track:
    return track.cut(upto=track.sessions[rows - 1] if rows else date.min)


def _is_awaited(one: Instrument, session: date, held: Collection[tuple[str, date]], now: datetime) -> bool:
    """Whether a bar that is not there is still to come: its session goes on or is hardly over, and the one before came."""
    if one.carry_days is not None or (one.id, session) in held or now >= settled_at(one, session) + PATIENCE:
        return False
    *before, last = expected_sessions(one, session - LATELY, session).to_list() or [None]
    return last == session and bool(before) and (one.id, before[-1]) in held


def _is_new(track: Track, memories: Memories) -> bool:
    """Whether an instance was never judged, or was gone since."""
    memory = memories.get(track.instance.key)
    return memory is None or not memory.rule_hash


def _in_turns(tracks: Iterable[Track], memories: Memories) -> list[tuple[date, ...]]:
    """Sessions that some instance has not judged, in order: those that are late at once, then one by one.

    A session is late when two later ones wait, or a later one of every instance that has it.
    """
    waiting = [track.cut(after=memories[track.instance.key].state.session).sessions for track in tracks]
    sessions = sorted({session for one in waiting for session in one})
    newest = {one[-1] for one in waiting if len(one)}
    late = [day for day in sessions if day not in newest or day < sessions[max(len(sessions) - 2, 0)]]
    first = next((at for at, day in enumerate(sessions) if day not in late), len(sessions))
    return [tuple(sessions[:first])] * bool(first) + [(day,) for day in sessions[first:]]


def _to_correct(tracks: Iterable[Track], memories: Memories) -> list[tuple[date, ...]]:
    """The last session judged, when something about it or before changed and no new one is there."""
    changed = [
        memory.state.session for track in tracks if _differs(track, memory := memories[track.instance.key])
    ]
    return [(max(session for session in changed if session),)] if any(changed) else []


def _differs(track: Track, memory: Memory) -> bool:
    """Whether an instance was judged by other conditions, or by other bars."""
    if memory.rule_hash != track.instance.semantic_hash:
        return True
    return memory.past is not None and differs(track, memory.state, memory.past)


# --- rules that are gone


def closings(rulebook: Rulebook, memories: Memories, *, now: datetime, hush: Hush) -> Step:
    """Close what is remembered of instances that no rule in force has; who heard of an open alert hears of its end,
    unless people asked not to.

    They stay remembered as gone, so that what they do when they come back has ids of its own.
    """
    in_force = {instance.key for instance in rulebook.instances}
    rules = {rule for rule, _ in in_force}
    gone: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for key, memory in memories.items():
        if key in in_force or not memory.rule_hash:
            continue
        reason = Reason.LEFT_UNIVERSE if key[0] in rules else Reason.RULE_REMOVED
        decided += _closing(key, memory, reason, now, hush)
        before = memory.state
        closed = replace(AlertState.fresh(0), session=before.session, episode=before.episode)
        gone[key] = Memory(closed, past=Past(closed, corrections=_corrections(memory)))
    decided.sort(key=lambda one: (one.transition.rule, one.transition.instance or ""))
    return Step(memories=gone, decided=tuple(decided))


def _closing(key: InstanceKey, memory: Memory, reason: Reason, now: datetime, hush: Hush) -> list[Decided]:
    """The end of the alert an instance leaves open."""
    state, told, past = memory.state, memory.told, memory.past
    if state.session is None or state.opened is None or past is None:
        return []
    level = next((one.worst for one in past.lived if one.resolved is None), Severity.INFO)
    rule, member = key
    one = Transition(
        id=transition_id(rule, member, level, Kind.RESOLVE, state.session, _corrections(memory)),
        rule=rule,
        instance=member,
        kind=Kind.RESOLVE,
        level=level,
        session=state.session,
        at=now,
        reason=reason,
        episode=state.episode,
        opened=state.opened,
    )
    cause = SILENT_KIND if past.edge else hush(_former(key, past), one)
    cause = cause or told.unheard or (COOLDOWN if told.owed else None)
    return [Decided(transition=one, sent=cause is None, cause=cause, text=closed_words(one))]


def _former(key: InstanceKey, past: Past) -> Instance:
    """What is remembered of an instance whose rule is gone, as far as a silence asks of it."""
    (rule, member), shown = key, {one: Leg(one, "close") for one in past.instruments}
    pack, _, name = rule.partition("/")
    return Instance(
        rule=Rule(pack=pack, name=name, labels=past.labels), member=member, levels=(), shown=shown
    )


# --- first judgements


def seed(
    tracks: Sequence[Track],
    memories: Memories | None = None,
    *,
    hush: Hush = NOBODY,
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """The first judgement of instances: history without messages, then one open for each that is firing now.

    Those opens carry the numbers of the last session judged and the reason `already_true`.  `memories` are those
    of other instances, which may inhibit these, and of these when their rule was in force before.
    """
    bases = {track.instance.key: before_window(track) for track in tracks}
    states, lately = replay(tracks, bases)
    held = memories or {}
    before = {key: spans(memory.state, memory.past) for key, memory in held.items()}
    before |= {key: spans(base, None) for key, base in bases.items()}
    inhibitors = Inhibitors(before, lately)
    hushed = hushed_by(inhibitors, hush)
    after: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for track in tracks:
        instance = track.instance
        state, told, number = states[instance.key], Told(), _corrections(held.get(instance.key))
        if state.level is not None:
            one = renamed(_already_true(track, state), number)
            cause = FIRST if is_silent_first(track, state) else hushed(instance, one)
            decided.append(
                Decided(transition=one, sent=cause is None, cause=cause, text=words(instance, one))
            )
            told = _first_told(track, state, one, cause)
        past = replace(_seeded_past(track, bases[instance.key], state, lately, told), corrections=number)
        after[instance.key] = Memory(state, told, instance.semantic_hash, past)
    return after, decided


def _corrections(former: Memory | None) -> int:
    """A number that no transition of an instance has yet."""
    return former.past.corrections + 1 if former is not None and former.past is not None else 0


def _seeded_past(
    track: Track, base: AlertState, state: AlertState, lately: Iterable[Transition], told: Told
) -> Past:
    """What a first judgement leaves to be corrected: its last sessions and their episodes, of which people heard only
    where one is open.
    """
    own = [one for one in lately if (one.rule, one.instance) == track.instance.key]
    past = remember(track, Past(base, lived=open_before(track, base)), state, own, ())
    is_heard = told.last_open is not None
    return replace(
        past, lived=tuple(replace(one, heard=is_heard and one.resolved is None) for one in past.lived)
    )


def _first_told(track: Track, state: AlertState, one: Transition, cause: str | None) -> Told:
    rule = track.instance.rule
    if cause is None:
        told = Told(last_open=one.session, level=one.level)
    else:
        owed = None if cause == FIRST or rule.edge else one.level
        told = replace(withholding(Told(), cause), owed=owed, unheard=cause)
    return replace(told, ongoing=ongoing_of(track, state, told)) if rule.remind else told


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
