"""How the kinds of channels want to be written to: in what form, how long, and whether they take pictures.

What is said here of a kind was read in, and tried with, the plugin that apprise has for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Form(StrEnum):
    """How the text of a message is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    """As Discord, Mattermost and others read it."""
    SLACK = "slack"
    """Slack's own mark-up: apprise's translation of Markdown leaves backslashes that Slack would show."""
    TAGS = "tags"
    """A few HTML tags in running text, as Telegram reads it."""
    MAIL = "mail"
    """HTML with colours of its own; apprise adds a plain text."""


class Template(Protocol):
    """A user's own words for the body of a message; they are given as a function of what it tells."""

    def __call__(self, told: Mapping[str, object]) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a channel is written to."""

    form: Form = Form.TEXT
    limit: int | None = None
    """So many characters title and body may have together; None: as many as they need."""
    with_picture: int | None = None
    """The limit of a message with a picture, where that is another one."""
    pictures: bool = False
    template: Template | None = None

    def longest(self, *, picture: bool) -> int | None:
        """The limit of a message with or without a picture."""
        return self.with_picture if picture and self.with_picture is not None else self.limit


PLAIN = Style()
"""Plain text, as long as it gets."""

_TEXTING = Style(limit=160)
_CHAT = Style(form=Form.MARKDOWN, limit=4000)
_MAIL = Style(form=Form.MAIL, pictures=True)
# ntfy takes text beside a picture as a part of the address, Telegram as a caption of 1,024 characters.
_NTFY = Style(limit=4000, with_picture=1900, pictures=True)
_TELEGRAM = Style(form=Form.TAGS, limit=4000, with_picture=1000, pictures=True)
_SHORT_MESSAGES = (
    "46elks atalk bulksms bulkvs burstsms clickatell clicksend d7sms elks freemobile httpsms infobip kavenegar "
    "kudosity msg91 msgbird nexmo pushed ringc serwersms seven sfr sinch smsc smsmanager smsmgr "
    "sns telnyx twilio voipms vonage"
)

_STYLES: Mapping[str, Style] = {
    "discord": Style(form=Form.MARKDOWN, limit=1900, pictures=True),
    "mailto": _MAIL,
    "mailtos": _MAIL,
    "mmost": _CHAT,
    "mmosts": _CHAT,
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "plivo": Style(limit=140),
    "pover": Style(limit=1000),
    "rocket": Style(form=Form.MARKDOWN, limit=1000),
    "rockets": Style(form=Form.MARKDOWN, limit=1000),
    "slack": Style(form=Form.SLACK, limit=3000),
    "slack bot": Style(form=Form.SLACK, limit=3000, pictures=True),
    "tgram": _TELEGRAM,
    "whatsapp": Style(limit=1000),
    **dict.fromkeys(_SHORT_MESSAGES.split(), _TEXTING),
}


def style_of(kind: str) -> Style:
    """The style for a kind of channel: the scheme of its address, or `slack bot`; others get plain text."""
    return _STYLES.get(kind, PLAIN)
