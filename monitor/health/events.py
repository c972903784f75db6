"""What people hear of data health: events, their words, and the messages they make.

An event says what it is about and which time it is, so that folding the same facts again owes nothing twice.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.alerts import Severity
from monitor.health.freshness import Freshness
from monitor.health.values import Answer, Reply, SeriesHealth
from monitor.messages import Message, message_key
from monitor.rules import FeedLimit, InstanceKey, Rulebook

HELD = "What is open stays open, and nothing new is told from it until prices come."
NAMED = 6
"""More names than these are counted."""
OK = "ok"
"""The outcome of an answer with prices."""
SAID = 3
"""So many different answers say enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing about data that people hear of once."""

    about: str
    """A series, or the source."""
    headline: str
    """What happened, with what tells it from other times that it happened: a session, an instant."""
    detail: str
    severity: Severity
    resolved: bool = False
    waiting: tuple[str, ...] = ()
    """Series whose rules wait."""


@dataclass(frozen=True, slots=True)
class Dependants:
    """The rules that read some series, and those of them with an open alert."""

    rules: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def line(self) -> str:
        """What an event says of them."""
        if not self.rules:
            return "No rule reads it."
        told = f"Rules that wait: {_named(self.rules)}."
        return f"{told}\nOpen alerts among them: {_named(self.open)}." if self.open else told


def dependants(
    rulebook: Rulebook, series: Collection[str], open_alerts: Collection[InstanceKey]
) -> Dependants:
    """The rules that read one of the series, by their bare names."""
    found = [one for one in rulebook.instances if not one.instruments.isdisjoint(series)]
    names = dict.fromkeys(one.rule.name for one in found)
    opened = [f"{one.rule.name} {one.member or ''}".strip() for one in found if one.key in open_alerts]
    return Dependants(tuple(names), tuple(opened))


def health_message(channel: str, event: Event, *, further: str = "") -> Message:
    """The message of an event on a channel; the same series and headline have the same key."""
    word = "RESOLVED" if event.resolved else event.severity.upper()
    return Message(
        channel=channel,
        session=None,
        severity=event.severity,
        title=f"{word} {event.about}: {event.headline}",
        body="\n".join(part for part in (event.detail, further) if part),
        transitions=(),
        key=message_key(channel, ["health", event.about, event.headline]),
    )


def down(series: SeriesHealth, symbol: str) -> Event:
    """A series became stale or dead."""
    dead = series.freshness is Freshness.DEAD
    last = f"the last bar is of {series.last_session}" if series.last_session else "no bar ever came"
    many = f"{_counted(series.missing, 'session')} missing" if series.missing else "older than its limit"
    said = series.detail or ("prices, none of them newer" if series.outcome == OK else series.outcome)
    answer = f"Last answer for {symbol}: {said.removesuffix('.')}." if series.outcome else ""
    return Event(
        about=series.instrument,
        headline=f"{series.freshness}, {many}, {last}",
        detail="\n".join(part for part in (answer, HELD) if part),
        severity=Severity.CRITICAL if dead else Severity.WARNING,
        waiting=(series.instrument,),
    )


def recovered(after: SeriesHealth, *, missing: int, still: Sequence[date]) -> Event:
    """A series has prices again."""
    filled = missing - len(still)
    many = f"{_counted(missing, 'session')} missing, {filled} back-filled." if missing else ""
    left = f"Still missing: {_named([str(day) for day in still])}." if still else ""
    return Event(
        about=after.instrument,
        headline=f"prices again, up to {after.last_session}",
        detail="\n".join(part for part in (many, left) if part),
        severity=Severity.WARNING,
        resolved=True,
    )


def not_found(series: SeriesHealth, symbol: str) -> Event:
    """A symbol was not found again and again while others were."""
    return Event(
        about=series.instrument,
        headline=f"{symbol} not found since {_at(series.not_found_since)}",
        detail=f"{series.not_found} answers in a row: {series.detail or 'not found'}.\n"
        "Other symbols were answered. It may be called otherwise now: look it up at the source. It is asked for again.",
        severity=Severity.WARNING,
        waiting=(series.instrument,),
    )


def gap(name: str, days: Sequence[date]) -> Event:
    """Sessions are missing between others that are held."""
    return Event(
        about=name,
        headline=f"a gap, no bar of {_named([str(day) for day in days])}",
        detail="Later sessions have bars. It is asked for again, and what is judged from it is judged again.",
        severity=Severity.INFO,
        waiting=(name,),
    )


def gap_filled(name: str, days: Sequence[date]) -> Event:
    """Sessions that were missing between others have come."""
    return Event(
        about=name,
        headline=f"the gap is filled, {_named([str(day) for day in days])}",
        detail="Rules were judged again from there.",
        severity=Severity.INFO,
        resolved=True,
    )


def source_down(
    source: str, *, failing: bool, since: datetime, stale: Collection[str], answers: Iterable[Answer]
) -> Event:
    """Most series get no prices, or are stale: one event for all of them."""
    failed = [one for one in answers if one.reply is Reply.FAILED]
    said = "\n".join(list(dict.fromkeys(f"{one.outcome}: {one.detail}" for one in failed))[:SAID])
    old = f"Stale: {_named(sorted(stale))}.\n" if stale else ""
    return Event(
        about=source,
        headline=f"{'no prices for most series' if failing else 'most series are stale'}, since {_at(since)}",
        detail=f"{said}\n{old}{HELD}".strip(),
        severity=Severity.WARNING,
        waiting=tuple(sorted(stale)),
    )


def source_up(source: str, *, since: datetime, missing: int, filled: int, stale: Collection[str]) -> Event:
    """The source gives prices again."""
    many = f"{_counted(missing, 'session')} missing, {filled} back-filled." if missing else ""
    left = f"Still stale: {_named(sorted(stale))}." if stale else ""
    return Event(
        about=source,
        headline=f"prices again, after {_at(since)}",
        detail="\n".join(part for part in (many, left) if part) or "No session is missing.",
        severity=Severity.WARNING,
        resolved=True,
        waiting=tuple(sorted(stale)),
    )


def stands_still(source: str, *, since: datetime, series: Collection[str], limit: FeedLimit) -> Event:
    """Quotes are far behind the clock while exchanges are open."""
    minutes = limit.after // timedelta(minutes=1)
    return Event(
        about=source,
        headline=f"quotes over {minutes} minutes behind, {_counted(len(series), 'series')}, {_at(since)}",
        detail=f"{_named(sorted(series))}: the exchange is open, and no newer price comes.\n{HELD}",
        severity=Severity.CRITICAL,
        waiting=tuple(sorted(series)),
    )


def moves_again(source: str, *, since: datetime) -> Event:
    """Quotes keep up with the clock again."""
    return Event(
        about=source,
        headline=f"quotes keep up again, after {_at(since)}",
        detail="",
        severity=Severity.CRITICAL,
        resolved=True,
    )


def edit_refused(faults: Sequence[str], *, at: datetime) -> Event:
    """An edit of the rules is faulty, and those from before it stay in force."""
    more = len(faults) - NAMED
    lines = [*faults[:NAMED], *([f"And {more} more; `metalwatch check` lists them."] if more > 0 else [])]
    return Event(
        about="rules",
        headline=f"an edit was refused, {_at(at)}",
        detail="\n".join([*lines, "The rules from before it stay in force."]),
        severity=Severity.WARNING,
    )


def edit_mended(*, since: datetime) -> Event:
    """The rules could be read again after an edit that was refused."""
    return Event(
        about="rules",
        headline=f"read again, after the edit refused {_at(since)}",
        detail="",
        severity=Severity.WARNING,
        resolved=True,
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:NAMED])} and {more} more"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 or what == "series" else "s")


def _at(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "the start"
