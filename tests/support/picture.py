"""Draw `.github/demo.svg`, the picture in the README, from what `metalwatch demo` prints.

Run it when the demo's output changes: `.venv/bin/python -m tests.support.picture`.  A test compares.
"""

import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from monitor.cli.screen import STYLES, WIDTH

PICTURE = Path(__file__).parents[2] / ".github" / "demo.svg"
WEEK = "== A rush into cash"
FONT_FACES = CONSOLE_SVG_FORMAT[
    CONSOLE_SVG_FORMAT.index("@font-face") : CONSOLE_SVG_FORMAT.index(".{unique_id}-matrix")
]
"""They would be loaded from elsewhere; any monospaced font does."""


def demo() -> list[str]:
    """The first line, and one week."""
    command = [sys.executable, "-m", "monitor", "demo"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    first = next(row for row, line in enumerate(lines) if line.startswith(WEEK))
    last = next(row for row, line in enumerate(lines) if row > first and line.startswith("== "))
    return [lines[0], "", *lines[first : last - 1]]


def draw(lines: list[str]) -> str:
    """The lines as a terminal would show them."""
    console = Console(record=True, width=WIDTH, file=StringIO(), highlight=False)
    console.print(Text("$ metalwatch demo", style="bold"))
    for line in lines:
        style = "bold" if line.startswith("==") else STYLES.get(line.strip().partition(" ")[0].lower(), "")
        console.print(Text(line, style=style))
    code_format = CONSOLE_SVG_FORMAT.replace(FONT_FACES, "").replace("Fira Code", "DejaVu Sans Mono, Menlo")
    return console.export_svg(title="metalwatch demo", code_format=code_format, unique_id="demo")


if __name__ == "__main__":
    PICTURE.write_text(draw(demo()) + "\n", encoding="utf-8")
