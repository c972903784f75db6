"""The metrics of one instance side by side: one row per session that is judged."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from monitor.bars import UTC
from monitor.engine.due import Due, groups_of
from monitor.language import DERIVED, Node, Together
from monitor.rules import Instance

Legs = frozenset[tuple[str, str]]

CARRY = 1
"""A rule of several metrics uses one that has no bar in a session as of so many sessions before."""


@dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """The sessions that are judged of one instance, and its metrics."""

    sessions: pl.Series
    at: pl.Series
    """The instants from which all was known."""
    metrics: Mapping[str, pl.Series]
    """By their keys, maybe with others; unknown is null."""
    together: Together | None = None
    """The metrics whose sessions are all of these, if there is nothing to join."""


@dataclass(frozen=True)
class Joining:
    """The values of metrics, those together that have the same sessions."""

    together: Sequence[Together]
    due: Due
    _whole: dict[tuple[int, Hashable], bool] = field(default_factory=dict)

    def steps(self, instance: Instance) -> Steps:
        """The sessions of one instance with its metrics: those with a bar, and expected ones without."""
        nodes = (*instance.inputs, *instance.shown.values())
        places = {self._places[node.legs] for node in nodes}
        if len(places) == 1 and self._is_whole(min(places), {node.legs for node in instance.inputs}):
            return self._beside(self.together[min(places)], instance.inputs)
        joined = self._joined(instance)
        for node in instance.shown.values():
            if node.key not in joined.columns:
                own = self._panel(node.legs, [node.key]).drop("at")
                joined = joined.join(own, on="session", how="left", maintain_order="left")
        columns = {column.name: column for column in joined.iter_columns()}
        return Steps(columns["session"], columns["at"], columns)

    @cached_property
    def _places(self) -> dict[Legs, int]:
        return {legs: place for place, one in enumerate(self.together) for legs in one.keys}

    def _is_whole(self, place: int, inputs: Iterable[Legs]) -> bool:
        """Whether these metrics have a value in every session that is expected of them, and nothing is derived."""
        together = self.together[place]
        for legs in inputs:
            if any(name == DERIVED for _, name in legs) or together.known[legs].null_count():
                return False
            clocks = self.due.clocks(_names(legs))
            if (place, clocks) not in self._whole:
                self._whole[place, clocks] = self.due.holds_all(clocks, together.sessions)
            if not self._whole[place, clocks]:
                return False
        return True

    def _beside(self, together: Together, inputs: Sequence[Node]) -> Steps:
        """Metrics that have the same sessions."""
        first, *others = (together.known[legs] for legs in dict.fromkeys(node.legs for node in inputs))
        at = pl.select(pl.max_horizontal(first, *others).alias("at")).to_series() if others else first
        return Steps(together.sessions, at, together.values, together)

    def _panel(self, legs: Legs, keys: Iterable[str]) -> pl.DataFrame:
        together = self.together[self._places[legs]]
        return pl.DataFrame(
            [together.sessions, together.known[legs], *(together.values[key] for key in keys)]
        )

    def _joined(self, instance: Instance) -> pl.DataFrame:
        """The sessions of one instance with its metrics joined: those with a bar, and expected ones without."""
        keys_of: dict[Legs, dict[str, None]] = {}
        for node in instance.inputs:
            keys_of.setdefault(node.legs, {})[node.key] = None
        own = {legs: self._panel(legs, keys) for legs, keys in keys_of.items()}
        have = pl.concat([panel.select("session") for panel in own.values()]).unique().sort("session")
        if have.is_empty():
            return _held_back(_join(have, own), list(own), [])
        groups = groups_of(instance)
        span = have["session"][0], have["session"][-1]
        expected = [self.due.of_metric(_names(legs), groups, *span) for legs in own]
        labels = [pl.DataFrame({"session": series.cast(have.dtypes[0])}) for series in expected]
        every = pl.concat([have, *labels]).unique().sort("session")
        return _held_back(_join(every, own), list(own), expected)


def _names(legs: Legs) -> frozenset[str]:
    return frozenset(instrument for instrument, _ in legs)


def _join(every: pl.DataFrame, own: Mapping[Legs, pl.DataFrame]) -> pl.DataFrame:
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


def _held_back(joined: pl.DataFrame, legs: list[Legs], expected: list[pl.Series]) -> pl.DataFrame:
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
