"""Where the levels of a rule stand: their comparisons with the values of a session, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.language import (
    OPPOSITE,
    Const,
    Node,
    bounds_of,
    inputs,
    is_conjunction,
    is_price_like,
    leftover,
    limit_written,
    shown,
    told_apart,
    written,
)
from monitor.rules import Level

Bound = tuple[Node, str, Node]
"""A comparison: metric, sign, threshold."""

Values = Mapping[str, float | None]
"""The metrics of a rule in one session, by the name people read."""

THERE = "there"
"""In place of a distance, where the value is on the threshold's other side already."""


def fires(level: Level, values: Values) -> bool:
    """Whether a comparison of the level holds; one that is open may be between firing and clear."""
    bounds = bounds_of(level.when)
    return not bounds or any(_holds(bound, values) for bound in bounds)


def fails(level: Level, values: Values) -> bool:
    """Whether a comparison of the level is known not to hold."""
    return any(_holds(bound, values) is False for bound in bounds_of(level.when))


def lowest(levels: Sequence[Level], values: Values, *, clear: bool) -> Level:
    """The lowest level of a ladder that is clear, or is not: a ladder is open until all its levels are clear.

    The highest where there is none.
    """
    return next((level for level in levels if _is_clear(level, values) is clear), levels[-1])


def _is_clear(level: Level, values: Values) -> bool:
    """Whether a comparison says that a level is clear."""
    if level.clear_when is None:
        return fails(level, values)
    return any(_holds(bound, values) for bound in bounds_of(level.clear_when))


def at_last(level: Level, values: Values) -> str:
    """` at gsr 92.1`: the value that a rule ended with."""
    for bound in bounds_of(level.when)[:1]:
        name = written(bound[0])
        return f" at {name} {shown(values.get(name), _unit_of(bound))}"
    return ""


def between(level: Level, values: Values) -> str:
    """`gsr 88.2 <= 90, clear < 85`: an open level whose value neither fires nor is clear."""
    now = compared(level.when, values, holds=False)
    bounds = bounds_of(level.clear_when) if level.clear_when is not None else []
    if not bounds:
        return now
    metric, symbol, threshold = _nearest([b for b in bounds if not _holds(b, values)] or bounds, values)
    same = written(metric) == written(bounds_of(level.when)[0][0])
    return f"{now}, clear {'' if same else f'{written(metric)} '}{symbol} {limit_written(threshold)}"


def cleared(level: Level, values: Values) -> str:
    """`gsr 94.1 < 95`: how a level is clear, by the comparison that is nearest."""
    if level.clear_when is None:
        return compared(level.when, values, holds=False)
    bounds = bounds_of(level.clear_when)
    holding = [bound for bound in bounds if _holds(bound, values)]
    return (
        _told(_nearest(holding, values), values)
        if holding
        else compared(level.clear_when, values, holds=True)
    )


def to_clear(level: Level, values: Values) -> str:
    """`gsr < 85, -19.80 (-18.9 %) from here`: what clears a level and how far that is; empty where no single
    comparison says it.
    """
    condition = level.when if level.clear_when is None else level.clear_when
    bounds = bounds_of(condition)
    if len(bounds) != 1 or _answers(condition):
        return "" if level.clear_when is None else written(level.clear_when)
    metric, symbol, threshold = bounds[0]
    sign = OPPOSITE[symbol] if level.clear_when is None else symbol
    value, told = values.get(written(metric)), f"{written(metric)} {sign} {limit_written(threshold)}"
    limit = _limit(threshold, values)
    if value is None or limit is None or _holds((metric, sign, threshold), values):
        return told
    move, unit = limit - value, _unit_of(bounds[0])
    part = _in_percent(metric, move, value, unit)
    told_part = "" if part is None else f" ({part:+.1f} %)"
    return f"{told}, {_moved(move, unit)}{told_part} from here"


