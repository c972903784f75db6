"""Metrics that are mere arithmetic over columns, for which `blocks` need no column."""

from collections.abc import Iterator
from functools import lru_cache

from monitor.language.nodes import Apply, Node, Operation, unnamed


def is_arithmetic(node: Node) -> bool:
    """Whether a block can work out a metric: `+ - * /` and functions that are made of them."""
    plain = unnamed(node)
    if isinstance(plain, Apply):
        return plain.function.arithmetic
    return isinstance(plain, Operation) and not plain.yesno and bool(plain.legs)


def columns_under(node: Node) -> Iterator[Node]:
    """What a block needs as columns, to work out arithmetic: what functions take, and all that is none."""
    plain = unnamed(node)
    for operand in plain.operands:
        if isinstance(plain, Operation) and is_arithmetic(operand):
            yield from columns_under(operand)
        elif operand.legs:
            yield unnamed(operand)


@lru_cache(maxsize=16_384)
def shape(node: Node) -> str:
    """What nodes have in common that can be asked together: all but their numbers and what they read."""
    plain = unnamed(node)
    if not plain.legs:
        return "#"
    if isinstance(plain, Operation):
        return f"({plain.symbol} {' '.join(shape(operand) for operand in plain.operands)})"
    if isinstance(plain, Apply) and is_arithmetic(plain):
        return f"{plain.function.name}{plain.params}"
    return "?" if plain.yesno else "x"
