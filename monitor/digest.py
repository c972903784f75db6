"""The digest: a span told in one message, and when the next one is due.

What is open, what opened, escalated, closed or was corrected, what is nearest to its threshold, which rules never
fired, how the data is, and what was withheld and why.  When nothing happened it says so: a digest that comes is a sign
that somebody watches.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.alerts import Severity
from monitor.messages import Message, message_key

MOST = 12
"""Lines of one kind; the rest is counted."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Every(StrEnum):
    """How often a digest comes."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One digest and the channels that get it."""

    every: Every
    at: time
    zone: str
    weekday: int = 0
    """Of a weekly one; Monday is 0."""
    channels: tuple[str, ...] = ()

    def last_due(self, now: datetime) -> datetime:
        """The newest instant (UTC) up to now at which it was due."""
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        while True:
            due = datetime.combine(day, self.at, zone).astimezone(now.tzinfo)
            if due <= now and (self.every is Every.DAY or day.weekday() == self.weekday):
                return due
            day -= timedelta(days=1)

    def before(self, due: datetime) -> datetime:
        """The instant at which it was due before that one; not always so many hours, since clocks change."""
        return self.last_due(due - timedelta.resolution)


Sections = Mapping[str, Sequence[str]]
"""Lines by heading, in the order in which they are told."""


def compose_digest(
    channel: str, schedule: Schedule, due: datetime, headline: str, sections: Sections, *, source: str
) -> Message:
    """The digest that was due at an instant, for one channel; the same instant has the same key."""
    key = message_key(channel, ["digest", schedule.every, due.isoformat()])
    paragraphs = ["\n".join(_section(name, lines)) for name, lines in sections.items() if lines]
    day = due.astimezone(ZoneInfo(schedule.zone)).date()
    name = {Every.DAY: "Daily", Every.WEEK: "Weekly"}[schedule.every]
    return Message(
        channel=channel,
        session=None,
        severity=Severity.INFO,
        title=f"{name} digest, {day}: {headline}",
        body="\n\n".join([*paragraphs, f"{source} | ref {key[:8]}: metalwatch explain {key[:8]}"]),
        transitions=(),
        key=key,
    )


def _section(name: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{name} ({len(lines)})"
    yield from (f"  {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"  and {len(lines) - MOST} more"


def counts(numbers: Mapping[str, int]) -> str:
    """`2 opened, 1 closed, 3 open`, of numbers by heading; `nothing happened` when all are zero."""
    told = [f"{number} {what.lower()}" for what, number in numbers.items() if number]
    return ", ".join(told) if told else "nothing happened"
