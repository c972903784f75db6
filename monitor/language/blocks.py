"""Metrics as plain arrays, a block of sessions at a time.

NaN stands for unknown here and only here: it is neither above a number nor at or below it, so that whoever asks
either way leaves it out.  Metrics that are mere arithmetic (`arithmetic`) need no column of their own: a block works
them out.

Metrics of one shape (`shape`), which differ in instruments and numbers alone, are looked up together: they come as
rows below each other, or as one row if they are the same metric.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from monitor.language.computed import column_of
from monitor.language.nodes import Apply, Const, Node, Operation, unnamed
from monitor.metrics import threads
from monitor.metrics.parts import quotient
from monitor.metrics.rows import Column, Rows, all_of

Alike = Sequence[Node]
"""Nodes of one shape."""

AT_ONCE = 32_768
"""So many values are looked at together: they stay in the cache of a processor."""

_REMEMBERED = 4
"""So many metrics are kept that a block worked out: those who ask for the same follow each other."""

_ENDLESS = 1 << 40
"""So many sessions a number stays the same: more than there are."""

_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "neg": np.negative,
}  # fmt: skip


def operands_of(nodes: Alike) -> list[Alike]:
    """The operands of nodes of one shape: all first ones, all second ones."""
    return list(zip(*(node.operands for node in nodes), strict=True))


@dataclass(frozen=True, eq=False)
class Block:
    """The sessions from one on and before another, and what was found there of late."""

    start: int
    stop: int
    _found: dict[Callable[["Block"], Any], Any] = field(default_factory=dict)

    def once(self, find: Callable[["Block"], Any]) -> Any:
        """What is found here, looked for once."""
        if find not in self._found:
            if len(self._found) == _REMEMBERED:
                self._found.clear()
            self._found[find] = find(self)
        return self._found[find]


def blocks(rows: int, *, at_once: int = AT_ONCE) -> Iterator[Block]:
    """All sessions, some of them at a time."""
    for start in range(0, rows, at_once):
        yield Block(start, min(start + at_once, rows))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of one shape, ready to be looked up in a block."""

    values: Callable[[Block], Any]
    known: Callable[[Block], bool]
    """Whether all of them are known in all of its sessions."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Metrics by their keys, as polars has them and as numpy sees them; a number is a metric that never moves."""

    series: Mapping[str, pl.Series]
    _seen: dict[str, Column | None] = field(default_factory=dict)
    _made: dict[tuple[str, ...], Metrics] = field(default_factory=dict)

    def metrics(self, nodes: Alike) -> Metrics:
        """Metrics of one shape; those that have no column must be arithmetic over some."""
        keys = tuple([node.key for node in nodes])
        if keys not in self._made:
            self._made[keys] = self._metrics(nodes[:1] if len(set(keys)) == 1 else nodes)
        return self._made[keys]

    def _metrics(self, nodes: Alike) -> Metrics:
        columns = [column for node in nodes if (column := self._column(node)) is not None]
        if len(columns) == len(nodes):
            return _looked_up(columns)
        if columns:  # some have gaps, so that they were computed, and the others have not
            return _below_each_other([self.metrics([node]) for node in nodes])
        return _remembered(self._worked_out([unnamed(node) for node in nodes]))

    def _column(self, node: Node) -> Column | None:
        if node.key not in self._seen:
            self._seen[node.key] = self._find(node)
        return self._seen[node.key]

    def _find(self, node: Node) -> Column | None:
        if node.key in self.series:
            return column_of(self.series, node.key)
        return None if node.legs else Column(0, np.broadcast_to(_constant(node), _ENDLESS), gaps=False)

    def _worked_out(self, nodes: Alike) -> Callable[[Block], Any]:
        """The values of arithmetic; infinite where they are beyond all numbers."""
        one = nodes[0]
        if isinstance(one, Apply):
            inner, params = [self.metrics(operand) for operand in operands_of(nodes)], dict(one.params)
            return lambda block: one.function.build(*(metrics.values(block) for metrics in inner), **params)
        if not isinstance(one, Operation):
            msg = f"{one.key} has no column"
            raise TypeError(msg)
        operands, operator = [self._operand(operand) for operand in operands_of(nodes)], _operator(one)
        return lambda block: operator(*(operand(block) for operand in operands))

    def _operand(self, nodes: Alike) -> Callable[[Block], Any]:
        plain = [unnamed(node) for node in nodes]
        if not plain[0].legs:
            value = constants(plain)
            return lambda _: value
        if isinstance(plain[0], Operation) and not any(self._column(one) for one in plain):
            return self._worked_out(plain)
        return self.metrics(plain).values


def worked_out(nodes: Alike, series: Mapping[str, pl.Series], rows: int) -> list[Column]:
    """The values of arithmetic of one shape over columns of so many sessions."""
    most = max(1, AT_ONCE // max(rows, 1))
    columns, found = Columns(series), np.empty((len(nodes), rows))
    for first in range(0, len(nodes), most):
        metrics = columns.metrics(nodes[first : first + most])
        for block in blocks(rows, at_once=threads.AT_ONCE):
            found[first : first + most, block.start : block.stop] = metrics.values(block)
    return [Column.of_values(values) for values in found]


def _looked_up(columns: Sequence[Column]) -> Metrics:
    front, gaps = max(column.front for column in columns), any(column.gaps for column in columns)

    def find(block: Block) -> Rows:
        return Rows.of(columns, block.start, block.stop)

    def known(block: Block) -> bool:
        return front <= block.start and (not gaps or not np.isnan(block.once(find)).any())

    return Metrics(lambda block: block.once(find), known)


def _below_each_other(each: Sequence[Metrics]) -> Metrics:
    return Metrics(
        lambda block: np.concatenate([one.values(block) for one in each]).view(Rows),
        lambda block: all(one.known(block) for one in each),
    )


def _remembered(worked_out: Callable[[Block], Any]) -> Metrics:
    def find(block: Block) -> tuple[Rows, bool]:
        with np.errstate(all="ignore"):
            return _finite(worked_out(block))

    return Metrics(lambda block: block.once(find)[0], lambda block: block.once(find)[1])


def _operator(node: Operation) -> Callable[..., Any]:
    """As `columns.expression` has it."""
    return quotient if node.symbol == "/" and node.operands[1].legs else _OPERATORS[node.symbol]


def _finite(values: Rows) -> tuple[Rows, bool]:
    """Values without infinity, and whether all of them are known."""
    if all_of(np.isfinite(values)):
        return values, True
    return values.known_where(~np.isinf(values)), False


def constants(nodes: Alike) -> Any:
    """The values of expressions that read no price: one number if they are the same."""
    values = [_constant(node) for node in nodes]
    return values[0] if len(set(values)) == 1 else np.array(values)[:, None]


def _constant(node: Node) -> np.float64:
    plain = unnamed(node)
    if isinstance(plain, Const):
        return np.float64(plain.value)
    if isinstance(plain, Operation):
        return np.float64(_operator(plain)(*(_constant(operand) for operand in plain.operands)))
    msg = f"{node.key} is no constant"
    raise TypeError(msg)
