"""The words of a transition, with the numbers that made it.

The first line carries severity, what, value, threshold and session within 80 characters.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.alerts import Kind, Reason, Transition
from monitor.instruments import Catalogue, Instrument
from monitor.language import shown, written
from monitor.rules import Instance, Level
from monitor.standing import at_last, between, cleared, compared, fails, fires, lowest

TITLE_LENGTH = 80
LEAST_BOUND = 24
LEAST_NAME = 8
"""So much of a comparison stays for its numbers, and of a name where both are long."""
ENDS = (Kind.RESOLVE, Kind.RETRACT, Kind.WITHDRAW)
"""Kinds of which the rule's own words would be wrong."""


def headline(instance: Instance, transition: Transition, *, more: int = 0, confirmed: bool = False) -> str:
    """Severity, what, value, threshold, session: the line that must fit a phone.

    `more` says how many other transitions are told with it; `confirmed`, that it was told before the close.
    """
    level = instance.level(transition.level)
    bound = _bound(instance, level, transition)
    since = [note for note in (history(transition, brief=brief) for brief in (more > 0, True)) if note]
    others = [f"+{more} more"] if more else []
    notes = [", ".join([note, *others]) for note in since] + others
    loud = f"CONFIRMED {_loud(transition)}" if confirmed else _loud(transition)
    end = f", {transition.session}"
    member = f" {instance.member}" if instance.member else ""
    line = f"{loud} {instance.rule.name}{member}: {bound}{end}"
    noted = (f"{line} ({note})" for note in notes)
    fitting = next((text for text in (*noted, line) if len(text) <= TITLE_LENGTH), None)
    if fitting is not None:
        return fitting
    room = TITLE_LENGTH - len(line) + len(bound)
    plain = {written(node) for one in instance.levels for node in (one.when, one.clear_when) if node}
    shortened = _beginning if bound in plain else _tail
    told = shortened(bound, max(room, LEAST_BOUND))
    name = _beginning(instance.rule.name, max(len(instance.rule.name) + room - len(told), LEAST_NAME))
    return f"{loud} {name}{member}: {told}{end}"


def _tail(text: str, room: int) -> str:
    """The end of a comparison, where its numbers are."""
    return text if len(text) <= room else "…" + text[1 - room :]


def _beginning(text: str, room: int) -> str:
    """The beginning of a name, or of a condition that is told without numbers."""
    return text if len(text) <= room else text[: room - 1] + "…"


def words(instance: Instance, transition: Transition) -> str:
    """The whole sentence: the headline and what the rule says."""
    said = say(instance, transition)
    line = headline(instance, transition)
    return f"{line}. {said}" if said and transition.kind not in ENDS else line


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


def closed_words(transition: Transition) -> str:
    """The end of an alert whose rule is in force no more: `RESOLVED p/r: rule removed (since 2026-01-29)`."""
    member = f" {transition.instance}" if transition.instance else ""
    why = "no longer in its group" if transition.reason is Reason.LEFT_UNIVERSE else "rule removed"
    return f"RESOLVED {transition.rule}{member}: {why} (since {transition.opened})"


def leg_line(name: str, leg: Mapping[str, object], catalogue: Catalogue) -> str:
    """`gold 5,318 USD/ozt, 2026-01-29, known 18:30 UTC, continuous futures`."""
    instrument = catalogue.instruments[name.partition(".")[0]]
    value, session = leg.get("value"), leg.get("session")
    number = shown(value if isinstance(value, float) else None, "1")
    bar_field = name.partition(".")[2]
    what = instrument.id if bar_field == "close" else name
    unit = unit_of(instrument, bar_field)
    basis = f", {instrument.basis}" if instrument.basis else ""
    return (
        f"{what} {number}{' ' if unit else ''}{unit}, {session}{_known(leg.get('known_at'), session)}{basis}"
    )


def _known(at: object, session: object) -> str:
    """`, known 18:30 UTC`; with its date when that is not the session's."""
    if not isinstance(at, datetime):
        return ""
    same_day = str(session) == f"{at:%Y-%m-%d}"
    return f", known {at:%H:%M} UTC" if same_day else f", known {at:%Y-%m-%d %H:%M} UTC"


def aged(span: timedelta) -> str:
    """`25 min`, `3 h`, `12 days`: a length of time in its largest unit that is not too coarse."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 100:  # noqa: PLR2004 - so many minutes are still read at a glance
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004 - (as above, two days of hours)


def unit_of(instrument: Instrument, bar_field: str) -> str:
    """What a field of an instrument's bars is counted in; empty where that needs no word."""
    return {"volume": "", "age": "days"}.get(bar_field, instrument.unit)


def _loud(transition: Transition) -> str:
    name = transition.level.upper()
    return {
        Kind.RESOLVE: "RESOLVED",
        Kind.STILL_OPEN: f"{name} still open",
        Kind.REOPEN: f"{name} reopened",
        Kind.RETRACT: "CORRECTION",
        Kind.LIVE: f"LIVE {name}",
        Kind.WITHDRAW: "WITHDRAWN",
    }.get(transition.kind, name)


def history(transition: Transition, *, brief: bool = False) -> str:
    """Since when it is so, of what did not begin just now."""
    if transition.kind in _NOTED:
        return _NOTED[transition.kind]
    if transition.opened is None or (transition.kind is Kind.OPEN and transition.reason is Reason.THRESHOLD):
        return ""
    if _was_true(transition):
        return "already true" if brief else f"already true since {transition.opened}"
    reminder = _reminder(transition)
    if reminder and brief:
        return reminder
    return f"{reminder}, since {transition.opened}" if reminder else f"since {transition.opened}"


_NOTED = {Kind.LIVE: "not settled", Kind.WITHDRAW: "at the close", Kind.RETRACT: "taken back"}


_WERE_SO = (Reason.ALREADY_TRUE, Reason.RULE_CHANGED)
"""Reasons for which nothing need have begun in the session that is told."""


def _was_true(transition: Transition) -> bool:
    """Whether it was so before anybody asked."""
    edited = transition.kind is Kind.OPEN and transition.reason is Reason.RULE_CHANGED
    return edited or transition.reason is Reason.ALREADY_TRUE


def _reminder(transition: Transition) -> str:
    if transition.kind is not Kind.REMIND:
        return ""
    extreme = ", new extreme" if transition.reason is Reason.NEW_EXTREME else ""
    return f"reminder {transition.reminder}{extreme}"


def _bound(instance: Instance, level: Level, transition: Transition) -> str:
    """`gsr 104.8 > 100`: the comparison that decided, with its value."""
    values, kind = transition.values, transition.kind
    if transition.reason is Reason.STALE_CLOSED:
        return "closed without confirmation"
    if kind is Kind.RESOLVE:
        return _ended(instance, level, transition)
    if kind is Kind.WITHDRAW:
        return compared(level.when, values, holds=False)
    if kind is Kind.RETRACT:
        return compared(level.when, values, holds=not fails(level, values))
    told_later = kind in (Kind.STILL_OPEN, Kind.REMIND, Kind.REOPEN) or transition.reason in _WERE_SO
    if told_later and fails(level, values) and not fires(level, values):
        return between(level, values)
    return compared(level.when, values, holds=True)


def _ended(instance: Instance, level: Level, transition: Transition) -> str:
    values = transition.values
    if transition.reason is Reason.EXPIRED:
        return f"expired{at_last(level, values)}"
    if transition.reason is Reason.RULE_CHANGED:
        return f"closed by a rule edit{at_last(level, values)}"
    return cleared(lowest(instance.upto(level.severity), values, clear=True), values)
