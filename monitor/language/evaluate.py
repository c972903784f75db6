"""Typed expressions and legs side by side -> values: one row per session in which all legs have a bar.

1. `evaluate` groups the expressions by the legs they read, and keeps the sessions that have them all.
2. `_compute` works a group out in stages: what a function takes becomes a column, then the function does, so
   that each key is computed once however many rules use it.
3. A function whose argument is unknown inside its history sees the known bars only (`_over_known`).
4. A value whose look-back spans a hole of the series is unknown (`_mask_holes`).
"""

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from monitor.language.groups import with_groups
from monitor.language.nodes import (
    COMPARISONS,
    Apply,
    Const,
    LegName,
    Named,
    Node,
    Operation,
    OverGroup,
    derived,
    walk,
)

Legs = frozenset[LegName]
Missing = Callable[[frozenset[str], pl.Series], pl.Series]
"""Instruments and the sessions held -> how many expected sessions are missing before each of them."""

LONGEST_HOLE = 10
"""A window that spans more missing sessions in a row than this is unknown."""
_CERTAINLY_SHORT = 11
"""Two sessions at most so many days apart cannot have more than `LONGEST_HOLE` sessions between them."""


def evaluate(nodes: Iterable[Node], wide: pl.DataFrame, *, missing: Missing) -> dict[Legs, pl.DataFrame]:
    """Values of expressions, by the legs they read.

    `wide` is `bars.side_by_side` of all their legs.  Each frame has the columns `session`, `at` (the instant
    from which all its legs were known) and one named by the key of each expression; unknown is null.
    """
    wanted = list(nodes)
    wide = _with_groups(wanted, wide, missing)
    groups: dict[Legs, dict[str, Node]] = {}
    for node in wanted:
        groups.setdefault(node.legs, {})[node.key] = node
    return {legs: _group(legs, tuple(group.values()), wide, missing) for legs, group in groups.items()}


def _with_groups(nodes: Iterable[Node], wide: pl.DataFrame, missing: Missing) -> pl.DataFrame:
    """Functions of groups come first: their members on their own sessions, then their results beside the legs."""
    found: dict[str, OverGroup] = {}
    for node in nodes:
        found |= derived(node)
    if not found:
        return wide
    panels = evaluate([member for group in found.values() for member in group.members], wide, missing=missing)
    return with_groups(wide, found.values(), panels)


def condition(node: Node) -> pl.Expr:
    """A rule's condition over columns named by the keys of its inputs; unknown is null, logic is three-valued."""
    if isinstance(node, Operation) and node.yesno:
        if node.symbol in COMPARISONS:
            left, right = (_side(operand) for operand in node.operands)
            return _compared(node.symbol, left, right)
        return _logic(node.symbol, [condition(operand) for operand in node.operands])
    return pl.col(node.key)


def _side(node: Node) -> pl.Expr:
    return pl.col(node.key) if node.legs else pl.lit(_constant(node))


def _constant(node: Node) -> float:
    while isinstance(node, Named):
        node = node.node
    if not isinstance(node, Const):
        msg = f"{node.key} is no constant"
        raise TypeError(msg)
    return node.value


def _group(legs: Legs, nodes: tuple[Node, ...], wide: pl.DataFrame, missing: Missing) -> pl.DataFrame:
    columns = [f"{instrument}.{name}" for instrument, name in sorted(legs)]
    instruments = frozenset(instrument for instrument, _ in legs)
    known = [f"{instrument}.known_at" for instrument in sorted(instruments)]
    at = pl.max_horizontal(known) if known else pl.lit(None)  # a constant needs no bar
    panel = wide.select("session", at.alias("at"), *columns).drop_nulls(columns)
    computed = _compute(panel, nodes)
    return _mask_holes(computed, nodes, instruments, missing)


def _compute(panel: pl.DataFrame, nodes: tuple[Node, ...]) -> pl.DataFrame:
    stages: dict[int, dict[str, Apply]] = {}
    for node in nodes:
        for part in walk(node):
            if isinstance(part, Apply):
                stages.setdefault(_depth(part), {})[part.key] = part
    for _, stage in sorted(stages.items()):
        arguments = {operand.key: operand for part in stage.values() for operand in part.operands}
        panel = _with(panel, arguments.values())
        panel = _apply(panel, stage.values())
    return _with(panel, nodes).select("session", "at", *dict.fromkeys(node.key for node in nodes))


