"""Parts of an expression -> typed nodes: what each name is, whether arguments fit, and everything that is wrong.

Knows instruments, metrics and functions by name; does not know rules or files.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.bars import FIELDS
from monitor.instruments import Catalogue
from monitor.language.nodes import COMPARISONS, LOGIC, Apply, Const, Leg, Named, Node, Operation
from monitor.language.syntax import (
    Call,
    ExpressionError,
    Name,
    Number,
    Operator,
    Part,
    Span,
    Text,
    Trouble,
    parse,
)
from monitor.metrics import FUNCTIONS, Function, Parameter, Takes
from monitor.yamltext import did_you_mean

LONGEST_WINDOW = 100_000


@dataclass(frozen=True)
class Scope:
    """What names mean: instruments of the catalogue, metrics of the pack, and `it` in a group."""

    catalogue: Catalogue
    metrics: Mapping[str, Node] = field(default_factory=dict)
    it: str | None = None
    """The member `it` stands for; None where `it` means nothing."""


def understand(text: str, scope: Scope) -> Node:
    """The typed expression of a text; ExpressionError carries every trouble in it."""
    part = parse(text)
    reader = _Reader(scope)
    node = reader.read(part)
    if reader.troubles:
        raise ExpressionError(*reader.troubles)
    return node


class _Reader:
    """Reads parts depth first, collecting troubles; a part in trouble reads as a constant 1."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.troubles: list[Trouble] = []

    def read(self, part: Part) -> Node:
        if isinstance(part, Number):
            return self._number(part.value, part.span, percent=part.percent)
        if isinstance(part, Name):
            return self._name(part)
        if isinstance(part, Call):
            return self._call(part)
        if isinstance(part, Operator):
            return self._operator(part)
        return self._trouble("a quoted text means nothing here", part.span)

    def _number(self, value: float, span: Span, *, percent: bool) -> Node:
        if not math.isfinite(value):
            return self._trouble("a number this large cannot be computed with", span)
        return Const(value, percent)

    def _trouble(self, message: str, span: Span, hint: str | None = None) -> Node:
        self.troubles.append(Trouble(message, span, hint))
        return _Broken(1.0)

    def _name(self, part: Name) -> Node:
        if part.name in self.scope.metrics:
            return Named(part.name, self.scope.metrics[part.name])
        name, _, bar_field = part.name.partition(".")
        if name == "it" and self.scope.it is None:
            return self._trouble(
                '"it" means a member of a group', part.span, "add `for_each: <group>` to the rule"
            )
        instrument = self.scope.catalogue.instruments.get(self.scope.it or "" if name == "it" else name)
        if instrument is None:
            return self._unknown(part)
        return self._leg(instrument.id, bar_field or "close", part.span)

    def _leg(self, name: str, bar_field: str, span: Span) -> Node:
        instrument = self.scope.catalogue.instruments[name]
        if bar_field not in FIELDS:
            hint = did_you_mean(bar_field, FIELDS) or f"fields: {', '.join(FIELDS)}"
            return self._trouble(f'{name} has no field "{bar_field}"', span, hint)
        if bar_field == "volume" and not instrument.has_volume:
            of = f"volume of {name} means nothing ({instrument.basis or instrument.kind})"
            return self._trouble(of, span, "use an ETF on the same metal" if instrument.basis else None)
        if bar_field in ("open", "high", "low") and not instrument.has_range:
            return self._trouble(
                f"{bar_field} of {name} means nothing ({instrument.basis})", span, "use its close"
            )
        return Leg(name, bar_field, unit="lots" if bar_field == "volume" else instrument.unit or "1")

    def _unknown(self, part: Name) -> Node:
        name = part.name.partition(".")[0]
        catalogue = self.scope.catalogue
        if name in self.scope.metrics:
            return self._trouble(
                f'"{name}" is a metric and has no fields', part.span, "ask an instrument for its field"
            )
        if name in catalogue.groups:
            return self._trouble(
                f'"{name}" is a group, not one instrument', part.span, "use it in `for_each`"
            )
        if name in FUNCTIONS:
            return self._trouble(f'"{name}" is a function', part.span, f"write {FUNCTIONS[name].signature}")
        for instrument in catalogue.instruments.values():
            if name.upper() in (instrument.symbol.upper(), instrument.symbol.partition("=")[0].upper()):
                return self._trouble(
                    f'unknown name "{name}"', part.span, f'the instrument is called "{instrument.id}"'
                )
        known = (*self.scope.metrics, *catalogue.instruments)
        hint = did_you_mean(name, known) or "metrics of the pack and instruments of the catalogue are known"
        return self._trouble(f'unknown name "{name}"', part.span, hint)

    def _operator(self, part: Operator) -> Node:
        operands = tuple(self.read(operand) for operand in part.operands)
        if part.symbol in LOGIC:
            return self._logic(part, operands)
        for operand, written in zip(operands, part.operands, strict=True):
            if operand.yesno:
                self._trouble(f'"{part.symbol}" takes numbers, and this is a condition', written.span)
        if part.symbol in COMPARISONS:
            return self._comparison(part, operands)
        if part.symbol == "/" and isinstance(operands[1], Const) and operands[1].value == 0:
            return self._trouble("a division by zero is never known", part.span)
        node = _arithmetic(part.symbol, operands)
        return self._number(node.value, part.span, percent=node.percent) if type(node) is Const else node

    def _logic(self, part: Operator, operands: tuple[Node, ...]) -> Node:
        for operand, written in zip(operands, part.operands, strict=True):
            if not operand.yesno and not isinstance(operand, _Broken):
                self._trouble(
                    f'"{part.symbol}" takes conditions, and this is a number', written.span, "compare it"
                )
        return Operation(part.symbol, operands, unit="yes/no")

    def _comparison(self, part: Operator, operands: tuple[Node, ...]) -> Node:
        if not any(operand.legs for operand in operands) and not any(
            isinstance(o, _Broken) for o in operands
        ):
            return self._trouble("both sides are constants; it is always the same", part.span)
        self._check_bounds(part, operands)
        return Operation(part.symbol, operands, unit="yes/no")

    def _check_bounds(self, part: Operator, operands: tuple[Node, ...]) -> None:
        """A threshold outside what a function can give is a mistake, not a rule."""
        symbol, (value, limit) = part.symbol, operands
        if isinstance(value, Const):
            symbol, value, limit = _mirrored(symbol), limit, value
        while isinstance(value, Named):
            value = value.node
        if not isinstance(value, Apply) or not isinstance(limit, Const) or isinstance(limit, _Broken):
            return
        if value.unit == "percentile" and limit.percent:
            self._trouble("a percentile runs from 0 to 100", part.span, f"write {limit.value * 100:g}")
            return
        low, high = value.function.bounds
        name = value.function.name
        if high is not None and (limit.value > high or (limit.value == high and symbol in (">", "<="))):
            hint = f"write {-limit.value:.0%}" if name == "drawdown" and limit.percent else None
            self._trouble(f"{name} is never above {high:g}, so this is always the same", part.span, hint)
        elif low is not None and (limit.value < low or (limit.value == low and symbol in ("<", ">="))):
            self._trouble(f"{name} is never below {low:g}, so this is always the same", part.span)

    def _call(self, part: Call) -> Node:
        function = FUNCTIONS.get(part.function)
        if function is None:
            hint = did_you_mean(part.function, FUNCTIONS) or f"functions: {', '.join(sorted(FUNCTIONS))}"
            return self._trouble(f'unknown function "{part.function}"', part.span, hint)
        before = len(self.troubles)
        given = self._arguments(part, function)
        operands: list[Node] = []
        params: list[tuple[str, float | None]] = []
        for parameter in function.parameters:
            written = given.get(parameter.name)
            if parameter.takes in (Takes.WINDOW, Takes.NUMBER):
                params.append((parameter.name, self._constant(parameter, written)))
            elif written is not None:
                operands.extend(self._operands(function, parameter, written))
        if len(self.troubles) > before:
            return _Broken(1.0)
        unit = operands[0].unit if function.unit == "same" and operands else function.unit
        return Apply(function, tuple(operands), tuple(params), unit=unit)

    def _arguments(self, part: Call, function: Function) -> dict[str, Part]:
        """Which argument was written for which parameter; too many, unknown and missing ones are troubles."""
        names = [parameter.name for parameter in function.parameters]
        usage = f"write {function.signature}"
        if len(part.args) > len(names):
            self._trouble(
                f"{function.name} takes {len(names)} arguments, not {len(part.args)}", part.span, usage
            )
        given = dict(zip(names, part.args, strict=False))
        for name, value in part.keywords:
            if name not in names or name in given:
                what = "given twice" if name in given else "not a parameter"
                self._trouble(f'"{name}" is {what} of {function.name}', value.span, usage)
            given.setdefault(name, value)
        for parameter in function.parameters:
            if parameter.required and parameter.name not in given:
                self._trouble(f'{function.name} needs "{parameter.name}"', part.span, usage)
        return given

    def _constant(self, parameter: Parameter, written: Part | None) -> float | None:
        if written is None:
            return parameter.default
        node = self.read(written)
        if not isinstance(node, Const):
            self._trouble(
                f'"{parameter.name}" must be {parameter.takes}, written as a constant', written.span
            )
        elif parameter.takes is Takes.WINDOW and (
            node.value != int(node.value) or not parameter.least <= node.value <= LONGEST_WINDOW
        ):
            wanted = f"a whole number of bars, at least {parameter.least} and at most {LONGEST_WINDOW}"
            self._trouble(f'"{parameter.name}" must be {wanted}; got {node.value:g}', written.span)
        else:
            return int(node.value) if parameter.takes is Takes.WINDOW else node.value
        return parameter.default

    def _operands(self, function: Function, parameter: Parameter, written: Part) -> list[Node]:
        if parameter.takes is Takes.INSTRUMENT:
            return self._fields(function, written)
        node = self.read(written)
        wants_yesno = parameter.takes is Takes.YESNO
        if not isinstance(node, _Broken) and node.yesno != wants_yesno:
            self._trouble(f'"{parameter.name}" of {function.name} must be {parameter.takes}', written.span)
        return [node]

    def _fields(self, function: Function, written: Part) -> list[Node]:
        if isinstance(written, Text | Number | Call | Operator) or "." in written.name:
            self._trouble(
                f"{function.name} takes {Takes.INSTRUMENT}", written.span, f"write {function.signature}"
            )
            return []
        if written.name in self.scope.metrics:
            self._trouble(
                f'{function.name} takes {Takes.INSTRUMENT}; "{written.name}" is a metric', written.span
            )
            return []
        return [
            self._name(replace(written, name=f"{written.name}.{bar_field}")) for bar_field in function.fields
        ]


@dataclass(frozen=True, eq=False)
class _Broken(Const):
    """Stands in for a part in trouble, so that the rest is still read."""


def _arithmetic(symbol: str, operands: tuple[Node, ...]) -> Node:
    """Constants are folded, so that `2 * 10` is a constant too."""
    if all(type(operand) is Const for operand in operands):
        values = [operand.value for operand in operands if isinstance(operand, Const)]
        percent = any(operand.percent for operand in operands if isinstance(operand, Const))
        return Const(_folded(symbol, values[0], values[-1]), percent)
    units = {operand.unit for operand in operands}
    unit = units.pop() if len(units) == 1 and symbol in ("+", "-", "neg") else "1"
    return Operation(symbol, operands, unit=unit)


def _folded(symbol: str, left: float, right: float) -> float:
    if symbol == "neg":
        return -left
    if symbol == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[symbol]


def _mirrored(symbol: str) -> str:
    return {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[symbol]
