"""What is no fault of a rule and yet worth a thought: a unit left over, legs of different hours, what does nothing."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.errors import Fault
from monitor.instruments import Instrument
from monitor.language import DERIVED, Named, Node, inputs, leftover, walk, written
from monitor.language.nodes import COMPARISONS, Operation, OverGroup
from monitor.rulefile.expressions import PackReader
from monitor.rules import Instance
from monitor.yamltext import Path

WINTER_AND_SUMMER = (date(2024, 1, 16), date(2024, 7, 16))
"""Clocks of the world are turned on different days, so that two markets may be an hour nearer in one of them."""
APART = timedelta(minutes=30)


def warnings_of(pack: PackReader) -> Iterator[Fault]:
    """The warnings about the metrics that rules compare, once for each metric."""
    seen: set[tuple[Path, str]] = set()
    for (path, _), condition in pack.nodes.items():
        for what, node, message, hint in (*_odd(condition), *_apart(pack, inputs(condition))):
            at = _path_of(pack, path, node)
            if (at, what) not in seen:
                seen.add((at, what))
                rule = str(at[1]) if at[0] == "rules" else None
                yield Fault(pack.document.place(at), message, rule=rule, hint=hint, warning=True)


def never_missing(pack: PackReader, instances: Iterable[Instance]) -> Iterator[Fault]:
    """A warning for each rule that minds missing prices and reads none that can be missing."""
    told: set[str] = set()
    for one in instances:
        stands = [pack.catalogue.instruments[name].carry_days is not None for name in one.priced]
        if one.minds_missing and one.rule.name not in told and stands and all(stands):
            told.add(one.rule.name)
            place = pack.document.place(("rules", one.rule.name, "on_missing"))
            hint = f"`carry_days` of {', '.join(sorted(one.priced))} says how long a value stands"
            text = "`on_missing` does nothing, for what it reads follows no calendar"
            yield Fault(place, text, rule=one.rule.name, hint=hint, warning=True)


def _path_of(pack: PackReader, path: Path, node: Node) -> Path:
    """Where a metric of the pack is written; one without a name stands in its condition."""
    named = isinstance(node, Named) and node.name in pack.mapping(("metrics",))
    return ("metrics", node.name) if named and isinstance(node, Named) else path


Warning_ = tuple[str, Node, str, str]
"""Its kind, what it is about, its message and its hint."""


def _odd(condition: Node) -> Iterator[Warning_]:
    compared = (one for one in walk(condition) if isinstance(one, Operation) and one.symbol in COMPARISONS)
    for node in (side for one in compared for side in one.operands):
        if unit := leftover(node):
            hint = "convert one leg for a pure ratio"
            yield "unit", node, f"{written(node)} has the unit {unit}", hint


def _apart(pack: PackReader, metrics: Iterable[Node]) -> Iterator[Warning_]:
    for node in metrics:
        for legs in _joined(node):
            instruments = [pack.catalogue.instruments[name] for name in sorted(legs)]
            found = _spread([one for one in instruments if one.carry_days is None])
            if found is not None:
                hint = "a fast day moves one before the other: take legs of one hour, or read it with care"
                yield "clock", node, f"{written(node)}: {found}", hint


def _joined(node: Node) -> Iterator[frozenset[str]]:
    """The instruments that are put side by side: those of a metric, and those of each member of a group."""
    yield frozenset(instrument for instrument, field in node.legs if field != DERIVED)
    for part in walk(node):
        if isinstance(part, OverGroup):
            for member in part.members:
                yield from _joined(member)


def _spread(instruments: list[Instrument]) -> str | None:
    """How far apart instruments settle at most, if that is too far."""
    worst, order = timedelta(), instruments
    for day in WINTER_AND_SUMMER:
        ordered = sorted((_settled(one, day), one.id) for one in instruments)
        if ordered and ordered[-1][0] - ordered[0][0] > worst:
            worst = ordered[-1][0] - ordered[0][0]
            order = [next(one for one in instruments if one.id == name) for _, name in ordered]
    if worst <= APART:
        return None
    names = ", ".join(f"{one.id} at {one.settle:%H:%M} {one.zone}" for one in order)
    return f"its legs settle up to {worst.total_seconds() / 60:,.0f} minutes apart ({names})"


def _settled(instrument: Instrument, day: date) -> datetime:
    return datetime.combine(day, instrument.settle, ZoneInfo(instrument.zone))
