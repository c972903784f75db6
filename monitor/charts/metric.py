"""A metric as a picture: its line, the level at which a rule fires and the one at which it is clear, its episodes."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from monitor.charts.drawing import MOST_POINTS, Drawing, Spec, reduced
from monitor.charts.parts import (
    CLEAR,
    FAINT,
    FIRES,
    FONT,
    GRID,
    LINE,
    PLAIN_TICKS,
    SHADE,
    TEXT,
    Ticks,
    along,
    at,
    chart,
    x,
    y,
)

LONGEST_STEP, TIMES_USUAL = 21, 5
"""Days from one value to the next that a line goes across, or so many times the usual ones."""


def metric_chart(drawing: Drawing, *, width: int = 600, height: int = 300) -> Spec:
    """The Vega-Lite specification of a drawing, so many points wide and high, without its margins."""
    import altair as alt

    layers = [*shades(drawing), line(drawing), *levels(drawing), *_last(drawing)]
    title = alt.TitleParams(
        drawing.title,
        subtitle=_subtitle(drawing),
        anchor="start",
        fontSize=15,
        subtitleFontSize=12,
        subtitleColor=FAINT,
    )
    made = (
        alt.layer(*layers)
        .properties(width=width, height=height, title=title)
        .configure(font=FONT, background="white", padding=12)
        .configure_axis(
            labelFontSize=12, labelColor=TEXT, gridColor=GRID, domain=False, ticks=False, labelPadding=6
        )
        .configure_view(stroke=None)
    )
    spec: Spec = made.to_dict()
    return spec


def _subtitle(drawing: Drawing) -> str:
    unit = f"in {drawing.unit}" if drawing.unit else "without a unit"
    return f"as of {drawing.as_of}, {unit}" + (", shaded: open" if drawing.episodes else "")


# --- the layers


def _shown(drawing: Drawing, value: float) -> float:
    return value * 100 if drawing.unit == "%" else value


def _rows(drawing: Drawing, most: int) -> list[dict[str, object]]:
    frame = pl.concat([reduced(drawing.frame, most), _breaks(drawing.frame)]).sort(
        "session", maintain_order=True
    )
    return [
        {"session": at(session), "value": None if value is None else _shown(drawing, value)}
        for session, value in frame.select("session", "value").iter_rows()
    ]


def _breaks(frame: pl.DataFrame) -> pl.DataFrame:
    """A row without a value in every hole: a line across would show values that there never were."""
    known = frame.drop_nulls("value").select("session", "value")
    steps = known["session"].diff().dt.total_days()
    usual = steps.median()
    longest = max(LONGEST_STEP, TIMES_USUAL * usual) if isinstance(usual, int | float) else LONGEST_STEP
    return known.filter((steps > longest).fill_null(value=False)).select(
        pl.col("session").dt.offset_by("-1d"), pl.lit(None, pl.Float64).alias("value")
    )


def line(
    drawing: Drawing,
    most: int = MOST_POINTS,
    *,
    ticks: Ticks = PLAIN_TICKS,
    steps: Sequence[float] = (),
) -> Any:
    """Its values in at most so many points; a gap where they are unknown."""
    plain = chart(_rows(drawing, most)).mark_line(color=LINE, strokeWidth=1.6)
    return plain.encode(x=x("session", ticks), y=y("value", steps))


def shades(drawing: Drawing) -> Iterator[Any]:
    """The time in which an episode was open."""
    import altair as alt

    first, last = drawing.frame["session"][0], drawing.as_of
    spans = [
        {"from": at(max(opened, first)), "to": at(min(resolved or last, last))}
        for opened, resolved in drawing.episodes
        if (resolved is None or resolved >= first) and opened <= last
    ]
    if spans:
        yield (chart(spans).mark_rect(color=SHADE, opacity=0.45).encode(x=along("from"), x2=alt.X2("to:T")))


def levels(drawing: Drawing) -> Iterator[Any]:
    """Where it fires, and where it is clear again."""
    import altair as alt

    left: Any = alt.XValue
    marks = [(drawing.fires, FIRES), (drawing.clear, CLEAR)]
    lower = min((mark.value for mark, _ in marks if mark is not None), default=0.0)
    for mark, colour in marks:
        if mark is None:
            continue
        below = mark.value == lower and all(one is not None for one, _ in marks)
        row = {"value": _shown(drawing, mark.value), "text": mark.text}
        base = chart([row]).encode(y=y("value"))
        yield base.mark_rule(color=colour, strokeDash=[5, 4], strokeWidth=1.2)
        for halo in ({"stroke": "white", "strokeWidth": 4}, {}):  # the words stay readable over the line
            words = base.mark_text(
                align="left",
                baseline="top" if below else "bottom",
                dx=4,
                dy=4 if below else -3,
                fontSize=12,
                color=colour,
                **halo,
            )
            yield words.encode(text=alt.Text("text:N"), x=left(0))


def _last(drawing: Drawing) -> Iterator[Any]:
    import altair as alt

    known = drawing.frame.drop_nulls("value").tail(1)
    if not known.height:
        return
    session, value = known.select("session", "value").row(0)
    number = _shown(drawing, value)
    text = f"{number:,.1f} %" if drawing.unit == "%" else f"{number:,.4g}"
    row = {"session": at(session), "value": number, "text": text}
    base = chart([row]).encode(x=x("session"), y=y("value"))
    yield base.mark_point(filled=True, color=LINE, size=60, opacity=1)
    yield base.mark_text(align="left", dx=8, fontSize=13, fontWeight="bold", color=TEXT).encode(
        text=alt.Text("text:N")
    )
