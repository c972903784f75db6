"""What people see: tables that fit 80 columns, colour only on a terminal, JSON alone on stdout."""

import json
import re
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from monitor.errors import Fault

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
WHOLE_NAME = 32
SHOWN_LINE = 72
LARGEST_SHOWN = 2_000_000
LINE_ENDS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""Where YAML ends a line."""
RULE_FILE = re.compile(r"^(pack|rules|metrics|cases):", re.MULTILINE)
"""A pack or a rule test; settings have none of these keys, and lines of settings are never shown again."""
ADDRESS = re.compile(r"(://)\S+")
STYLES = {
    "info": "cyan",
    "warning": "yellow",
    "critical": "bold red",
    "resolved": "green",
    "firing": "bold red",
    "pending": "yellow",
    "stale": "yellow",
    "dead": "bold red",
}


def console(*, stderr: bool = False) -> "Console":
    """A console that is as wide as the terminal, or 80 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False, emoji=False)


def say(text: str = "") -> None:
    """A line for people on stdout."""
    sys.stdout.write(text + "\n")


def paragraph(text: str, *, indent: str = "", hang: str = "  ") -> None:
    """A text on stdout in lines of at most 80 columns; no word is broken."""
    sys.stdout.write(wrapped(text, indent=indent, hang=hang) + "\n")


def wrapped(text: str, *, indent: str = "", hang: str = "  ") -> str:
    """A text in lines of at most 80 columns, the further ones hanging; no word is broken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def write_message(text: str, *, indent: str = "") -> None:
    """A message on stdout, its headlines coloured by severity where stdout is a terminal."""
    for line in text.removesuffix("\n").splitlines():
        _write_line(wrapped(line, indent=indent) if line.strip() else "", line.partition(" ")[0].lower())
    sys.stdout.flush()


def _write_line(line: str, word: str) -> None:
    if not sys.stdout.isatty() or word not in STYLES:
        sys.stdout.write(line + "\n")
        return
    from rich.text import Text

    console().print(Text(line, style=STYLES[word]))


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    sys.stderr.write(text + "\n")


def show_faults(faults: Iterable[Fault]) -> None:
    """Each fault on stderr in one line, and under it its line of the file with a caret below the place."""
    texts: dict[str, list[str]] = {}
    for fault in faults:
        note(str(fault))
        place = fault.place
        if place.file not in texts:
            texts[place.file] = _lines(Path(place.file))
        if 1 <= place.line <= len(texts[place.file]):
            for line in _pointed(texts[place.file][place.line - 1], place.column):
                note(f"    {line}")


def _lines(file: Path) -> list[str]:
    """The lines of a rule file; none of a file that may hold secrets or cannot be read."""
    try:
        text = file.read_text(encoding="utf-8") if file.stat().st_size <= LARGEST_SHOWN else ""
    except (OSError, ValueError):
        return []
    return LINE_ENDS.split(text) if RULE_FILE.search(text) else []


def _pointed(line: str, column: int) -> Iterator[str]:
    """A line, or the part of it that is around a column, and a caret below."""
    line = "".join(sign if sign.isprintable() else " " for sign in ADDRESS.sub(r"\1...", line))
    at = min(max(column - 1, 0), len(line))
    start = max(0, at - SHOWN_LINE // 2) if len(line) > SHOWN_LINE else 0
    shown = line[start : start + SHOWN_LINE]
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in shown[: at - start])
    if shown.strip():
        yield shown.rstrip()
        yield " " * (at - start + wide) + "^"


def show_json(value: object) -> None:
    """One JSON object and nothing else on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain, allow_nan=False) + "\n")


def _plain(value: object) -> object:
    from monitor.overview.row import Row

    if isinstance(value, Row):
        return value.plain
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]], *, right: Iterable[int] = ()) -> None:
    """A table on stdout; columns in `right` are aligned right.  Where it is too wide, the names in front stay whole."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    numbers, cells = set(right), [tuple(row) for row in rows]
    longest = max((len(str(row[0])) for row in cells), default=0)
    for index, heading in enumerate(headings):
        whole = index == 0 and longest <= WHOLE_NAME
        justify: Literal["left", "right"] = "right" if index in numbers else "left"
        made.add_column(heading, justify=justify, overflow="fold", no_wrap=whole)
    for row in cells:
        made.add_row(*(Text(str(cell), style=STYLES.get(str(cell), "")) for cell in row))
    console().print(made)


def live() -> "Console | None":
    """A console on stderr that can be written over, if that is a terminal."""
    if not sys.stderr.isatty():
        return None
    screen = console(stderr=True)
    return screen if screen.is_terminal else None


@contextmanager
def working(what: str) -> Iterator[Any]:
    """A sign of life on stderr while something takes long."""
    screen = live()
    if screen is None:
        yield None
        return
    with screen.status(what) as status:
        yield status


@contextmanager
def progress(what: str, total: int, tell: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """A bar on stderr with the time left, where that is a terminal; each step tells a line."""
    screen = live()
    if screen is None:
        yield tell
        return
    from rich.progress import Progress

    with Progress(console=screen, transient=True) as shown:
        task = shown.add_task(what, total=total)

        def step(line: str) -> None:
            shown.advance(task)
            tell(line)

        yield step
