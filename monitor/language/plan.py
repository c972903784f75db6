"""The order in which expressions are worked out: planned once, however often it is done."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import polars as pl

from monitor.language.arithmetic import is_arithmetic, shape
from monitor.language.columns import expression
from monitor.language.nodes import Apply, Node

N = TypeVar("N", bound=Node)


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
        of_rows = (part for part in stage.values() if part.function.of_rows)
        alike = _alike(of_rows, lambda part: (part.function.name, part.params))
        planned.append(Stage(*new, made, alike))
        have |= stage.keys()
    last = _new({node.key: node for node in nodes}, have)
    return (*planned, Stage(*last))


def _alike(nodes: Iterable[N], likeness: Callable[[N], object]) -> tuple[tuple[N, ...], ...]:
    """Nodes that have the same likeness together."""
    found: dict[object, list[N]] = {}
    for node in nodes:
        found.setdefault(likeness(node), []).append(node)
    return tuple(map(tuple, found.values()))


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
    others = [node for node in new.values() if not is_arithmetic(node)]
    made = tuple((node, expression(node, frozenset(have)).alias(node.key)) for node in others)
    have.update(new)
    return made, _alike(filter(is_arithmetic, new.values()), shape)


def _depth(node: Node) -> int:
    """How many functions stand on top of each other here."""
    inner = max((_depth(operand) for operand in node.operands), default=0)
    return inner + 1 if isinstance(node, Apply) else inner


def _built(part: Apply) -> pl.Expr:
    arguments = [pl.col(operand.key) for operand in part.operands]
    value: pl.Expr = part.function.build(*arguments, **dict(part.params))
    return value.alias(part.key)
