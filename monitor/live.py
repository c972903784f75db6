"""Rules that are judged live too: a preview of the session that goes on, told once, and what its close makes of it.

The preview is the ordinary judgement over the bars that are final and the unsettled ones of today, and nothing of it
is remembered but that people heard of it.  All legs of a rule must be unsettled together: a live quote is never
compared with a settled close.  At the close the alert opens, and so is confirmed, or the preview is withdrawn.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from monitor.alerts import Kind, Severity, Verdict, transition_id
from monitor.bars import Status, completed
from monitor.catchup import Step
from monitor.engine import Track, observe, transition
from monitor.judge import Memories, judge
from monitor.messages import words
from monitor.policy import Decided
from monitor.rules import Instance, InstanceKey, Rulebook
from monitor.sessions import trading_since
from monitor.silences import NOBODY, Hush

UNSETTLED = [Status.PARTIAL.value, Status.PROVISIONAL.value]
BASIS_SESSIONS = 20
BEGINS = (Kind.OPEN, Kind.ESCALATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What was told of a session before its close."""

    session: date
    level: Severity
    episode: int


Lives = Mapping[InstanceKey, Live]


def traded(rulebook: Rulebook, *, now: datetime) -> Rulebook:
    """The live rules of which a leg is traded now."""
    legs = {name for one in rulebook.instances if one.rule.live for name in one.instruments}
    trading = {one.id for one in rulebook.catalogue.subset(legs) if trading_since(one, now) is not None}
    instances = [
        one for one in rulebook.instances if one.rule.live and not trading.isdisjoint(one.instruments)
    ]
    return replace(rulebook, instances=tuple(instances))


def firing(
    rulebook: Rulebook, bars: pl.DataFrame, judged: Mapping[InstanceKey, date | None], *, now: datetime
) -> list[tuple[Track, Track]]:
    """The tracks of rules that `traded` found in which a level fires in a session that is not settled, and these sessions:
    in no other can anything begin.

    `bars` are the latest versions, whatever their status; `judged` says up to which session each instance was judged.
    """
    instances = tuple(one for one in rulebook.instances if one.key in judged)
    frame, unsettled = _with_unsettled(bars, now)
    found = []
    for track in observe(replace(rulebook, instances=instances), frame):
        upto = judged[track.instance.key]
        if _fires_after(track, upto):
            ahead = track.cut(after=upto)
            if _of_one_kind(track.instance, rulebook, ahead.sessions, unsettled):
                found.append((track, ahead))
    return found


def _fires_after(track: Track, session: date | None) -> bool:
    """Whether a level fires after a session."""
    for level in track.verdicts:
        fires = (level == Verdict.FIRE).nonzero()[0]
        if len(fires) and (session is None or track.sessions[int(fires[-1])] > session):
            return True
    return False


def previews(
    firing: Iterable[tuple[Track, Track]], memories: Memories, lives: Lives, *, hush: Hush
) -> Iterator[tuple[Track, Decided, Live]]:
    """What is to be told now of what is `firing`, and was not yet."""
    for track, ahead in firing:
        _, decided = judge([track], _beside(track.instance, memories), hush=hush)
        told = [one for one in decided if one.sent and one.transition.kind in BEGINS]
        new = [one for one in told if one.transition.session in ahead.sessions]
        if new and _is_news(new[-1], lives.get(track.instance.key)):
            yield (track, *_live(track.instance, new[-1]))


def with_inhibitors(instance: Instance) -> tuple[str, ...]:
    """The rules whose memories have a say in an instance: its own, and those that inhibit it."""
    return (instance.rule.id, *instance.rule.inhibited_by)


def _beside(instance: Instance, memories: Memories) -> Memories:
    return {key: memory for key, memory in memories.items() if key[0] in with_inhibitors(instance)}


def _with_unsettled(bars: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, dict[str, set[date]]]:
    """The bars a close rule may judge with those of today that are unsettled, and the sessions of these."""
    final = completed(bars, now=now)
    last = final.group_by("instrument").agg(pl.col("session").max().alias("last"))
    today = (
        bars.filter(pl.col("status").is_in(UNSETTLED) & (pl.col("close") > 0) & (pl.col("known_at") <= now))
        .join(last, on="instrument", how="left", maintain_order="left")
        .filter(pl.col("last").is_null() | (pl.col("session") > pl.col("last")))
        .select(bars.columns)
    )
    sessions: dict[str, set[date]] = {}
    for name, session in today.select("instrument", "session").iter_rows():
        sessions.setdefault(name, set()).add(session)
    return pl.concat([final, today]).sort("instrument", "session"), sessions


