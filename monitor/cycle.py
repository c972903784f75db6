"""One live cycle: fetch, keep, observe, judge, commit; delivery is a step of its own.

1. `fetch` asks the source for the instruments that have a settled bar missing, and keeps what came;
2. `judge_new` judges every session that is complete and was not judged yet, in order, one transaction each:
   states, transitions, evaluations and the messages they owe stand together or not at all.

Time is an argument.  The same `judge` runs in a backtest.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from monitor.bars import UTC, Status, completed
from monitor.engine import Track, observe
from monitor.errors import UsageError
from monitor.instruments import AssetKind, Instrument
from monitor.judge import Memory, judge, seed
from monitor.messages import Entry, Message, compose
from monitor.policy import Decided
from monitor.prices.source import Fetched, Outcome, PriceSource
from monitor.reconcile import differs
from monitor.rules import Instance, InstanceKey, Rulebook
from monitor.sessions import expected_sessions, settled_at
from monitor.storage.records import Evaluation, Judged
from monitor.storage.store import Store

LONGEST_CLOSURE = timedelta(days=12)
"""No calendar pauses longer: so far back is far enough to find the session before."""
LATELY = timedelta(days=40)
"""What a daemon that runs needs to look at between two sessions."""
FIRST_STARTED = "first_started_at"
HOLDS = "holds_prices"
SIMULATED = "sample"


@dataclass(frozen=True, slots=True)
class Result:
    """What a cycle did."""

    fetched: tuple[Fetched, ...] = ()
    new_bars: int = 0
    sessions: tuple[date, ...] = ()
    """Sessions that were judged, besides first judgements."""
    decided: tuple[Decided, ...] = ()
    owed: int = 0
    """Messages that were put into the outbox."""

    @property
    def failed(self) -> tuple[Fetched, ...]:
        """The answers that brought no prices."""
        return tuple(answer for answer in self.fetched if answer.outcome is not Outcome.OK)


@dataclass(frozen=True)
class Context:
    """What every cycle of a daemon shares."""

    store: Store
    source: PriceSource
    rulebook: Rulebook
    channels: tuple[str, ...] = ()
    interval: str = "1d"
    instruments: frozenset[str] = field(default_factory=frozenset)
    """Besides those of the rules."""


def keep_apart(store: Store, source: PriceSource, *, claim: bool) -> None:
    """Simulated prices and real ones never share a database: the first source that is opened with `claim` decides."""
    kind = "simulated" if source.name == SIMULATED else "real"
    held = store.meta(HOLDS)
    if held not in (None, kind):
        raise UsageError(
            f"the database {store.name} holds {held} prices, and the settings name {kind} ones ({source.label}); "
            "name another file under `database:`"
        )
    if held is None and claim:
        store.set_meta(HOLDS, kind)


def run_cycle(context: Context, *, now: datetime, calendars: Collection[str] | None = None) -> Result:
    """Fetch what is due on some calendars (None: all) and judge every session that is complete."""
    fetched, new_bars = fetch(context, now=now, calendars=calendars)
    judged = judge_new(context, now=now)
    return Result(fetched, new_bars, judged.sessions, judged.decided, judged.owed)


def fetch(
    context: Context, *, now: datetime, calendars: Collection[str] | None = None
) -> tuple[tuple[Fetched, ...], int]:
    """Ask the source for every instrument with a settled bar missing; keep what came.

    A manual series is nobody's to ask: it is imported.
    """
    wanted = context.rulebook.catalogue.subset(context.rulebook.instruments | context.instruments)
    held = _held_lately(context, [instrument.id for instrument in wanted], now)
    final = _last_final(held)
    due = [
        i
        for i in wanted
        if (calendars is None or i.calendar in calendars)
        and i.kind is not AssetKind.MANUAL
        and is_due(i, final.get(i.id), now)
    ]
    if not due:
        return (), 0
    answers = context.source.fetch(due, interval=context.interval, since=final, now=now)
    frames = [
        _known_when_seen(confirm(answer.bars, held), context.store, now)
        for answer in answers
        if answer.outcome is Outcome.OK
    ]
    new = sum(context.store.add_bars(frame, seen_at=now, source=context.source.name) for frame in frames)
    return tuple(answers), new


def _held_lately(context: Context, instruments: Sequence[str], now: datetime) -> pl.DataFrame:
    """The bars of the last weeks, and the whole history of an instrument that has none there."""
    store, interval = context.store, context.interval
    recent = store.bars(instruments=instruments, interval=interval, since=now.date() - LATELY)
    others = set(instruments) - set(_last_final(recent))
    if not others:
        return recent
    rest = store.bars(instruments=sorted(others), interval=interval)
    return pl.concat([recent.filter(~pl.col("instrument").is_in(list(others))), rest])


def _known_when_seen(bars: pl.DataFrame, store: Store, now: datetime) -> pl.DataFrame:
    """A bar of a session since the first start was known when it came, not already when it settled."""
    started = store.meta(FIRST_STARTED)
    if started is None:
        return bars
    since = pl.col("known_at") > datetime.fromisoformat(started)
    known = pl.when(since).then(pl.max_horizontal("known_at", pl.lit(now, UTC))).otherwise("known_at")
    return bars.with_columns(known.alias("known_at"))


def is_due(instrument: Instrument, last_final: date | None, now: datetime) -> bool:
    """Whether a session after the last final bar is over and settled."""
    if last_final is None:
        return True
    start = max(last_final + timedelta(days=1), now.date() - LONGEST_CLOSURE)
    sessions = expected_sessions(instrument, start, now.date())
    return len(sessions) > 0 and settled_at(instrument, sessions[0]) <= now


def _last_final(held: pl.DataFrame) -> dict[str, date]:
    last = held.filter(pl.col("status") == Status.FINAL).group_by("instrument").agg(pl.col("session").max())
    return dict(last.iter_rows())


def confirm(new: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """A provisional bar that an earlier poll saw with the same values is final."""
    before = held.filter(pl.col("status") == Status.PROVISIONAL).select(
        "instrument", "session", *(pl.col(name).alias(f"{name} before") for name in ("close", "status"))
    )
    joined = new.join(before, on=["instrument", "session"], how="left", maintain_order="left")
    agrees = (pl.col("status") == Status.PROVISIONAL) & (pl.col("close") == pl.col("close before"))
    status = pl.when(agrees).then(pl.lit(Status.FINAL.value)).otherwise("status").alias("status")
    return joined.with_columns(status).select(new.columns)


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
