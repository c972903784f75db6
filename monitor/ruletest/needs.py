"""Which series a rule needs before it can be judged, and which other rules it needs."""

from collections.abc import Collection, Iterable

from monitor.language import Node, price_legs, walk
from monitor.language.nodes import Leg, LegName, OverGroup
from monitor.rules import Instance, InstanceKey, Rulebook


def lacking(instance: Instance, legs: Collection[LegName]) -> frozenset[LegName]:
    """The series an instance cannot be judged without, and that are not there.

    Of a group half of the members are enough, as for its functions.
    """
    return frozenset().union(*(_lacking(node, legs) for node in instance.inputs))


def _lacking(node: Node, legs: Collection[LegName]) -> frozenset[LegName]:
    found: set[LegName] = set()
    for part in walk(node):
        if isinstance(part, Leg):
            found |= part.legs - set(legs)
        elif isinstance(part, OverGroup):
            without = [one for member in part.members if (one := price_legs(member) - set(legs))]
            if 2 * len(without) > len(part.members):
                found |= without[0].union(*without)
    return frozenset(found)


def with_asked(
    asked: Iterable[Instance], rulebook: Rulebook, legs: Collection[LegName]
) -> tuple[Instance, ...]:
    """These instances, and those of all rules that they speak of, as far as their series are there."""
    keys: set[InstanceKey] = set()
    waiting = list(asked)
    while waiting:
        one = waiting.pop()
        keys.add(one.key)
        spoken = {fired.rule for fired in one.fired.values()} | set(one.rule.inhibited_by)
        others = [other for other in rulebook.instances if other.rule.id in spoken and other.key not in keys]
        waiting += [other for other in others if not lacking(other, legs)]
    return tuple(one for one in rulebook.instances if one.key in keys)
