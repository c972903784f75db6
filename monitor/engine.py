"""One engine, two callers: bars -> observations -> transitions, the same live and in a backtest.

`observe` has no memory, it is polars expressions over all bars held:

1. legs are put side by side by session (`bars.side_by_side`);
2. the metrics of all rules are computed once each (`language.evaluate`);
3. each instance joins its metrics by session (`_steps`) and classes every session (`_verdicts`).

`replay` has all the memory, it is a fold of `alerts.advance_ladder` over the observations; stretches in which
nothing can change are skipped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from monitor.alerts import (
    AlertState,
    Change,
    Dwell,
    Kind,
    Reason,
    Severity,
    Transition,
    Verdict,
    advance_ladder,
    is_idle,
    transition_id,
)
from monitor.bars import UTC, side_by_side
from monitor.instruments import Catalogue
from monitor.language import Node, condition, evaluate
from monitor.rules import Instance, InstanceKey, Level, Rulebook
from monitor.sessions import expected_sessions

CARRY = 1
"""A rule of several metrics uses one that has no bar in a session as of so many sessions before."""

END = 1 << 62
"""Beyond any row."""

Verdicts = np.ndarray[tuple[int], np.dtype[np.int8]]
States = Mapping[InstanceKey, AlertState]


@dataclass(frozen=True)
class Track:
    """The observations of one instance, in the order of sessions."""

    instance: Instance
    frame: pl.DataFrame
    """Columns `session`, `at` and one per metric, named by its key; unknown is null."""
    verdicts: tuple[Verdicts, ...]
    """The class of each session, per level."""
    wide: pl.DataFrame
    """Legs side by side, to show what a value was made of."""

    @property
    def sessions(self) -> pl.Series:
        return self.frame["session"]

    def cut(self, *, after: date | None = None, upto: date | None = None) -> "Track":
        """The observations after one session and up to another."""
        sessions = self.sessions
        start = 0 if after is None else int(sessions.search_sorted(after, side="right"))
        stop = len(sessions) if upto is None else int(sessions.search_sorted(upto, side="right"))
        cut = tuple(verdicts[start:stop] for verdicts in self.verdicts)
        return replace(self, frame=self.frame[start:stop], verdicts=cut)

    def verdict(self, level: int, row: int) -> Verdict:
        """The class of one level in one session."""
        return Verdict(int(self.verdicts[level][row]))

    def values(self, row: int) -> dict[str, float | None]:
        """The metrics people read, in one session."""
        return {name: self._value(node, row) for name, node in self.instance.shown.items()}

    def _value(self, node: Node, row: int) -> float | None:
        value = self.frame[node.key][row]
        return None if value is None else float(value)

    def legs(self, row: int) -> dict[str, dict[str, object]]:
        """What was known of each leg in that session: value, its session and known_at."""
        session = self.sessions[row]
        found: dict[str, dict[str, object]] = {}
        nodes = (*self.instance.inputs, *self.instance.shown.values())
        for instrument, name in sorted({leg for node in nodes for leg in node.legs}):
            held = self.wide.filter(pl.col("session") <= session).select(
                "session", f"{instrument}.known_at", f"{instrument}.{name}"
            )
            last = held.drop_nulls().tail(1)
            if last.height:
                at, known, value = last.row(0)
                found[f"{instrument}.{name}"] = {"value": value, "session": at, "known_at": known}
        return found


def observe(rulebook: Rulebook, bars: pl.DataFrame) -> tuple[Track, ...]:
    """The observations of every instance over all sessions of a bar frame of completed bars."""
    nodes = [node for i in rulebook.instances for node in (*i.inputs, *i.shown.values())]
    wide = side_by_side(bars, {leg for node in nodes for leg in node.legs})
    missing = _missing_before(rulebook.catalogue)
    panels = evaluate(nodes, wide, missing=missing)
    return tuple(_track(instance, panels, wide, rulebook.catalogue) for instance in rulebook.instances)


def _missing_before(catalogue: Catalogue) -> Callable[[frozenset[str], pl.Series], pl.Series]:
    def count(instruments: frozenset[str], held: pl.Series) -> pl.Series:
        expected = _expected(instruments, catalogue, held[0], held[-1])
        position = expected.search_sorted(held, side="left").cast(pl.Int64)
        return (position.diff() - 1).fill_null(0).clip(lower_bound=0)

    return count


def _expected(instruments: frozenset[str], catalogue: Catalogue, start: date, end: date) -> pl.Series:
    """The sessions in which every one of these instruments should have a bar."""
    common: pl.Series | None = None
    for instrument in sorted(instruments):
        own = expected_sessions(catalogue.instruments[instrument], start, end)
        common = own if common is None else common.filter(common.is_in(own.implode()))
    return pl.Series("session", [], dtype=pl.Date) if common is None else common


def _track(
    instance: Instance,
    panels: Mapping[frozenset[tuple[str, str]], pl.DataFrame],
    wide: pl.DataFrame,
    catalogue: Catalogue,
) -> Track:
    steps = _steps(instance, panels, catalogue)
    for node in instance.shown.values():
        if node.key not in steps.columns:
            steps = steps.join(
                panels[node.legs].select("session", node.key), on="session", how="left", maintain_order="left"
            )
    verdicts = tuple(_verdicts(level, steps) for level in instance.levels)
    return Track(instance, steps, verdicts, wide)


def _steps(
    instance: Instance, panels: Mapping[frozenset[tuple[str, str]], pl.DataFrame], catalogue: Catalogue
) -> pl.DataFrame:
    """The sessions of one instance with its metrics joined: those with a bar, and expected ones without."""
    groups: dict[frozenset[tuple[str, str]], list[str]] = {}
    for node in instance.inputs:
        groups.setdefault(node.legs, []).append(node.key)
    own = {legs: panels[legs].select("session", "at", *dict.fromkeys(keys)) for legs, keys in groups.items()}
    have = pl.concat([panel.select("session") for panel in own.values()]).unique().sort("session")
    if have.is_empty():
        return _held_back(_join(have, own), list(own), [])
    expected = [_expected(_names(legs), catalogue, have["session"][0], have["session"][-1]) for legs in own]
    every = (
        pl.concat([have, *(pl.DataFrame({"session": series}) for series in expected)])
        .unique()
        .sort("session")
    )
    joined = _join(every, own)
    return _held_back(joined, list(own), expected)


def _names(legs: frozenset[tuple[str, str]]) -> frozenset[str]:
    return frozenset(instrument for instrument, _ in legs)


def _join(every: pl.DataFrame, own: Mapping[frozenset[tuple[str, str]], pl.DataFrame]) -> pl.DataFrame:
    """Metrics side by side; one that has no bar in a session where another has is carried for `CARRY` sessions."""
    joined = every
    present: list[str] = []
    for number, panel in enumerate(own.values()):
        present.append(f"at {number}")
        joined = joined.join(
            panel.rename({"at": present[-1]}), on="session", how="left", maintain_order="left"
        )
    some = pl.any_horizontal(pl.col(name).is_not_null() for name in present)
    for name, panel in zip(present, own.values(), strict=True):
        columns = [name, *(c for c in panel.columns if c not in ("session", "at"))]
        carried = some & pl.col(name).is_null()
        moved = [pl.when(carried).then(pl.col(c).shift(CARRY)).otherwise(pl.col(c)).alias(c) for c in columns]
        fresh = pl.col(name).is_not_null().alias(f"has {name}")
        joined = joined.with_columns(fresh, *moved)
    return joined.with_columns(pl.max_horizontal(present).alias("at")).drop(present)


def _held_back(
    joined: pl.DataFrame, legs: list[frozenset[tuple[str, str]]], expected: list[pl.Series]
) -> pl.DataFrame:
    """Without the newest session while a metric that is due in it has no bar yet: it is judged when it has, or
    when a later session exists.
    """
    flags = [f"has at {number}" for number in range(len(legs))]
    if joined.is_empty():
        return joined.drop(flags)
    last = joined.row(-1, named=True)
    due = (sessions[-1] if len(sessions) else None for sessions in expected)
    waiting = any(day == last["session"] and not last[flag] for day, flag in zip(due, flags, strict=True))
    kept = joined.drop(flags)
    kept = kept[:-1] if waiting else kept
    first, final = pl.col("at").is_not_null().arg_max(), pl.col("at").is_not_null().reverse().arg_max()
    bounds = kept.select(first.alias("first"), final.alias("final")).row(0) if kept.height else (0, 0)
    judged = kept[bounds[0] or 0 : kept.height - (bounds[1] or 0)]
    return judged.with_columns(pl.col("at").cast(UTC).fill_null(strategy="backward"))


def _verdicts(level: Level, steps: pl.DataFrame) -> Verdicts:
    """The class of each session: fire, clear, band or unknown."""
    fire = condition(level.when)
    clear = ~fire if level.clear_when is None else condition(level.clear_when)
    known = (
        pl.when(fire)
        .then(int(Verdict.FIRE))
        .when(clear)
        .then(int(Verdict.CLEAR))
        .when(clear.is_null())
        .then(int(Verdict.BAND_KEEPING_CLEARS))
        .otherwise(int(Verdict.BAND))
    )
    classed = pl.when(fire.is_not_null()).then(known).otherwise(int(Verdict.UNKNOWN))
    return steps.select(classed.cast(pl.Int8).alias("verdict"))["verdict"].to_numpy()


def replay(
    tracks: Sequence[Track], states: States, *, reason: Reason = Reason.THRESHOLD
) -> tuple[dict[InstanceKey, AlertState], list[Transition]]:
    """The states after all observations, and every transition on the way in the order of sessions.

    An instance without a state starts fresh; observations at or before a state's session are ignored.
    """
    after: dict[InstanceKey, AlertState] = {}
    transitions: list[Transition] = []
    for track in tracks:
        key = track.instance.key
        after[key] = states.get(key) or AlertState.fresh(len(track.instance.levels))
        for row, before, state, change in _changes(track, after[key]):
            if change is not None:
                transitions.append(_transition(track, row, before, state, change, reason))
            after[key] = state
    transitions.sort(key=lambda one: (one.session, one.rule, one.instance or ""))
    return after, transitions


def _changes(track: Track, state: AlertState) -> Iterator[tuple[int, AlertState, AlertState, Change | None]]:
    """The fold: each change with its row and the states around it, and the state at the end without one."""
    dwells = track.instance.dwells
    positions = _positions(track)
    rows = len(track.sessions)
    row = 0 if state.session is None else int(track.sessions.search_sorted(state.session, side="right"))
    if row >= rows:
        return
    while (row := _next_row(state, dwells, positions, row)) < rows:
        verdicts = [Verdict(int(level[row])) for level in track.verdicts]
        before = state
        state, changes = advance_ladder(state, track.sessions[row], verdicts, dwells)
        for change in changes:
            yield row, before, state, change
        row += 1
    yield rows - 1, state, replace(state, session=track.sessions[-1]), None


Positions = tuple[dict[Verdict, np.ndarray[tuple[int], np.dtype[np.intp]]], ...]


def _positions(track: Track) -> Positions:
    """The rows of each level that fire, and those that are clear."""
    return tuple(
        {v: np.flatnonzero(level == v) for v in (Verdict.FIRE, Verdict.CLEAR)} for level in track.verdicts
    )


def _next_row(state: AlertState, dwells: Sequence[Dwell], positions: Positions, row: int) -> int:
    """The first row from here on that can change the state; beyond the end when none can."""
    nearest = END
    for level, dwell, rows in zip(state.levels, dwells, positions, strict=True):
        waits_for = is_idle(level, dwell)
        if waits_for is None:
            return row
        found = rows[waits_for]
        at = int(np.searchsorted(found, row))
        if at < len(found):
            nearest = min(nearest, int(found[at]))
    return nearest


def _transition(
    track: Track, row: int, before: AlertState, state: AlertState, change: Change, reason: Reason
) -> Transition:
    level = track.instance.levels[change.level].severity
    opened = state.opened or before.opened
    return transition(track, row, change.kind, level, episode=state.episode, opened=opened, reason=reason)


def transition(  # noqa: PLR0913 - a record has the fields it has
    track: Track,
    row: int,
    kind: Kind,
    level: Severity,
    *,
    episode: int,
    opened: date | None,
    reason: Reason = Reason.THRESHOLD,
) -> Transition:
    """A transition of one instance in one of its sessions, with the numbers of that session."""
    rule, member = track.instance.key
    session = track.sessions[row]
    return Transition(
        id=transition_id(rule, member, level, kind, session),
        rule=rule,
        instance=member,
        kind=kind,
        level=level,
        session=session,
        at=track.frame["at"][row],
        reason=reason,
        episode=episode,
        opened=opened,
        values=track.values(row),
        legs=track.legs(row),
    )
