"""Nodes -> polars expressions over columns that are named by the keys of nodes; unknown is null."""

import polars as pl

from monitor.language.nodes import COMPARISONS, Const, Named, Node, Operation


def expression(node: Node, have: frozenset[str]) -> pl.Expr:
    """The value of a node over the columns there are; functions are among them."""
    if node.key in have:
        return pl.col(node.key)
    if isinstance(node, Named):
        return expression(node.node, have)
    if isinstance(node, Const):
        return pl.lit(node.value)
    if not isinstance(node, Operation):
        msg = f"{node.key} should have been computed before"
        raise TypeError(msg)
    operands = [expression(operand, have) for operand in node.operands]
    if node.yesno:
        if node.symbol in COMPARISONS:
            left, right = (e if o.yesno else finite(e) for o, e in zip(node.operands, operands, strict=True))
            return _compared(node.symbol, left, right)
        return _logic(node.symbol, operands)
    return _arithmetic(node, operands)


def _arithmetic(node: Operation, operands: list[pl.Expr]) -> pl.Expr:
    if node.symbol == "neg":
        return -operands[0]
    left, right = operands
    if node.symbol == "/":
        constant = not node.operands[1].legs
        return left / right if constant else pl.when(right > 0).then(left / right)
    return {"+": left + right, "-": left - right, "*": left * right}[node.symbol]


def _compared(symbol: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol]


def _logic(symbol: str, operands: list[pl.Expr]) -> pl.Expr:
    if symbol == "not":
        return ~operands[0]
    return pl.all_horizontal(operands) if symbol == "and" else pl.any_horizontal(operands)


def finite(value: pl.Expr) -> pl.Expr:
    """Unknown instead of NaN or infinity."""
    return pl.when(value.is_finite()).then(value)
