"""In which sessions metrics should have a value, by the calendars of what they read; each question is answered once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import numpy as np
import polars as pl

from monitor.instruments import Catalogue, Instrument
from monitor.language import derived, price_legs
from monitor.rules import Instance
from monitor.sessions import expected_sessions, last_settled, settled_at_column

Groups = Mapping[str, tuple[frozenset[str], ...]]
"""Legs that stand for a function of a group: the instruments of each of its members."""
Clock = tuple[str, frozenset[date], frozenset[date]]
"""What decides on which dates a bar of an instrument is expected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that others ask about."""

    members: tuple[frozenset[str], ...]
    """The instruments that each of its instances reads."""
    waits_from: date | None
    """The first session in which it has prices and could not be judged yet."""


@dataclass(frozen=True)
class Due:
    """The sessions that are expected of the instruments of a catalogue; steps that are no dates have no calendar."""

    catalogue: Catalogue
    complete: Callable[[], datetime | None] = lambda: None
    """Gives the instant at which all that was to be known of prices is known; only rules that mind ask for it."""
    asked: dict[str, Asked] = field(default_factory=dict)
    """By the legs that say whether they opened, the rules that others ask about."""
    _common: dict[tuple[frozenset[Clock], date, date], pl.Series] = field(default_factory=dict)
    _ends: dict[str, date | None] = field(default_factory=dict)

    def missing_before(self, instruments: frozenset[str], held: pl.Series) -> pl.Series:
        """How many expected sessions are missing before each of those held."""
        position = self.of_all(instruments, held[0], held[-1]).search_sorted(held, side="left").cast(pl.Int64)
        return (position.diff() - 1).fill_null(0).clip(lower_bound=0)

    def clocks(self, names: Iterable[str]) -> frozenset[Clock]:
        """What decides on which dates these instruments should have bars; a value that is carried decides nothing."""
        return frozenset([self._clock_of[name] for name in names if name in self._clock_of])

    @cached_property
    def _clock_of(self) -> dict[str, Clock]:
        listed = self.catalogue.instruments.items()
        return {
            name: (one.calendar, one.missing, one.extra) for name, one in listed if one.carry_days is None
        }

    @cached_property
    def _one_of(self) -> dict[Clock, Instrument]:
        return {clock: self.catalogue.instruments[name] for name, clock in self._clock_of.items()}

    def last_of_all(self, names: frozenset[str]) -> date | None:
        """The last session of which a bar should be known of each of these instruments; None where nothing tells."""
        ends = [self._last_of(name) for name in names if name in self._clock_of]
        known = [end for end in ends if end is not None]
        return min(known) if known and len(known) == len(ends) else None

    def _last_of(self, name: str) -> date | None:
        if name not in self._ends:
            one = self.catalogue.instruments[name]
            self._ends[name] = None if self._complete is None else last_settled(one, self._complete)
        return self._ends[name]

    @cached_property
    def _complete(self) -> datetime | None:
        return self.complete()

    def settled(self, names: frozenset[str], days: pl.Series) -> pl.Series | None:
        """The instants at which all these instruments are settled in some sessions."""
        clocked = [self.catalogue.instruments[name] for name in sorted(names) if name in self._clock_of]
        found = [settled_at_column(one, days) for one in clocked]
        return pl.select(pl.max_horizontal(found)).to_series() if found else None

    def of_all(self, names: frozenset[str], start: date, end: date) -> pl.Series:
        """The sessions in which every one of these instruments should have a bar."""
        return self._in_all(self.clocks(names), start, end)

    def holds_all(self, clocks: frozenset[Clock], held: pl.Series) -> bool:
        """Whether no session that these clocks expect is missing among those held."""
        if len(held) == 0:
            return False
        expected = self._in_all(clocks, held[0], held[-1]).to_numpy()
        if len(expected) == 0:
            return True
        there = held.to_numpy()
        return bool((there[np.searchsorted(there, expected)] == expected).all())

    def _in_all(self, clocks: frozenset[Clock], start: date, end: date) -> pl.Series:
        if isinstance(start, datetime):
            return _in_all([])
        key = clocks, start, end
        if key not in self._common:
            self._common[key] = _in_all([expected_sessions(self._one_of[c], start, end) for c in clocks])
        return self._common[key]

    def of_metric(self, names: frozenset[str], groups: Groups, start: date, end: date) -> pl.Series:
        """The sessions in which a metric should have a value: those of all its instruments, and of a group, or of a
        rule that is asked about, those of at least half of its members.
        """
        groups = {**groups, **{name: one.members for name, one in self.asked.items()}}
        priced = frozenset(name for name in names if name in self.catalogue.instruments)
        every = [self.of_all(priced, start, end)] if priced else []
        every += [self._of_group(groups[name], start, end) for name in sorted(names) if name in groups]
        return _in_all(every)

    def _of_group(self, members: tuple[frozenset[str], ...], start: date, end: date) -> pl.Series:
        every = pl.concat(self.of_all(one, start, end).rename("session") for one in members)
        counted = every.to_frame().group_by("session").len()
        return counted.filter(pl.col("len") * 2 >= len(members))["session"].sort()


def groups_of(instance: Instance) -> Groups:
    """The functions of groups that an instance reads."""
    found = (group for node in instance.inputs for group in derived(node).values())
    return {
        group.name: tuple(frozenset(name for name, _ in price_legs(member)) for member in group.members)
        for group in found
    }


def _in_all(sessions: list[pl.Series]) -> pl.Series:
    common: pl.Series | None = None
    for own in sessions:
        common = own if common is None else common.filter(common.is_in(own.implode()))
    return pl.Series("session", [], dtype=pl.Date) if common is None else common
