"""Calls of functions: which argument is for which parameter, and whether it fits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from monitor.language.columns import expression, finite
from monitor.language.forms import FORMS
from monitor.language.nodes import Apply, Const, Node, walk
from monitor.language.operators import check_alike, is_broken
from monitor.language.syntax import Call, Name, Part
from monitor.metrics import FUNCTIONS, REFUSED, Function, Parameter, Takes
from monitor.yamltext import did_you_mean

if TYPE_CHECKING:
    from monitor.language.meaning import Reader

LONGEST_WINDOW = 100_000


def read_call(reader: "Reader", part: Call) -> Node:
    """The node of a function and its arguments."""
    if part.function in FORMS:
        return FORMS[part.function].read(reader, part)
    function = FUNCTIONS.get(part.function)
    if function is None:
        return _unknown(reader, part)
    before = len(reader.troubles)
    given = arguments(reader, part, function.name, function.parameters, f"write {function.signature}")
    operands, params = _read(reader, function, given)
    if len(reader.troubles) > before or any(is_broken(operand) for operand in operands):
        return reader.trouble_told()
    if _needs_alike(function) and not any(isinstance(operand, Const) for operand in operands):
        check_alike(reader, operands[0].unit, operands[1].unit, part.span, "put side by side")
    unit = function.unit
    if unit == "same":
        unit = next((operand.unit for operand in operands if not operand.yesno), "1")
    node = Apply(function, tuple(operands), tuple(params), unit=unit)
    return _of_numbers(reader, node, part) if operands and not node.legs else node


def _of_numbers(reader: "Reader", node: Apply, part: Call) -> Node:
    """What a function makes of numbers alone is a number, unless it looks back: they never move."""
    function = node.function
    if node.look_back > 1 or node.warm_up or function.yesno:
        what = f"{function.name} of a number is always the same"
        return reader.trouble(what, part.span, f"write {function.signature}")
    numbers = (expression(operand, frozenset()) for operand in node.operands)
    value = pl.select(finite(function.build(*numbers, **dict(node.params)))).item()
    if value is None:
        return reader.trouble(f"{function.name} of this is no number", part.span)
    return Const(value, percent=any(isinstance(one, Const) and one.percent for one in walk(node)))


def _unknown(reader: "Reader", part: Call) -> Node:
    if part.function in REFUSED:
        return reader.trouble(f"{part.function} is refused: {REFUSED[part.function]}", part.span)
    known = (*FUNCTIONS, *FORMS)
    plain = sorted(name for name in known if not name.startswith("ta."))
    hint = did_you_mean(part.function, known) or f"functions: {', '.join(plain)}, and ta.<indicator>"
    return reader.trouble(f'unknown function "{part.function}"', part.span, hint)


def _needs_alike(function: Function) -> bool:
    """Whether its two series are compared or mixed, so that their units must go together."""
    series = [parameter for parameter in function.parameters if parameter.takes is Takes.SERIES]
    return len(series) > 1 and (function.yesno or function.unit == "same")


def arguments(
    reader: "Reader", part: Call, name: str, parameters: Sequence[Parameter], usage: str
) -> dict[str, Part]:
    """Which argument was written for which parameter; too many, unknown and missing ones are troubles."""
    names = [parameter.name for parameter in parameters]
    if len(part.args) > len(names):
        many = "1 argument" if len(names) == 1 else f"{len(names)} arguments"
        reader.trouble(f"{name} takes {many}, not {len(part.args)}", part.span, usage)
    given = dict(zip(names, part.args, strict=False))
    for keyword, value in part.keywords:
        if keyword not in names or keyword in given:
            what = "given twice" if keyword in given else "not a parameter"
            reader.trouble(f'"{keyword}" is {what} of {name}', value.span, usage)
        given.setdefault(keyword, value)
    for parameter in parameters:
        if parameter.required and parameter.name not in given:
            reader.trouble(f'{name} needs "{parameter.name}"', part.span, usage)
    return given


def _read(
    reader: "Reader", function: Function, given: dict[str, Part]
) -> tuple[list[Node], list[tuple[str, float | None]]]:
    operands: list[Node] = []
    params: list[tuple[str, float | None]] = []
    for parameter in function.parameters:
        written = given.get(parameter.name)
        if parameter.takes in (Takes.WINDOW, Takes.NUMBER):
            params.append((parameter.name, _constant(reader, parameter, written)))
        elif written is not None:
            operands.extend(_operands(reader, function, parameter, written))
    return operands, params


def _constant(reader: "Reader", parameter: Parameter, written: Part | None) -> float | None:
    if written is None:
        return parameter.default
    node = reader.read(written)
    if is_broken(node):
        return parameter.default
    if not isinstance(node, Const):
        what = f'"{parameter.name}" must be {parameter.takes}, written as a constant'
        reader.trouble(what, written.span)
    elif parameter.takes is Takes.WINDOW and (
        node.value != int(node.value) or not parameter.least <= node.value <= LONGEST_WINDOW
    ):
        wanted = f"a whole number of bars, at least {parameter.least} and at most {LONGEST_WINDOW}"
        reader.trouble(f'"{parameter.name}" must be {wanted}; got {node.value:g}', written.span)
    elif not node.value > 0:
        reader.trouble(f'"{parameter.name}" must be above 0; got {node.value:g}', written.span)
    else:
        return int(node.value) if parameter.takes is Takes.WINDOW else node.value
    return parameter.default


def _operands(reader: "Reader", function: Function, parameter: Parameter, written: Part) -> list[Node]:
    if parameter.takes is Takes.INSTRUMENT:
        return _fields(reader, function, written)
    node = reader.read(written)
    wants_yesno = parameter.takes is Takes.YESNO
    if not is_broken(node) and node.yesno != wants_yesno:
        reader.trouble(f'"{parameter.name}" of {function.name} must be {parameter.takes}', written.span)
    return [node]


def _fields(reader: "Reader", function: Function, written: Part) -> list[Node]:
    if not isinstance(written, Name) or "." in written.name:
        usage = f"write {function.signature}"
        reader.trouble(f"{function.name} takes {Takes.INSTRUMENT}", written.span, usage)
        return []
    if written.name in reader.scope.metrics:
        what = f'{function.name} takes {Takes.INSTRUMENT}; "{written.name}" is a metric'
        reader.trouble(what, written.span)
        return []
    return [reader.name(replace(written, name=f"{written.name}.{one}")) for one in function.fields]
