"""A rule with one of its thresholds moved a little: what should hardly change its result.

Only numbers that `when` compares with are moved, one at a time; the two sides of `x >= 3 or x <= -3` are one.
`clear_when` stays as it is; where some values would then both fire and clear, which no rule may, what it compares
that metric with moves by the same factor.  Metrics are not computed again, only compared again.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from monitor.engine import Track, rejudged
from monitor.language import Const, Node, bounds_of, written
from monitor.language.nodes import COMPARISONS, LOGIC, Operation, unnamed
from monitor.rules import Instance, Level

FACTORS = (0.9, 0.95, 1.05, 1.1)
DIGITS = 12
"""So many digits of a moved threshold are kept, so that it reads as people would write it."""

Threshold = tuple[str, float]
"""The key of a metric, and the size of the number it is compared with."""


@dataclass(frozen=True)
class Moved:
    """The tracks of a rule with one threshold times a factor."""

    text: str
    factor: float
    tracks: tuple[Track, ...]


def neighbours(tracks: Sequence[Track]) -> list[Moved]:
    """Each threshold of a rule times each factor; `tracks` are those of all its instances."""
    own = [_thresholds(track.instance) for track in tracks]
    found = []
    for at in zip_longest(*own):
        for factor in FACTORS:
            moved = tuple(
                track if threshold is None else _moved(track, threshold, factor)
                for track, threshold in zip(tracks, at, strict=True)
            )
            found.append(Moved(_text(moved, at, tracks), factor, moved))
    return found


def _thresholds(instance: Instance) -> list[Threshold]:
    """What the levels compare with, each once; zero has no neighbours."""
    found: dict[Threshold, None] = {}
    for level in instance.levels:
        for metric, _, limit in bounds_of(level.when):
            if isinstance(limit, Const) and metric.legs and limit.value:
                found[metric.key, abs(limit.value)] = None
    return list(found)


def _moved(track: Track, threshold: Threshold, factor: float) -> Track:
    levels = tuple(_moved_level(level, threshold, factor) for level in track.instance.levels)
    return rejudged(track, replace(track.instance, levels=levels))


def _moved_level(level: Level, threshold: Threshold, factor: float) -> Level:
    metric, size = threshold
    when = rewritten(level.when, metric, {size}, factor)
    if level.clear_when is None or not _both(when, level.clear_when, metric):
        return replace(level, when=when)
    sizes = {abs(limit.value) for _, limit in _bounds(level.clear_when, metric)}
    return replace(level, when=when, clear_when=rewritten(level.clear_when, metric, sizes, factor))


def _bounds(condition: Node, metric: str) -> list[tuple[bool, Const]]:
    """The numbers one metric is compared with, and whether it has to be above them."""
    found = bounds_of(condition)
    return [
        (symbol[0] == ">", limit)
        for own, symbol, limit in found
        if own.key == metric and isinstance(limit, Const)
    ]


def _both(when: Node, clear: Node, metric: str) -> bool:
    """Whether some values of the metric lie beyond a bound of the one and within an opposite one of the other."""
    return any(
        fires_above is not clears_above
        and (clears.value > fires.value if fires_above else clears.value < fires.value)
        for fires_above, fires in _bounds(when, metric)
        for clears_above, clears in _bounds(clear, metric)
    )


def rewritten(
    node: Node, metric: str, sizes: Collection[float], factor: float, *, digits: int = DIGITS
) -> Node:
    """The condition with numbers of these sizes times a factor where that metric is compared with them."""
    if not isinstance(node, Operation):
        return node
    if node.symbol in LOGIC:
        return replace(
            node, operands=tuple(rewritten(o, metric, sizes, factor, digits=digits) for o in node.operands)
        )
    if node.symbol in COMPARISONS and any(operand.key == metric for operand in node.operands):
        return replace(node, operands=tuple(_scaled(one, sizes, factor, digits) for one in node.operands))
    return node


def _scaled(node: Node, sizes: Collection[float], factor: float, digits: int) -> Node:
    plain = unnamed(node)
    if not isinstance(plain, Const) or abs(plain.value) not in sizes:
        return node
    return replace(plain, value=_times(plain, factor, digits))


def _times(limit: Const, factor: float, digits: int) -> float:
    """The number times a factor, as a person would write it: 7.2 %, not 7.199999999999999 %."""
    unit = 100 if limit.percent else 1
    return float(f"{limit.value * unit * factor:.{digits}g}") / unit


def _text(moved: Sequence[Track], at: Sequence[Threshold | None], tracks: Sequence[Track]) -> str:
    """`gsr > 84`: the comparisons that were moved, as the pack would write them."""
    texts: dict[str, None] = {}
    index = next(index for index, threshold in enumerate(at) if threshold is not None)
    instance, threshold = moved[index].instance, at[index]
    before = tracks[index].instance.levels
    for level, old in zip(instance.levels, before, strict=True):
        for (metric, symbol, limit), (_, _, was) in zip(
            bounds_of(level.when), bounds_of(old.when), strict=True
        ):
            if isinstance(was, Const) and (metric.key, abs(was.value)) == threshold:
                texts[f"{written(metric)} {symbol} {written(limit)}"] = None
    return of_members(" or ".join(texts), instance.member)


def of_members(text: str, member: str | None) -> str:
    """A condition as the pack writes it for all members of a group."""
    return re.sub(rf"\b{re.escape(member)}\b", "it", text) if member else text