def compared(condition: Node, values: Values, *, holds: bool) -> str:
    """`gsr 104.8 > 100`: the first comparison that holds, or the nearest that does not, with its value.

    Where a part without a comparison decided, such as a crossing, the whole condition; where it decided together with
    comparisons, these have their values.
    """
    chosen, answers = decisive(condition, values, holds=holds), _answers(condition)
    if holds and answers and chosen is not None and is_conjunction(condition):
        told = (_told(bound, values) for bound in bounds_of(condition))
        return " and ".join([*map(written, answers), *told])
    if chosen is None or (answers and _holds(chosen, values) is not holds):
        return written(condition) if holds else f"{written(condition)} does not hold"
    return _told(chosen, values, holds=holds)


def _answers(condition: Node) -> list[Node]:
    """Its parts without a comparison, such as a crossing."""
    return [node for node in inputs(condition) if node.yesno]


def decisive(condition: Node, values: Values, *, holds: bool = True) -> Bound | None:
    """The first comparison that holds, or the nearest that does not; None where there is none."""
    bounds = bounds_of(condition)
    if not bounds:
        return None
    fitting = [b for b in bounds if _holds(b, values) is holds] or bounds
    return fitting[0] if holds else _nearest(fitting, values)


def _told(bound: Bound, values: Values, *, holds: bool = True) -> str:
    metric, symbol, threshold = bound
    unit, name = _unit_of(bound), written(metric)
    value, limit = told_apart(values.get(name), _limit(threshold, values), unit)
    sign = symbol if holds else OPPOSITE[symbol]
    return f"{name} {value}{_odd(metric)} {sign} {_with_number(threshold, limit)}"


def _odd(metric: Node) -> str:
    """The unit that is left of prices per different quantities, which nobody guesses: ` ozt/lb`, ` per ozt`."""
    unit = leftover(metric)
    return f" {unit.replace('1/', 'per ', 1)}" if unit else ""


def _holds(bound: Bound, values: Values) -> bool | None:
    """Whether a comparison is true of these values; None where that is not known."""
    metric, symbol, threshold = bound
    value, limit = values.get(written(metric)), _limit(threshold, values)
    if value is None or limit is None:
        return None
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[symbol]


