"""Conditions over plain arrays, a block of sessions at a time, in three-valued logic.

A block says where a condition holds and where it is known not to; where neither is, it is unknown.  NaN stands for
unknown here and only here: it is neither above a number nor at or below it, so that both answers leave it out.
Metrics that are mere arithmetic (`arithmetic`) need no column of their own: a block works them out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.language.nodes import COMPARISONS, Apply, Const, Node, Operation, inputs, unnamed
from monitor.metrics.parts import quotient
from monitor.metrics.rows import Rows, all_of

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

AT_ONCE = 32_768
"""So many sessions are looked at together: their values stay in the cache of a processor."""

_REMEMBERED = 4
"""So many metrics are kept that a block worked out: those who ask for the same follow each other."""

_COMPARED: dict[str, Callable[..., Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "neg": np.negative,
}  # fmt: skip
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, eq=False, slots=True)
class _Column:
    """The values of a metric after the sessions in front in which it is unknown."""

    front: int
    values: Values
    gaps: bool
    """Whether some of the values are unknown."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Metrics by their keys, as polars has them and as numpy sees them."""

    series: Mapping[str, pl.Series]
    _seen: dict[str, _Column] = field(default_factory=dict)

    def blocks(self, rows: int, *, at_once: int = AT_ONCE) -> Iterator["Block"]:
        """All sessions, some of them at a time."""
        for start in range(0, rows, at_once):
            yield Block(self, start, min(start + at_once, rows))

    def column(self, key: str) -> _Column | None:
        """A metric that has a column."""
        if key not in self._seen:
            if key not in self.series:
                return None
            self._seen[key] = _column(self.series[key])
        return self._seen[key]


def _column(series: pl.Series) -> _Column:
    front = series.null_count()
    known = series.slice(front)
    if not known.null_count():
        return _Column(front, known.to_numpy(), gaps=False)
    return _Column(0, series.cast(pl.Float64).to_numpy(), gaps=True)


@dataclass(frozen=True, eq=False)
class Block:
    """What is known of metrics from one session on and before another."""

    columns: Columns
    start: int
    stop: int
    _found: dict[str, tuple[Rows, bool]] = field(default_factory=dict)

    def holds(self, condition: Node, *, wanted: bool = True) -> Mask:
        """Where a condition is known to hold, or (`wanted` False) is known not to."""
        if isinstance(condition, Operation) and condition.yesno:
            if condition.symbol in COMPARISONS:
                left, right = condition.operands
                compare = _COMPARED[condition.symbol if wanted else _OPPOSITE[condition.symbol]]
                compared: Mask = compare(self._side(left), self._side(right))
                return compared
            return self._logic(condition, wanted=wanted)
        answers: Mask = self._values(condition)[0] == wanted
        return answers

    def is_known(self, condition: Node) -> bool:
        """Whether a condition is known in every session of the block."""
        return all(self._values(metric)[1] for metric in _inputs(condition))

    def unknown(self, condition: Node) -> Mask:
        """Where a condition neither is known to hold nor not to."""
        metrics = _inputs(condition)
        if len(metrics) == 1 and not metrics[0].yesno:
            unknown: Mask = np.isnan(self._values(metrics[0])[0])
            return unknown
        return ~(self.holds(condition) | self.holds(condition, wanted=False))

    def _logic(self, condition: Operation, *, wanted: bool) -> Mask:
        if condition.symbol == "not":
            return self.holds(condition.operands[0], wanted=not wanted)
        first, *others = (self.holds(operand, wanted=wanted) for operand in condition.operands)
        for other in others:
            first = first & other if (condition.symbol == "and") is wanted else first | other
        return first

    def _side(self, node: Node) -> float | Rows:
        if isinstance(node, Const):
            return node.value
        return self._values(node)[0] if node.legs else _constant(node)

    def _values(self, node: Node) -> tuple[Rows, bool]:
        """The values of a metric, and whether all of them are known."""
        found = self._found.get(node.key)
        if found is None:
            if len(self._found) == _REMEMBERED:
                self._found.clear()
            found = self._found[node.key] = self._looked_up(node)
        return found

    def _looked_up(self, node: Node) -> tuple[Rows, bool]:
        column = self.columns.column(node.key)
        if column is not None:
            return self._part(column), column.front <= self.start and not column.gaps
        with np.errstate(all="ignore"):
            return _finite(self._worked_out(unnamed(node)))

    def _worked_out(self, node: Node) -> Any:
        """The value of arithmetic; infinite where it is beyond all numbers."""
        if isinstance(node, Apply):
            return node.function.build(*(self._values(one)[0] for one in node.operands), **dict(node.params))
        if isinstance(node, Operation):
            return _arithmetic(node, [self._operand(operand) for operand in node.operands])
        msg = f"{node.key} has no column"
        raise TypeError(msg)

    def _operand(self, node: Node) -> Any:
        plain = unnamed(node)
        if not plain.legs:
            return _constant(plain)
        if isinstance(plain, Operation) and self.columns.column(plain.key) is None:
            return self._worked_out(plain)
        return self._values(plain)[0]

    def _part(self, column: _Column) -> Rows:
        first, stop = self.start - column.front, self.stop - column.front
        if first >= 0:
            return Rows.of(column.values, first, stop)
        unknown = np.full(min(-first, self.stop - self.start), np.nan)
        return Rows.of(np.concatenate((unknown, column.values[: max(stop, 0)])), 0, self.stop - self.start)


@lru_cache(maxsize=4096)
def _inputs(condition: Node) -> tuple[Node, ...]:
    return tuple(inputs(condition))


def _arithmetic(node: Operation, operands: list[Any]) -> Any:
    """As `columns.expression` has it."""
    if node.symbol == "/" and node.operands[1].legs:
        return quotient(*operands)
    return _OPERATORS[node.symbol](*operands)


def _finite(values: Rows) -> tuple[Rows, bool]:
    """Values without infinity, and whether all of them are known."""
    finite = np.isfinite(values)
    return (values, True) if all_of(finite) else (values.known_where(finite), False)


def _constant(node: Node) -> np.float64:
    """The value of an expression that reads no price."""
    plain = unnamed(node)
    if isinstance(plain, Const):
        return np.float64(plain.value)
    if isinstance(plain, Operation):
        return np.float64(_arithmetic(plain, [_constant(operand) for operand in plain.operands]))
    msg = f"{node.key} is no constant"
    raise TypeError(msg)
