"""Faults of a rule as a whole: keys that contradict each other, and values that both fire and clear."""

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.language import OPPOSITE, Const, Node, bounds_of, written
from monitor.rulefile.expressions import PackReader, condition_places
from monitor.rulefile.model import IN_LEVELS
from monitor.rulefile.paramchecks import check_params
from monitor.yamltext import Path, did_you_mean


def check_rules(pack: PackReader) -> None:
    """Add to the faults of a pack what only shows when a rule is seen as a whole."""
    for name, rule in pack.mapping(("rules",)).items():
        if isinstance(rule, dict) and pack.only in (None, name):
            path: Path = ("rules", name)
            check_params(pack, path, rule)
            _check_edge(pack, path, rule)
            _check_inhibited(pack, path, rule)
            _check_live(pack, path, rule)
            for member in _members(pack, path, rule):
                _check_conditions(pack, path, rule, member)


def _members(pack: PackReader, path: Path, rule: Mapping[str, Any]) -> Iterator[str | None]:
    """The members the rule is asked for; what `overrides` says of others is a fault."""
    overrides = pack.mapping((*path, "overrides"))
    group = rule.get("for_each")
    if not isinstance(group, str):
        if overrides:
            hint = "they are for members of `for_each`"
            pack.fault((*path, "overrides"), "a rule without a group has no overrides", hint, at_key=True)
        yield None
        return
    members = [str(member) for member in pack.catalogue.groups.get(group, ())]
    yield from members
    for member, override in overrides.items():
        if members and member not in members:
            hint = did_you_mean(member, members) or f"members: {', '.join(members)}"
            text = f'"{member}" is no member of {group}'
            pack.fault((*path, "overrides", member), text, hint, at_key=True)
        for key in IN_LEVELS if "levels" in rule and isinstance(override, dict) else ():
            if key in override:
                text = f'"{key}" cannot be overridden in a ladder'
                pack.fault((*path, "overrides", member, key), text, "make it a rule of its own", at_key=True)


def _check_edge(pack: PackReader, path: Path, rule: Mapping[str, Any]) -> None:
    for key in ("remind", "remind_on_new_extreme"):
        if rule.get("mode") == "edge" and rule.get(key) is not None:
            hint = "leave one of them out"
            pack.fault(
                (*path, key), f'an edge is one event, so "{key}" has nothing to tell', hint, at_key=True
            )


def _check_live(pack: PackReader, path: Path, rule: Mapping[str, Any]) -> None:
    if rule.get("confirm") is not None and rule.get("judge") != "live":
        hint = "write `judge: live`, or leave it out"
        pack.fault(
            (*path, "confirm"), "a rule that is judged at the close needs no confirmation", hint, at_key=True
        )


def _check_inhibited(pack: PackReader, path: Path, rule: Mapping[str, Any]) -> None:
    names = rule.get("inhibited_by")
    own = {path[-1], f"{pack.mapping(()).get('pack')}/{path[-1]}"}
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name in own:
            hint = "name the rule that silences this one"
            pack.fault((*path, "inhibited_by", index), "a rule cannot inhibit itself", hint)


def _check_conditions(pack: PackReader, path: Path, rule: Mapping[str, Any], member: str | None) -> None:
    for at in condition_places(path, rule):
        when, clear = (pack.condition(at, key, member) for key in ("when", "clear_when"))
        if when is not None and clear is not None and (both := _both(when, clear)):
            place = pack.condition_place(at, "clear_when", member)
            pack.fault(place, *both)
        if rule.get("remind_on_new_extreme") is not None and when is not None and not bounds_of(when):
            text = "a new extreme needs a comparison with a number; this condition has none"
            pack.fault((*path, "remind_on_new_extreme"), text, "leave it out", at_key=True)


def _both(when: Node, clear: Node) -> tuple[str, str] | None:
    """What is wrong, and a hint, where some value of one metric fires and is clear at once."""
    fires, clears = _limit(when), _limit(clear)
    if fires is None or clears is None or fires[0].key != clears[0].key:
        return None
    if not _overlap(fires[1:], clears[1:]):
        return None
    metric, symbol, _ = fires
    threshold = written(bounds_of(when)[0][2])
    hint = (
        f"clear_when leaves out what fires: {written(metric)} {OPPOSITE[symbol]} {threshold}, or farther off"
    )
    return f"some values both fire and clear: {written(when)} and {written(clear)}", hint


def _limit(condition: Node) -> tuple[Node, str, float] | None:
    """A single comparison of a metric with a constant, the metric on the left."""
    if getattr(condition, "symbol", None) not in OPPOSITE:
        return None
    metric, symbol, threshold = bounds_of(condition)[0]
    return (metric, symbol, threshold.value) if isinstance(threshold, Const) else None


def _overlap(one: tuple[str, float], other: tuple[str, float]) -> bool:
    """Whether some value is on the right side of both limits."""
    if one[0][0] == other[0][0]:
        return True
    (up, low), (down, high) = (one, other) if one[0][0] == ">" else (other, one)
    return low < high or (low == high and up == ">=" and down == "<=")
