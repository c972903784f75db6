"""One live cycle: fetch, keep, observe, judge, commit; delivery is a step of its own.

1. `gather.fetch` asks the source for the instruments that have a settled bar missing, and keeps what came;
2. `judge_new` judges every session that is complete and was not judged yet, in order, one transaction each:
   states, transitions, evaluations and the messages they owe stand together or not at all.

Time is an argument.  The same `judge` runs in a backtest.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.gather import FIRST_STARTED, Context, Gathered, fetch
from monitor.judge import Memory, judge, seed
from monitor.messages import Entry, Message, compose
from monitor.policy import Decided
from monitor.prices.source import Fetched, Outcome
from monitor.reconcile import differs
from monitor.rules import Instance, InstanceKey
from monitor.storage.records import Evaluation, Judged


@dataclass(frozen=True, slots=True)
class Result:
    """What a cycle did."""

    gathered: Gathered = field(default_factory=Gathered)
    sessions: tuple[date, ...] = ()
    """Sessions that were judged, besides first judgements."""
    decided: tuple[Decided, ...] = ()
    owed: int = 0
    """Messages that were put into the outbox."""

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """The answers of the source."""
        return self.gathered.answers

    @property
    def new_bars(self) -> int:
        """Bars that are new, or have another value or status than before."""
        return self.gathered.new_bars

    @property
    def failed(self) -> tuple[Fetched, ...]:
        """The answers that brought no prices."""
        return tuple(answer for answer in self.gathered.answers if answer.outcome is not Outcome.OK)


def run_cycle(context: Context, *, now: datetime, calendars: Collection[str] | None = None) -> Result:
    """Fetch what is due on some calendars (None: all) and judge every session that is complete."""
    gathered = fetch(context, now=now, calendars=calendars)
    return replace(judge_new(context, now=now), gathered=gathered)


def judge_new(context: Context, *, now: datetime) -> Result:
    """Judge what is complete and was not judged: first judgements, then every missed session in order."""
    store, rulebook = context.store, context.rulebook
    if not store.meta(FIRST_STARTED):
        store.set_meta(FIRST_STARTED, now.isoformat())
    memories = store.memories()
    bars = completed(store.bars(instruments=rulebook.instruments, interval=context.interval), now=now)
    tracks = [track for track in observe(rulebook, bars) if len(track.sessions)]
    first = [track for track in tracks if _is_new(track, memories)]
    known = [track for track in tracks if not _is_new(track, memories)]
    results: list[Result] = []
    if first:
        result, memories = _seed(context, first, memories, now)
        results.append(result)
    for session in _waiting(known, memories) or _to_correct(known, memories):
        result, memories = _judge_session(context, known, memories, session, now)
        results.append(result)
    return _total(results)


def _is_new(track: Track, memories: Mapping[InstanceKey, Memory]) -> bool:
    """Whether an instance was never judged, or by other conditions than today's."""
    memory = memories.get(track.instance.key)
    return memory is None or memory.rule_hash != track.instance.semantic_hash


def _seed(
    context: Context, tracks: Sequence[Track], memories: dict[InstanceKey, Memory], now: datetime
) -> tuple[Result, dict[InstanceKey, Memory]]:
    new, decided = seed(tracks, memories)
    return _commit(context, tracks, new, decided, now=now), {**memories, **new}


def _waiting(tracks: Iterable[Track], memories: Mapping[InstanceKey, Memory]) -> list[date]:
    """Sessions that some instance has not judged, in order."""
    waiting = [track.cut(after=memories[track.instance.key].state.session).sessions for track in tracks]
    return sorted({session for sessions in waiting for session in sessions})


def _to_correct(tracks: Iterable[Track], memories: Mapping[InstanceKey, Memory]) -> list[date]:
    """The last session, when bars of sessions judged before came late or were revised and no new one is there."""
    changed = [
        memory.state.session
        for track in tracks
        if (memory := memories[track.instance.key]).past and differs(track, memory.state, memory.past)
    ]
    return [max(session for session in changed if session)] if changed else []


def _judge_session(
    context: Context,
    tracks: Sequence[Track],
    memories: dict[InstanceKey, Memory],
    session: date,
    now: datetime,
) -> tuple[Result, dict[InstanceKey, Memory]]:
    """One session, one transaction."""
    after, decided = judge(tracks, memories, upto=session)
    changed = {key: memory for key, memory in after.items() if memory != memories.get(key)}
    result = _commit(context, tracks, changed, decided, now=now)
    return Result(sessions=(session,), decided=result.decided, owed=result.owed), {**memories, **after}


def _commit(
    context: Context,
    tracks: Sequence[Track],
    memories: Mapping[InstanceKey, Memory],
    decided: Sequence[Decided],
    *,
    now: datetime,
) -> Result:
    instances = {track.instance.key: track.instance for track in tracks}
    messages = _messages(context, instances, decided)
    evaluations = [
        _evaluation(track, memories[track.instance.key]) for track in tracks if track.instance.key in memories
    ]
    judged = Judged(memories=memories, decided=decided, messages=messages, evaluations=evaluations)
    context.store.commit(judged, now=now)
    return Result(decided=tuple(decided), owed=len(messages))


def _messages(
    context: Context, instances: Mapping[InstanceKey, Instance], decided: Iterable[Decided]
) -> list[Message]:
    """One message per channel for everything that is told now."""
    entries = [
        Entry(
            instance=instances[one.transition.rule, one.transition.instance],
            transition=one.transition,
            withheld=one.withheld,
        )
        for one in decided
        if one.sent
    ]
    if not entries:
        return []
    label, catalogue = context.source.label, context.rulebook.catalogue
    return [compose(name, entries, catalogue=catalogue, source=label) for name in context.channels]


def _evaluation(track: Track, memory: Memory) -> Evaluation:
    """How an instance was judged in the last session its memory holds."""
    row = len(track.cut(upto=memory.state.session).sessions) - 1
    return Evaluation(
        rule=track.instance.rule.id,
        instance=track.instance.member,
        session=track.sessions[row],
        at=track.frame["at"][row],
        verdicts=tuple(track.verdict(level, row).name.lower() for level in range(len(track.verdicts))),
        values=track.values(row),
        legs=track.legs(row),
        phase=memory.state.phase.value,
    )


def _total(results: Iterable[Result]) -> Result:
    parts = list(results)
    return Result(
        sessions=tuple(session for part in parts for session in part.sessions),
        decided=tuple(one for part in parts for one in part.decided),
        owed=sum(part.owed for part in parts),
    )
