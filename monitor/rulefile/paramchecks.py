"""Parameters of a rule as its pack uses them: what is wrong with them, and the bars that `for: hold bars` counts.

`params` reads them; here `hold bars` becomes `3 bars`, so that nothing after it knows of parameters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from monitor.instruments import RESERVED
from monitor.language import BROKEN, Const
from monitor.metrics import FUNCTIONS
from monitor.rulefile.expressions import PackReader
from monitor.rulefile.model import METRIC_NAME
from monitor.rulefile.params import MOST, count_between, values_between, written_params
from monitor.rulefile.values import NAMED_BARS, Amount, amount
from monitor.yamltext import Document, Path, did_you_mean

BARS_KEYS = ("for", "clear_for")


def check_params(pack: PackReader, path: Path, rule: Mapping[str, Any]) -> None:
    """Add what is wrong with the parameters of a rule to the faults of its pack; chosen values are not asked."""
    if path[-1] in pack.choices:
        return
    counts: dict[str, int] = {}
    for name, raw in written_params(rule).items():
        at: Path = (*path, "params", name)
        _check_name(pack, at, name)
        for where, message, hint in _wrong(raw):
            pack.fault((*at, *where), message, hint)
        counts[name] = _size(raw)
        if not _uses(pack, rule, name):
            pack.fault(
                at, f'the parameter "{name}" is not used', "name it in a condition or in `for`", at_key=True
            )
    if (combinations := prod(counts.values())) > MOST:
        many = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
        pack.fault(
            (*path, "params"),
            f"the parameters make {combinations:,} combinations, more than {MOST:,}",
            f"take larger steps or fewer values: {many}",
            at_key=True,
        )


def _size(raw: Any) -> int:
    if isinstance(raw, list):
        return len(raw) or 1
    try:
        return count_between(*(amount(raw[key]) for key in ("from", "to", "step"))) or 1
    except (KeyError, TypeError, ValueError):
        return 1


def _check_name(pack: PackReader, at: Path, name: str) -> None:
    taken = (
        pack.mapping(("metrics",)),
        pack.catalogue.instruments,
        pack.catalogue.groups,
        FUNCTIONS,
        RESERVED,
    )
    if not re.match(METRIC_NAME, name):
        pack.fault(at, f'"{name}" cannot be used in an expression', "lower case, digits and _", at_key=True)
    elif any(name in known for known in taken):
        pack.fault(at, f'"{name}" already means something else', "choose another name", at_key=True)


def _wrong(raw: Any) -> Iterator[tuple[Path, str, str]]:
    """What the model cannot tell: where it stands, what it is, what to do."""
    try:
        if isinstance(raw, list):
            yield from _wrong_list([amount(one) for one in raw])
        elif isinstance(raw, dict):
            yield from _wrong_range(*(amount(raw[key]) for key in ("from", "to", "step", "default")))
    except (KeyError, ValueError):
        return  # told by the model


def _wrong_list(values: Sequence[Amount]) -> Iterator[tuple[Path, str, str]]:
    for number, value in enumerate(values):
        if value in values[:number]:
            yield (number,), f"{value} is given twice", "leave one of them out"
        elif value.percent is not values[0].percent:
            yield (number,), f"{value} beside {values[0]}: part per cent, part not", "write all in one way"


def _wrong_range(
    start: Amount, stop: Amount, step: Amount, default: Amount
) -> Iterator[tuple[Path, str, str]]:
    for key, one in (("to", stop), ("step", step), ("default", default)):
        if one.percent is not start.percent:
            yield (key,), f"{one} beside {start}: part per cent, part not", "write all in one way"
            return
    count = count_between(start, stop, step)
    if step.number <= 0:
        yield ("step",), f"a step of {step} leads nowhere", "take one above 0"
    elif count < 1:
        yield (), f"the range from {start} to {stop} is empty", "`from` is the lower end"
    elif (values := values_between(start, stop, step)) and default not in values:
        hint = f"values are {start}, then each {step} more, up to {values[-1]}"
        yield ("default",), f"the default {default} is none of the values", hint


def _uses(pack: PackReader, rule: Mapping[str, Any], name: str) -> bool:
    """Whether a rule names a parameter, in itself or through metrics of its pack."""
    metrics = {one: str(text) for one, text in pack.mapping(("metrics",)).items()}
    waiting, seen = [str({key: part for key, part in rule.items() if key != "params"})], set[str]()
    while waiting:
        words = set(re.findall(r"\w+", waiting.pop()))
        if name in words:
            return True
        waiting += [metrics[one] for one in words & metrics.keys() - seen]
        seen |= words
    return False


# --- `for: hold bars`


def with_bars(pack: PackReader) -> Document:
    """The document of a pack with the chosen number of bars wherever `for` or `clear_for` names a parameter."""
    value = pack.document.value
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(rules, dict):
        return pack.document
    changed = {
        name: _with_bars(pack, ("rules", name), rule, pack.params(name)) if isinstance(rule, dict) else rule
        for name, rule in rules.items()
    }
    return replace(pack.document, value={**value, "rules": changed})


def _with_bars(
    pack: PackReader, path: Path, part: Mapping[str, Any], params: Mapping[str, Const]
) -> dict[str, Any]:
    """A rule, a level or an override, and the levels and overrides in it."""
    found = dict(part)
    for key in BARS_KEYS:
        match = re.match(NAMED_BARS, part[key]) if isinstance(part.get(key), str) else None
        if match is not None:
            found[key] = _bars(pack, (*path, key), match[1], params)
    for key in ("levels", "overrides"):
        inner = part.get(key)
        if isinstance(inner, dict):
            found[key] = {
                name: _with_bars(pack, (*path, key, name), one, params) if isinstance(one, dict) else one
                for name, one in inner.items()
            }
    return found


def _bars(pack: PackReader, path: Path, name: str, params: Mapping[str, Const]) -> str:
    if name not in params:
        hint = did_you_mean(name, params) or 'write "3 bars", or declare it under `params`'
        pack.fault(path, f'"{name}" is no parameter of this rule', hint)
        return "1 bar"
    value = params[name]
    if value is BROKEN:
        return "1 bar"
    if value.percent or value.value < 1 or value.value != int(value.value):
        pack.fault(
            path, f'bars are counted, and "{name}" may be {value.value:g}', "take whole numbers from 1 on"
        )
        return "1 bar"
    return f"{int(value.value)} bars"
