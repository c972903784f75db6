"""Typed expressions in the words of a rule file, and their values as people read them."""

import math
from collections.abc import Iterator

from monitor.language.nodes import (
    COMPARISONS,
    LOGIC,
    OPPOSITE,
    Apply,
    Const,
    Fired,
    Leg,
    Named,
    Node,
    Operation,
    OverGroup,
    unnamed,
)
from monitor.metrics import Takes

DIGITS = 4
EXACT = 17
"""So many digits tell any two numbers apart."""
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TIGHTNESS = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7}


def written(node: Node) -> str:
    """The expression as a rule file would have it; a metric stands by its name."""
    if isinstance(node, Named):
        return node.name
    if isinstance(node, Const):
        return _number(node.value, percent=node.percent)
    if isinstance(node, Leg | OverGroup | Fired):
        return _leg(node)
    if isinstance(node, Apply):
        return f"{node.function.name}({', '.join(_arguments(node))})"
    return _operation(node)


def _leg(node: Leg | OverGroup | Fired) -> str:
    if isinstance(node, OverGroup):
        return node.text
    if isinstance(node, Fired):
        return f'fired("{node.rule}")'
    if node.field == "age":
        return f"age({node.instrument})"
    return node.instrument if node.field == "close" else f"{node.instrument}.{node.field}"


def _number(value: float, *, percent: bool = False, grouped: str = "") -> str:
    """A number with as few digits as read back as the same: a threshold is told exactly."""
    if percent:
        texts = (f"{value * 100:.{digits}g}" for digits in (12, 15, 16, 17))
        return next((f"{text} %" for text in texts if float(text) / 100 == value), repr(value))
    exact = float(f"{value:.12g}") == value
    return f"{value:{grouped}.12g}" if exact else f"{value:{grouped}}"


def _operation(node: Operation) -> str:
    parts = [_enclosed(operand, node.symbol, last=i > 0) for i, operand in enumerate(node.operands)]
    if node.symbol in ("neg", "not"):
        return f"{'-' if node.symbol == 'neg' else 'not '}{parts[0]}"
    return f" {node.symbol} ".join(parts)


def _enclosed(node: Node, outer: str, *, last: bool) -> str:
    text = written(node)
    if not isinstance(node, Operation):
        return text
    inside = _TIGHTNESS.get(node.symbol, 4)
    around = _TIGHTNESS.get(outer, 4)
    tie = last or outer in LOGIC
    return f"({text})" if inside < around or (inside == around and tie) else text


def _arguments(node: Apply) -> list[str]:
    operands = iter(node.operands)
    params = dict(node.params)
    texts: list[str] = []
    for parameter in node.function.parameters:
        if parameter.takes in (Takes.WINDOW, Takes.NUMBER):
            value = params[parameter.name]
            if value is not None:
                texts.append(_number(value))
            continue
        operand = next(operands)
        texts.append(
            operand.instrument
            if parameter.takes is Takes.INSTRUMENT and isinstance(operand, Leg)
            else written(operand)
        )
        if parameter.takes is Takes.INSTRUMENT:
            for _ in node.function.fields[1:]:
                next(operands)
    return texts


def told_apart(
    value: float | None, limit: float | None, unit: str, *, least: int = DIGITS
) -> tuple[str, str]:
    """Two values with as many digits as tell one from the other: `9,000.4` and `9,000`, not `9,000` twice."""
    for digits in range(least, EXACT):
        texts = shown(value, unit, digits), shown(limit, unit, digits)
        if value == limit or _read_back(texts[0]) != _read_back(texts[1]):
            return texts
    return shown(value, unit, least), shown(limit, unit, least)


def _read_back(text: str) -> float | str:
    """What a reader takes a value for: `19.00` is 19."""
    try:
        return float(text.replace(",", "").removesuffix(" %"))
    except ValueError:
        return text


def limit_written(node: Node) -> str:
    """What a value is compared with; a plain number is grouped as values are: `10,000`."""
    if isinstance(node, Const) and not node.percent:
        return _number(node.value, grouped=",")
    return written(node)


def shown(value: float | None, unit: str, digits: int = DIGITS) -> str:
    """A value with about four digits: `104.8`, `-31.3 %`, `5,318`; `?` when unknown."""
    if value is None:
        return "?"
    if unit == "%":
        return f"{value * 100:.{1 + digits - DIGITS}f}".removesuffix(".0") + " %"
    if value == round(value):
        return f"{value:,.0f}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(places, 0), digits)}f}"


def bounds_of(condition: Node) -> list[tuple[Node, str, Node]]:
    """Each comparison of a condition as (metric, sign, threshold), the metric on the left.

    What stands below a `not` has the opposite sign.
    """
    found: list[tuple[Node, str, Node]] = []
    for part, denied in _leaves(condition):
        if isinstance(part, Operation) and part.symbol in COMPARISONS:
            left, right = part.operands
            symbol = OPPOSITE[part.symbol] if denied else part.symbol
            if not left.legs:
                left, right, symbol = right, left, _MIRROR[symbol]
            found.append((left, symbol, _constant(right)))
    return found


def is_conjunction(condition: Node) -> bool:
    """Whether all its parts have to hold: nothing but `and` joins them, and none is denied."""
    if not isinstance(condition, Operation) or condition.symbol not in LOGIC:
        return True
    return condition.symbol == "and" and all(map(is_conjunction, condition.operands))


def _constant(node: Node) -> Node:
    """A threshold that is a constant under a name, as its number."""
    plain = unnamed(node)
    return plain if isinstance(plain, Const) else node


def _leaves(node: Node, *, denied: bool = False) -> Iterator[tuple[Node, bool]]:
    """The parts that `and`, `or` and `not` join, and whether each is denied."""
    if not isinstance(node, Operation) or node.symbol not in LOGIC:
        yield node, denied
        return
    for operand in node.operands:
        yield from _leaves(operand, denied=denied is not (node.symbol == "not"))
