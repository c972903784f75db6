"""Legs side by side -> a column for each expression and for what it is made of.

Functions are polars expressions, or take plain arrays: calls of such that are alike are worked out together.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from monitor.language.columns import finite
from monitor.language.computed import Computed
from monitor.language.nodes import Apply, Node
from monitor.language.plan import Stage, plan

if TYPE_CHECKING:
    from monitor.metrics.rows import Column


def compute(computed: Computed, nodes: tuple[Node, ...], there: frozenset[str] = frozenset()) -> Computed:
    """What is there, and a column for each node and for what it is made of; some may be there already."""
    for stage in plan(nodes, there):
        computed = _with_arguments(computed, stage)
        rows = computed.rows_with(stage.reads)
        whole: list[tuple[Apply, pl.Expr]] = []
        unknown = {key: computed.column(key).gaps for key in _taken(part for part, _ in stage.parts)}
        for part, value in stage.parts:
            if any(unknown[operand.key] for operand in part.operands):
                rows = _over_known(rows, part, value)
            else:
                whole.append((part, value))
        computed = computed.further(_with_finite(rows, whole), _of_rows(stage, computed))
    return computed


def _taken(parts: Iterable[Apply]) -> set[str]:
    return {operand.key for part in parts for operand in part.operands}


def _with_arguments(computed: Computed, stage: Stage) -> Computed:
    """The same with what the functions of a stage take."""
    rows = _with_finite(computed.rows_with(stage.reads), stage.arguments)
    computed = computed.further(rows, {})
    if not stage.arithmetic:
        return computed
    from monitor.language.blocks import worked_out

    found: dict[str, Column] = {}
    for alike in stage.arithmetic:
        values = worked_out(alike, computed, rows.height)
        found |= {node.key: column for node, column in zip(alike, values, strict=True)}
    return computed.further(rows, found)


def _of_rows(stage: Stage, computed: Computed) -> "dict[str, Column]":
    """The functions of a stage that take plain arrays."""
    if not stage.alike:
        return {}
    from monitor.metrics.by_rows import values_of
    from monitor.metrics.threads import each

    def work_out(alike: tuple[Apply, ...]) -> "list[Column]":
        calls = [[computed.column(operand.key) for operand in part.operands] for part in alike]
        return values_of(alike[0].function, dict(alike[0].params), calls)

    values = each(work_out, stage.alike, sessions=computed.rows.height)
    made = [column for columns in values for column in columns]
    return dict(zip([part.key for alike in stage.alike for part in alike], made, strict=True))


def _with_finite(rows: pl.DataFrame, made: Sequence[tuple[Node, pl.Expr]]) -> pl.DataFrame:
    """The rows with new columns: unknown instead of NaN or infinity."""
    if not made:
        return rows
    rows = rows.with_columns(value for _, value in made)
    numbers = (column for column in rows.get_columns()[-len(made) :] if column.dtype.is_float())
    # A sum that is no finite number is cheap to see; where every value is finite nothing has to be replaced.
    odd = [column.name for column in numbers if not math.isfinite(column.sum())]
    return rows.with_columns(finite(pl.col(key)) for key in odd) if odd else rows


def _over_known(panel: pl.DataFrame, part: Apply, value: pl.Expr) -> pl.DataFrame:
    """The function over the bars on which its arguments are known; unknown on the others."""
    keys = list(dict.fromkeys(operand.key for operand in part.operands))
    numbered = panel.select(keys).with_row_index("row").drop_nulls(keys)
    computed = _with_finite(numbered, [(part, value)]).select("row", part.key)
    rows = pl.DataFrame({"row": pl.Series(range(len(panel)), dtype=pl.UInt32)})
    return panel.with_columns(rows.join(computed, on="row", how="left", maintain_order="left")[part.key])
