"""What a channel is sent: one message that carries several transitions."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.alerts import Kind, Reason, Severity, Transition
from monitor.instruments import Catalogue
from monitor.messages.budget import fitted, within
from monitor.messages.content import Content, Entry, alerts, closed, listed
from monitor.messages.styles import PLAIN, Form, Style
from monitor.messages.templates import TemplateError, told
from monitor.messages.words import headline

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


def compose(
    channel: str,
    entries: Sequence[Entry],
    *,
    catalogue: Catalogue,
    source: str,
    style: Style = PLAIN,
    now: datetime | None = None,
) -> Message:
    """One message of all transitions told on one channel for one session, the loudest first.

    `source` names where the prices come from and stands at its end; `now` tells how old they are.
    """
    ordered = sorted(entries, key=lambda one: (-one.transition.level.rank, one.transition.rule))
    many = sum(one.transition.kind is Kind.OPEN for one in entries) > STORM
    first = ordered[0]
    title = headline(first.instance, first.transition, more=len(ordered) - 1, confirmed=first.confirmed)
    written = tuple(map(listed, ordered)) if many else alerts(ordered, catalogue, now)
    transitions = [one.transition for one in ordered]
    content = Content(title=title, alerts=written, source=source, ref=_ref(channel, transitions), listed=many)
    chart = first.chart if style.pictures and not many else None
    return _message(channel, transitions, content, style, chart)


def compose_away(
    channel: str,
    entries: Sequence[Entry],
    *,
    source: str,
    style: Style,
) -> Message:
    """One message of all that happened while nobody watched: a line each, in the order of sessions."""
    ordered = sorted(entries, key=lambda one: (one.transition.session, -one.transition.level.rank))
    transitions = [one.transition for one in ordered]
    first, last = transitions[0].session, transitions[-1].session
    span = f"{first}" if first == last else f"{first} to {last}"
    many = "1 alert" if len(entries) == 1 else f"{len(entries)} alerts"
    title = f"{_loudest(transitions).upper()} while you were away, {span}: {many}"
    written = tuple(map(listed, ordered))
    content = Content(title=title, alerts=written, source=source, ref=_ref(channel, transitions), listed=True)
    return _message(channel, transitions, content, style)


def compose_closed(channel: str, transitions: Sequence[Transition], *, source: str, style: Style) -> Message:
    """One message of all alerts that ended because their rule is gone, or their member left its group."""
    written = tuple(closed(one) for one in transitions)
    left = [one.reason is Reason.LEFT_UNIVERSE for one in transitions]
    rules, members = "their rules are in force no more", "no longer in their groups"
    why = members if all(left) else "by edits of rules and groups" if any(left) else rules
    many = f"RESOLVED: {len(written)} alerts closed, {why}"
    content = Content(
        title=written[0].headline if len(written) == 1 else many,
        alerts=written,
        source=source,
        ref=_ref(channel, transitions),
        listed=True,
    )
    return _message(channel, transitions, content, style)


def _message(
    channel: str,
    transitions: Sequence[Transition],
    content: Content,
    style: Style,
    chart: Mapping[str, object] | None = None,
) -> Message:
    body, fault = _body(content, style, picture=chart is not None)
    ids = tuple(sorted(one.id for one in transitions))
    return Message(
        channel=channel,
        session=max(one.session for one in transitions),
        severity=_loudest(transitions),
        title=content.title,
        body=body,
        transitions=ids,
        key=message_key(channel, ids),
        form=style.form,
        chart=chart,
        fault=fault,
    )


def _body(content: Content, style: Style, *, picture: bool) -> tuple[str, str | None]:
    """The body in the words of the user's template, or in ours with what is wrong with the template."""
    if style.template is None:
        return fitted(content, style, picture=picture), None
    try:
        body = style.template(told(content, style.form, picture=picture))
    except TemplateError as error:
        return fitted(content, style, picture=picture), str(error)
    limit = style.longest(picture=picture)
    return (body if limit is None else within(body, limit - len(content.title) - 1)), None


def _loudest(transitions: Sequence[Transition]) -> Severity:
    return max((one.level for one in transitions), key=lambda level: level.rank)


def _ref(channel: str, transitions: Sequence[Transition]) -> str:
    return message_key(channel, [one.id for one in transitions])[:8]


def message_key(channel: str, transitions: Sequence[str]) -> str:
    """Same channel, same transitions: same key, so that replaying owes nothing twice."""
    return hashlib.sha256("\x1f".join((channel, *sorted(transitions))).encode()).hexdigest()[:32]


def template_notice(channel: str, fault: str, day: date) -> Message:
    """The news that a template of the user could not be used; the same fault once a day."""
    return Message(
        channel=channel,
        session=None,
        severity=Severity.WARNING,
        title="WARNING a message template failed, the built-in words were sent",
        body=f"{fault}\nmetalwatch check tells what is wrong with templates.",
        transitions=(),
        key=message_key(channel, ["template", fault, day.isoformat()]),
    )
