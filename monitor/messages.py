"""The words of a transition, with the numbers that made it, and the message that carries several of them.

The first line carries severity, what, value, threshold and session within 80 characters.  Nothing here decides
whether something is sent, and nothing gives advice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.alerts import Kind, Reason, Severity, Transition
from monitor.instruments import Catalogue, Instrument
from monitor.language import Const, Node, bounds_of, shown, written
from monitor.rules import Instance, Level

TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one channel is sent: the transitions of one session."""

    channel: str
    session: date | None
    severity: Severity
    title: str
    body: str
    transitions: tuple[str, ...]
    key: str
    """The same transitions on the same channel have the same key."""

    @property
    def ref(self) -> str:
        """The short name a message carries, for `explain`."""
        return self.key[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One transition to be told: of which instance, and how many before it were withheld."""

    instance: Instance
    transition: Transition
    withheld: int = 0


def headline(instance: Instance, transition: Transition) -> str:
    """Severity, what, value, threshold, session: the line that must fit a phone."""
    what = instance.rule.name + (f" {instance.member}" if instance.member else "")
    level = _level(instance, transition.level)
    clear = transition.kind is Kind.RESOLVE
    bound = _bound(level, transition.values, clear=clear)
    return f"{_loud(transition)} {what}: {bound}, {transition.session}{_since(transition)}"


def words(instance: Instance, transition: Transition) -> str:
    """The whole sentence: the headline and what the rule says."""
    said = say(instance, transition)
    line = headline(instance, transition)
    return f"{line}. {said}" if said and transition.kind is not Kind.RESOLVE else line


def say(instance: Instance, transition: Transition) -> str:
    """The rule's own words with their numbers; an unknown number is `?`."""
    text = instance.rule.say
    if text is None:
        return ""
    values = {name: _Shown("nan" if value is None else value) for name, value in transition.values.items()}
    return text.format_map({**values, "it": instance.member or ""})


class _Shown(float):
    """A number for a format field; unknown prints as a question mark."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if self == self else "?"  # noqa: PLR0124 - NaN stands for unknown


def compose(channel: str, entries: Sequence[Entry], *, catalogue: Catalogue, source: str) -> Message:
    """One message of all transitions told on one channel for one session, the loudest first.

    `source` names where the prices come from and stands at its end.
    """
    ordered = sorted(entries, key=lambda one: (-one.transition.level.rank, one.transition.rule))
    ids = tuple(sorted(one.transition.id for one in entries))
    key = message_key(channel, ids)
    first = headline(ordered[0].instance, ordered[0].transition)
    more = f" (+{len(ordered) - 1} more)" if len(ordered) > 1 else ""
    parts = ["\n".join(_paragraph(one, catalogue)) for one in ordered]
    if len(ordered) == 1:
        parts = [parts[0].removeprefix(first).lstrip()]
    return Message(
        channel=channel,
        session=max(one.transition.session for one in entries),
        severity=max((one.transition.level for one in entries), key=lambda level: level.rank),
        title=first + more,
        body="\n\n".join([*parts, f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"]),
        transitions=ids,
        key=key,
    )


def message_key(channel: str, transitions: Sequence[str]) -> str:
    """Same channel, same transitions: same key, so that replaying owes nothing twice."""
    return hashlib.sha256("\x1f".join((channel, *sorted(transitions))).encode()).hexdigest()[:32]


def _paragraph(entry: Entry, catalogue: Catalogue) -> list[str]:
    transition = entry.transition
    lines = [headline(entry.instance, transition)]
    said = say(entry.instance, transition)
    if said and transition.kind is not Kind.RESOLVE:
        lines.append(said)
    lines.extend(leg_line(name, leg, catalogue) for name, leg in transition.legs.items())
    lines.append(f"rule {transition.rule}, episode {transition.episode}")
    if entry.withheld:
        lines.append(
            f"{entry.withheld} message{'s' if entry.withheld > 1 else ''} withheld since the last one (cooldown)"
        )
    return lines


def leg_line(name: str, leg: Mapping[str, object], catalogue: Catalogue) -> str:
    """`gold 5,318 USD/ozt, session 2026-01-29, known 18:30 UTC, Yahoo continuous futures`."""
    instrument = catalogue.instruments[name.partition(".")[0]]
    value, known = leg.get("value"), leg.get("known_at")
    number = shown(value if isinstance(value, float) else None, "1")
    bar_field = name.partition(".")[2]
    what = instrument.id if bar_field == "close" else name
    unit = _unit(instrument, bar_field)
    when = f", known {known:%Y-%m-%d %H:%M} UTC" if isinstance(known, datetime) else ""
    basis = f", {instrument.basis}" if instrument.basis else ""
    return f"{what} {number}{unit}, session {leg.get('session')}{when}{basis}"


def _unit(instrument: Instrument, bar_field: str) -> str:
    return "" if bar_field == "volume" or not instrument.unit else f" {instrument.unit}"


def _loud(transition: Transition) -> str:
    name = transition.level.upper()
    return {
        Kind.RESOLVE: "RESOLVED",
        Kind.STILL_OPEN: f"{name} still open",
        Kind.RETRACT: "CORRECTION",
    }.get(transition.kind, name)


def _since(transition: Transition) -> str:
    if transition.opened is None or (transition.kind is Kind.OPEN and transition.reason is Reason.THRESHOLD):
        return ""
    already = "already true " if transition.reason is Reason.ALREADY_TRUE else ""
    return f" ({already}since {transition.opened})"


def _level(instance: Instance, severity: Severity) -> Level:
    return next(level for level in instance.levels if level.severity is severity)


def _bound(level: Level, values: Mapping[str, float | None], *, clear: bool) -> str:
    """`gsr 104.8 > 100`: the comparison that decided, with its value."""
    if clear and level.clear_when is None:
        return _compared(level.when, values, holds=False)
    return _compared(level.clear_when if clear and level.clear_when else level.when, values, holds=True)


def _compared(condition: Node, values: Mapping[str, float | None], *, holds: bool) -> str:
    bounds = bounds_of(condition)
    if not bounds:
        return written(condition)
    chosen = next((b for b in bounds if _holds(b, values) is holds), bounds[0])
    metric, symbol, threshold = chosen
    unit = threshold.unit if threshold.unit == "%" else metric.unit
    name = written(metric)
    value = shown(values.get(name), "%" if unit == "%" else "1")
    sign = symbol if holds else {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[symbol]
    return f"{name} {value} {sign} {written(threshold)}"


def _holds(bound: tuple[Node, str, Node], values: Mapping[str, float | None]) -> bool | None:
    """Whether a comparison with a constant is true of these values; None where that is not known."""
    metric, symbol, threshold = bound
    value = values.get(written(metric))
    if value is None or not isinstance(threshold, Const):
        return None
    limit = threshold.value
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[symbol]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a level is from firing."""

    metric: str
    value: float | None
    value_shown: str
    threshold_shown: str
    distance_shown: str
    """From the value to the threshold, with its sign; `there` when it holds."""


def standing(level: Level, values: Mapping[str, float | None], *, opened: bool) -> Standing:
    """The comparison nearest to firing a level, or of an open one nearest to clearing it."""
    condition = level.clear_when if opened and level.clear_when is not None else level.when
    bounds = bounds_of(condition)
    if not bounds:
        return Standing(written(condition), None, "", written(condition), "")
    chosen = min(bounds, key=lambda bound: _farness(bound, values))
    metric, symbol, threshold = chosen
    value = values.get(written(metric))
    unit = _unit_of(chosen)
    distance = threshold.value - value if isinstance(threshold, Const) and value is not None else None
    return Standing(
        metric=written(metric),
        value=value,
        value_shown=shown(value, unit),
        threshold_shown=f"{symbol} {written(threshold)}",
        distance_shown="there" if _holds(chosen, values) else _signed(distance, unit),
    )


def _signed(distance: float | None, unit: str) -> str:
    return ("+" if distance is not None and distance > 0 else "") + shown(distance, unit)


def truths(level: Level, values: Mapping[str, float | None]) -> list[str]:
    """Each comparison of a level with its value and whether it holds: `gsr 58.12 > 90: no`."""
    answers = {True: "yes", False: "no", None: "unknown"}
    return [
        f"{written(b[0])} {shown(values.get(written(b[0])), _unit_of(b))} {b[1]} {written(b[2])}: {answers[_holds(b, values)]}"
        for b in bounds_of(level.when)
    ]


def _farness(bound: tuple[Node, str, Node], values: Mapping[str, float | None]) -> float:
    value, threshold = values.get(written(bound[0])), bound[2]
    if value is None or not isinstance(threshold, Const):
        return float("inf")
    return abs(threshold.value - value)


def _unit_of(bound: tuple[Node, str, Node]) -> str:
    return "%" if "%" in (bound[0].unit, bound[2].unit) else "1"
