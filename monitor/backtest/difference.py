"""What two versions of rules say differently about the same history: alerts added, removed and moved.

1. Rules are matched by their full id; one that is gone and one that is new with the same conditions are one, renamed.
2. Of each instance, alerts of one kind in the same session are the same alert.
3. What is left is paired by nearness, at most `NEAR` sessions apart: it moved.  The rest was added or removed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain

import numpy as np
import polars as pl

from monitor.alerts import Kind, Severity
from monitor.backtest.run import Backtest
from monitor.engine import Track
from monitor.policy import Decided

NEAR = 20
"""Alerts farther apart than this, a month of sessions, are two."""
COMPARED = (Kind.OPEN, Kind.ESCALATE, Kind.RESOLVE)

Years = tuple[tuple[int, int, int], ...]
"""A year, its opens before, and its opens after; from the first to the last year with one."""


class What(StrEnum):
    """How an alert differs."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    LEVEL = "another level"
    TOLD = "now told"
    WITHHELD = "now withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One alert that differs."""

    what: What
    instance: str | None
    kind: Kind
    was: date | None
    now: date | None
    level: Severity
    """Now, or what it was where it is removed."""
    withheld: str | None = None
    """Why nobody hears of it, now, or then where it is removed; None: people do."""
    sessions: int = 0
    """So many sessions later; negative: earlier."""

    @property
    def at(self) -> date:
        """The session it is sorted by."""
        return self.now or self.was or date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule, before and after."""

    rule: str
    was_named: str | None
    """None: it is new."""
    removed: bool
    edited: bool
    """Whether its conditions are others."""
    was: int
    now: int
    """Opens."""
    by_year: Years
    changes: tuple[Change, ...]

    @property
    def renamed(self) -> bool:
        return self.was_named is not None and self.was_named != self.rule

    @property
    def added(self) -> bool:
        return self.was_named is None

    @property
    def same(self) -> bool:
        return not (self.changes or self.added or self.removed or self.renamed or self.edited)

    def count(self, what: What) -> int:
        return sum(change.what is what for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All rules of both versions."""

    rules: tuple[RuleChange, ...]
    by_year: Years

    @property
    def same(self) -> bool:
        return all(rule.same for rule in self.rules)

    def count(self, what: What) -> int:
        return sum(rule.count(what) for rule in self.rules)


def difference(old: Backtest, new: Backtest) -> Difference:
    """What changed from one backtest to another over the same bars."""
    renamed = _renamed(old, new)
    before, after = _by_rule(old), _by_rule(new)
    told_before, told_after = _alerts(old), _alerts(new)
    rules = []
    for rule in dict.fromkeys([*after, *before]):
        if rule in renamed.values() and rule not in after:
            continue
        name = renamed.get(rule, rule if rule in before else None)
        was, now = before.get(name or "", []), after.get(rule, [])
        pairs = (told_before.get(name or "", []), told_after.get(rule, []))
        rules.append(
            RuleChange(
                rule=rule,
                was_named=name,
                removed=rule not in after,
                edited=bool(was and now) and _conditions(was) != _conditions(now),
                was=_opens(pairs[0]),
                now=_opens(pairs[1]),
                by_year=_by_year(*pairs),
                changes=_changes(*pairs, _sessions([*was, *now])),
            )
        )
    everything = (chain(*told.values()) for told in (told_before, told_after))
    return Difference(rules=tuple(rules), by_year=_by_year(*everything))


def _by_rule(done: Backtest) -> dict[str, list[Track]]:
    found: dict[str, list[Track]] = {}
    for track in done.tracks:
        found.setdefault(track.instance.rule.id, []).append(track)
    return found


def _alerts(done: Backtest) -> dict[str, list[Decided]]:
    found: dict[str, list[Decided]] = {}
    for one in done.decided:
        if one.transition.kind in COMPARED:
            found.setdefault(one.transition.rule, []).append(one)
    return found


def _conditions(tracks: Iterable[Track]) -> dict[str | None, str]:
    return {track.instance.member: track.instance.semantic_hash for track in tracks}


def _renamed(old: Backtest, new: Backtest) -> dict[str, str]:
    """New names of rules, and what they were called: the same conditions, and neither name in both versions."""
    before, after = _by_rule(old), _by_rule(new)
    gone = {rule: _conditions(tracks) for rule, tracks in before.items() if rule not in after}
    found: dict[str, str] = {}
    for rule, tracks in after.items():
        own = _conditions(tracks)
        match = next((name for name, was in gone.items() if was == own), None)
        if rule not in before and match is not None:
            found[rule] = match
            del gone[match]
    return found


