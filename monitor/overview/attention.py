"""What people asked not to hear: a row for each silence, and for each acknowledgement."""

from collections.abc import Iterable
from datetime import datetime

from monitor.overview.row import Row
from monitor.routing import Match
from monitor.silences import SILENCE, Acknowledged, Silence
from monitor.storage.records import Recorded


class SilenceRow(Row):
    """Some alerts are not told for a while."""

    number: int
    what: str
    reason: str
    author: str
    until: datetime | None
    """null: until what was open when it began is resolved."""
    ended: bool
    hidden: int
    """How many alerts it hid."""


class AcknowledgedRow(Row):
    """Somebody takes care of an open alert."""

    rule: str
    instance: str | None
    episode: int
    author: str
    note: str
    at: datetime


def silence_rows(
    silences: Iterable[Silence], recorded: Iterable[Recorded], now: datetime
) -> list[SilenceRow]:
    """A row for each silence, those that ended too."""
    causes = [one.cause for one in recorded if one.cause]
    return [
        SilenceRow(
            number=one.number,
            what=_what(one.match),
            reason=one.reason,
            author=one.author,
            until=one.until,
            ended=one.until is not None and one.until <= now,
            hidden=causes.count(f"{SILENCE}{one.number}"),
        )
        for one in silences
    ]


def _what(match: Match) -> str:
    parts = [
        *match.rule,
        *(f"pack {name}" for name in match.pack),
        *match.instrument,
        *sorted(match.severity),
    ]
    return ", ".join(str(part) for part in parts)


def acknowledged_rows(acknowledged: Iterable[Acknowledged]) -> list[AcknowledgedRow]:
    """A row for each acknowledgement."""
    return [
        AcknowledgedRow(
            rule=one.rule,
            instance=one.instance,
            episode=one.episode,
            author=one.author,
            note=one.note,
            at=one.at,
        )
        for one in acknowledged
    ]
