"""The order in which expressions are worked out: planned once, however often it is done."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from monitor.language.arithmetic import is_arithmetic, shape
from monitor.language.columns import expression
from monitor.language.nodes import Apply, Node


@dataclass(frozen=True)
class Stage:
    """What functions take, by its key, and the functions that stand on as many others."""

    arguments: tuple[tuple[Node, pl.Expr], ...]
    arithmetic: tuple[tuple[Node, ...], ...] = ()
    """Those of them that are arithmetic, of one shape together."""
    parts: tuple[tuple[Apply, pl.Expr], ...] = ()
    alike: tuple[tuple[Apply, ...], ...] = ()
    """Calls of functions that take plain arrays, those of one function with the same numbers together."""

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns that expressions ask for."""
        made = (*self.arguments, *self.parts)
        return frozenset(name for _, value in made for name in value.meta.root_names())


@lru_cache(maxsize=32)
def plan(nodes: tuple[Node, ...], there: frozenset[str]) -> tuple[Stage, ...]:
    """The stages in which expressions are worked out, each key once; legs are there before, and what else is said."""
    stages: dict[int, dict[str, Apply]] = {}
    for node in nodes:
        for part in _functions(node, there):
            stages.setdefault(_depth(part), {})[part.key] = part
    have = {f"{instrument}.{name}" for node in nodes for instrument, name in node.legs} | there
    planned: list[Stage] = []
    for _, stage in sorted(stages.items()):
        arguments = {operand.key: operand for part in stage.values() for operand in part.operands}
        new = _new(arguments, have)
        made = tuple((part, _built(part)) for part in stage.values() if not part.function.of_rows)
        planned.append(Stage(*new, made, _alike(stage.values())))
        have |= stage.keys()
    last = _new({node.key: node for node in nodes}, have)
    return (*planned, Stage(*last))


def _alike(parts: Iterable[Apply]) -> tuple[tuple[Apply, ...], ...]:
    found: dict[tuple[object, ...], list[Apply]] = {}
    for part in parts:
        if part.function.of_rows:
            found.setdefault((part.function.name, part.params), []).append(part)
    return tuple(tuple(alike) for alike in found.values())


def _functions(node: Node, there: frozenset[str]) -> Iterator[Apply]:
    """The functions in a node that are not worked out yet, operands first."""
    if node.key in there:
        return
    for operand in node.operands:
        yield from _functions(operand, there)
    if isinstance(node, Apply):
        yield node


def _new(
    nodes: Mapping[str, Node], have: set[str]
) -> tuple[tuple[tuple[Node, pl.Expr], ...], tuple[tuple[Node, ...], ...]]:
    """The nodes that have no column yet, which then have one: expressions, and arithmetic."""
    new = {key: node for key, node in nodes.items() if key not in have}
    arithmetic: dict[str, list[Node]] = {}
    for node in new.values():
        if is_arithmetic(node):
            arithmetic.setdefault(shape(node), []).append(node)
    others = [node for node in new.values() if not is_arithmetic(node)]
    made = tuple((node, expression(node, frozenset(have)).alias(node.key)) for node in others)
    have.update(new)
    return made, tuple(map(tuple, arithmetic.values()))


def _depth(node: Node) -> int:
    """How many functions stand on top of each other here."""
    inner = max((_depth(operand) for operand in node.operands), default=0)
    return inner + 1 if isinstance(node, Apply) else inner


def _built(part: Apply) -> pl.Expr:
    arguments = [pl.col(operand.key) for operand in part.operands]
    value: pl.Expr = part.function.build(*arguments, **dict(part.params))
    return value.alias(part.key)
