"""The self-check: what was judged in the last month is judged again from what is stored, and must come out the same.

1. Each time that something is judged, `judging` notes when, over which bars and by which rules; once a week, and
   when the rules changed, also how they are written and what was remembered before.
2. `material` reads what is stored since the newest such memory that is a month old, or since the catalogue or the
   version of Metalwatch changed: what was before that was checked in the nights before.
3. `recheck` judges every noted time again, by the rules of then, over the bar versions that were there then, and
   compares evaluations and transitions with those that are stored.

Not compared is what depends on when people asked not to hear of something (`RETOLD`), or on unsettled prices.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isclose

import polars as pl

import monitor
from monitor.alerts import Kind, Severity, Transition
from monitor.bars import held_at
from monitor.catchup import Step, catch_up
from monitor.engine import Track
from monitor.health import Event
from monitor.judge import Memories
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from monitor.silences import NOBODY, Hush, hush
from monitor.storage.records import Evaluation, Judging
from monitor.storage.store import Store

SPAN = timedelta(days=31)
REMEMBERED_EVERY = timedelta(days=7)
RETOLD = frozenset({Kind.STILL_OPEN, Kind.REMIND, Kind.LIVE, Kind.WITHDRAW})
NEARLY = 1e-9
"""Metrics that differ by less than this part of them are the same: another release of a library may round otherwise."""
NAMED = 5

EvaluationKey = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class Material:
    """What is stored of the judgements that are checked."""

    judgings: tuple[Judging, ...]
    """The first of them tells what was remembered before it."""
    versions: pl.DataFrame
    """Every bar version, with `version` and `seen_at`."""
    transitions: tuple[Transition, ...]
    known: frozenset[str]
    """Ids of older transitions too."""
    evaluations: tuple[Evaluation, ...]
    hush: Hush = NOBODY


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that comes out otherwise than it is stored."""

    session: date
    is_derived: bool
    """Whether it is made of bars, and no bar itself: bars come first."""
    what: str
    """The bar, or the rule: `gold 2020-03-12`."""
    told: str


@dataclass(frozen=True, slots=True)
class Recheck:
    """What judging again has found."""

    since: datetime | None
    """None: nothing was judged yet."""
    evaluations: int = 0
    transitions: int = 0
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        if self.since is None:
            return "nothing was judged yet"
        found = f"{self.evaluations:,} evaluations and {self.transitions:,} transitions since {self.since:%Y-%m-%d %H:%M} UTC"
        if not self.differences:
            return f"{found} were judged again and came out the same"
        return f"{found} were judged again: {len(self.differences):,} differences, the first: {self.differences[0].told}"


# --- while judging


def judging(store: Store, rulebook: Rulebook, memories: Memories, *, now: datetime) -> Judging:
    """The note of one time at which something is judged."""
    judged_by = f"{_judge(rulebook)} {rulebook.digest}"
    last, remembered = store.last_judging(), store.last_judging(with_before=True)
    is_due = (
        last is None or remembered is None or last[1] != judged_by or now - remembered[0] >= REMEMBERED_EVERY
    )
    return Judging(
        at=now,
        seen_upto=store.newest() or now,
        judged_by=judged_by,
        before=dict(memories) if is_due else None,
        packs=rulebook.texts if is_due else None,
    )


def _judge(rulebook: Rulebook) -> str:
    """What has to be the same for rules to mean the same."""
    return f"{monitor.__version__} {rulebook.catalogue_digest}"


def evaluations(step: Step) -> Iterator[Evaluation]:
    """How each instance was judged in the last session its memory holds, where that changed."""
    for track in step.tracks:
        memory = step.memories.get(track.instance.key)
        row = len(track.cut(upto=memory.state.session).sessions) - 1 if memory else -1
        if memory is not None and row >= 0:
            yield evaluation_of(track, row, memory.state.phase.value)


def evaluation_of(track: Track, row: int, phase: str) -> Evaluation:
    """How an instance is classed in a row of its sessions, and from which numbers."""
    return Evaluation(
        rule=track.instance.rule.id,
        instance=track.instance.member,
        session=track.sessions[row],
        at=track.at[row],
        verdicts=tuple(track.verdict(level, row).name.lower() for level in range(len(track.verdicts))),
        values=track.values(row) | track.answers(row),
        legs=track.legs(row),
        phase=phase,
    )


# --- judging again


def material(store: Store, rulebook: Rulebook, *, now: datetime) -> Material | None:
    """What is stored of the last month; None where nothing was judged since the catalogue or the version changed."""
    chosen = _chosen(store.judgings(), _judge(rulebook), now)
    if not chosen:
        return None
    recorded = store.transitions()
    since = chosen[0].at
    return Material(
        judgings=chosen,
        versions=store.bar_versions(),
        transitions=tuple(one.transition for one in recorded if one.recorded_at >= since),
        known=frozenset(one.transition.id for one in recorded),
        evaluations=tuple(store.evaluations(since=since)),
        hush=hush(store.silences(), store.acknowledged()),
    )


def _chosen(judgings: Sequence[Judging], judge: str, now: datetime) -> tuple[Judging, ...]:
    """Those since the last break, from a memory on that is a month old, else from the oldest one."""
    others = [n for n, one in enumerate(judgings) if one.judged_by.rpartition(" ")[0] != judge]
    same = judgings[others[-1] + 1 :] if others else judgings
    starts = [number for number, one in enumerate(same) if one.before is not None]
    old = [number for number in starts if same[number].at <= now - SPAN]
    if not starts:
        return ()
    return tuple(same[(old[-1] if old else starts[0]) :])


