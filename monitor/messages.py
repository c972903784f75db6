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
from monitor.language import shown
from monitor.rules import Instance, Level, OnFirst
from monitor.standing import at_last, between, cleared, compared, fires

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


def headline(instance: Instance, transition: Transition, *, more: int = 0) -> str:
    """Severity, what, value, threshold, session: the line that must fit a phone.

    `more` says how many other transitions are told with it.
    """
    what = instance.rule.name + (f" {instance.member}" if instance.member else "")
    level = instance.level(transition.level)
    bound = _bound(level, transition)
    since = [note for note in (_history(transition, brief=brief) for brief in (more > 0, True)) if note]
    others = [f"+{more} more"] if more else []
    notes = [", ".join([note, *others]) for note in since] + others
    return _fitted(f"{_loud(transition)} {what}: ", bound, f", {transition.session}", notes)


def _fitted(start: str, bound: str, end: str, notes: Sequence[str]) -> str:
    """One line of at most `TITLE_LENGTH`: the first note that fits stands in brackets; without any, a long name
    gives way.
    """
    line = f"{start}{bound}{end}"
    for note in notes:
        noted = f"{line} ({note})"
        if len(noted) <= TITLE_LENGTH:
            return noted
    excess = len(line) - TITLE_LENGTH
    return line if excess <= 0 else f"{start}…{bound[excess + 1 :]}{end}"


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
    first = ordered[0]
    paragraphs = ["\n".join(_details(first))]
    paragraphs += ["\n".join([headline(one.instance, one.transition), *_details(one)]) for one in ordered[1:]]
    legs = dict.fromkeys(
        leg_line(name, leg, catalogue) for one in ordered for name, leg in one.transition.legs.items()
    )
    paragraphs.append("\n".join([*legs, f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"]))
    return Message(
        channel=channel,
        session=max(one.transition.session for one in entries),
        severity=max((one.transition.level for one in entries), key=lambda level: level.rank),
        title=headline(first.instance, first.transition, more=len(ordered) - 1),
        body="\n\n".join(paragraphs),
        transitions=ids,
        key=key,
    )


def message_key(channel: str, transitions: Sequence[str]) -> str:
    """Same channel, same transitions: same key, so that replaying owes nothing twice."""
    return hashlib.sha256("\x1f".join((channel, *sorted(transitions))).encode()).hexdigest()[:32]


def _details(entry: Entry) -> list[str]:
    """What stands below the headline: the rule's own words, its name, and what was not told before."""
    transition = entry.transition
    said = say(entry.instance, transition)
    lines = [said] if said and transition.kind is not Kind.RESOLVE else []
    since = f", {_history(transition)}" if _history(transition) else ""
    lines.append(f"rule {transition.rule}, episode {transition.episode}{since}")
    if entry.withheld:
        many = "s" if entry.withheld > 1 else ""
        lines.append(
            f"{entry.withheld} message{many} withheld since the last one ({_causes(entry.instance)})"
        )
    return lines


def _causes(instance: Instance) -> str:
    """What can have withheld messages of a rule."""
    rule = instance.rule
    causes = ["inhibited"] if rule.inhibited_by else []
    causes += ["first"] if rule.on_first is not OnFirst.NOTIFY else []
    return " or ".join(["cooldown", *causes] if rule.cooldown or not causes else causes)


def leg_line(name: str, leg: Mapping[str, object], catalogue: Catalogue) -> str:
    """`gold 5,318 USD/ozt, 2026-01-29, known 18:30 UTC, continuous futures`."""
    instrument = catalogue.instruments[name.partition(".")[0]]
    value, session = leg.get("value"), leg.get("session")
    number = shown(value if isinstance(value, float) else None, "1")
    bar_field = name.partition(".")[2]
    what = instrument.id if bar_field == "close" else name
    unit = _unit(instrument, bar_field)
    basis = f", {instrument.basis}" if instrument.basis else ""
    return f"{what} {number}{unit}, {session}{_known(leg.get('known_at'), session)}{basis}"


def _known(at: object, session: object) -> str:
    """`, known 18:30 UTC`; with its date when that is not the session's."""
    if not isinstance(at, datetime):
        return ""
    same_day = str(session) == f"{at:%Y-%m-%d}"
    return f", known {at:%H:%M} UTC" if same_day else f", known {at:%Y-%m-%d %H:%M} UTC"


def _unit(instrument: Instrument, bar_field: str) -> str:
    return "" if bar_field == "volume" or not instrument.unit else f" {instrument.unit}"


def _loud(transition: Transition) -> str:
    name = transition.level.upper()
    return {
        Kind.RESOLVE: "RESOLVED",
        Kind.STILL_OPEN: f"{name} still open",
        Kind.RETRACT: "CORRECTION",
    }.get(transition.kind, name)


def _history(transition: Transition, *, brief: bool = False) -> str:
    """Since when it is so, of what did not begin just now."""
    if transition.opened is None or (transition.kind is Kind.OPEN and transition.reason is Reason.THRESHOLD):
        return ""
    if transition.reason is Reason.ALREADY_TRUE:
        return "already true" if brief else f"already true since {transition.opened}"
    reminder = _reminder(transition)
    if reminder and brief:
        return reminder
    return f"{reminder}, since {transition.opened}" if reminder else f"since {transition.opened}"


def _reminder(transition: Transition) -> str:
    if transition.kind is not Kind.REMIND:
        return ""
    extreme = ", new extreme" if transition.reason is Reason.NEW_EXTREME else ""
    return f"reminder {transition.reminder}{extreme}"


def _bound(level: Level, transition: Transition) -> str:
    """`gsr 104.8 > 100`: the comparison that decided, with its value."""
    values, kind = transition.values, transition.kind
    if transition.reason is Reason.STALE_CLOSED:
        return "closed without confirmation"
    if kind is Kind.RESOLVE and transition.reason is Reason.EXPIRED:
        return f"expired{at_last(level, values)}"
    if kind is Kind.RESOLVE:
        return cleared(level, values)
    told_later = kind in (Kind.STILL_OPEN, Kind.REMIND) or transition.reason is Reason.ALREADY_TRUE
    if told_later and level.clear_when is not None and not fires(level, values):
        return between(level, values)
    return compared(level.when, values, holds=True)
