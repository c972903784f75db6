"""Parameters of a rule: the values a sweep tries, and the default the rule runs with everywhere else.

`params:` names them; conditions, metrics and `for: hold bars` use the names.  Each is a list, whose first value is the
default, or `{from, to, step, default}`.  Here a name becomes a constant; what is wrong with parameters, and `for: hold
bars`, is the work of `paramchecks`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.language import BROKEN, Const, written
from monitor.rulefile.values import Amount, amount

MOST = 100_000
"""So many combinations of values may the parameters of a rule have."""
DIGITS = 12
"""So many digits of a value in a range are kept: 0.3, not 0.30000000000000004."""
ROUNDING = 1e-9
COUNTLESS = 10**15
"""More values than this are not counted."""

Choice = Mapping[str, Amount]
"""A value for each parameter of a rule."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter and its values, the default among them."""

    name: str
    values: tuple[Amount, ...]
    default: Amount


def constants(choice: Choice) -> dict[str, Const]:
    """The chosen values as an expression reads them."""
    return {name: Const(one.value, one.percent) for name, one in choice.items()}


def written_params(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a rule, each as it is written."""
    found = rule.get("params")
    return found if isinstance(found, dict) else {}


def params_of(rule: Mapping[str, Any]) -> tuple[Param, ...]:
    """The parameters of a rule without faults."""
    return tuple(
        param for name, raw in written_params(rule).items() if (param := _param(name, raw)) is not None
    )


def defaults_of(rule: Mapping[str, Any]) -> dict[str, Const]:
    """The default of each parameter; one that cannot be read stands for a part in trouble."""
    readable = {param.name: param.default for param in params_of(rule)}
    return {**dict.fromkeys(written_params(rule), BROKEN), **constants(readable)}


def names_of(rule: object) -> frozenset[str]:
    """The names of the parameters of a rule as written."""
    return frozenset(written_params(rule)) if isinstance(rule, dict) else frozenset()


def spelled(text: str, params: Mapping[str, Const]) -> str:
    """A condition as people read it: with the values of parameters instead of their names."""
    for name, value in params.items():
        text = re.sub(rf"(?<![\w.]){name}(?!\w)", written(value), text)
    return text


def _param(name: str, raw: Any) -> Param | None:
    """A parameter as written; None where something is wrong with it."""
    try:
        if isinstance(raw, list):
            values = tuple(amount(one) for one in raw)
            return Param(name, values, values[0]) if values else None
        start, stop, step, default = (amount(raw[key]) for key in ("from", "to", "step", "default"))
    except (KeyError, TypeError, ValueError):
        return None
    values = values_between(start, stop, step)
    return Param(name, values, default) if values else None


def values_between(start: Amount, stop: Amount, step: Amount) -> tuple[Amount, ...]:
    """The values of a range; none where there are too many to write down."""
    count = count_between(start, stop, step)
    if count > MOST:
        return ()
    return tuple(
        Amount(float(f"{start.number + number * step.number:.{DIGITS}g}"), start.percent)
        for number in range(count)
    )


def count_between(start: Amount, stop: Amount, step: Amount) -> int:
    """How many values a range has; none where it has no step or no end."""
    if step.number <= 0 or stop.number < start.number:
        return 0
    steps = (stop.number - start.number) / step.number
    return int(steps + ROUNDING) + 1 if steps < COUNTLESS else COUNTLESS
