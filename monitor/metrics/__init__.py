"""The catalogue of functions a rule may use: formula, convention, look-back, unit and expression of each.

To add one: write it with `@metric` in the file of its kind and put its name into that file's `FUNCTIONS`.
"""

from monitor.metrics import crossings, indicators, levels, trading
from monitor.metrics.registry import Function, Parameter, Takes

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for kind in (levels, crossings, trading, indicators)
    for function in kind.FUNCTIONS
}

__all__ = ["FUNCTIONS", "Function", "Parameter", "Takes"]
