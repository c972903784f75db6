"""The reference page of the catalogue, in Markdown, all of it from the entries themselves."""

from collections.abc import Iterable, Iterator, Mapping

from monitor.metrics.registry import ALL_HISTORY, Function, Takes

_HEAD = """\
# Functions of the rule language

Written by `python -m monitor.metrics > rules/FUNCTIONS.md` from the catalogue in `monitor/metrics`; a test compares.

What holds of every function:

- It sees the bars up to and including the one it is asked for, never a later one.
- It lives on the sessions on which all its legs have a bar; a missing bar is skipped and blanks no window. A bar on
  which an argument is unknown is skipped likewise, and is itself unknown.
- It is unknown until its look-back is complete (this bar included), and where the look-back spans more than 10 missing
  sessions in a row. NaN and infinity are unknown.
- After its warm-up (further bars) a recursive function gives the same to nine digits wherever history starts.
- A window is a whole number of bars. `instrument` is one instrument, not an expression.
"""

_UNITS = {
    "same": "that of its series",
    "1": "a plain number",
    "%": "a fraction, read in per cent: compare it with `5%`",
    "percent": "per cent as a plain number: compare it with `5`, not with `5%`",
    "percentile": "0 to 100: compare it with `95`, not with `95%`",
    "yes/no": "a condition",
}
_USUAL = 20
"""The window shown where a function has no default."""


def page(kinds: Mapping[str, Iterable[Function]], refused: Mapping[str, str]) -> str:
    """The page: a heading per kind, an entry per function, and what is refused with the reason."""
    lines = [_HEAD]
    for heading, functions in kinds.items():
        lines += [f"\n## {heading}\n", *(line for function in functions for line in _entry(function))]
    lines += ["\n## Refused\n", "Functions of the `ta` library that are not offered:\n"]
    lines += [f"- `{name}`: {reason}." for name, reason in refused.items()]
    return "\n".join(lines) + "\n"


def _entry(function: Function) -> Iterator[str]:
    yield f"### `{function.signature}`\n"
    yield f"{function.summary}\n"
    yield f"- formula: `{function.formula}`"
    if function.convention:
        yield f"- convention: {function.convention}"
    if function.fields:
        yield f"- of the instrument: {', '.join(function.fields)}"
    yield f"- unit: {_UNITS[function.unit]}{_values(function)}"
    yield f"- {_reach(function)}"
    if function.unknown:
        yield f"- unknown: {function.unknown}"
    yield f"- source: {function.source}\n"


def _values(function: Function) -> str:
    """Sign and range."""
    low, high = function.bounds
    if function.yesno:
        return ""
    if low is not None and high is not None:
        return f"; from {low:g} to {high:g}"
    if low is not None:
        return f"; {low:g} or above"
    return "; of either sign" if high is None else f"; {high:g} or below"


def _reach(function: Function) -> str:
    shown = {
        p.name: _USUAL if p.required else p.default
        for p in function.parameters
        if p.takes in (Takes.WINDOW, Takes.NUMBER)
    }
    look_back, warm_up = function.look_back(shown), function.warm_up(shown)
    windows = [p for p in function.parameters if p.takes is Takes.WINDOW and shown[p.name] is not None]
    at = ", ".join(f"{p.name} = {shown[p.name]:g}" for p in windows)
    bars = f"look-back: {look_back} bar{'s' if look_back > 1 else ''}{f' at {at}' if at else ''}"
    if warm_up >= ALL_HISTORY:
        return f"{bars}; it may reach back to the first bar held"
    return f"{bars}; warm-up: {warm_up or 'none'}"
