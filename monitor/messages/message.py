"""What a channel is sent: one message that carries several transitions."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.alerts import Kind, Severity, Transition
from monitor.instruments import Catalogue
from monitor.messages.budget import fitted, within
from monitor.messages.content import Alert, Content, Entry, alerts, brief
from monitor.messages.styles import Form, Style
from monitor.messages.templates import TemplateError, told
from monitor.messages.words import closed_words, headline

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
    form: Form = Form.TEXT
    """What the body is written in."""
    chart: Mapping[str, object] | None = None
    """What its picture shows, as `charts` packs it."""
    fault: str | None = None
    """Why the user's own template was not used."""

    @property
    def ref(self) -> str:
        """The short name a message carries, for `explain`."""
        return self.key[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What all messages of one occasion share."""

    source: str
    """Where the prices come from; it stands at the end."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    now: datetime | None = None
    """When it is written; it tells how old data are."""


def compose(
    channel: str,
    entries: Sequence[Entry],
    *,
    catalogue: Catalogue,
    source: str,
    style: Style | None = None,
    now: datetime | None = None,
) -> Message:
    """One message of all transitions told on one channel for one session, the loudest first.

    `source` names where the prices come from and stands at its end; `now` tells how old data are.
    """
    ordered = sorted(entries, key=lambda one: (-one.transition.level.rank, one.transition.rule))
    opens = sum(one.transition.kind is Kind.OPEN for one in entries)
    first = ordered[0]
    title = headline(first.instance, first.transition, more=len(ordered) - 1, confirmed=first.confirmed)
    listed = opens > STORM
    told_of = tuple(map(brief, ordered)) if listed else alerts(ordered, catalogue, now)
    written = _written(channel, title, told_of, listed=listed, source=source)
    return _finished(written, entries, style or Style())
