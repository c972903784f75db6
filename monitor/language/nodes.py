"""A typed expression: what it needs (legs, look-back) and what it is (numbers or yes/no, in which unit).

Nodes with the same `key` compute the same; the evaluator computes each key once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from monitor.metrics import Function

LegName = tuple[str, str]
"""An instrument and one of its bar fields."""

COMPARISONS = frozenset({"<", "<=", ">", ">="})
LOGIC = frozenset({"and", "or", "not"})


@dataclass(frozen=True, eq=False)
class Const:
    """A number in the text."""

    value: float
    percent: bool = False

    operands: tuple["Node", ...] = ()
    legs: frozenset[LegName] = frozenset()
    look_back: int = 1
    warm_up: int = 0
    yesno: bool = False

    @property
    def key(self) -> str:
        return f"{self.value!r}"

    @property
    def unit(self) -> str:
        return "%" if self.percent else "1"


@dataclass(frozen=True, eq=False)
class Leg:
    """One field of one instrument."""

    instrument: str
    field: str
    unit: str = "1"

    operands: tuple["Node", ...] = ()
    look_back: int = 1
    warm_up: int = 0
    yesno: bool = False

    @property
    def key(self) -> str:
        return f"{self.instrument}.{self.field}"

    @cached_property
    def legs(self) -> frozenset[LegName]:
        return frozenset({(self.instrument, self.field)})


@dataclass(frozen=True, eq=False)
class Operation:
    """An operator of the language: `+ - * / neg`, a comparison, `and or not`."""

    symbol: str
    operands: tuple["Node", ...]
    unit: str = "1"

    @cached_property
    def key(self) -> str:
        return f"({self.symbol} {' '.join(node.key for node in self.operands)})"

    @cached_property
    def legs(self) -> frozenset[LegName]:
        return frozenset().union(*(node.legs for node in self.operands))

    @cached_property
    def look_back(self) -> int:
        return max(node.look_back for node in self.operands)

    @cached_property
    def warm_up(self) -> int:
        return max(node.warm_up for node in self.operands)

    @property
    def yesno(self) -> bool:
        return self.symbol in COMPARISONS or self.symbol in LOGIC


@dataclass(frozen=True, eq=False)
class Apply:
    """A function of the catalogue applied to series, with its constant parameters."""

    function: Function
    operands: tuple["Node", ...]
    params: tuple[tuple[str, float | None], ...] = ()
    unit: str = "1"

    @cached_property
    def key(self) -> str:
        params = "".join(f" {name}={value!r}" for name, value in self.params)
        return f"{self.function.name}({' '.join(node.key for node in self.operands)}{params})"

    @cached_property
    def legs(self) -> frozenset[LegName]:
        return frozenset().union(*(node.legs for node in self.operands))

    @cached_property
    def look_back(self) -> int:
        """Bars needed: its own window over what its arguments need before it."""
        inner = max((node.look_back for node in self.operands), default=1)
        return self.function.look_back(dict(self.params)) + inner - 1

    @cached_property
    def warm_up(self) -> int:
        inner = max((node.warm_up for node in self.operands), default=0)
        return self.function.warm_up(dict(self.params)) + inner

    @property
    def yesno(self) -> bool:
        return self.function.yesno


@dataclass(frozen=True, eq=False)
class Named:
    """A metric used by its name; it computes what it names."""

    name: str
    node: "Node"

    @property
    def operands(self) -> tuple["Node", ...]:
        return (self.node,)

    @property
    def key(self) -> str:
        return self.node.key

    @property
    def legs(self) -> frozenset[LegName]:
        return self.node.legs

    @property
    def look_back(self) -> int:
        return self.node.look_back

    @property
    def warm_up(self) -> int:
        return self.node.warm_up

    @property
    def yesno(self) -> bool:
        return self.node.yesno

    @property
    def unit(self) -> str:
        return self.node.unit


Node = Const | Leg | Operation | Apply | Named


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, operands first."""
    for operand in node.operands:
        yield from walk(operand)
    yield node


def is_condition(node: Node) -> bool:
    """Whether the node is taken apart in a rule: comparisons and logic written there, not in a metric."""
    return isinstance(node, Operation) and node.yesno


def inputs(condition: Node) -> Iterator[Node]:
    """The metrics of a rule's condition: each side of a comparison and each yes/no metric, in order.

    Constants are left out.
    """
    if not isinstance(condition, Operation) or not condition.yesno:
        if not isinstance(condition, Const):
            yield condition
        return
    for operand in condition.operands:
        if condition.symbol in LOGIC:
            yield from inputs(operand)
        elif operand.legs:
            yield operand
