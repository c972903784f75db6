"""The metrics of instances side by side: one row per session that is judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import polars as pl

from monitor.bars import UTC
from monitor.engine.due import Clock, Due, groups_of
from monitor.language import DERIVED, Together
from monitor.rules import Instance

Legs = frozenset[tuple[str, str]]

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
        places = {self._places[node.legs] for node in (*instance.inputs, *instance.shown.values())}
        whole = all(node.legs in self._whole for node in instance.inputs)
        return places.pop() if whole and len(places) == 1 else None

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
            if any(name == DERIVED for _, name in legs) or not together.known.always(legs):
                continue
            clocks = self.due.clocks(instrument for instrument, _ in legs)
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
        have = _every([panel.sessions for panel in panels])
        expected = self._expected(instance, list(keys), have)
        every = _every([have, *(sessions.cast(have.dtype) for sessions in expected)])
        fresh = [_rows(every, panel.sessions) for panel in panels]
        rows = _carried(fresh)
        at = _latest(
            [panel.known.of(legs).gather(own) for legs, panel, own in zip(keys, panels, rows, strict=True)]
        )
        judged = _judged(every, at, fresh, expected)
        metrics = {
            key: panel.values[key].gather(own)
            for legs, panel, own in zip(keys, panels, rows, strict=True)
            for key in keys[legs]
        }
        for node in instance.shown.values():
            if node.key not in metrics:
                panel = self.together[self._places[node.legs]]
                metrics[node.key] = panel.values[node.key].gather(_rows(every, panel.sessions))
        kept = {key: values[judged] for key, values in metrics.items()}
        at = at[judged].fill_null(strategy="backward")
        return Steps([instance], every[judged], [lambda: at], kept, kept)

    def _expected(self, instance: Instance, legs: Sequence[Legs], have: pl.Series) -> list[pl.Series]:
        """In which sessions the metrics of some legs should have a bar."""
        if have.is_empty():
            return []
        groups = groups_of(instance)
        return [self.due.of_metric(_names(own), groups, have[0], have[-1]) for own in legs]


def _beside(together: Together, instances: Sequence[Instance]) -> Steps:
    """Instances whose metrics have the same sessions."""
    instants = [partial(_known_of, instance, together) for instance in instances]
    return Steps(instances, together.sessions, instants, together.values, together.columns)


def _known_of(instance: Instance, together: Together) -> pl.Series:
    return together.known.of(frozenset().union(*(node.legs for node in instance.inputs)))


def _names(legs: Legs) -> frozenset[str]:
    return frozenset(instrument for instrument, _ in legs)


def _every(sessions: Sequence[pl.Series]) -> pl.Series:
    """Every session once, in order."""
    days = np.sort(np.concatenate([one.to_physical().to_numpy() for one in sessions]), kind="stable")
    once = np.append(days[1:] != days[:-1], np.ones(len(days[:1]), np.bool_))
    return pl.Series("session", days[once]).cast(sessions[0].dtype)


def _rows(every: pl.Series, own: pl.Series) -> pl.Series:
    """In which row each session stands among those of a metric; null where it has no bar."""
    days, found = every.to_physical().to_numpy(), own.to_physical().to_numpy()
    rows = np.searchsorted(found, days)
    there = np.take(found, rows, mode="clip") == days if len(found) else np.zeros(len(days), np.bool_)
    return pl.Series(np.where(there, rows, np.nan), nan_to_null=True).cast(pl.UInt32)


def _carried(fresh: Sequence[pl.Series]) -> list[pl.Series]:
    """The rows of metrics: one that has no bar in a session where another has is carried for `CARRY` sessions."""
    names = [str(number) for number in range(len(fresh))]
    some = pl.any_horizontal(pl.col(name).is_not_null() for name in names)
    carried = [pl.coalesce(name, pl.when(some).then(pl.col(name).shift(CARRY))) for name in names]
    return pl.DataFrame(dict(zip(names, fresh, strict=True))).select(carried).get_columns()


def _latest(known: Sequence[pl.Series]) -> pl.Series:
    """The instants from which all that is there was known."""
    every = [one.cast(UTC).alias(str(number)) for number, one in enumerate(known)]
    return pl.DataFrame(every).select(pl.max_horizontal(pl.all()).alias("at")).to_series()


def _judged(
    every: pl.Series, at: pl.Series, fresh: Sequence[pl.Series], expected: Sequence[pl.Series]
) -> slice:
    """The sessions from the first to the last that has a bar, but for the newest while a metric that is due in it has
    none yet: it is judged when it has, or when a later session exists.
    """
    rows = len(every)
    if rows and any(
        len(days) and days[-1] == every[-1] and own[-1] is None
        for days, own in zip(expected, fresh, strict=True)
    ):
        rows -= 1
    known = np.flatnonzero(at[:rows].is_not_null().to_numpy())
    return slice(known[0], known[-1] + 1) if len(known) else slice(0, rows)
