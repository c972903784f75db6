"""What a message says, written in the form a channel wants."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from monitor.alerts import Kind, Severity
from monitor.messages.content import Alert, Content, Item, Rank
from monitor.messages.styles import Form

PICTURE_NAME = "chart.png"
PICTURE = f'<p><img src="cid:{PICTURE_NAME}" alt="Chart of the value" width="600" style="max-width:100%"></p>'
"""Where the picture stands in a mail; it goes when the picture does not come."""

_BELOW = (Rank.WORDS, Rank.NOTE, Rank.CLEAR, Rank.HISTORY, Rank.BEFORE, Rank.RULE, Rank.EVIDENCE)
_COLOURS = {Severity.INFO: "#0969da", Severity.WARNING: "#bf8700", Severity.CRITICAL: "#cf222e"}
_OVER = "#1a7f37"
_MARKUP = re.compile(r"([\\`*_~|<>#\[\]]|&(?=#?\w+;)|^[-+=](?=[\s=-]|$))", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)", re.MULTILINE)
"""What Markdown would take for marks; some only where they begin a line."""


def write(content: Content, form: Form, *, picture: bool = False) -> str:
    """The body of a message; `picture` leaves a place for one where the form has it."""
    if form is Form.MAIL:
        return "\n".join(_mail(content, picture=picture))
    marks = _MARKS[form]
    return (marks.newline * 2).join(marks.newline.join(part) for part in _paragraphs(content, marks))


def noted(body: str, form: Form, note: str) -> str:
    """The body with one more line at its end."""
    return f"{body}\n{_quiet(note)}" if form is Form.MAIL else f"{body}{_MARKS[form].newline}{note}"


def joined(heading: str, parts: Sequence[tuple[str, str, Form]]) -> tuple[str, Form]:
    """Several messages, each with title, body and form, as the body of one, and its form."""
    form = next((form for _, _, form in parts if form is not Form.TEXT), Form.TEXT)
    between = "\n" if form is Form.MAIL else _MARKS[form].newline * 2
    told = [
        part
        for title, body, own in parts
        for part in (_plain(title, form, strong=True), _as(body, own, form))
    ]
    return between.join([_plain(heading, form), *told]), form


def _as(body: str, own: Form, form: Form) -> str:
    return body if own is form else _plain(body, form)


def _plain(text: str, form: Form, *, strong: bool = False) -> str:
    """Plain text in some form."""
    if form is Form.MAIL:
        inside = _html(text).replace("\n", "<br>\n")
        return f"<p><b>{inside}</b></p>" if strong else f"<p>{inside}</p>"
    marks = _MARKS[form]
    literal = marks.literal(text).replace("\n", marks.newline)
    return marks.strong(literal) if strong else literal


# --- running text


def _unbroken(text: str) -> str:
    """A number and its `%` stay on one line."""
    return text.replace(" %", "\u00a0%")


def _html(text: str) -> str:
    return _unbroken(escape(text, quote=False))


@dataclass(frozen=True, slots=True)
class _Marks:
    """How a form marks text."""

    literal: Callable[[str], str]
    strong: Callable[[str], str]
    code: Callable[[str], str]
    newline: str = "\n"
    bullet: str = ""
    parts_lists: bool = False
    """Whether a line below a list would become a part of it."""


_MARKS = {
    Form.TEXT: _Marks(str, str, str),
    Form.MARKDOWN: _Marks(
        lambda text: _unbroken(_NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text))),
        "**{}**".format,
        "`{}`".format,
        bullet="- ",
        parts_lists=True,
    ),
    Form.SLACK: _Marks(_unbroken, "*{}*".format, "`{}`".format, bullet="• "),
    Form.TAGS: _Marks(_html, "<b>{}</b>".format, "<code>{}</code>".format, "<br>", "• "),
}


def _paragraphs(content: Content, marks: _Marks) -> Iterator[list[str]]:
    if content.listed:
        yield [marks.literal(alert.headline) for alert in content.alerts] + _more(content, marks)
        yield [_footer(content, marks)]
        return
    for position, alert in enumerate(content.alerts):
        lines = [marks.strong(marks.literal(alert.headline))] if position else []
        lines += [_line(item, marks) for item in alert.of(*_BELOW)]
        if lines:
            yield lines
    legs = [marks.bullet + _line(leg, marks) for leg in content.legs]
    if legs and marks.parts_lists:
        yield legs
        legs = []
    yield [*legs, *_more(content, marks), _footer(content, marks)]


def _line(item: Item, marks: _Marks) -> str:
    text = marks.literal(item.text)
    return f"{marks.strong(marks.literal(item.label))} {text}" if item.label else text


def _more(content: Content, marks: _Marks) -> list[str]:
    return [marks.literal(content.more)] if content.more else []


def _footer(content: Content, marks: _Marks) -> str:
    command = f": {marks.code(content.command)}" if content.command else ""
    return f"{marks.literal(content.source)} | ref {content.ref}{command}"


# --- mail


def _mail(content: Content, *, picture: bool) -> Iterator[str]:
    """HTML without tables: apprise makes the plain text of it line by line."""
    font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    yield f'<div style="{font};font-size:15px;line-height:1.5;color:#1f2328;max-width:640px">'
    for position, alert in enumerate(content.alerts):
        yield from _mail_alert(alert, brief=content.listed)
        if picture and position == 0:
            yield PICTURE
    if content.legs:
        yield "<p>"
        yield from (f"{_mail_line(leg)}<br>" for leg in content.legs)
        yield "</p>"
    yield from ([_quiet(content.more)] if content.more else [])
    yield _quiet(content.footer)
    yield "</div>"


def _mail_alert(alert: Alert, *, brief: bool) -> Iterator[str]:
    colour = _OVER if alert.kind in _ENDED else _COLOURS[alert.severity]
    space = "margin:2px 0" if brief else "margin:16px 0"
    yield f'<div style="border-left:4px solid {colour};padding-left:12px;{space}">'
    weight = "normal" if brief else "bold"
    yield f'<p style="margin:0;font-weight:{weight}">{_html(alert.headline)}</p>'
    for item in alert.of(Rank.WORDS):
        yield f'<p style="margin:6px 0">{_html(item.text)}</p>'
    below = [item for item in alert.of(*_BELOW) if item.rank is not Rank.WORDS]
    if below:
        yield '<p style="margin:6px 0">'
        yield from (f"{_mail_line(item)}<br>" for item in below)
        yield "</p>"
    yield "</div>"


_ENDED = frozenset({Kind.RESOLVE, Kind.RETRACT, Kind.WITHDRAW})


def _mail_line(item: Item) -> str:
    label = f'<span style="color:#59636e">{_html(item.label)}</span> ' if item.label else ""
    return label + _html(item.text)


def _quiet(text: str) -> str:
    return f'<p style="font-size:13px;color:#59636e">{_html(text)}</p>'