def _depth(node: Node) -> int:
    """How many functions stand on top of each other here."""
    inner = max((_depth(operand) for operand in node.operands), default=0)
    return inner + 1 if isinstance(node, Apply) else inner


def _with(panel: pl.DataFrame, nodes: Iterable[Node]) -> pl.DataFrame:
    """The panel with a column for each node that has none yet."""
    new = {node.key: node for node in nodes if node.key not in panel.columns}
    have = frozenset(panel.columns)
    return panel.with_columns(_finite(node, _expression(node, have)).alias(key) for key, node in new.items())


def _apply(panel: pl.DataFrame, parts: Iterable[Apply]) -> pl.DataFrame:
    whole: list[pl.Expr] = []
    for part in parts:
        if any(_unknown_inside(panel[operand.key]) for operand in part.operands):
            panel = _over_known(panel, part)
        else:
            whole.append(_built(part))
    return panel.with_columns(whole)


def _built(part: Apply) -> pl.Expr:
    arguments = [pl.col(operand.key) for operand in part.operands]
    return _finite(part, part.function.build(*arguments, **_params(part))).alias(part.key)


def _params(part: Apply) -> dict[str, float | None]:
    return dict(part.params)


def _unknown_inside(values: pl.Series) -> bool:
    """Whether a value after the first known one is null."""
    nulls = values.null_count()
    return nulls > 0 and nulls < len(values) and nulls > (values.is_not_null().arg_max() or 0)


def _over_known(panel: pl.DataFrame, part: Apply) -> pl.DataFrame:
    """The function over the bars on which its arguments are known; unknown on the others."""
    keys = list(dict.fromkeys(operand.key for operand in part.operands))
    numbered = panel.select(keys).with_row_index("row").drop_nulls(keys)
    computed = numbered.with_columns(_built(part)).select("row", part.key)
    rows = pl.DataFrame({"row": pl.Series(range(len(panel)), dtype=pl.UInt32)})
    return panel.with_columns(rows.join(computed, on="row", how="left", maintain_order="left")[part.key])


def _expression(node: Node, have: frozenset[str]) -> pl.Expr:
    if node.key in have:
        return pl.col(node.key)
    if isinstance(node, Named):
        return _expression(node.node, have)
    if isinstance(node, Const):
        return pl.lit(node.value)
    if not isinstance(node, Operation):
        msg = f"{node.key} should have been computed before"
        raise TypeError(msg)
    operands = [_expression(operand, have) for operand in node.operands]
    if node.yesno:
        if node.symbol in COMPARISONS:
            finite = [_finite(o, e) for o, e in zip(node.operands, operands, strict=True)]
            return _compared(node.symbol, finite[0], finite[1])
        return _logic(node.symbol, operands)
    return _arithmetic(node, operands)


def _arithmetic(node: Operation, operands: list[pl.Expr]) -> pl.Expr:
    if node.symbol == "neg":
        return -operands[0]
    left, right = operands
    if node.symbol == "/":
        constant = not node.operands[1].legs
        return left / right if constant else pl.when(right > 0).then(left / right)
    return {"+": left + right, "-": left - right, "*": left * right}[node.symbol]


def _compared(symbol: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol]


def _logic(symbol: str, operands: list[pl.Expr]) -> pl.Expr:
    if symbol == "not":
        return ~operands[0]
    return pl.all_horizontal(operands) if symbol == "and" else pl.any_horizontal(operands)


def _finite(node: Node, value: pl.Expr) -> pl.Expr:
    """Unknown instead of NaN or infinity."""
    return value if node.yesno else pl.when(value.is_finite()).then(value)


def _mask_holes(
    panel: pl.DataFrame, nodes: tuple[Node, ...], instruments: frozenset[str], missing: Missing
) -> pl.DataFrame:
    apart = panel["session"].diff().dt.total_days().max()
    if not isinstance(apart, int) or apart <= _CERTAINLY_SHORT:
        return panel
    hole = (missing(instruments, panel["session"]) > LONGEST_HOLE).cast(pl.Int8)
    return panel.with_columns(_masked(node, hole) for node in _looking_back(nodes))


def _looking_back(nodes: tuple[Node, ...]) -> Iterator[Node]:
    yield from {node.key: node for node in nodes if node.look_back > 1}.values()


def _masked(node: Node, hole: pl.Series) -> pl.Expr:
    spans = hole.rolling_max(node.look_back - 1, min_samples=1).cast(pl.Boolean)
    return pl.when(~pl.lit(spans)).then(pl.col(node.key)).alias(node.key)
