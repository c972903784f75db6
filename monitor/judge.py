"""The one path from observations to decided transitions, which the daemon and a backtest both take.

For each instance: its state is replayed over the sessions not judged yet, then policy decides what people hear
of it, then messages gives it words.  Pure: memory comes in and goes out as values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from monitor.alerts import AlertState, Kind, Reason, Severity, Transition
from monitor.engine import Track, replay, transition
from monitor.messages import words
from monitor.policy import Decided, Told, decide
from monitor.rules import InstanceKey


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered of an instance between two sessions."""

    state: AlertState
    told: Told = field(default_factory=Told)
    rule_hash: str = ""


Memories = Mapping[InstanceKey, Memory]


def judge(
    tracks: Sequence[Track], memories: Memories, *, upto: date | None = None
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """Judge every session not judged yet, up to one: the memories after it, and what was decided in order.

    An instance without a memory starts fresh: a backtest, or one that `seed` did not see.
    """
    after: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for track in tracks:
        key = track.instance.key
        memory = memories.get(key) or Memory(AlertState.fresh(len(track.instance.levels)))
        new = track.cut(after=memory.state.session, upto=upto)
        states, transitions = replay([new], {key: memory.state})
        own, told = _decide(new, transitions, memory)
        after[key] = Memory(states[key], told, track.instance.semantic_hash)
        decided.extend(replace(one, text=words(track.instance, one.transition)) for one in own)
    decided.sort(key=lambda one: (one.transition.session, one.transition.rule, one.transition.instance or ""))
    return after, decided


def _decide(track: Track, transitions: Sequence[Transition], memory: Memory) -> tuple[list[Decided], Told]:
    sessions = track.sessions.to_list()

    def still_open(session: date, level: Severity) -> Transition:
        opens = [t for t in transitions if t.kind is Kind.OPEN and t.session <= session]
        episode = opens[-1].episode if opens else memory.state.episode
        opened = opens[-1].session if opens else memory.state.opened
        row = sessions.index(session)
        return transition(track, row, Kind.STILL_OPEN, level, episode=episode, opened=opened)

    cooldown = track.instance.rule.cooldown
    return decide(transitions, memory.told, cooldown=cooldown, sessions=sessions, still_open=still_open)


def seed(
    tracks: Sequence[Track], *, upto: date | None = None
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """The first judgement of instances: history without messages, then one open for each that is firing now.

    Those opens carry the numbers of the last session judged and the reason `already_true`.
    """
    memories: dict[InstanceKey, Memory] = {}
    decided: list[Decided] = []
    for track in tracks:
        key = track.instance.key
        history = track.cut(upto=upto)
        states, _ = replay([history], {})
        state = states[key]
        told = Told()
        if state.level is not None:
            one = _already_true(history, state)
            told = Told(last_open=one.session, level=one.level)
            decided.append(Decided(transition=one, sent=True, text=words(track.instance, one)))
        memories[key] = Memory(state, told, track.instance.semantic_hash)
    return memories, decided


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