def _opens(alerts: Iterable[Decided]) -> int:
    return sum(one.transition.kind is Kind.OPEN for one in alerts)


def _sessions(tracks: Sequence[Track]) -> pl.Series:
    """All sessions of both versions, to count in."""
    return pl.concat([track.sessions for track in tracks]).unique().sort()


def _by_year(was: Iterable[Decided], now: Iterable[Decided]) -> Years:
    before, after = (
        Counter(one.transition.session.year for one in side if one.transition.kind is Kind.OPEN)
        for side in (was, now)
    )
    years = {*before, *after}
    return tuple((y, before[y], after[y]) for y in range(min(years), max(years) + 1)) if years else ()


_Key = tuple[str | None, Kind, Severity | None]


def _key(one: Decided) -> _Key:
    """Alerts with another key are never the same; each step of a ladder is one of its own."""
    transition = one.transition
    level = transition.level if transition.kind is Kind.ESCALATE else None
    return transition.instance, transition.kind, level


def _changes(was: Iterable[Decided], now: Iterable[Decided], sessions: pl.Series) -> tuple[Change, ...]:
    sides: dict[_Key, tuple[list[Decided], list[Decided]]] = {}
    for side, alerts in enumerate((was, now)):
        for one in alerts:
            sides.setdefault(_key(one), ([], []))[side].append(one)
    found = [change for before, after in sides.values() for change in _paired(before, after, sessions)]
    return tuple(sorted(found, key=lambda one: (one.at, one.instance or "", one.kind.value)))


def _paired(was: Sequence[Decided], now: Sequence[Decided], sessions: pl.Series) -> Iterator[Change]:
    """Alerts of one instance and kind: the same ones, those that moved, and the rest."""
    here = {one.transition.session: one for one in now}
    there = {one.transition.session: one for one in was}
    for session in here.keys() & there.keys():
        yield from _same(there[session], here[session])
    before = [one for one in was if one.transition.session not in here]
    after = [one for one in now if one.transition.session not in there]
    moved = _near(before, after, sessions)
    for old, new, steps in moved:
        yield _change(What.MOVED, old, new, sessions=steps)
    left, came = {id(old) for old, _, _ in moved}, {id(new) for _, new, _ in moved}
    yield from (_change(What.REMOVED, one, None) for one in before if id(one) not in left)
    yield from (_change(What.ADDED, None, one) for one in after if id(one) not in came)


def _same(old: Decided, new: Decided) -> Iterator[Change]:
    if old.transition.level is not new.transition.level:
        yield _change(What.LEVEL, old, new)
    elif old.sent is not new.sent:
        yield _change(What.TOLD if new.sent else What.WITHHELD, old, new)


def _near(
    was: Sequence[Decided], now: Sequence[Decided], sessions: pl.Series
) -> list[tuple[Decided, Decided, int]]:
    """Pairs at most `NEAR` sessions apart, the nearest first, each alert in one of them."""
    rows = [_rows(side, sessions) for side in (was, now)]
    apart = [
        (abs(later - earlier), earlier, later, old, new)
        for old, earlier in zip(was, rows[0], strict=True)
        for new, later in zip(now, rows[1], strict=True)
        if abs(later - earlier) <= NEAR
    ]
    taken: set[int] = set()
    found = []
    for _, earlier, later, old, new in sorted(apart, key=lambda one: one[:3]):
        if taken.isdisjoint({id(old), id(new)}):
            taken |= {id(old), id(new)}
            found.append((old, new, later - earlier))
    return found


def _rows(alerts: Iterable[Decided], sessions: pl.Series) -> list[int]:
    days = np.array([one.transition.session for one in alerts], dtype="datetime64[D]")
    return [int(row) for row in np.searchsorted(sessions.to_numpy(), days)]


def _change(what: What, old: Decided | None, new: Decided | None, *, sessions: int = 0) -> Change:
    decided = next(one for one in (new, old) if one is not None)
    of = decided.transition
    return Change(
        what=what,
        instance=of.instance,
        kind=of.kind,
        was=None if old is None else old.transition.session,
        now=None if new is None else new.transition.session,
        level=of.level,
        withheld=None if decided.sent else decided.cause,
        sessions=sessions,
    )
