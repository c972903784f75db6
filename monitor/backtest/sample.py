"""The episodes of one rule laid over the sessions of what it studies, ready to be measured at each horizon."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from monitor.backtest.chance import Circle
from monitor.backtest.figures import Figures, figures, pooled
from monitor.backtest.forward import HORIZONS, Days, Field, Floats, Rows, Study

ENDS = ("entered", "left")


@dataclass(frozen=True, eq=False)
class Series:
    """What one instance studies, and what is known after each session of its span, by horizon."""

    study: Study
    fields: Mapping[int, Field]


@dataclass(frozen=True, eq=False)
class Sample:
    """The signals of a rule at one horizon: for each instance a field and the places of its signals there."""

    parts: tuple[tuple[Field, Rows], ...]

    @property
    def circles(self) -> tuple[Circle, ...]:
        """What random dates are drawn from."""
        return tuple((field.returns, places) for field, places in self.parts if len(places))

    @property
    def path_circles(self) -> tuple[Circle, ...]:
        return tuple((field.paths, places) for field, places in self.parts if len(places))

    @cached_property
    def episodes(self) -> Figures:
        return figures(self.returns, self._in_order("paths"))

    @cached_property
    def baseline(self) -> Figures:
        """All sessions of the fields; those of each instance count for as much as its signals."""
        told = [(field, len(places)) for field, places in self.parts if len(field.rows)]
        if any(count for _, count in told):
            told = [(field, count) for field, count in told if count]
            weights = None if len(told) == 1 else [np.full(len(f.rows), n / len(f.rows)) for f, n in told]
        else:
            weights = None
        return figures(
            pooled([field.returns for field, _ in told]),
            pooled([field.paths for field, _ in told]),
            None if weights is None else pooled(weights),
        )

    @cached_property
    def returns(self) -> Floats:
        """In the order of their dates."""
        return self._in_order("returns")

    @cached_property
    def windows(self) -> tuple[Days, Days]:
        """The sessions of entry and of the end of each return."""
        none = np.zeros(0, "datetime64[D]")
        entered, left = ([getattr(field, name)[places] for field, places in self.parts] for name in ENDS)
        return np.concatenate([none, *entered]), np.concatenate([none, *left])

    def without_best(self) -> Figures:
        """Its figures without the one highest return."""
        returns, paths = self.returns, self._in_order("paths")
        kept = np.arange(len(returns)) != (np.argmax(returns) if len(returns) else 0)
        return figures(returns[kept], paths[kept])

    def between(self, first: date, last: date) -> "Sample":
        """The part of it in a stretch of time, sessions of the baseline too."""
        return Sample(tuple(_cut(field, places, first, last) for field, places in self.parts))

    def _in_order(self, name: str) -> Floats:
        values = pooled([getattr(field, name)[places] for field, places in self.parts])
        return values[self._order]

    @cached_property
    def _order(self) -> Rows:
        entered = [field.entered[places] for field, places in self.parts]
        return np.argsort(entered[0] if len(entered) == 1 else self.windows[0], kind="stable")


def _cut(field: Field, places: Rows, first: date, last: date) -> tuple[Field, Rows]:
    low = int(np.searchsorted(field.sessions, np.datetime64(first), side="left"))
    high = int(np.searchsorted(field.sessions, np.datetime64(last), side="right"))
    inside = places[(places >= low) & (places < high)] - low
    return Field(**{name: column[low:high] for name, column in vars(field).items()}), inside


def samples(
    series: Sequence[Series | None], opened: Iterable[Sequence[date] | pl.Series]
) -> dict[int, Sample]:
    """The signals of each instance, by horizon; an instance whose study has no prices is left out."""
    laid = [
        (one, one.study.rows_of(dates)) for one, dates in zip(series, opened, strict=True) if one is not None
    ]
    return {
        horizon: Sample(tuple((one.fields[horizon], one.fields[horizon].places(rows)) for one, rows in laid))
        for horizon in HORIZONS
    }
