"""A channel: one place a message can go.  It sends, or says in a `DeliveryError` why not, and decides nothing.

A channel is one apprise URL, or the console.  What holds of apprise is kept in this file: one object with
exactly one URL per send; its own retries, tags and throttling unused; its outcome read from the result;
its log, the only place where it tells a reason, heard here and nowhere else, because below INFO it shows
whole URLs.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from monitor.alerts import Severity
from monitor.delivery.redact import redact
from monitor.delivery.retry import is_permanent, may_have_arrived
from monitor.errors import DeliveryError
from monitor.messages import PICTURE_NAME, Form

if TYPE_CHECKING:
    from apprise import AppriseResult, NotifyBase


class Send(Protocol):
    """Takes a message, and a picture as PNG; returns once the channel has it, else raises `DeliveryError`."""

    def __call__(
        self,
        title: str,
        body: str,
        severity: Severity,
        form: Form = Form.TEXT,
        picture: bytes | None = None,
    ) -> None: ...


_FORMATS = {
    Form.TEXT: "text",
    Form.MARKDOWN: "markdown",
    Form.SLACK: None,  # its own mark-up, which apprise leaves as it is when it is not told a format
    Form.TAGS: "html",
    Form.MAIL: "html",
}
"""What apprise is told of a form."""

CONSOLE = "console"

TIMEOUT_SECONDS = 30
"""So long a channel may take over one message."""

_OURS = {
    "retry": "the outbox tries again",
    "wait": "the outbox tries again",
    "optional": "it would report a failure as success",
    "tag": "routes choose the channels",
    "tags": "routes choose the channels",
}
"""What apprise could do by itself, and why it may not."""

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


class NoAnswerError(DeliveryError):
    """The channel fell silent after the message had left: it may have arrived."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A named place that messages can be sent to."""

    name: str
    kind: str
    """`console`, or the scheme of its URL."""
    send: Send


def console_channel(name: str, write: Callable[[str], object]) -> Channel:
    """A channel that writes each message as a paragraph."""

    def send(
        title: str,
        body: str,
        severity: Severity,  # noqa: ARG001 - the title says it
        form: Form = Form.TEXT,  # noqa: ARG001 - it has no other
        picture: bytes | None = None,  # noqa: ARG001 - it shows none
    ) -> None:
        try:
            write(f"{title}\n{body}\n\n")
        except OSError as error:
            raise DeliveryError(f"the console could not be written to ({error.strerror})") from error

    return Channel(name, CONSOLE, send)


def apprise_channel(name: str, url: str) -> Channel:
    """A channel behind an apprise URL.  A wrong URL shows when it is sent to; ask `url_faults` before."""

    def send(
        title: str,
        body: str,
        severity: Severity,
        form: Form = Form.TEXT,
        picture: bytes | None = None,
    ) -> None:
        _send(url, title, body, severity, form, picture)

    return Channel(name, urlsplit(url).scheme, send)


def url_faults(url: str) -> tuple[str, ...]:
    """What is wrong with a channel's URL; no fault shows any part of it that could be a secret."""
    keys = {key.lower() for key, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    faults = [f'remove "{key}=" from the URL: {why}' for key, why in _OURS.items() if key in keys]
    if ("overflow", "split") in parse_qsl(urlsplit(url).query):
        faults.append('remove "overflow=split" from the URL: one message must not become several')
    if faults:
        return tuple(faults)
    try:
        _plugin(url)
    except DeliveryError as error:
        return (str(error),)
    return ()


def url_remarks(url: str) -> tuple[str, ...]:
    """What somebody may expect of the channel of a good URL and not get."""
    if urlsplit(url).scheme == "slack" and "xoxb-" not in url:
        return (
            "a webhook of Slack shows no charts; a bot token (xoxb-...) with the scope files:write brings them",
        )
    return ()


def _send(url: str, title: str, body: str, severity: Severity, form: Form, picture: bytes | None) -> None:
    from apprise import Apprise, NotifyType

    kinds = {
        Severity.INFO: NotifyType.INFO,
        Severity.WARNING: NotifyType.WARNING,
        Severity.CRITICAL: NotifyType.FAILURE,
    }
    with _listening() as heard:
        one, plugin = Apprise(), _plugin(url)
        one.add(plugin)
        try:
            result = one.notify(
                body,
                title,
                notify_type=kinds[severity],
                body_format=_FORMATS[form],
                attach=_attached(plugin, picture),
                timeout=TIMEOUT_SECONDS,
            )
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, and must not stop the others
            raise DeliveryError(redact(f"apprise failed: {error!r}", url)) from None
    _judge(result, heard, url)


def _attached(plugin: Any, picture: bytes | None) -> Any:
    """The picture as apprise wants it; a mail shows it where its text says."""
    from apprise.attachment.memory import AttachMemory

    if picture is None:
        return None
    plugin.inline = True  # of kinds that know the word: mail
    attached: Any = AttachMemory
    return attached(picture, name=PICTURE_NAME, mimetype="image/png")


def _plugin(url: str) -> "NotifyBase":
    """Apprise's object for the URL, refused when it is not exactly one destination."""
    from apprise import Apprise

    with _listening() as heard:
        plugin = Apprise.instantiate(url)
    if plugin is None:
        said = redact("; ".join(heard), url)
        raise DeliveryError(
            f"apprise cannot use the URL ({said}); see its page on this service", permanent=True
        )
    copies = len(getattr(plugin, "cc", ())) + len(getattr(plugin, "bcc", ()))
    if len(plugin) + copies > 1:
        raise DeliveryError(
            f"the URL names {len(plugin) + copies} recipients; make it one channel for each", permanent=True
        )
    plugin.request_rate_per_sec = 0  # it would sleep in our thread; the outbox sends one at a time
    return plugin


def _judge(result: "AppriseResult | None", heard: list[str], url: str) -> None:
    """Return if the message was taken; else raise what apprise's result and log say of it."""
    from apprise import AppriseResultStatus

    status = AppriseResultStatus.NOMATCH if result is None else result.status
    if status == AppriseResultStatus.SUCCESS:
        return
    reason = "; ".join(dict.fromkeys(heard)) or "apprise gave no reason"
    shown = redact(reason, url)
    if status == AppriseResultStatus.TIMEOUT:
        raise NoAnswerError(f"no answer within {TIMEOUT_SECONDS} s ({shown})")
    if status == AppriseResultStatus.NOMATCH:
        raise DeliveryError(f"apprise found nothing to send to ({shown})", permanent=True)
    if status == AppriseResultStatus.PARTIAL or may_have_arrived(reason):
        raise NoAnswerError(shown)
    raise DeliveryError(shown, permanent=is_permanent(reason))


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what apprise logs meanwhile: its warnings, and the errors of sockets it tells at DEBUG only."""
    logger = logging.getLogger("apprise")
    logger.addFilter(_hear)  # adding it again changes nothing
    logger.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(
        logging.INFO
    )  # at DEBUG it shows the path, and that is a secret too
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _hear(record: logging.LogRecord) -> bool:
    """Keep the record to ourselves: False keeps it from every handler, whatever the program logs."""
    heard, said = _heard.get(), record.getMessage()
    if heard is not None and (record.levelno >= logging.WARNING or said.startswith("Socket Exception")):
        heard.append(said)
    return False
