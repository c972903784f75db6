"""A typed expression: what it needs (legs, look-back) and what it is (numbers or yes/no, in which unit).

Nodes with the same `key` compute the same; the evaluator computes each key once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from monitor.metrics import Function

LegName = tuple[str, str]
"""An instrument and one of its bar fields."""

DERIVED = "value"
"""The field of a leg that is computed, not priced."""

COMPARISONS = frozenset({"<", "<=", ">", ">="})
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
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

    @cached_property
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


@dataclass(frozen=True, eq=False)
class OverGroup:
    """A function of a group: one expression per member, reduced in each session over the members that know it.

    It is computed first, on the sessions of its members, and then stands beside legs as one of them.
    """

    function: str
    text: str
    """As it was written."""
    members: tuple["Node", ...]
    unit: str = "1"

    operands: tuple["Node", ...] = ()
    yesno: bool = False

    @cached_property
    def name(self) -> str:
        """What stands where a leg names its instrument."""
        return f"{self.function}[{' '.join(node.key for node in self.members)}]"

    @property
    def key(self) -> str:
        return f"{self.name}.{DERIVED}"

    @cached_property
    def legs(self) -> frozenset[LegName]:
        return frozenset({(self.name, DERIVED)})

    @cached_property
    def look_back(self) -> int:
        return max(node.look_back for node in self.members)

    @cached_property
    def warm_up(self) -> int:
        return max(node.warm_up for node in self.members)


@dataclass(frozen=True, eq=False)
class Fired:
    """Whether another rule opened in a session; it stands beside legs as one of them."""

    rule: str
    """Full id."""
    member: str | None

    operands: tuple["Node", ...] = ()
    look_back: int = 1
    warm_up: int = 0
    yesno: bool = True
    unit: str = "yes/no"

    @property
    def name(self) -> str:
        """What stands where a leg names its instrument."""
        return f"fired({self.rule}{f' {self.member}' if self.member else ''})"

    @property
    def key(self) -> str:
        return f"{self.name}.{DERIVED}"

    @cached_property
    def legs(self) -> frozenset[LegName]:
        return frozenset({(self.name, DERIVED)})


Node = Const | Leg | Operation | Apply | Named | OverGroup | Fired


def price_legs(node: Node) -> frozenset[LegName]:
    """The legs with prices that a node reads, also through groups."""
    found: set[LegName] = set()
    for part in walk(node):
        if isinstance(part, Leg):
            found |= part.legs
        elif isinstance(part, OverGroup):
            found |= {leg for member in part.members for leg in price_legs(member)}
    return frozenset(found)


def derived(node: Node) -> dict[str, "OverGroup"]:
    """The functions of groups in a node, by key."""
    return {part.key: part for part in walk(node) if isinstance(part, OverGroup)}


def fired(node: Node) -> dict[str, Fired]:
    """The other rules a node asks about, by key, also inside groups."""
    found = {part.key: part for part in walk(node) if isinstance(part, Fired)}
    for group in derived(node).values():
        for member in group.members:
            found |= fired(member)
    return found


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, operands first."""
    for operand in node.operands:
        yield from walk(operand)
    yield node


def unnamed(node: Node) -> Node:
    """What a name stands for."""
    while isinstance(node, Named):
        node = node.node
    return node


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
