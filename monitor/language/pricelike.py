"""Which metrics can be told in parts of themselves: a price can lose a tenth, a z-score cannot."""

from monitor.language.nodes import Apply, Const, Leg, Named, Node, Operation, OverGroup

_AVERAGES = frozenset({"sma", "ema", "previous", "at_last", "abs"})
_EXTREMES = frozenset({"highest", "lowest", "high_water", "donchian_upper", "donchian_lower", "min", "max"})
_KEEPS = _AVERAGES | _EXTREMES
"""Functions whose value is like a price where what they are asked of is."""
_OF_MEMBERS = frozenset({"mean_of", "median_of", "min_of", "max_of"})


def is_price_like(node: Node) -> bool:
    """Whether a metric is a price, or made of prices so that it is positive as they are: a sum, product, quotient or
    average of them, an extreme, an index.
    """
    if isinstance(node, Named):
        return is_price_like(node.node)
    if isinstance(node, Const):
        return node.value > 0 and not node.percent
    if isinstance(node, Leg):
        return node.field != "age"
    if isinstance(node, Operation):
        return node.symbol in ("+", "*", "/") and all(map(is_price_like, node.operands))
    if isinstance(node, Apply):
        return node.function.name in _KEEPS and all(map(is_price_like, _numbers(node)))
    return isinstance(node, OverGroup) and (
        node.function == "basket" or (node.function in _OF_MEMBERS and all(map(is_price_like, node.members)))
    )


def _numbers(node: Apply) -> list[Node]:
    return [one for one in node.operands if not one.yesno]
