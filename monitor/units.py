"""Unit algebra at load time: what a sum, a quotient or a conversion of prices is measured in.

A unit is a text: `USD/ozt`, `CNY/USD`, `ozt/lb`, a currency alone for a share.  `1` is a pure number, `%` a fraction
that people read in per cent, `percentile` one that runs from 0 to 100, `yes/no` a condition.  pint does the algebra,
over constants that are exact by definition; it is asked only where units really meet.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

PURE = "1"
FRACTION = "%"
PERCENT = "percent"
PERCENTILE = "percentile"
YES_NO = "yes/no"

DIMENSIONLESS = frozenset({PURE, FRACTION, PERCENTILE, PERCENT, "index", "lots", ""})

MASSES = {
    "g": "[mass]",
    "kg": "1000 * g",
    "t": "1000000 * g",
    "ozt": "31.1034768 * g",
    "lb": "453.59237 * g",
}
"""Exact: the troy ounce and the pound are defined by the gram."""
OTHERS = {"bbl": "[volume]", "sh": "[share]", "unit": "[unit]"}


class UnitError(ValueError):
    """Two units that do not go together, or a text that is no unit."""


def is_dimensionless(unit: str) -> bool:
    """Whether a unit is that of a number without dimension."""
    return unit in DIMENSIONLESS


def alike(left: str, right: str) -> bool:
    """Whether values of these units may be added, subtracted and compared."""
    return left == right or (is_dimensionless(left) and is_dimensionless(right))


def added(left: str, right: str) -> str:
    """The unit of a sum or difference of like values; a fraction stays one."""
    return FRACTION if FRACTION in (left, right) and is_dimensionless(left) else left


def multiplied(left: str, right: str) -> str:
    """The unit of a product."""
    if is_dimensionless(left) and is_dimensionless(right):
        return FRACTION if {left, right} == {FRACTION, PURE} else PURE
    if is_dimensionless(right):
        return left
    if is_dimensionless(left):
        return right
    return _text(_parse(left) * _parse(right))


def divided(left: str, right: str) -> str:
    """The unit of a quotient: `1` where both are the same."""
    if left == right or (is_dimensionless(left) and is_dimensionless(right)):
        return FRACTION if left == FRACTION and right == PURE else PURE
    if is_dimensionless(right):
        return left
    return _text((1 if is_dimensionless(left) else _parse(left)) / _parse(right))


def currency(unit: str) -> str | None:
    """The currency a price is quoted in: `USD` of `USD/ozt` and of `USD`; None if it is no price."""
    head = unit.split("/", maxsplit=1)[0]
    return head if len(head) == 3 and head.isalpha() and head.isupper() else None  # noqa: PLR2004 - ISO 4217


def quantity(unit: str) -> str | None:
    """What a price is per: `ozt` of `USD/ozt`; None for a share."""
    return unit.partition("/")[2] or None


def factor(source: str, target: str) -> float:
    """By what a price per one quantity is multiplied to be per another: `lb` to `t` is 2204.62...

    UnitError when the two measure different things.
    """
    import pint

    try:
        # A price per unit goes against the unit: 1 USD/lb = (t in lb) USD/t.
        return float((1 * _parse(target)).to(_parse(source)).magnitude)
    except pint.DimensionalityError:
        raise UnitError(f"{source} and {target} measure different things") from None


def check(unit: str) -> None:
    """UnitError when a text is no unit."""
    if not is_dimensionless(unit):
        _parse(unit)


def is_odd_ratio(unit: str) -> bool:
    """Whether a unit is a leftover of two prices per different quantities, such as `ozt/lb`."""
    return "/" in unit and unit != YES_NO and currency(unit) is None and not is_dimensionless(unit)


@cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(None)
    for name, definition in {**MASSES, **OTHERS}.items():
        registry.define(f"{name} = {definition}")
    return registry


def _parse(text: str) -> "pint.Unit":
    registry = _registry()
    for name in {part.strip("* ") for part in text.replace("*", "/").split("/")}:
        if len(name) == 3 and name.isalpha() and name.isupper() and name not in registry:  # noqa: PLR2004
            registry.define(f"{name} = [{name.lower()}]")
    try:
        return registry.parse_units(text)
    except Exception as error:  # pint raises whatever its parts raise
        known = ", ".join((*MASSES, *OTHERS))
        raise UnitError(f'"{text}" is no unit; quantities: {known}; a currency is three capitals') from error


def _text(unit: "pint.Unit") -> str:
    parts = unit._units  # noqa: SLF001 - pint has no other way to list a unit's parts
    powers = {name: float(str(power)) for name, power in parts.items()}
    above = [_power(name, power) for name, power in sorted(powers.items()) if power > 0]
    below = [_power(name, -power) for name, power in sorted(powers.items()) if power < 0]
    if not above and not below:
        return PURE
    return "/".join(["*".join(above) or "1", *below])


def _power(name: str, power: float) -> str:
    return name if power == 1 else f"{name}**{power:g}"
