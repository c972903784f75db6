"""What was worked out: columns of polars, and plain arrays that become such when somebody asks for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from monitor.metrics.rows import Column


@dataclass(frozen=True, eq=False)
class Computed(Mapping[str, pl.Series]):
    """Values by the keys of expressions."""

    rows: pl.DataFrame
    arrays: Mapping[str, "Column"] = field(default_factory=dict)
    _made: dict[str, pl.Series] = field(default_factory=dict)
    _seen: dict[str, "Column"] = field(default_factory=dict)

    def __getitem__(self, key: str) -> pl.Series:
        if key not in self.arrays:
            return self.rows[key]
        if key not in self._made:
            self._made[key] = self.arrays[key].series(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names | self.arrays.keys())

    def __len__(self) -> int:
        return len(self._names | self.arrays.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.arrays or key in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.rows.columns)

    def column(self, key: str) -> "Column":
        """Values as plain arrays have them."""
        found = self.arrays.get(key)
        if found is not None:
            return found
        if key not in self._seen:
            from monitor.metrics.rows import Column

            self._seen[key] = Column.of(self.rows[key])
        return self._seen[key]

    def rows_with(self, keys: Iterable[str]) -> pl.DataFrame:
        """The rows, and columns for those of some keys that are arrays."""
        new = [self[key] for key in keys if key in self.arrays and key not in self._names]
        return self.rows.with_columns(new) if new else self.rows

    def further(self, rows: pl.DataFrame, arrays: Mapping[str, "Column"]) -> "Computed":
        """The same with more columns and arrays."""
        return replace(self, rows=rows, arrays={**self.arrays, **arrays})


def column_of(values: Mapping[str, pl.Series], key: str) -> "Column":
    """Values as plain arrays have them."""
    if isinstance(values, Computed):
        return values.column(key)
    from monitor.metrics.rows import Column

    return Column.of(values[key])
