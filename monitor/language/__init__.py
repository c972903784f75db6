"""The expression language of rule files: text -> typed expression -> polars expressions and values.

`understand` reads a text in a scope, `evaluate` computes expressions over legs side by side, `condition` is a
rule's condition over computed values.
"""

from monitor.language.evaluate import condition, evaluate
from monitor.language.meaning import Scope, understand
from monitor.language.nodes import Const, Named, Node, inputs, walk
from monitor.language.syntax import ExpressionError, Span, Trouble
from monitor.language.words import bounds_of, shown, written

__all__ = [
    "Const",
    "ExpressionError",
    "Named",
    "Node",
    "Scope",
    "Span",
    "Trouble",
    "bounds_of",
    "condition",
    "evaluate",
    "inputs",
    "shown",
    "understand",
    "walk",
    "written",
]