def _of_one_kind(
    instance: Instance, rulebook: Rulebook, ahead: Iterable[date], unsettled: Mapping[str, Collection[date]]
) -> bool:
    """Whether every leg is unsettled in every session ahead; a series typed in by hand may be older."""
    catalogue = rulebook.catalogue.instruments
    legs = [name for name in instance.instruments if catalogue[name].carry_days is None]
    return all(session in unsettled.get(name, ()) for session in ahead for name in legs)


def _is_news(one: Decided, before: Live | None) -> bool:
    """Whether nothing as loud was told of its session; one whose close is not known yet comes first."""
    made = one.transition
    return before is None or (before.session == made.session and made.level.rank > before.level.rank)


def _live(instance: Instance, one: Decided) -> tuple[Decided, Live]:
    made = one.transition
    named = transition_id(made.rule, made.instance, made.level, Kind.LIVE, made.session)
    told = replace(made, kind=Kind.LIVE, id=named)
    live = Live(session=made.session, level=made.level, episode=made.episode)
    return Decided(transition=told, sent=True, text=words(instance, told)), live


@dataclass(frozen=True, slots=True)
class Closed:
    """What the close made of previews."""

    withdrawn: tuple[Decided, ...] = ()
    confirmed: frozenset[str] = frozenset()
    """Ids of transitions that people heard of before."""
    over: frozenset[InstanceKey] = frozenset()


def close(lives: Lives, step: Step, *, hush: Hush = NOBODY) -> Closed:
    """Confirm or withdraw what was told live of sessions that a step judged; an unknown close leaves it open.

    `hush` says what people asked not to hear.
    """
    tracks = {track.instance.key: track for track in step.tracks}
    withdrawn: list[Decided] = []
    confirmed: set[str] = set()
    over: set[InstanceKey] = set()
    for key, live in lives.items():
        memory, track = step.memories.get(key), tracks.get(key)
        if (
            track is None
            or memory is None
            or memory.state.session is None
            or memory.state.session < live.session
        ):
            continue
        opened = _begun(step.decided, key, live)
        if not opened and memory.state.session == live.session and not _known(track, live.session):
            continue
        over.add(key)
        confirmed.update(one.transition.id for one in opened)
        if not opened:
            withdrawn.append(_withdrawn(track, live, hush))
    return Closed(tuple(withdrawn), frozenset(confirmed), frozenset(over))


def _begun(decided: Iterable[Decided], key: InstanceKey, live: Live) -> list[Decided]:
    made = ((one, one.transition) for one in decided)
    return [
        one
        for one, it in made
        if (it.rule, it.instance) == key and it.kind in BEGINS and it.session == live.session
    ]


def _known(track: Track, session: date) -> bool:
    row = track.row_of(session)
    if row >= len(track.sessions) or track.sessions[row] != session:
        return False
    return any(track.verdict(level, row) != Verdict.UNKNOWN for level in range(len(track.verdicts)))


def _withdrawn(track: Track, live: Live, hush: Hush) -> Decided:
    row = min(track.row_of(live.session), len(track.sessions) - 1)
    one = transition(track, row, Kind.WITHDRAW, live.level, episode=live.episode, opened=live.session)
    cause = hush(track.instance, one)
    return Decided(transition=one, sent=cause is None, cause=cause, text=words(track.instance, one))


def basis(versions: pl.DataFrame) -> str | None:
    """`basis +0.4 % to the settlement, median of 18 sessions`: live quotes over final closes of the same sessions.

    `versions` are all versions of the bars of one future; None where no session has both.
    """

    def last(status: Status, name: str) -> pl.DataFrame:
        found = versions.filter((pl.col("status") == status) & (pl.col("close") > 0))
        return found.sort("version").group_by("session").agg(pl.col("close").last().alias(name))

    both = last(Status.PARTIAL, "live").join(last(Status.FINAL, "final"), on="session").sort("session")
    both = both.tail(BASIS_SESSIONS)
    median = both.select((pl.col("live") / pl.col("final") - 1).median()).item()
    if median is None:
        return None
    many = "session" if both.height == 1 else "sessions"
    return f"basis {median:+.2%} to the settlement, median of {both.height} {many}"
