"""A text without the secrets of a channel's URL: all of its parts but the scheme, however they are written."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"

_HARMLESS = frozenset(
    {"yes", "no", "true", "false", "html", "text", "markdown", "insecure", "starttls", "ssl"}
)
_SHORT = 4
"""Shorter parts are hidden as whole words only, or every letter `a` of a text would go with them."""


def redact(text: str, url: str) -> str:
    """The text with every part of the URL that could be a secret hidden.

    The parts are hidden as they stand in the URL, decoded and encoded; the longest first, so that none is
    left over as the rest of another.
    """
    parts = {form for part in _parts(url) for form in _forms(part)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORT:
            text = re.sub(re.escape(part), HIDDEN, text, flags=re.IGNORECASE)
        else:
            text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return text


def _parts(url: str) -> Iterator[str]:
    """The whole URL, user, password, host, and every piece of path, query and fragment."""
    _, _, rest = url.partition("://")
    yield url
    yield rest
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    login, _, host = authority.rpartition("@")
    yield from (login, *login.split(":", 1), host, *host.split(":"))
    yield base64.b64encode(unquote(login).encode()).decode()
    yield from (path, *re.split(r"[/,@:]", path))
    for pair in re.split(r"[&;#]", query):
        value = pair.partition("=")[2]
        if value.lower() not in _HARMLESS:
            yield from (value, *re.split(r"[,/]", unquote_plus(value)))


def _forms(part: str) -> Iterator[str]:
    for form in (
        part,
        unquote(part),
        unquote_plus(part),
        quote(part, safe=""),
        quote_plus(part),
        quote(part),
    ):
        if form.strip("/ "):
            yield form
