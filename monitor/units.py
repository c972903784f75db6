"""Unit algebra at load time: what a sum, a quotient or a conversion of prices is measured in.

A unit is a text: `USD/ozt`, `CNY/USD`, `ozt/lb`, a currency alone for a share.  `1` is a pure number, `%` a fraction
that people read in per cent, `percentile` one that runs from 0 to 100, `yes/no` a condition.  Constants are exact by
definition.  The algebra, that of whole powers, stands here: a library of units takes longer to load than all the
rules that ship take to read.
"""

import re
from collections import Counter
from fractions import Fraction

PURE = "1"
FRACTION = "%"
PERCENT = "percent"
PERCENTILE = "percentile"
YES_NO = "yes/no"

DIMENSIONLESS = frozenset({PURE, FRACTION, PERCENTILE, PERCENT, "index", "lots", ""})

MASSES = {
    "g": Fraction(1),
    "kg": Fraction(1000),
    "t": Fraction(1_000_000),
    "ozt": Fraction("31.1034768"),
    "lb": Fraction("453.59237"),
}
"""In grams, exact: the troy ounce and the pound are defined by the gram."""
OTHERS = ("bbl", "sh", "unit")
"""Quantities that become no other."""
HIGHEST = 9
"""A power beyond which nothing is converted."""
PART = re.compile(r"\s*([*/])\s*(?:1|([A-Za-z]+)(?:\s*\*\*\s*(\d+))?)(?=\s*(?:[*/]|$))\s*")

Powers = Counter[str]


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
    return _text(_product(_parse(left), _parse(right)))


def divided(left: str, right: str) -> str:
    """The unit of a quotient: `1` where both are the same."""
    if left == right or (is_dimensionless(left) and is_dimensionless(right)):
        return FRACTION if left == FRACTION and right == PURE else PURE
    if is_dimensionless(right):
        return left
    return _text(_product(Counter() if is_dimensionless(left) else _parse(left), _parse(right), -1))


def currency(unit: str) -> str | None:
    """The currency a price is quoted in: `USD` of `USD/ozt` and of `USD`; None if it is no price."""
    head = unit.split("/", maxsplit=1)[0]
    return head if len(head) == 3 and head.isalpha() and head.isupper() else None  # noqa: PLR2004 - ISO 4217


def currencies(unit: str) -> frozenset[str]:
    """Every currency in a unit: one of a price, two of a rate."""
    parts = () if is_dimensionless(unit) or unit == YES_NO else _parse(unit)
    return frozenset(name for name in parts if currency(name))


def quantity(unit: str) -> str | None:
    """What a price is per: `ozt` of `USD/ozt`; None for a share."""
    return unit.partition("/")[2] or None


def factor(source: str, target: str) -> float:
    """By what a price per one quantity is multiplied to be per another: `lb` to `t` is 2204.62...

    UnitError when the two measure different things.
    """
    above, below = _measured(_parse(target)), _measured(_parse(source))
    if above[0] != below[0]:
        raise UnitError(f"{source} and {target} measure different things")
    # A price per unit goes against the unit: 1 USD/lb = (t in lb) USD/t.
    return float(above[1] / below[1])


def check(unit: str) -> None:
    """UnitError when a text is no unit."""
    if not is_dimensionless(unit):
        _parse(unit)


def is_odd_ratio(unit: str) -> bool:
    """Whether a unit is a leftover of two prices per different quantities, such as `ozt/lb`."""
    return "/" in unit and unit != YES_NO and currency(unit) is None and not is_dimensionless(unit)


def _parse(text: str) -> Powers:
    """What a unit is made of: `USD/ozt` is USD once and ozt minus once; UnitError when a text is no unit."""
    powers: Powers = Counter()
    whole, at = f"*{text}", 0
    while at < len(whole):
        part = PART.match(whole, at)
        if part is None or (
            part[2] and part[2] not in MASSES and part[2] not in OTHERS and not currency(part[2])
        ):
            known = ", ".join((*MASSES, *OTHERS))
            raise UnitError(f'"{text}" is no unit; quantities: {known}; a currency is three capitals')
        if part[2]:
            powers[part[2]] += int(part[3] or 1) * (1 if part[1] == "*" else -1)
        at = part.end()
    return powers


def _product(left: Powers, right: Powers, power: int = 1) -> Powers:
    """Of two units, the right one to a power."""
    return Counter({name: left[name] + power * right[name] for name in {**left, **right}})


def _measured(unit: Powers) -> tuple[Powers, Fraction]:
    """What a unit measures, all masses as grams, and how many of those it is."""
    if any(abs(power) > HIGHEST for power in unit.values()):
        raise UnitError(f"{_text(unit)} cannot be converted: a power above {HIGHEST} is nobody's price")
    kind: Powers = Counter()
    size = Fraction(1)
    for name, power in unit.items():
        kind["g" if name in MASSES else name] += power
        size *= MASSES.get(name, Fraction(1)) ** power
    return kind, size


def _text(powers: Powers) -> str:
    above = [_power(name, power) for name, power in sorted(powers.items()) if power > 0]
    below = [_power(name, -power) for name, power in sorted(powers.items()) if power < 0]
    if not above and not below:
        return PURE
    return "/".join(["*".join(above) or "1", *below])


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}**{power}"
