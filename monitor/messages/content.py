"""What a message says, before it is written in any form: alerts, each with its headline and its items.

An item is said as a whole or not at all.  Where space is short the least important one goes first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum

from monitor.alerts import Kind, Severity, Transition
from monitor.instruments import Catalogue
from monitor.messages.words import ENDS, aged, closed_words, headline, history, leg_line, say
from monitor.rules import Instance
from monitor.standing import lowest, to_clear

_TOLD_WITH_PAST = frozenset({Kind.OPEN, Kind.ESCALATE, Kind.REOPEN, Kind.STILL_OPEN, Kind.REMIND, Kind.LIVE})
"""Kinds of which it matters how rare it is."""


LATELY = 20
FLAPPING = 3
"""A rule that opens so often in the last `LATELY` sessions says so."""


class Rank(IntEnum):
    """How important an item is; the lowest number is the last to go."""

    WORDS = 0
    """The rule's own."""
    LEG = 1
    NOTE = 2
    CLEAR = 3
    HISTORY = 4
    BEFORE = 5
    RULE = 6
    EVIDENCE = 7


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is said of an alert."""

    rank: Rank
    label: str
    """Empty where the text speaks for itself."""
    text: str

    @property
    def line(self) -> str:
        """The item as a line of plain text."""
        return f"{self.label} {self.text}" if self.label else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One transition as it is told."""

    headline: str
    kind: Kind
    severity: Severity
    rule: str
    instrument: str | None
    session: date
    items: tuple[Item, ...] = ()

    def of(self, *ranks: Rank) -> list[Item]:
        """The items of some ranks, in the order in which they are said."""
        return [item for item in self.items if item.rank in ranks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one message says."""

    title: str
    alerts: tuple[Alert, ...]
    source: str
    ref: str
    listed: bool = False
    """Whether a line for each alert is all."""
    left_out: int = 0
    """So many alerts more than there is space for."""
    terse: bool = False
    """Whether the ref has to be enough to ask for more."""

    @property
    def footer(self) -> str:
        """Where the prices are from, and how to ask for more."""
        return f"{self.source} | ref {self.ref}" + (f": {self.command}" if self.command else "")

    @property
    def command(self) -> str:
        """What to type to ask for more."""
        return "" if self.terse else f"metalwatch explain {self.ref}"

    @property
    def more(self) -> str:
        """What was left out, and where it stands; empty when nothing was."""
        return f"and {self.left_out} more: metalwatch alerts" if self.left_out else ""

    @property
    def legs(self) -> list[Item]:
        """The legs of all alerts, each once."""
        return list(dict.fromkeys(leg for alert in self.alerts for leg in alert.of(Rank.LEG)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """How a value stands in the history that is held of it."""

    since: date
    """The first session of that history."""
    sessions: int
    """So many of them have a value, the last one aside."""
    beyond: float | None
    """The part of them that the value is beyond, in the direction in which the rule fires; None: not known."""
    above: bool
    """Whether that direction is up."""
    before: tuple[date, date | None] | None = None
    """When the episode before began and ended."""
    lately: int = 0
    """So many episodes began in the last `LATELY` sessions, this one among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One transition to be told: of which instance, and how many before it were withheld, and why."""

    instance: Instance
    transition: Transition
    withheld: int = 0
    causes: tuple[str, ...] = ()
    confirmed: bool = False
    """It was told before the close."""
    notes: tuple[str, ...] = ()
    """Further lines, such as how live prices stand to settled ones."""
    background: Background | None = None
    evidence: str | None = None
    """What the history of the rule says, in one line."""
    chart: Mapping[str, object] | None = None
    """What a picture of its metric would show, as `charts` packs it."""


def brief(entry: Entry) -> Alert:
    """An alert of which only the headline is told."""
    transition = entry.transition
    return Alert(
        headline=headline(entry.instance, transition, confirmed=entry.confirmed),
        kind=transition.kind,
        severity=transition.level,
        rule=transition.rule,
        instrument=transition.instance,
        session=transition.session,
    )


def listed(entry: Entry) -> Alert:
    """An alert in one line: its headline, and what was withheld before it."""
    one, note = brief(entry), _withheld(entry)
    return replace(one, headline=f"{one.headline}; {note}") if note else one


def closed(transition: Transition) -> Alert:
    """An alert whose rule is in force no more."""
    return Alert(
        headline=closed_words(transition),
        kind=transition.kind,
        severity=transition.level,
        rule=transition.rule,
        instrument=transition.instance,
        session=transition.session,
    )


def items(entry: Entry, catalogue: Catalogue, now: datetime | None) -> tuple[Item, ...]:
    """All that is said below the headline of an alert; `now` tells how old its data are."""
    transition = entry.transition
    found = [
        *_words(entry),
        *(Item(Rank.NOTE, "", note) for note in _notes(entry)),
        *_standing(entry),
        *_past(entry.background, transition),
        Item(Rank.RULE, "rule", _named(transition)),
    ]
    if entry.evidence:
        found.append(Item(Rank.EVIDENCE, "evidence", entry.evidence))
    return (*found, *_legs(transition, catalogue, now))


def _words(entry: Entry) -> Iterator[Item]:
    said = say(entry.instance, entry.transition)
    if said and entry.transition.kind not in ENDS:
        yield Item(Rank.WORDS, "", said)


def _notes(entry: Entry) -> Iterator[str]:
    yield from entry.notes
    often = entry.background.lately if entry.background else 0
    if often >= FLAPPING and entry.transition.kind in _TOLD_WITH_PAST:
        yield f"flapping: opened {often} times in {LATELY} sessions"
    if note := _withheld(entry):
        yield note


def _withheld(entry: Entry) -> str:
    if not entry.withheld:
        return ""
    many = "s" if entry.withheld > 1 else ""
    because = f" ({', '.join(entry.causes)})" if entry.causes else ""
    return f"{entry.withheld} message{many} withheld since the last one{because}"


def _standing(entry: Entry) -> Iterator[Item]:
    transition, rule = entry.transition, entry.instance.rule
    if transition.kind not in _TOLD_WITH_PAST or rule.edge:
        return
    levels, values = entry.instance.upto(transition.level), transition.values
    distance = to_clear(lowest(levels, values, clear=False), values)
    if distance:
        yield Item(Rank.CLEAR, "clear at", distance)


def _past(background: Background | None, transition: Transition) -> Iterator[Item]:
    if background is None or transition.kind not in _TOLD_WITH_PAST:
        return
    if background.beyond is not None:
        yield Item(Rank.HISTORY, "history:", _rarity(background, background.beyond))
    if background.before is None:
        yield Item(Rank.BEFORE, "last time:", f"never in what is held, since {background.since}")
        return
    opened, resolved = background.before
    yield Item(Rank.BEFORE, "last time:", f"{opened} to {resolved}" if resolved else f"{opened}")


def _rarity(background: Background, beyond: float) -> str:
    among = f"{background.sessions:,} sessions since {background.since}"
    if beyond >= 1:
        return f"{'highest' if background.above else 'lowest'} of {among}"
    share = min(max(beyond * 100, 0.0), 99.9)  # 99.97 % is not all of them
    return f"{'higher' if background.above else 'lower'} than {share:.1f} % of {among}"


def _named(transition: Transition) -> str:
    since = f", {history(transition)}" if history(transition) else ""
    return f"{transition.rule}, episode {transition.episode}{since}"


def _legs(transition: Transition, catalogue: Catalogue, now: datetime | None) -> Iterator[Item]:
    for name, leg in transition.legs.items():
        line = leg_line(name, leg, catalogue)
        label, _, text = line.partition(" ")
        known = leg.get("known_at")
        age = f", {aged(now - known)} old" if now is not None and isinstance(known, datetime) else ""
        yield Item(Rank.LEG, label, text + age)


def alerts(entries: Sequence[Entry], catalogue: Catalogue, now: datetime | None) -> tuple[Alert, ...]:
    """The alerts of some entries with all their items."""
    return tuple(replace(brief(entry), items=items(entry, catalogue, now)) for entry in entries)
