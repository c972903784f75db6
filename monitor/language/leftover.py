"""Which metrics are measured in a unit that is left over of prices per different quantities or in different currencies."""

from monitor import units
from monitor.language.nodes import Node, Operation, walk


def leftover(node: Node) -> str:
    """The unit that nobody guesses, such as `ozt/lb` or `USD/AUD`; empty for that of a price, a rate or a number."""
    mixed = len(units.currencies(node.unit)) > 1 and any(map(_mixes, walk(node)))
    return node.unit if mixed or units.is_odd_ratio(node.unit) else ""


def _mixes(part: Node) -> bool:
    """Whether prices in two currencies meet here; a rate has two by itself, and converts."""
    if not isinstance(part, Operation) or part.symbol not in ("*", "/"):
        return False
    left, right = (units.currencies(one.unit) for one in part.operands)
    return len(left) == len(right) == 1 and left != right
