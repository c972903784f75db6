"""How large a typed expression is with all that it names.

A metric may name others that name others: thirty lines of `m2: m1 * m1` are a billion parts.  Whoever walks an
expression, or writes its key, meets each part as often as it is named; so that often it counts here.
"""

from monitor.language.nodes import Node, OverGroup

LARGEST = 10_000
"""So many parts may an expression have."""
DEEPEST = 150
"""So many may stand on top of each other: deeper ones would exhaust the stack."""

_Size = tuple[int, int]


def is_too_large(node: Node) -> bool:
    """Whether an expression has too many parts, or too many on top of each other."""
    parts, depth = _size(node, {})
    return parts > LARGEST or depth > DEEPEST


def _size(node: Node, seen: dict[int, _Size]) -> _Size:
    """Parts and depth; what is named twice is looked at once, and counts twice."""
    if id(node) not in seen:
        inner = node.members if isinstance(node, OverGroup) else node.operands
        sizes = [_size(one, seen) for one in inner]
        seen[id(node)] = (1 + sum(parts for parts, _ in sizes), 1 + max((d for _, d in sizes), default=0))
    return seen[id(node)]
