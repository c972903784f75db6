"""The heat map of a sweep, as a picture or a page that opens offline."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.backtest.sweeping import Swept
    from monitor.charts import Cell, Heatmaps

PICTURES = (".png", ".svg", ".html")


def check_picture(file: Path) -> None:
    """Before anything is worked out, whether its picture can be written."""
    if file.suffix.lower() not in PICTURES:
        raise UsageError(f"{file}: a heat map is written as {', '.join(PICTURES)}")
    if not file.resolve().parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}; make it, or choose another")


def draw(file: Path, done: "Swept") -> None:
    """Write the heat map of a sweep: its first two parameters, the others at their defaults."""
    from monitor.charts import heat_chart, html, png, svg

    spec = heat_chart(_heatmaps(done))
    kind = file.suffix.lower()
    try:
        if kind == ".png":
            file.write_bytes(png(spec))
        else:
            file.write_text(svg(spec) if kind == ".svg" else html(spec), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror or error}") from None


def _heatmaps(done: "Swept") -> "Heatmaps":
    from monitor.backtest.values import HEADLINE
    from monitor.charts import Heatmaps

    params = done.choices.params
    others = {param.name: param.default for param in params[2:]}
    held = ", ".join(f"{name} {value}" for name, value in others.items())
    span = done.span
    return Heatmaps(
        title=f"{done.choices.rule}: {len(done.tried):,} combinations",
        subtitle=[
            f"{span.first} to {span.last}"
            + (f"; with {held}" if held else "")
            + "; framed: the rule as it is",
            "The best of so many is no evidence; the table tells what luck explains",
        ],
        x=params[0].name,
        y=params[1].name if len(params) > 1 else "",
        left="Alerts a year",
        right=f"{done.study} after {HEADLINE} sessions, % beyond any session" if done.study else "No study",
        cells=sorted(_cells(done, others), key=lambda cell: (_number(cell.x), _number(cell.y))),
    )


def _number(text: str) -> float:
    return float(text.rstrip(" %") or 0)


def _cells(done: "Swept", others: Mapping[str, object]) -> "Iterator[Cell]":
    from monitor.charts import Cell

    for one in done.tried:
        if one.fault is not None or tuple(one.values[2:]) != tuple(others.values()):
            continue
        edge = one.whole.edge
        yield Cell(
            x=str(one.values[0]),
            y=str(one.values[1]) if len(one.values) > 1 else "",
            left=round(done.rate(one), 4),
            right=None if edge is None else round(edge * 100, 4),
            marked=one.values == done.choices.defaults,
        )
