"""Operators with their operands: types, units, and comparisons that can never or always hold."""

from typing import TYPE_CHECKING

from monitor import units
from monitor.language.nodes import COMPARISONS, LOGIC, Apply, Const, Node, Operation, unnamed
from monitor.language.syntax import Operator, Span

if TYPE_CHECKING:
    from monitor.language.meaning import Reader


def read_operator(reader: "Reader", part: Operator) -> Node:
    """The node of an operator and its operands."""
    operands = tuple(reader.read(operand) for operand in part.operands)
    if part.symbol in LOGIC:
        return _logic(reader, part, operands)
    for operand, written in zip(operands, part.operands, strict=True):
        if operand.yesno:
            reader.trouble(f'"{part.symbol}" takes numbers, and this is a condition', written.span)
    if part.symbol in COMPARISONS:
        return _comparison(reader, part, operands)
    if part.symbol == "/" and (wrong := _never_divides(*map(unnamed, operands))):
        return reader.trouble(f"a division by {wrong} is never known", part.span)
    return _arithmetic(reader, part, operands)


def _never_divides(value: Node, under: Node) -> str:
    """What is wrong with a constant denominator; numbers alone are divided as they are."""
    if not isinstance(under, Const) or under.value > 0:
        return ""
    if under.value == 0:
        return "zero"
    return "" if isinstance(value, Const) else "less than zero"


def is_broken(node: Node) -> bool:
    """Whether a node stands for a part in trouble."""
    return isinstance(bare := unnamed(node), Const) and type(bare) is not Const


def _is_number(node: Node) -> bool:
    """Whether a part is a plain number, written out or worked out of named ones: it goes with any unit."""
    return not node.legs and node.unit == units.PURE


def _logic(reader: "Reader", part: Operator, operands: tuple[Node, ...]) -> Node:
    for operand, written in zip(operands, part.operands, strict=True):
        if not operand.yesno and not is_broken(operand):
            reader.trouble(
                f'"{part.symbol}" takes conditions, and this is a number', written.span, "compare it"
            )
    return Operation(part.symbol, operands, unit=units.YES_NO)


def _arithmetic(reader: "Reader", part: Operator, operands: tuple[Node, ...]) -> Node:
    """Constants are folded, also those under a name, so that `2 * 10` and `limit - 5` are constants too."""
    plain = [bare for operand in operands if type(bare := unnamed(operand)) is Const]
    if len(plain) == len(operands):
        values = [one.value for one in plain]
        percent = any(one.percent for one in plain)
        return reader.constant(_folded(part.symbol, values[0], values[-1]), part.span, percent=percent)
    if any(operand.yesno or is_broken(operand) for operand in operands):
        return reader.trouble_told()
    return Operation(part.symbol, operands, unit=_unit(reader, part.symbol, operands, part.span))


def _unit(reader: "Reader", symbol: str, operands: tuple[Node, ...], span: Span) -> str:
    left, right = operands[0].unit, operands[-1].unit
    if symbol == "neg":
        return left
    if symbol == "*":
        return units.multiplied(left, right)
    if symbol == "/":
        return units.divided(left, right)
    plain = [operand for operand in operands if _is_number(operand)]
    if not plain:
        check_alike(reader, left, right, span, "added" if symbol == "+" else "subtracted")
    return units.added(right, left) if operands[0] in plain else units.added(left, right)


def check_alike(reader: "Reader", left: str, right: str, span: Span, what: str) -> None:
    """Values of different units, or currencies, cannot be added, subtracted or compared."""
    if units.alike(left, right):
        return
    mine, yours = units.currency(left), units.currency(right)
    if mine and yours and mine != yours:
        hint = f'convert one leg: convert(..., "{left}")'
        reader.trouble(f"{left} and {right} cannot be {what}: the currencies differ", span, hint)
        return
    price = left if mine else right
    hint = f'convert one: convert(..., "{price}")' if mine and yours else "make both the same kind of value"
    reader.trouble(f"{left} and {right} cannot be {what}", span, hint)


def _folded(symbol: str, left: float, right: float) -> float:
    if symbol == "neg":
        return -left
    if symbol == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[symbol]


def _comparison(reader: "Reader", part: Operator, operands: tuple[Node, ...]) -> Node:
    if any(is_broken(operand) or operand.yesno for operand in operands):
        return Operation(part.symbol, operands, unit=units.YES_NO)
    if not any(operand.legs for operand in operands):
        return reader.trouble("both sides are constants; it is always the same", part.span)
    symbol, value, limit = part.symbol, unnamed(operands[0]), unnamed(operands[1])
    if isinstance(value, Const):
        symbol, value, limit = MIRRORED[symbol], limit, value
    if isinstance(limit, Const):
        _check_threshold(reader, part.span, symbol, value, limit)
    elif not (_is_number(value) or _is_number(limit)):
        check_alike(reader, value.unit, limit.unit, part.span, "compared")
    return Operation(part.symbol, operands, unit=units.YES_NO)


def _check_threshold(reader: "Reader", span: Span, symbol: str, value: Node, limit: Const) -> None:
    """A threshold in the wrong unit, or outside what a function can give, is a mistake, not a rule."""
    if value.unit == units.PERCENTILE and limit.percent:
        reader.trouble("a percentile runs from 0 to 100", span, f"write {limit.value * 100:g}")
    elif value.unit == units.PERCENT and limit.percent:
        reader.trouble("this is in per cent already: 5 is 5 %", span, f"write {limit.value * 100:g}")
    elif value.unit == units.FRACTION and not limit.percent and abs(limit.value) >= 1:
        reader.trouble(
            f"this is a fraction, so {limit.value:g} means {limit.value:.0%}", span, f"write {limit.value:g}%"
        )
    elif limit.percent and not units.is_dimensionless(value.unit):
        reader.trouble(
            f"a value in {value.unit} cannot be compared with a percentage", span, "compare its change"
        )
    else:
        _check_bounds(reader, span, symbol, value, limit)


def _check_bounds(reader: "Reader", span: Span, symbol: str, value: Node, limit: Const) -> None:
    if not isinstance(value, Apply):
        return
    (low, high), name = value.function.bounds, value.function.name
    if high is not None and (limit.value > high or (limit.value == high and symbol in (">", "<="))):
        hint = f"write {-limit.value:.0%}" if name == "drawdown" and limit.percent else None
        reader.trouble(f"{name} is never above {high:g}, so this is always the same", span, hint)
    elif low is not None and (limit.value < low or (limit.value == low and symbol in ("<", ">="))):
        reader.trouble(f"{name} is never below {low:g}, so this is always the same", span)


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""A comparison read from its other side."""
