"""Parts of an expression -> typed nodes: what each name is, and everything that is wrong.

`operators` and `calls` read what stands around names; `forms` the functions that are more than arithmetic on
series.  Knows instruments, metrics, rules and functions by name; does not know files.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from monitor.bars import FIELDS
from monitor.instruments import Catalogue
from monitor.language.nodes import Const, Leg, Named, Node
from monitor.language.parsing import parse
from monitor.language.size import DEEPEST, LARGEST, is_too_large
from monitor.language.syntax import Call, ExpressionError, Name, Number, Operator, Part, Span, Trouble
from monitor.metrics import FUNCTIONS
from monitor.yamltext import did_you_mean


@dataclass(frozen=True)
class Scope:
    """What names mean: instruments and groups of the catalogue, metrics and rules of the pack."""

    catalogue: Catalogue
    metrics: Mapping[str, Node] = field(default_factory=dict)
    it: str | None = None
    """The member `it` stands for; None where `it` means nothing."""
    pack: str = ""
    rules: Mapping[str, str | None] = field(default_factory=dict)
    """The rules of the pack by name, with the group each is asked for, if any; for `fired`."""
    params: Mapping[str, Const] = field(default_factory=dict)
    """The parameters of the rule by name, with the values chosen for them."""


def understand(text: str, scope: Scope) -> Node:
    """The typed expression of a text; ExpressionError carries every trouble in it."""
    part = parse(text)
    reader = Reader(scope, text)
    node = reader.read(part)
    if reader.troubles:
        raise ExpressionError(*dict.fromkeys(reader.troubles))
    if is_too_large(node):
        raise ExpressionError(reader.too_large())
    return node


@dataclass(frozen=True, eq=False)
class Broken(Const):
    """Stands in for a part in trouble, so that the rest is still read."""


BROKEN = Broken(1.0)
NEEDS_MEMBER = Broken(1.0)
"""Stands in for a metric that uses `it`, where `it` means nothing."""
NEEDS_PARAM = Broken(1.0)
"""Stands in for a metric that uses a parameter, where none is declared."""
NO_PARAM = "a parameter belongs to one rule"
NO_MEMBER = '"it" means a member of a group'


@dataclass
class Reader:
    """Reads parts depth first, collecting troubles."""

    scope: Scope
    text: str
    troubles: list[Trouble] = field(default_factory=list)
    reads: Iterator[int] = field(default_factory=count)
    """Parts read so far, those for each member of a group together."""

    def read(self, part: Part) -> Node:
        """The node of a part; a part in trouble is Broken."""
        from monitor.language.calls import read_call
        from monitor.language.operators import read_operator

        if next(self.reads) >= LARGEST:
            raise ExpressionError(self.too_large())
        if isinstance(part, Number):
            return self.constant(part.value, part.span, percent=part.percent)
        if isinstance(part, Name):
            return self.name(part)
        if isinstance(part, Call):
            return read_call(self, part)
        if isinstance(part, Operator):
            return read_operator(self, part)
        return self.trouble("a quoted text means nothing here", part.span)

    def trouble(self, message: str, span: Span, hint: str | None = None) -> Node:
        """Note what is wrong."""
        self.troubles.append(Trouble(message, span, hint))
        return Broken(1.0)

    def too_large(self) -> Trouble:
        """What is wrong with an expression that nobody could wait for."""
        what = f"with all that it names it has more than {LARGEST:,} parts, or {DEEPEST} on top of each other"
        return Trouble(what, Span(0, len(self.text)), "make it smaller")

    def trouble_told(self) -> Node:
        """What stands in for a part whose trouble has been noted."""
        return Broken(1.0)

    def constant(self, value: float, span: Span, *, percent: bool) -> Node:
        """A number, if it can be computed with."""
        if not math.isfinite(value):
            return self.trouble("a number this large cannot be computed with", span)
        return Const(value, percent)

    def name(self, part: Name) -> Node:
        """A parameter, a metric, or a field of an instrument (its close, if none is named)."""
        if part.name in self.scope.params:
            return self.scope.params[part.name]
        if part.name in self.scope.metrics:
            return self._metric(part, self.scope.metrics[part.name])
        name, _, bar_field = part.name.partition(".")
        if name == "it" and self.scope.it is None:
            return self.trouble(NO_MEMBER, part.span, "add `for_each: <group>` to the rule")
        instrument = self.instrument(name)
        if instrument is None:
            return self._unknown(part)
        return self.leg(instrument, bar_field or "close", part.span)

    def _metric(self, part: Name, metric: Node) -> Node:
        if metric is NEEDS_MEMBER:
            what = f'{NO_MEMBER}, and the metric "{part.name}" uses it'
            return self.trouble(what, part.span, "add `for_each: <group>` to the rule")
        if metric is NEEDS_PARAM:
            what = f'{NO_PARAM}, and the metric "{part.name}" uses it'
            return self.trouble(what, part.span, "declare it under `params` of this rule")
        return metric if isinstance(metric, Broken) else Named(part.name, metric)

    def instrument(self, name: str) -> str | None:
        """The id of an instrument by name, `it` included; None if there is none."""
        found = self.scope.it if name == "it" else name
        return found if found in self.scope.catalogue.instruments else None

    def leg(self, name: str, bar_field: str, span: Span) -> Node:
        """A field of an instrument, if it means something."""
        instrument = self.scope.catalogue.instruments[name]
        if bar_field not in FIELDS:
            hint = did_you_mean(bar_field, FIELDS) or f"fields: {', '.join(FIELDS)}"
            return self.trouble(f'{name} has no field "{bar_field}"', span, hint)
        if bar_field == "volume" and not instrument.has_volume:
            of = f"volume of {name} means nothing ({instrument.basis or instrument.kind})"
            return self.trouble(of, span, "use an ETF on the same metal" if instrument.basis else None)
        if bar_field in ("open", "high", "low") and not instrument.has_range:
            return self.trouble(
                f"{bar_field} of {name} means nothing ({instrument.basis})", span, "use its close"
            )
        return Leg(name, bar_field, unit="lots" if bar_field == "volume" else instrument.unit or "index")

    def _unknown(self, part: Name) -> Node:
        name, catalogue = part.name.partition(".")[0], self.scope.catalogue
        if name in self.scope.metrics:
            return self.trouble(
                f'"{name}" is a metric and has no fields', part.span, "ask an instrument for its field"
            )
        if name in catalogue.groups:
            hint = f"use it in `for_each`, or in a function of groups: share({name}, change(it, 1) >= 8%)"
            return self.trouble(f'"{name}" is a group, not one instrument', part.span, hint)
        if name in FUNCTIONS:
            return self.trouble(f'"{name}" is a function', part.span, f"write {FUNCTIONS[name].signature}")
        for one in catalogue.instruments.values():
            if name.upper() in (one.symbol.upper(), one.symbol.partition("=")[0].upper()):
                return self.trouble(
                    f'unknown name "{name}"', part.span, f'the instrument is called "{one.id}"'
                )
        known = (*self.scope.params, *self.scope.metrics, *catalogue.instruments)
        hint = did_you_mean(name, known) or "metrics of this file and instruments of the catalogue are known"
        return self.trouble(f'unknown name "{name}"', part.span, hint)
