"""Numbers as the page writes them; unknown is a dash."""

import re
import shlex
from pathlib import PurePath

from monitor.backtest.verdicts import probability

NONE = "–"
NARROW = "\u202f"
"""Between a number and its sign of percent, so that no line ends there."""


def percent(value: float | None) -> str:
    """`+11.9 %`."""
    return NONE if value is None else f"{value * 100:+.1f}{NARROW}%"


def share(value: float | None) -> str:
    """`67 %`."""
    return NONE if value is None else f"{value * 100:.0f}{NARROW}%"


def number(value: float | None) -> str:
    """`1,234.5`."""
    return NONE if value is None else f"{value:,.1f}"


def chance(value: float | None) -> str:
    """A p that is never zero: `0.07`, `0.004`, `< 0.001`."""
    return NONE if value is None else probability(value).replace("below", "<")


_FOLDERS = re.compile(r"\S*[/\\](?:.*[/\\])?")


def without_folders(source: str) -> str:
    """`prices held in metalwatch.db`: a page is handed on, and whoever reads it need not know where that lies."""
    return _FOLDERS.sub("", source)


def handed_on(command: str) -> str:
    """A command without the folders above what it names."""
    parts = shlex.split(command)
    return shlex.join(PurePath(one).name if PurePath(one).is_absolute() else one for one in parts)


def day(value: object) -> str:
    """A date, or a dash."""
    return NONE if value is None else str(value)


def counted(count: float, what: str) -> str:
    """`1 session`, `48 sessions`."""
    return f"{count:,.0f} {what}" + ("" if count == 1 else "s")
