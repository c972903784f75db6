"""Words that several screens share."""

import re


def counted(number: int, what: str) -> str:
    """`1 message`, `12,784 messages`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/.])(?:~|[A-Za-z]:)?[/\\](?:[\w.@%+~-]+[/\\])*[\w.@%+~-]+")


def discreet(text: str) -> str:
    """What a library or the system said, without the addresses and paths in it: whoever reads a page need not know."""
    return _PATH.sub("…", _ADDRESS.sub("…", text))
