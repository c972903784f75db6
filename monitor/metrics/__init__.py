"""The catalogue of functions a rule may use: formula, convention, look-back, unit and what works it out.

To add one: write it with `@metric` in the file of its kind and put its name into that file's `FUNCTIONS`.  Windows and
fading sums are asked of plain arrays (`of_rows`: `windows`, `fading`), all else is a polars expression.
`python -m monitor.metrics` writes the reference page of it.
"""

from monitor.metrics import (
    arithmetic,
    changes,
    channels,
    crossings,
    indicators,
    levels,
    memory,
    pairs,
    trading,
)
from monitor.metrics.page import page
from monitor.metrics.registry import Function, Parameter, Takes
from monitor.metrics.ta_refused import REFUSED

_KINDS: dict[str, tuple[Function, ...]] = {
    "Changes": changes.FUNCTIONS,
    "Levels, averages and scores": levels.FUNCTIONS,
    "Channels": channels.FUNCTIONS,
    "Two series": pairs.FUNCTIONS,
    "What a condition did": memory.FUNCTIONS,
    "Crossings": crossings.FUNCTIONS,
    "Of one bar": arithmetic.FUNCTIONS,
    "Gaps and volume": trading.FUNCTIONS,
    "Indicators": indicators.FUNCTIONS,
}

FUNCTIONS: dict[str, Function] = {f.name: f for functions in _KINDS.values() for f in functions}


def reference_page() -> str:
    """The catalogue in Markdown."""
    return page(_KINDS, REFUSED)


__all__ = ["FUNCTIONS", "REFUSED", "Function", "Parameter", "Takes", "reference_page"]
