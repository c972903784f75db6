"""Conditions of one shape, asked of block after block, in three-valued logic.

They say where they hold and where they are known not to; where neither is, they are unknown.  An answer has a row for
each of them, or one row if it is the same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.language.blocks import Alike, Block, Columns, Metrics, constants, operands_of
from monitor.language.nodes import COMPARISONS, OPPOSITE, Node, Operation, inputs

Mask = npt.NDArray[np.bool_]
Answer = Callable[[Block], Mask]

_COMPARED: dict[str, Callable[..., Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Asked:
    """Conditions of one shape over columns, which have what they compare or what is under it."""

    conditions: Alike
    columns: Columns

    @cached_property
    def holds(self) -> Answer:
        """Where they are known to hold."""
        return _answer(self.conditions, self.columns, wanted=True)

    @cached_property
    def fails(self) -> Answer:
        """Where they are known not to hold."""
        return _answer(self.conditions, self.columns, wanted=False)

    def known(self, block: Block) -> bool:
        """Whether all of them are known in all sessions of a block."""
        return all(one.known(block) for one in self._metrics)

    def unknown(self, block: Block) -> Mask:
        """Where they neither are known to hold nor not to."""
        if len(self._metrics) == 1 and not _inputs(self.conditions[0])[0].yesno:
            found: Mask = np.isnan(self._metrics[0].values(block))
            return found
        return ~(self.holds(block) | self.fails(block))

    @cached_property
    def _metrics(self) -> list[Metrics]:
        alike = zip(*(_inputs(condition) for condition in self.conditions), strict=True)
        return [self.columns.metrics(nodes) for nodes in alike]


@lru_cache(maxsize=4096)
def _inputs(condition: Node) -> tuple[Node, ...]:
    return tuple(inputs(condition))


def _answer(conditions: Alike, columns: Columns, *, wanted: bool) -> Answer:
    """Where conditions are known to hold, or (`wanted` False) are known not to."""
    one = conditions[0]
    if not (isinstance(one, Operation) and one.yesno):
        values = columns.metrics(conditions).values
        return lambda block: values(block) == wanted
    operands = operands_of(conditions)
    if one.symbol in COMPARISONS:
        return _compared(_COMPARED[one.symbol if wanted else OPPOSITE[one.symbol]], operands, columns)
    if one.symbol == "not":
        return _answer(operands[0], columns, wanted=not wanted)
    parts = [_answer(operand, columns, wanted=wanted) for operand in operands]
    join = np.logical_and if (one.symbol == "and") is wanted else np.logical_or
    return lambda block: reduce(join, (part(block) for part in parts))


def _compared(compare: Callable[..., Any], operands: list[Alike], columns: Columns) -> Answer:
    left, right = (_side(nodes, columns) for nodes in operands)
    return lambda block: compare(left(block), right(block))


def _side(nodes: Alike, columns: Columns) -> Callable[[Block], Any]:
    if nodes[0].legs:
        return columns.metrics(nodes).values
    value = constants(nodes)
    return lambda _: value