def _limit(threshold: Node, values: Values) -> float | None:
    """The number a metric is compared with; a threshold that moves is a metric itself."""
    return threshold.value if isinstance(threshold, Const) else values.get(written(threshold))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a level is from firing."""

    metric: str
    value: float | None
    value_shown: str
    threshold_shown: str
    distance_shown: str
    """From the value to the threshold, with its sign, in the unit of the metric; `there` when it holds."""
    distance: float | None = None
    distance_in_percent: float | None = None
    """The same in per cent of the value, of a metric that is like a price."""
    closeness: float | None = None
    """The distance without its sign as a part of the threshold, or of the value where that is zero."""


def _waits_for(level: Level, *, opened: bool) -> Node:
    return level.clear_when if opened and level.clear_when is not None else level.when


def awaited(level: Level, values: Values, *, opened: bool) -> Bound | None:
    """The comparison nearest to firing a level, or of an open one to clearing it; None where there is none."""
    bounds = bounds_of(_waits_for(level, opened=opened))
    if opened and level.clear_when is None:  # it is clear when it does not fire
        opposite = [(metric, OPPOSITE[sign], threshold) for metric, sign, threshold in bounds]
        bounds = [bound for bound in opposite if not _holds(bound, values)] or opposite
    return _nearest(bounds, values) if bounds else None


def standing(level: Level, values: Values, *, opened: bool) -> Standing:
    """The comparison nearest to firing a level, or of an open one nearest to clearing it."""
    chosen = awaited(level, values, opened=opened)
    if chosen is None:
        words = written(_waits_for(level, opened=opened))
        return Standing(words, None, "", words, "")
    metric, symbol, threshold = chosen
    value = values.get(written(metric))
    unit = _unit_of(chosen)
    limit = _limit(threshold, values)
    distance = limit - value if limit is not None and value is not None else None
    value_shown, limit_shown = told_apart(value, limit, unit)
    return Standing(
        metric=written(metric),
        value=value,
        value_shown=value_shown,
        threshold_shown=f"{symbol} {_threshold(threshold, limit, limit_shown)}",
        distance_shown=THERE if _holds(chosen, values) else _moved(distance, unit),
        distance=distance,
        distance_in_percent=_in_percent(metric, distance, value, unit),
        closeness=_part(distance, limit, value),
    )


def _threshold(threshold: Node, limit: float | None, limit_shown: str) -> str:
    """A threshold that moves is told by where it stands."""
    return limit_written(threshold) if isinstance(threshold, Const) or limit is None else limit_shown


def _with_number(threshold: Node, limit_shown: str) -> str:
    """A threshold in the words of its rule, and one that moves with its number."""
    told = limit_written(threshold)
    return told if isinstance(threshold, Const) else f"{told} {limit_shown}"


def _part(distance: float | None, limit: float | None, value: float | None) -> float | None:
    if distance is None or limit is None:
        return None
    whole = abs(limit) or abs(value or 0.0)
    return abs(distance) / whole if whole else 0.0


def _moved(distance: float | None, unit: str) -> str:
    """A distance with its sign, in the unit of the metric: `-19.80`, `+5.0 points` of a per cent."""
    if distance is None or unit != "%":
        return ("+" if distance is not None and distance > 0 else "") + shown(distance, unit)
    return f"{distance * 100:+.1f} points"


def _in_percent(metric: Node, distance: float | None, value: float | None, unit: str) -> float | None:
    """A distance in per cent of the value; None where the metric has no parts, or the value is not known."""
    if distance is None or not value or unit == "%" or not is_price_like(metric):
        return None
    return distance / abs(value) * 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """One part of a condition, and whether it holds."""

    metric: str
    value: float | None
    value_shown: str
    sign: str
    """Empty where the metric itself is the answer."""
    threshold: float | None
    threshold_shown: str
    holds: bool | None
    """None: unknown."""

    def __str__(self) -> str:
        answer = {True: "yes", False: "no", None: "unknown"}[self.holds]
        if not self.sign:
            return f"{self.metric}: {answer}"
        return f"{self.metric} {self.value_shown} {self.sign} {self.threshold_shown}: {answer}"


def comparisons(condition: Node, values: Values) -> list[Comparison]:
    """Each part of a condition with its value, its threshold and whether it holds: `gsr 58.12 > 90: no`."""
    answers = [written(node) for node in inputs(condition) if node.yesno]
    return [
        *(_comparison(bound, values) for bound in bounds_of(condition)),
        *(Comparison(name, None, "", "", None, "", _answer(values.get(name))) for name in answers),
    ]


def _answer(value: float | None) -> bool | None:
    return None if value is None else bool(value)


def _comparison(bound: Bound, values: Values) -> Comparison:
    metric, symbol, threshold = bound
    value, limit, unit = values.get(written(metric)), _limit(threshold, values), _unit_of(bound)
    value_shown, limit_shown = told_apart(value, limit, unit)
    return Comparison(
        metric=written(metric),
        value=value,
        value_shown=value_shown,
        sign=symbol,
        threshold=limit,
        threshold_shown=_with_number(threshold, limit_shown),
        holds=_holds(bound, values),
    )


def _nearest(bounds: Sequence[Bound], values: Values) -> Bound:
    return min(bounds, key=lambda bound: _farness(bound, values))


def _farness(bound: Bound, values: Values) -> float:
    value, limit = values.get(written(bound[0])), _limit(bound[2], values)
    return float("inf") if value is None or limit is None else abs(limit - value)


def _unit_of(bound: Bound) -> str:
    return "%" if "%" in (bound[0].unit, bound[2].unit) else "1"
