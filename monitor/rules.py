"""A rule, its levels and instances, and the rulebook: everything that is needed to judge them.

Frozen values only.  How they are written is the business of `rulefile`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitor.alerts import Dwell, Severity
from monitor.errors import Fault
from monitor.instruments import Catalogue
from monitor.language import Named, Node, inputs, walk

InstanceKey = tuple[str, str | None]
"""A rule's full id and the member of its group, or None."""


@dataclass(frozen=True)
class Level:
    """One severity of a rule: when it fires, when it is clear, and for how many bars."""

    severity: Severity
    when: Node
    clear_when: Node | None
    """None means: as soon as `when` is false."""
    dwell: Dwell
    when_text: str
    clear_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One question about prices, as its pack asks it."""

    pack: str
    name: str
    for_each: str | None = None
    cooldown: int = 0
    """Least calendar days between two sent opens of one instance."""
    say: str | None = None
    study: str | None = None
    note: str | None = None

    @property
    def id(self) -> str:
        return f"{self.pack}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A rule for one instrument of its group, or the rule itself."""

    rule: Rule
    member: str | None
    levels: tuple[Level, ...]
    """Lowest severity first."""
    shown: Mapping[str, Node] = field(default_factory=dict)
    """The metrics its messages name, by the name people read."""

    @property
    def key(self) -> InstanceKey:
        return self.rule.id, self.member

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The metrics its conditions compare, each once."""
        found: dict[str, Node] = {}
        for level in self.levels:
            for condition in (level.when, level.clear_when):
                found |= {node.key: node for node in inputs(condition)} if condition is not None else {}
        return tuple(found.values())

    @cached_property
    def instruments(self) -> frozenset[str]:
        """The instruments it reads."""
        nodes = (*self.inputs, *self.shown.values())
        return frozenset(instrument for node in nodes for instrument, _ in node.legs)

    @cached_property
    def semantic_hash(self) -> str:
        """Changes when the rule judges differently, not when its words change."""
        parts = [
            f"{lv.severity}|{lv.when.key}|{lv.clear_when.key if lv.clear_when else ''}|{lv.dwell}"
            for lv in self.levels
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    @property
    def dwells(self) -> tuple[Dwell, ...]:
        return tuple(level.dwell for level in self.levels)


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All rules in force, expanded for the members of their groups."""

    instances: tuple[Instance, ...] = ()
    catalogue: Catalogue = field(default_factory=Catalogue)
    warnings: tuple[Fault, ...] = ()

    @cached_property
    def instruments(self) -> frozenset[str]:
        """Every instrument a rule reads."""
        return frozenset().union(*(instance.instruments for instance in self.instances))

    def find(self, name: str) -> tuple[Instance, ...]:
        """The instances of a rule by its full id or its bare name."""
        return tuple(i for i in self.instances if name in (i.rule.id, i.rule.name))


def named_metrics(node: Node) -> dict[str, Node]:
    """Every metric used by its name in an expression."""
    return {part.name: part for part in walk(node) if isinstance(part, Named)}
