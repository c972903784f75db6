"""The metrics of instances side by side: one row per session that is judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.bars import UTC
from monitor.engine.due import Clock, Due, groups_of
from monitor.language import DERIVED, LegName, Together
from monitor.rules import Instance

Legs = frozenset[LegName]
Rows = npt.NDArray[np.int64]

NO_BAR = -1
CARRY = 1
"""A rule of several metrics uses one that has no bar in a session as of so many sessions before."""


@dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """Instances that are judged in the same sessions, with their metrics."""

    instances: Sequence[Instance]
    sessions: pl.Series
    instants: Sequence[Callable[[], pl.Series]]
    """Give the instants from which all was known, of each instance."""
    metrics: Mapping[str, pl.Series]
    """By their keys, maybe with others; unknown is null."""
    compared: Mapping[str, pl.Series]
    """What conditions need of them: arithmetic may be missing that can be worked out of these."""


@dataclass(frozen=True)
class Joining:
    """The values of metrics, those together that have the same sessions."""

    together: Sequence[Together]
    due: Due

    def steps(self, instances: Iterable[Instance]) -> Iterator[Steps]:
        """The sessions of instances with their metrics: those with a bar, and expected ones without."""
        beside: dict[int, list[Instance]] = {}
        for instance in instances:
            place = self._place(instance)
            if place is None:
                yield self._joined(instance)
            else:
                beside.setdefault(place, []).append(instance)
        for place, alike in beside.items():
            yield _beside(self.together[place], alike)

    def _place(self, instance: Instance) -> int | None:
        """Where all metrics of an instance stand, if there is nothing to join."""
        places = {self._places[legs] for legs in instance.read}
        if len(places) > 1 or not instance.compared <= self._whole:
            return None
        place = places.pop()
        return None if self._end(instance, [self.together[place]]) else place

    def _end(self, instance: Instance, panels: Iterable[Together]) -> date | None:
        """Up to which session a rule that minds missing prices is judged, where its own prices end before."""
        if not instance.minds_missing:
            return None
        last = max((panel.sessions[-1] for panel in panels if len(panel.sessions)), default=None)
        if last is None or isinstance(last, datetime):
            return None
        end = self.due.last_of_all(instance.priced)
        return end if end is not None and end > last else None

    @cached_property
    def _places(self) -> dict[Legs, int]:
        return {legs: place for place, one in enumerate(self.together) for legs in one.keys}

    @cached_property
    def _whole(self) -> set[Legs]:
        """The legs that have a bar in every session that is expected of them, and none is derived."""
        return {legs for one in self.together for legs in self._whole_of(one)}

    def _whole_of(self, together: Together) -> Iterator[Legs]:
        whole: dict[frozenset[Clock], bool] = {}
        for legs in together.keys:
            priced = _priced(legs)
            if priced is None or not together.known.always(legs):
                continue
            clocks = self.due.clocks(priced)
            if clocks not in whole:
                whole[clocks] = self.due.holds_all(clocks, together.sessions)
            if whole[clocks]:
                yield legs

    def _joined(self, instance: Instance) -> Steps:
        """The sessions of one instance with its metrics joined: those with a bar, and expected ones without."""
        keys: dict[Legs, dict[str, None]] = {}
        for node in instance.inputs:
            keys.setdefault(node.legs, {})[node.key] = None
        panels = [self.together[self._places[legs]] for legs in keys]
        held = [_days(panel.sessions) for panel in panels]
        expected = [_days(one) for one in self._expected(instance, list(keys), panels)]
        every = _every([*held, *expected])
        fresh = [_rows(every, own) for own in held]
        taken = [_index(rows, len(own)) for rows, own in zip(_carried(fresh), held, strict=True)]
        at = _latest(
            [_taken(panel.known.of(legs), own) for legs, panel, own in zip(keys, panels, taken, strict=True)]
        )
        judged = _judged(every, at, fresh, expected, whole=instance.minds_missing)
        judged = slice(judged.start, min(judged.stop, self._answered_before(instance, every)))
        metrics = {
            key: _taken(panel.values[key], own)
            for legs, panel, own in zip(keys, panels, taken, strict=True)
            for key in keys[legs]
        }
        for number, (legs, days) in enumerate(zip(keys, expected, strict=False)):
            for key in instance.fired.keys() & keys[legs].keys():
                answers = panels[number].values[key]
                metrics[key] = _answered(answers, every, held[number], fresh[number], days)
        for node in instance.shown.values():
            if node.key not in metrics:
                panel = self.together[self._places[node.legs]]
                own = _index(_rows(every, _days(panel.sessions)), len(panel.sessions))
                metrics[node.key] = _taken(panel.values[node.key], own)
        kept = {key: values[judged] for key, values in metrics.items()}
        known = at[judged]
        if known.null_count():
            known = self._filled(instance, known, _sessions(every[judged.start + 1 :], panels))
        return Steps([instance], _sessions(every[judged], panels), [lambda: known], kept, kept)

    def _answered_before(self, instance: Instance, sessions: Rows) -> int:
        """The first row for which a rule that an instance asks about is still to be judged."""
        asked = [self.due.asked[one.name] for one in instance.fired.values() if one.name in self.due.asked]
        days = [one.waits_from for one in asked if one.waits_from is not None]
        return int(np.searchsorted(sessions, _days(pl.Series(days))).min()) if days else len(sessions)

    def _expected(
        self, instance: Instance, legs: Sequence[Legs], panels: Sequence[Together]
    ) -> list[pl.Series]:
        """In which sessions the metrics of some legs should have a bar."""
        have = [panel.sessions for panel in panels if len(panel.sessions)]
        if not have:
            return []
        groups, first = groups_of(instance), min(one[0] for one in have)
        last = self._end(instance, panels) or max(one[-1] for one in have)
        return [self.due.of_metric(_names(own), groups, first, last).cast(have[0].dtype) for own in legs]

    def _filled(self, instance: Instance, at: pl.Series, following: pl.Series) -> pl.Series:
        """The instants with those of sessions without a bar: the next one, or, where a rule minds missing prices, the
        one at which the session after is settled, whatever comes later.
        """
        if instance.minds_missing and following.dtype == pl.Date:
            due = self.due.settled(instance.priced, following[: len(at)])
            if due is not None:
                at = at.zip_with(at.is_not_null(), due.extend_constant(None, len(at) - len(due)))
        return at.fill_null(strategy="backward")


def _beside(together: Together, instances: Sequence[Instance]) -> Steps:
    """Instances whose metrics have the same sessions."""
    instants = [partial(_known_of, instance, together) for instance in instances]
    return Steps(instances, together.sessions, instants, together.values, together.columns)


def _known_of(instance: Instance, together: Together) -> pl.Series:
    return together.known.of(frozenset().union(*instance.compared))


@lru_cache(maxsize=4096)
def _priced(legs: Legs) -> frozenset[str] | None:
    """The instruments whose prices these are; None if one is derived."""
    return None if any(name == DERIVED for _, name in legs) else _names(legs)


def _names(legs: Legs) -> frozenset[str]:
    return frozenset(instrument for instrument, _ in legs)


def _days(sessions: pl.Series) -> Rows:
    """Sessions as numbers."""
    found = sessions.to_numpy()
    return found.view(np.int64) if found.dtype.kind == "M" else found


def _sessions(days: Rows, panels: Sequence[Together]) -> pl.Series:
    """Numbers as sessions: mostly those of a panel, where no other series has to be made."""
    for panel in panels:
        if np.array_equal(days, _days(panel.sessions)):
            return panel.sessions
    return pl.Series("session", days).cast(panels[0].sessions.dtype)


def _every(sessions: Sequence[Rows]) -> Rows:
    """Every session once, in order."""
    first = sessions[0]
    if all(np.array_equal(one, first) for one in sessions):
        return first
    days = np.sort(np.concatenate(sessions), kind="stable")
    once: Rows = days[np.append(days[1:] != days[:-1], np.ones(len(days[:1]), np.bool_))]
    return once


def _rows(every: Rows, own: Rows) -> Rows:
    """In which row each session stands among those of a metric; `NO_BAR` where it has no bar."""
    if np.array_equal(every, own):
        return np.arange(len(own))
    rows = np.searchsorted(own, every)
    there = np.take(own, rows, mode="clip") == every if len(own) else np.zeros(len(every), np.bool_)
    return np.where(there, rows, NO_BAR)


def _carried(fresh: Sequence[Rows]) -> Sequence[Rows]:
    """The rows of metrics: one that has no bar in a session where another has is carried for `CARRY` sessions."""
    some = np.any([rows != NO_BAR for rows in fresh], axis=0)
    carried = []
    for rows in fresh:
        before = np.full(len(rows), NO_BAR)
        before[CARRY:] = rows[:-CARRY]
        carried.append(np.where((rows == NO_BAR) & some, before, rows))
    return carried


def _index(rows: Rows, held: int) -> pl.Series | None:
    """What takes these rows of a column; None where that is all of it as it stands."""
    if len(rows) == held and np.array_equal(rows, np.arange(held)):
        return None
    there = rows != NO_BAR
    if there.all():
        return pl.Series(rows.astype(np.uint32))
    return pl.Series(np.where(there, rows, np.nan), nan_to_null=True).cast(pl.UInt32)


def _taken(values: pl.Series, index: pl.Series | None) -> pl.Series:
    """Rows of a column; `gather` would be a query of its own."""
    return values if index is None else values[index]


def _answered(values: pl.Series, every: Rows, own: Rows, fresh: Rows, expected: Rows) -> pl.Series:
    """Whether a rule opened, in every session: where none is expected of it, it did not, else a missing answer is unknown.

    It is never carried, for what opened in one session did not open in the next one.
    """
    due = pl.Series(np.isin(every, expected))
    answers = _taken(values, _index(fresh, len(own)))
    return answers.zip_with(answers.is_not_null() | due, pl.Series([False]))


def _latest(known: Sequence[pl.Series]) -> pl.Series:
    """The instants from which all that is there was known."""
    first, *others = (one.cast(UTC) for one in known)
    others = [one for one in others if not one.equals(first)]
    every = [one.alias(str(number)) for number, one in enumerate([first, *others])]
    return (
        pl.DataFrame(every).select(pl.max_horizontal(pl.all()).alias("at")).to_series()
        if others
        else first.alias("at")
    )


def _judged(
    every: Rows, at: pl.Series, fresh: Sequence[Rows], expected: Sequence[Rows], *, whole: bool
) -> slice:
    """The sessions from the first to the last that has a bar, or of all, but for the newest while a metric that is due
    in it has none yet: it is judged when it has, or when a later session exists.
    """
    rows = len(every)
    if rows and any(
        len(days) and days[-1] == every[-1] and own[-1] == NO_BAR
        for days, own in zip(expected, fresh, strict=True)
    ):
        rows -= 1
    if not at.null_count():
        return slice(0, rows)
    known = np.flatnonzero(~np.isnat(at[:rows].to_numpy()))
    return slice(known[0], rows if whole else known[-1] + 1) if len(known) else slice(0, rows)
