"""The made-up bars of a case, session by session: which versions exist, and when each of them arrives.

Columns are numbered from 0; history, if there is any, has negative numbers.
"""

import random
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from monitor.bars import FIELDS


@dataclass(frozen=True)
class Timeline:
    """Sessions in order, and every version of every bar with the column in which it arrives."""

    sessions: tuple[date, ...]
    zero: int
    """How many sessions are history."""
    versions: pl.DataFrame
    """`BARS` and `arrives`: a column."""
    whole: frozenset[int]
    """Columns in which every instrument has its final bar on time."""
    steady: bool
    """No bar arrives late or is revised."""

    @property
    def columns(self) -> range:
        """All columns, history included."""
        return range(-self.zero, self.last + 1)

    @property
    def steps(self) -> range:
        """The columns that are judged one by one: history is one step."""
        return range(-1 if self.zero else 0, self.last + 1)

    @property
    def last(self) -> int:
        return len(self.sessions) - self.zero - 1

    def session(self, column: int) -> date:
        return self.sessions[column + self.zero]

    @cached_property
    def _columns(self) -> dict[date, int]:
        return {session: index - self.zero for index, session in enumerate(self.sessions)}

    def column(self, session: date) -> int | None:
        """The column of a session."""
        return self._columns.get(session)

    def known(self, column: int) -> pl.DataFrame:
        """The latest version of each bar that has arrived at the end of a column, as a bar frame."""
        return _latest(self.versions.filter(pl.col("arrives") <= column))

    def arriving(self, column: int) -> pl.DataFrame:
        """The versions that arrive in a column; of history, all that were known at its end."""
        if column < 0:
            return self.known(column)
        return self.versions.filter(pl.col("arrives") == column).drop("arrives")

    @cached_property
    def everything(self) -> pl.DataFrame:
        """The bar frame at the end."""
        return self.known(self.last)

    def poisoned(self, column: int) -> pl.DataFrame:
        """What is known at a column, and in its future bars that are not the true ones.

        Every third column has another poison: prices ten times too high or too low, wild ones, or none for
        every other instrument.
        """
        known = self.known(column)
        future = self.everything.filter(pl.col("session") > self.session(column))
        if future.is_empty():
            return known
        return pl.concat([known, _poison(future, column)]).sort("instrument", "session")


def _latest(versions: pl.DataFrame) -> pl.DataFrame:
    latest = versions.unique(["instrument", "session"], keep="last", maintain_order=True)
    return latest.drop("arrives")


def _poison(future: pl.DataFrame, column: int) -> pl.DataFrame:
    noise = random.Random(column)
    names = sorted(future["instrument"].unique())
    if column % 3 == 0:
        odd = names[1::2] if noise.random() < 1 / 2 else names[::2]
        factor = pl.when(pl.col("instrument").is_in(odd)).then(10.0).otherwise(0.1)
        return future.with_columns(pl.col(name) * factor for name in FIELDS)
    if column % 3 == 1:
        wild = {n: pl.Series([noise.lognormvariate(0, 1) for _ in range(future.height)]) for n in FIELDS}
        return future.with_columns((pl.col(name) * factor).alias(name) for name, factor in wild.items())
    return future.filter(pl.col("instrument").is_in(names[::2]))
