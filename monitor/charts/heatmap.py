"""Heat maps of a sweep: a number for each pair of values of two parameters, on the left and on the right another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.charts.drawing import Spec
from monitor.charts.parts import FONT, TEXT, chart

LABELLED = 14
"""With more columns or rows than this no number stands in a cell."""
LARGEST_LABELLED = 40
NARROW, WIDE, LOW, HIGH = 260, 420, 120, 420
CELL = 30
PALE, MANY, BELOW, ABOVE = "#f4f7fb", "#6fa8dc", "#e08a7d", "#6fa8dc"
"""Light enough for dark words in every cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair of values."""

    x: str
    y: str
    left: float | None
    right: float | None
    """Unknown is None and left empty."""
    marked: bool = False
    """The rule as it is."""


@dataclass(frozen=True, kw_only=True)
class Heatmaps:
    """What two heat maps beside each other show."""

    title: str
    subtitle: Sequence[str]
    x: str
    y: str
    """Names of the parameters; empty where there is only one."""
    left: str
    right: str
    cells: Sequence[Cell]


def heat_chart(maps: Heatmaps) -> Spec:
    """The Vega-Lite specification of both maps."""
    import altair as alt

    both = alt.hconcat(
        _map(maps, "left", maps.left, alt.Scale(range=[PALE, MANY])),
        _map(maps, "right", maps.right, _around_zero([cell.right for cell in maps.cells])),
        spacing=36,
    ).resolve_scale(color="independent")
    title = alt.TitleParams(
        maps.title,
        subtitle=list(maps.subtitle),
        anchor="start",
        fontSize=15,
        subtitleFontSize=12,
        subtitleColor="#59636e",
    )
    finished = (
        both.properties(title=title)
        .configure(font=FONT, background="white", padding=12)
        .configure_axis(
            labelFontSize=11, labelColor=TEXT, domain=False, ticks=False, titleFontWeight="normal"
        )
        .configure_view(stroke=None)
    )
    spec: Spec = finished.to_dict()
    return spec


def _around_zero(values: Sequence[float | None]) -> Any:
    """Red below zero, blue above, as far on both sides."""
    import altair as alt

    far = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
    return alt.Scale(range=[BELOW, PALE, ABOVE], domain=[-far, 0, far], interpolate="rgb")


def _map(maps: Heatmaps, side: str, title: str, scale: Any) -> Any:
    import altair as alt

    rows = [
        {"x": cell.x, "y": cell.y, "value": getattr(cell, side), "marked": cell.marked} for cell in maps.cells
    ]
    columns, lines = ([*dict.fromkeys(one)] for one in zip(*((c.x, c.y) for c in maps.cells), strict=True))
    few = max(len(columns), len(lines)) <= LARGEST_LABELLED
    base = chart(rows).encode(
        x=alt.X("x:N", sort=columns, axis=_axis(maps.x, shown=few)),
        y=alt.Y("y:N", sort=lines[::-1], axis=_axis(maps.y, shown=few) if maps.y else None),
    )
    legend = alt.Legend(title=None, orient="bottom", gradientLength=160, gradientThickness=8, format=",.3~g")
    known = base.transform_filter("isValid(datum.value)")
    layers = [known.mark_rect().encode(color=alt.Color("value:Q", scale=scale, legend=legend))]
    layers.append(base.transform_filter("datum.marked").mark_rect(fill=None, stroke=TEXT, strokeWidth=2))
    if max(len(columns), len(lines)) <= LABELLED:
        layers.append(_numbers(known))
    size = {
        "width": min(max(CELL * len(columns), NARROW), WIDE),
        "height": min(max(CELL * len(lines), LOW if maps.y else CELL * 2), HIGH),
    }
    return alt.layer(*layers).properties(title=alt.TitleParams(title, fontSize=12, anchor="start"), **size)


def _axis(name: str, *, shown: bool) -> Any:
    import altair as alt

    return alt.Axis(title=name, labels=True, labelAngle=0, labelOverlap="greedy" if not shown else True)


def _numbers(known: Any) -> Any:
    import altair as alt

    return known.mark_text(fontSize=10, color=TEXT, text=alt.ExprRef("format(datum.value, '.1f')"))
