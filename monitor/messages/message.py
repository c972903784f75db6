"""What a channel is sent: one message that carries several transitions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from monitor.alerts import Kind, Severity, Transition
from monitor.instruments import Catalogue
from monitor.messages.words import ENDS, closed_words, headline, history, leg_line, say
from monitor.rules import Instance, OnFirst

STORM = 10
"""More opens in one message than these are told in a line each."""


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
    not_before: datetime | None = None
    """From when on it may be sent, where that is not at once: the end of quiet hours."""

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
    confirmed: bool = False
    """It was told before the close."""
    notes: tuple[str, ...] = ()
    """Further lines, such as how live prices stand to settled ones."""


def compose(channel: str, entries: Sequence[Entry], *, catalogue: Catalogue, source: str) -> Message:
    """One message of all transitions told on one channel for one session, the loudest first.

    `source` names where the prices come from and stands at its end.
    """
    ordered = sorted(entries, key=lambda one: (-one.transition.level.rank, one.transition.rule))
    opens = sum(one.transition.kind is Kind.OPEN for one in entries)
    ids = tuple(sorted(one.transition.id for one in entries))
    key = message_key(channel, ids)
    first = ordered[0]
    paragraphs = ["\n".join(_details(first))]
    paragraphs += ["\n".join([_headline(one), *_details(one)]) for one in ordered[1:]]
    legs = dict.fromkeys(
        leg_line(name, leg, catalogue) for one in ordered for name, leg in one.transition.legs.items()
    )
    paragraphs.append("\n".join([*legs, f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"]))
    return Message(
        channel=channel,
        session=max(one.transition.session for one in entries),
        severity=max((one.transition.level for one in entries), key=lambda level: level.rank),
        title=_headline(first, more=len(ordered) - 1),
        body=_listed(ordered, source=source, key=key) if opens > STORM else "\n\n".join(paragraphs),
        transitions=ids,
        key=key,
    )


def compose_away(channel: str, entries: Sequence[Entry], *, catalogue: Catalogue, source: str) -> Message:
    """One message of all that happened while nobody watched: a line each, in the order of sessions."""
    sessions = sorted({one.transition.session for one in entries})
    span = f"{sessions[0]} to {sessions[-1]}" if len(sessions) > 1 else f"{sessions[0]}"
    plain = compose(channel, entries, catalogue=catalogue, source=source)
    ordered = sorted(entries, key=lambda one: (one.transition.session, -one.transition.level.rank))
    title = f"{plain.severity.upper()} while you were away, {span}: {_counted(entries)}"
    return replace(plain, title=title, body=_listed(ordered, source=source, key=plain.key))


def _listed(entries: Sequence[Entry], *, source: str, key: str) -> str:
    """A headline for each, and no more."""
    lines = [_headline(one) for one in entries]
    return "\n\n".join(["\n".join(lines), f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"])


def _counted(entries: Sequence[Entry]) -> str:
    return "1 alert" if len(entries) == 1 else f"{len(entries)} alerts"


def compose_closed(channel: str, transitions: Sequence[Transition], *, source: str) -> Message:
    """One message of all alerts that ended because their rule is in force no more."""
    ids = tuple(sorted(one.id for one in transitions))
    key = message_key(channel, ids)
    lines = [closed_words(one) for one in transitions]
    many = f"RESOLVED: {len(lines)} alerts closed, their rules are in force no more"
    return Message(
        channel=channel,
        session=max(one.session for one in transitions),
        severity=max((one.level for one in transitions), key=lambda level: level.rank),
        title=lines[0] if len(lines) == 1 else many,
        body="\n\n".join(["\n".join(lines), f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"]),
        transitions=ids,
        key=key,
    )


def message_key(channel: str, transitions: Sequence[str]) -> str:
    """Same channel, same transitions: same key, so that replaying owes nothing twice."""
    return hashlib.sha256("\x1f".join((channel, *sorted(transitions))).encode()).hexdigest()[:32]


def _headline(entry: Entry, *, more: int = 0) -> str:
    return headline(entry.instance, entry.transition, more=more, confirmed=entry.confirmed)


def _details(entry: Entry) -> list[str]:
    """What stands below the headline: the rule's own words, its name, and what was not told before."""
    transition = entry.transition
    said = say(entry.instance, transition)
    lines = [said] if said and transition.kind not in ENDS else []
    since = f", {history(transition)}" if history(transition) else ""
    lines.append(f"rule {transition.rule}, episode {transition.episode}{since}")
    lines.extend(entry.notes)
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
