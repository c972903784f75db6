"""A rule, its levels and instances, and the rulebook: everything that is needed to judge them.

Frozen values only.  How they are written is the business of `rulefile`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from monitor.alerts import Dwell, Severity
from monitor.errors import Fault
from monitor.instruments import Catalogue
from monitor.language import Fired, LegName, Named, Node, bounds_of, fired, inputs, price_legs, walk, written

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

    def reach(self, values: Mapping[str, float | None]) -> float | None:
        """How far the first metric it compares is; larger is farther in the direction in which it fires."""
        bounds = bounds_of(self.when)
        if not bounds:
            return None
        metric, symbol, _ = bounds[0]
        value = values.get(written(metric))
        return -value if value is not None and symbol.startswith("<") else value


class OnFirst(StrEnum):
    """What people hear of an instance that is firing when it is judged for the first time."""

    NOTIFY = "notify"
    SILENT = "silent"
    WAIT_FOR_EDGE = "wait_for_edge"
    """Nothing, and it opens only after a known bar without fire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind:
    """When people are told again of an episode that stays open."""

    every: int | None = None
    """Bars from the open to the first reminder, and from each to the next."""
    max: int | None = None
    """So many reminders come by the count of bars."""
    new_extreme: float | None = None
    """A reminder comes when the value is so much beyond the farthest one told, as a part of it."""

    def __bool__(self) -> bool:
        return self.every is not None or self.new_extreme is not None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One question about prices, as its pack asks it of one member of its group."""

    pack: str
    name: str
    for_each: str | None = None
    cooldown: int = 0
    """Least calendar days between two sent opens of one instance."""
    edge: bool = False
    """`mode: edge`: one event; its resolve is recorded and not sent."""
    remind: Remind = field(default_factory=Remind)
    live: bool = False
    """`judge: live`: unsettled prices are looked at too, and what they say is confirmed or withdrawn at the close."""
    inhibited_by: tuple[str, ...] = ()
    """Full ids of rules; while one of them has an open episode, messages of this one are withheld."""
    expires: date | None = None
    """From this session on it is not judged any more."""
    on_first: OnFirst = OnFirst.NOTIFY
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    say: str | None = None
    study: str | None = None
    note: str | None = None

    @cached_property
    def id(self) -> str:
        """Unique among all packs."""
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

    @property
    def labels(self) -> Mapping[str, str]:
        return self.rule.labels

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The metrics its conditions compare, each once."""
        found: dict[str, Node] = {}
        for level in self.levels:
            for condition in (level.when, level.clear_when):
                found |= {node.key: node for node in inputs(condition)} if condition is not None else {}
        return tuple(found.values())

    @cached_property
    def legs(self) -> frozenset[LegName]:
        """The fields of instruments that it reads."""
        nodes = (*self.inputs, *self.shown.values())
        return frozenset(leg for node in nodes for leg in price_legs(node))

    @cached_property
    def compared(self) -> frozenset[frozenset[LegName]]:
        """The legs of each of its inputs."""
        return frozenset(node.legs for node in self.inputs)

    @cached_property
    def read(self) -> frozenset[frozenset[LegName]]:
        """The legs of each of its inputs and of what it shows."""
        return self.compared | {node.legs for node in self.shown.values()}

    @cached_property
    def instruments(self) -> frozenset[str]:
        """The instruments it reads."""
        return frozenset(instrument for instrument, _ in self.legs)

    @cached_property
    def priced(self) -> frozenset[str]:
        """The instruments that its conditions read."""
        return frozenset(instrument for node in self.inputs for instrument, _ in price_legs(node))

    @cached_property
    def minds_missing(self) -> bool:
        """Whether `on_missing` asks for something when prices stop."""
        return any(dwell.minds_missing for dwell in self.dwells)

    @cached_property
    def fired(self) -> Mapping[str, Fired]:
        """The other rules it asks about."""
        return {key: one for node in (*self.inputs, *self.shown.values()) for key, one in fired(node).items()}

    @cached_property
    def semantic_hash(self) -> str:
        """Changes when the rule judges differently, not when its words or severities change."""
        parts = [
            f"{lv.when.key}|{lv.clear_when.key if lv.clear_when else ''}|{lv.dwell}" for lv in self.levels
        ]
        parts += [f"expires {self.rule.expires}"] if self.rule.expires else []
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def level(self, severity: Severity) -> Level:
        """The level of that severity; one that is no more, after an edit, is told as the lowest."""
        return next((level for level in self.levels if level.severity is severity), self.levels[0])

    def upto(self, severity: Severity) -> tuple[Level, ...]:
        """The levels up to that severity, the lowest first."""
        return self.levels[: self.levels.index(self.level(severity)) + 1]

    @property
    def dwells(self) -> tuple[Dwell, ...]:
        return tuple(level.dwell for level in self.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimit:
    """How far the newest quotes may be behind the clock while their exchange is open."""

    after: timedelta
    """Farther behind than this a series stands still."""
    clear: timedelta
    """No farther behind than this it moves again."""
    series: int = 1
    """So many series have to stand still before it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLimits:
    """From when on data are told of as unwell; the strictest of all packs."""

    missing: int = 1
    """So many settled sessions may be missing; a series with more of them missing is stale."""
    feed: FeedLimit | None = None
    """None: nobody asked for quotes to be watched."""


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All rules in force, expanded for the members of their groups."""

    instances: tuple[Instance, ...] = ()
    health: HealthLimits = HealthLimits()
    catalogue: Catalogue = field(default_factory=Catalogue)
    warnings: tuple[Fault, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The packs as they are written, by file."""

    @cached_property
    def instruments(self) -> frozenset[str]:
        """Every instrument a rule reads."""
        return frozenset().union(*(instance.instruments for instance in self.instances))

    @cached_property
    def digest(self) -> str:
        """Changes with anything that the rules say; `catalogue_digest` with what they may say it of."""
        lines = [
            f"{one.semantic_hash}|{one.rule}|{one.member}|{[level.severity.value for level in one.levels]}|"
            f"{[(name, node.key) for name, node in one.shown.items()]}"
            for one in self.instances
        ]
        return _hashed(lines)

    @cached_property
    def catalogue_digest(self) -> str:
        """Changes with anything that the catalogue says."""
        lines = [
            f"{key}|{sorted(value) if isinstance(value, frozenset) else value}"
            for one in self.catalogue.instruments.values()
            for key, value in asdict(one).items()
        ]
        return _hashed(
            [*lines, *(f"{name}|{group}" for name, group in sorted(self.catalogue.groups.items()))]
        )

    @cached_property
    def versions(self) -> dict[str, str]:
        """Of each rule by its full id, a hash that changes when it judges, or studies, differently."""
        parts: dict[str, list[str]] = {}
        for one in self.instances:
            parts.setdefault(one.rule.id, [f"study {one.rule.study}"]).append(
                f"{one.member} {one.semantic_hash}"
            )
        return {rule: hashlib.sha256("\n".join(of).encode()).hexdigest()[:16] for rule, of in parts.items()}

    def find(self, name: str) -> tuple[Instance, ...]:
        """The instances of a rule by its full id or its bare name."""
        return tuple(i for i in self.instances if name in (i.rule.id, i.rule.name))


def _hashed(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def named_metrics(node: Node) -> dict[str, Node]:
    """Every metric used by its name in an expression."""
    return {part.name: part for part in walk(node) if isinstance(part, Named)}
