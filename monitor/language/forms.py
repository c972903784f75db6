"""Functions that are more than arithmetic on series: units, groups of instruments, other rules, the age of a price.

To add one: write how it is read, and put it into `FORMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor import units
from monitor.instruments import AssetKind
from monitor.language.nodes import Const, Fired, Leg, Named, Node, Operation, OverGroup
from monitor.language.operators import is_broken
from monitor.language.syntax import Call, Name, Part, Text
from monitor.metrics import FUNCTIONS
from monitor.yamltext import did_you_mean

if TYPE_CHECKING:
    from monitor.language.meaning import Reader

Read = Callable[["Reader", Call], Node]


@dataclass(frozen=True)
class Form:
    """One such function: how it is written, what it is, and how it is read."""

    signature: str
    summary: str
    read: Read


def _arguments(reader: "Reader", part: Call, number: int) -> tuple[Part, ...] | None:
    usage = f"write {FORMS[part.function].signature}"
    if part.keywords or len(part.args) != number:
        came = len(part.args) + len(part.keywords)
        many = "1 argument" if number == 1 else f"{number} arguments"
        reader.trouble(f"{part.function} takes {many}, not {came}", part.span, usage)
        return None
    return part.args


def _instrument(reader: "Reader", part: Call, written: Part) -> str | None:
    name = reader.instrument(written.name) if isinstance(written, Name) else None
    if name is None and isinstance(written, Name):
        reader.name(written)
    if name is None and not reader.troubles:
        reader.trouble(f"{part.function} takes an instrument", written.span, FORMS[part.function].signature)
    return name


# --- units


def _convert(reader: "Reader", part: Call) -> Node:
    args = _arguments(reader, part, 2)
    if args is None:
        return reader.trouble_told()
    value, target = reader.read(args[0]), args[1]
    if not isinstance(target, Text):
        return reader.trouble("the unit must be a quoted text", target.span, 'such as "USD/ozt"')
    if is_broken(value):
        return value
    if units.currency(value.unit) is None:
        return reader.trouble(f"a value in {value.unit} is no price and cannot be converted", args[0].span)
    return Named(
        f'convert({_source(reader, args[0])}, "{target.value}")',
        _converted(reader, value, target.value, part),
    )


def _converted(reader: "Reader", value: Node, target: str, part: Call) -> Node:
    """The value times an exact constant, and over or times an FX leg where the currency changes."""
    try:
        units.check(target)
        source, wanted = units.quantity(value.unit), units.quantity(target)
        if (source is None) != (wanted is None) or units.currency(target) is None:
            hint = f'such as "{target}/{source}"' if wanted is None and source is not None else None
            return reader.trouble(f"{value.unit} cannot become {target}", part.span, hint)
        scale = 1.0 if source is None or wanted is None else units.factor(source, wanted)
    except units.UnitError as error:
        return reader.trouble(str(error), part.span)
    in_currency = _in_currency(reader, value, units.currency(target) or "", part)
    return in_currency if is_broken(in_currency) else Operation("*", (in_currency, Const(scale)), unit=target)


def _in_currency(reader: "Reader", value: Node, target: str, part: Call) -> Node:
    source = units.currency(value.unit)
    if source == target:
        return value
    rates = {i.unit: i.id for i in reader.scope.catalogue.instruments.values() if i.kind is AssetKind.FX}
    for unit, symbol in ((f"{source}/{target}", "/"), (f"{target}/{source}", "*")):
        if unit in rates:
            return Operation(symbol, (value, Leg(rates[unit], "close", unit=unit)), unit=target)
    known = ", ".join(sorted(rates)) or "none"
    return reader.trouble(
        f"there is no exchange rate from {source} to {target}",
        part.span,
        f"rates: {known}; convert over a third currency, or name the rate in your `instruments`",
    )


def _source(reader: "Reader", part: Part) -> str:
    return reader.text[part.span.start : part.span.end]


def _premium(reader: "Reader", part: Call) -> Node:
    args = _arguments(reader, part, 2)
    if args is None:
        return reader.trouble_told()
    value, reference = (reader.read(arg) for arg in args)
    if is_broken(value) or is_broken(reference):
        return reader.trouble_told()
    if value.unit != reference.unit and units.currency(value.unit) and units.currency(reference.unit):
        name = f'convert({_source(reader, args[0])}, "{reference.unit}")'
        value = Named(name, _converted(reader, value, reference.unit, part))
    elif not units.alike(value.unit, reference.unit):
        return reader.trouble(f"{value.unit} has no premium over {reference.unit}", part.span)
    ratio = Operation("/", (value, reference))
    return Operation("-", (ratio, Const(1.0, percent=True)), unit=units.FRACTION)


# --- the age of a price


def _age(reader: "Reader", part: Call) -> Node:
    args = _arguments(reader, part, 1)
    name = _instrument(reader, part, args[0]) if args is not None else None
    return reader.trouble_told() if name is None else Leg(name, "age", unit=units.PURE)


# --- other rules


def _fired(reader: "Reader", part: Call) -> Node:
    args = _arguments(reader, part, 1)
    if args is None:
        return reader.trouble_told()
    written = args[0]
    name = written.value if isinstance(written, Text) else _source(reader, written)
    if "/" in name:
        return Fired(name, reader.scope.it)
    if name not in reader.scope.rules:
        hint = (
            did_you_mean(name, reader.scope.rules) or "name a rule of this pack, or write pack/rule in quotes"
        )
        return reader.trouble(f'unknown rule "{name}"', written.span, hint)
    member = reader.scope.it if reader.scope.rules[name] else None
    return Fired(f"{reader.scope.pack}/{name}", member)


# --- groups


def _over_members(reader: "Reader", part: Call, *, yesno: bool) -> Node:
    args = _arguments(reader, part, 2)
    group = _group(reader, part, args[0]) if args is not None else None
    if args is None or group is None:
        return reader.trouble_told()
    members = [_of_member(reader, member, args[1]) for member in reader.scope.catalogue.groups[group]]
    if any(node.yesno != yesno for node in members) and not reader.troubles:
        wanted = "a condition" if yesno else "a number"
        return reader.trouble(
            f"{part.function} takes {wanted} of `it`", args[1].span, FORMS[part.function].signature
        )
    found = sorted({node.unit for node in members})
    if not yesno and len(found) > 1 and not all(units.is_dimensionless(unit) for unit in found):
        what = f"the members are measured in {', '.join(found)}"
        return reader.trouble(what, args[1].span, "take their changes, or convert them")
    unit = {"share": units.FRACTION, "count": units.PURE}.get(part.function, members[0].unit)
    return OverGroup(part.function, _source(reader, part), tuple(members), unit=unit)


def _basket(reader: "Reader", part: Call) -> Node:
    args = _arguments(reader, part, 1)
    group = _group(reader, part, args[0]) if args is not None else None
    if group is None or args is None:
        return reader.trouble_told()
    change = Call("change", (Name("it", args[0].span),), (), part.span)
    members = [_of_member(reader, member, change) for member in reader.scope.catalogue.groups[group]]
    return OverGroup("basket", _source(reader, part), tuple(members), unit="index")


def _group(reader: "Reader", part: Call, written: Part) -> str | None:
    groups = reader.scope.catalogue.groups
    if isinstance(written, Name) and written.name in groups:
        return written.name
    name = _source(reader, written)
    hint = did_you_mean(name, groups) or f"groups: {', '.join(sorted(groups))}"
    reader.trouble(f'{part.function} takes a group; "{name}" is none', written.span, hint)
    return None


def _of_member(reader: "Reader", member: str, written: Part) -> Node:
    inner = replace(reader, scope=replace(reader.scope, it=member), troubles=[])
    node = inner.read(written)
    reader.troubles.extend(inner.troubles)
    return node


def _yes_no_of(reader: "Reader", part: Call) -> Node:
    return _over_members(reader, part, yesno=True)


def _number_of(reader: "Reader", part: Call) -> Node:
    return _over_members(reader, part, yesno=False)


_NUMBERS = {
    "mean_of": "Mean of a number over the members of a group that have a bar.",
    "median_of": "Median of a number over the members of a group.",
    "min_of": "Lowest of a number over the members of a group.",
    "max_of": "Highest of a number over the members of a group.",
}

FORMS: dict[str, Form] = {
    "convert": Form(
        'convert(price, "USD/t")',
        "A price in another unit and currency, by exact constants and an FX leg.",
        _convert,
    ),
    "premium": Form(
        "premium(price, reference)", "How far a price is above another, in the other's unit.", _premium
    ),
    "age": Form(
        "age(instrument)",
        "Days between a session and the bar that stands for it; 0 but for carried series.",
        _age,
    ),
    "fired": Form(
        "fired(rule)",
        "Whether another rule opened in this session (of a group: for the same member).",
        _fired,
    ),
    "share": Form(
        "share(group, condition)",
        "Share of a group's members with a known answer for which it is yes.",
        _yes_no_of,
    ),
    "count": Form("count(group, condition)", "How many members of a group answer yes.", _yes_no_of),
    "basket": Form(
        "basket(group)",
        "Equal-weight index of a group, 100 at its start; a member without a bar has not moved.",
        _basket,
    ),
    **{name: Form(f"{name}(group, number)", summary, _number_of) for name, summary in _NUMBERS.items()},
}

if set(FORMS) & set(FUNCTIONS):
    raise ImportError("a form and a metric share a name")
