"""The expression language of rule files: text -> typed expression -> polars expressions and values.

`understand` reads a text in a scope, `evaluate` computes expressions over legs side by side, `conditions`
say where those of rules hold over computed values, a block of sessions at a time.
"""

from monitor.language.evaluate import Together, evaluate, evaluate_together
from monitor.language.forms import FORMS
from monitor.language.leftover import leftover
from monitor.language.meaning import (
    BROKEN,
    NEEDS_MEMBER,
    NEEDS_PARAM,
    NO_MEMBER,
    NO_PARAM,
    Scope,
    understand,
)
from monitor.language.nodes import (
    DERIVED,
    OPPOSITE,
    Const,
    Fired,
    Leg,
    LegName,
    Named,
    Node,
    derived,
    fired,
    inputs,
    price_legs,
    walk,
)
from monitor.language.pricelike import is_price_like
from monitor.language.syntax import ExpressionError, Trouble
from monitor.language.words import bounds_of, is_conjunction, limit_written, shown, told_apart, written

__all__ = [
    "BROKEN",
    "DERIVED",
    "FORMS",
    "NEEDS_MEMBER",
    "NEEDS_PARAM",
    "NO_MEMBER",
    "NO_PARAM",
    "OPPOSITE",
    "Const",
    "ExpressionError",
    "Fired",
    "Leg",
    "LegName",
    "Named",
    "Node",
    "Scope",
    "Together",
    "Trouble",
    "bounds_of",
    "derived",
    "evaluate",
    "evaluate_together",
    "fired",
    "inputs",
    "is_conjunction",
    "is_price_like",
    "leftover",
    "limit_written",
    "price_legs",
    "shown",
    "told_apart",
    "understand",
    "walk",
    "written",
]