def recheck(rulebook: Rulebook, stored: Material | None) -> Recheck:
    """Judge again, and compare."""
    if stored is None:
        return Recheck(None)
    again: dict[str, Transition] = {}
    evaluated: dict[EvaluationKey, Evaluation] = {}
    for step in _steps(rulebook, stored):
        again |= {one.transition.id: one.transition for one in step.decided}
        evaluated |= {_key(one): one for one in evaluations(step)}
    found = [*_of_evaluations(stored, evaluated), *_of_transitions(stored, again)]
    return Recheck(
        since=stored.judgings[0].at,
        evaluations=len(stored.evaluations),
        transitions=sum(one.kind not in RETOLD for one in stored.transitions),
        differences=tuple(sorted(set(found))),  # several rules read the same bar
    )


def _steps(rulebook: Rulebook, stored: Material) -> Iterator[Step]:
    memories: Memories = stored.judgings[0].before or {}
    for one in stored.judgings:
        if one.packs:
            rulebook = read_rulebook(one.packs, rulebook.catalogue)
        own = pl.col("instrument").is_in(sorted(rulebook.instruments))
        bars = held_at(stored.versions.filter(own), one.seen_upto)
        for step in catch_up(rulebook, bars, memories, now=one.at, hush=stored.hush):
            memories = {**memories, **step.memories}
            yield step


def _key(one: Evaluation) -> EvaluationKey:
    return one.session, one.rule, one.instance or ""


def _of_evaluations(stored: Material, again: Mapping[EvaluationKey, Evaluation]) -> Iterator[Difference]:
    before = {_key(one): one for one in stored.evaluations}
    for key in before.keys() | again.keys():
        session, rule, instance = key
        old, new = before.get(key), again.get(key)
        named = f"{rule} {instance}".strip()
        if old is not None and new is not None:
            yield from _unlike(named, old, new)
            continue
        gone = (
            [name for name in sorted(old.legs) if not _is_held(stored, name, old.legs[name])] if old else []
        )
        for name in gone:
            yield _of_leg(name, old.legs[name] if old else {}, {}, session)
        if not gone:
            told = "was judged, and is not when it is judged again" if old else "is judged now, and was not"
            yield _derived(named, session, told)


def _is_held(stored: Material, leg: str, was: Mapping[str, object]) -> bool:
    own = (pl.col("instrument") == leg.partition(".")[0]) & (pl.col("session") == was["session"])
    return not stored.versions.filter(own).is_empty()


def _derived(named: str, session: date, told: str) -> Difference:
    return Difference(session, is_derived=True, what=f"{named} {session}", told=f"{named} {session}: {told}")


def _unlike(named: str, old: Evaluation, new: Evaluation) -> Iterator[Difference]:
    """What two evaluations of one session do not share: bars before anything that is made of them."""
    legs = sorted(old.legs.keys() | new.legs.keys())
    unlike = [name for name in legs if old.legs.get(name) != new.legs.get(name)]
    for name in unlike:
        yield _of_leg(name, old.legs.get(name, {}), new.legs.get(name, {}), old.session)
    if unlike:
        return
    for name in sorted(old.values.keys() | new.values.keys()):
        was, now = old.values.get(name), new.values.get(name)
        if not _same(was, now):
            yield _derived(named, old.session, f"{name} was {was}, and is {now} of the same last bars")
            return
    if (old.verdicts, old.phase) != (new.verdicts, new.phase):
        was_class, is_class = ", ".join(old.verdicts), ", ".join(new.verdicts)
        told = f"was {was_class} and {old.phase}, and is {is_class} and {new.phase}"
        yield _derived(named, old.session, told)


def _of_leg(leg: str, was: Mapping[str, object], now: Mapping[str, object], judged: date) -> Difference:
    found = (was or now)["session"]
    session = found if isinstance(found, date) else judged
    bar = f"{leg.partition('.')[0]} {session}"
    told = f"{bar}: judged with {_shown(was)}, and stored is {_shown(now)}"
    return Difference(session, is_derived=False, what=bar, told=told)


def _shown(leg: Mapping[str, object]) -> str:
    return (
        f"{leg['value']} of {leg['session']}, known {leg['known_at']:%Y-%m-%d %H:%M} UTC" if leg else "none"
    )


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=NEARLY)


def _of_transitions(stored: Material, again: Mapping[str, Transition]) -> Iterator[Difference]:
    gone = [one for one in stored.transitions if one.id not in again]
    new = [one for one in again.values() if one.id not in stored.known]
    yield from _told(gone, "is stored, and does not come when it is judged again")
    yield from _told(new, "comes when it is judged again, and is not stored")


def _told(transitions: Iterable[Transition], what: str) -> Iterator[Difference]:
    for one in transitions:
        if one.kind not in RETOLD:
            named = f"{one.rule} {one.instance or ''}".strip()
            yield _derived(named, one.session, f"{one.kind.value} {what}")


def difference(found: Recheck) -> Event | None:
    """What people hear of it: nothing, or the first difference and some more."""
    if not found.differences:
        return None
    first, lines = found.differences[0], [one.told for one in found.differences[:NAMED]]
    more = len(found.differences) - len(lines)
    return Event(
        about="self-check",
        headline=f"judged again, {first.what} is not what it was",
        detail="\n".join(
            [
                *lines,
                *([f"And {more:,} more; `metalwatch doctor --deep` lists them."] if more else []),
                "Stored prices, alerts or memories were changed by another hand, or a library judges otherwise.",
            ]
        ),
        severity=Severity.WARNING,
    )
