"""A metric as a picture: its line, the level at which a rule fires and the one at which it is clear, its episodes.

A `Drawing` is what is shown, `metric_chart` makes a Vega-Lite specification of it, `png` and `svg` draw that, without
network and with fonts that come along.  A drawing can be packed into a few kilobytes of JSON and kept until it is
needed, because drawing takes a part of a second and a hundred megabytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

MOST_POINTS = 2_000
Spec = dict[str, Any]
Span = tuple[date, date | None]
"""An episode: when it opened and when it resolved; None: it is open."""

_LINE, _FIRES, _CLEAR, _SHADE, _TEXT, _GRID = "#1f5fa8", "#b3261e", "#1a7f37", "#f4c7a1", "#1f2328", "#e6e8eb"
_FONT = "Liberation Sans, DejaVu Sans, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Mark:
    """A level, and what stands beside it."""

    value: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a picture of a metric shows."""

    title: str
    unit: str
    """`%` for parts, which are shown as percents."""
    frame: pl.DataFrame
    """Columns `session` and `value`; unknown is null, and a gap in the line."""
    fires: Mark | None = None
    clear: Mark | None = None
    episodes: tuple[Span, ...] = ()

    @property
    def as_of(self) -> date:
        """The last session."""
        last: date = self.frame["session"][-1]
        return last


def packed(drawing: Drawing) -> Spec:
    """The drawing as JSON, with six digits of each value."""
    sessions, values = drawing.frame["session"], drawing.frame["value"].to_list()
    first: date = sessions[0]
    return {
        "title": drawing.title,
        "unit": drawing.unit,
        "first": first.isoformat(),
        "days": [(session - first).days for session in sessions.to_list()],
        "values": [None if value is None else float(f"{value:.6g}") for value in values],
        "fires": _packed_mark(drawing.fires),
        "clear": _packed_mark(drawing.clear),
        "episodes": [[str(opened), resolved and str(resolved)] for opened, resolved in drawing.episodes],
    }


def unpacked(spec: Mapping[str, Any]) -> Drawing:
    """The drawing that was packed."""
    first = date.fromisoformat(spec["first"])
    frame = pl.DataFrame(
        {"session": [first + timedelta(days=days) for days in spec["days"]], "value": spec["values"]},
        schema={"session": pl.Date, "value": pl.Float64},
    )
    return Drawing(
        title=spec["title"],
        unit=spec["unit"],
        frame=frame,
        fires=Mark(*spec["fires"]) if spec["fires"] else None,
        clear=Mark(*spec["clear"]) if spec["clear"] else None,
        episodes=tuple(
            (date.fromisoformat(opened), date.fromisoformat(resolved) if resolved else None)
            for opened, resolved in spec["episodes"]
        ),
    )


def _packed_mark(mark: Mark | None) -> list[float | str] | None:
    return None if mark is None else [mark.value, mark.text]


def reduced(frame: pl.DataFrame, most: int = MOST_POINTS) -> pl.DataFrame:
    """At most so many rows: of each stretch its lowest and highest value, and the last row of all."""
    if frame.height <= most:
        return frame
    stretches = max((most - 1) // 2, 1)
    rows = frame.with_row_index("row").with_columns(stretch=pl.col("row") * stretches // frame.height)
    kept = rows.filter(
        (pl.col("value") == pl.col("value").min().over("stretch"))
        | (pl.col("value") == pl.col("value").max().over("stretch"))
    ).unique(["stretch", "value"], keep="first")
    kept = pl.concat([kept, rows.tail(1)]).unique("row").sort("row")
    return kept.select(frame.columns)


def metric_chart(drawing: Drawing, *, width: int = 600, height: int = 300) -> Spec:
    """The Vega-Lite specification of a drawing, so many points wide and high, without its margins."""
    import altair as alt

    layers = [*_shades(drawing), _line(drawing), *_levels(drawing), *_last(drawing)]
    title = alt.TitleParams(
        drawing.title,
        subtitle=_subtitle(drawing),
        anchor="start",
        fontSize=15,
        subtitleFontSize=12,
        subtitleColor="#59636e",
    )
    chart = (
        alt.layer(*layers)
        .properties(width=width, height=height, title=title)
        .configure(font=_FONT, background="white", padding=12)
        .configure_axis(labelFontSize=12, labelColor=_TEXT, gridColor=_GRID, domain=False, ticks=False)
        .configure_view(stroke=None)
    )
    spec: Spec = chart.to_dict()
    return spec


def _subtitle(drawing: Drawing) -> str:
    unit = f"in {drawing.unit}" if drawing.unit else "without a unit"
    return f"as of {drawing.as_of}, {unit}" + (", shaded: open" if drawing.episodes else "")


def png(spec: Spec, *, scale: float = 1.5) -> bytes:
    """The picture as PNG, `scale` pixels to a point."""
    import vl_convert

    picture: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
    return picture


def svg(spec: Spec) -> str:
    """The picture as SVG."""
    import vl_convert

    picture: str = vl_convert.vegalite_to_svg(spec)
    return picture


# --- the layers


def _shown(drawing: Drawing, value: float) -> float:
    return value * 100 if drawing.unit == "%" else value


def _at(session: date) -> str:
    """A session as an instant in UTC: a chart must not shift with the zone of the machine."""
    return f"{session}T00:00:00Z"


def _rows(drawing: Drawing) -> list[dict[str, object]]:
    frame = reduced(drawing.frame)
    return [
        {"session": _at(session), "value": None if value is None else _shown(drawing, value)}
        for session, value in frame.select("session", "value").iter_rows()
    ]


def _chart(rows: Sequence[Mapping[str, object]]) -> Any:
    import altair as alt

    data: Any = alt.Data
    return alt.Chart(data(values=list(rows)))


def _x(name: str) -> Any:
    import altair as alt

    return alt.X(f"{name}:T", scale=alt.Scale(type="utc"), axis=alt.Axis(title=None, grid=False, tickCount=6))


def _y(name: str) -> Any:
    import altair as alt

    axis = alt.Axis(title=None, format=",.6~g", tickCount=6)
    return alt.Y(f"{name}:Q", scale=alt.Scale(zero=False, nice=True), axis=axis)


def _line(drawing: Drawing) -> Any:
    return (
        _chart(_rows(drawing)).mark_line(color=_LINE, strokeWidth=1.6).encode(x=_x("session"), y=_y("value"))
    )


def _shades(drawing: Drawing) -> Iterator[Any]:
    import altair as alt

    first, last = drawing.frame["session"][0], drawing.as_of
    spans = [
        {"from": _at(max(opened, first)), "to": _at(min(resolved or last, last))}
        for opened, resolved in drawing.episodes
        if (resolved is None or resolved >= first) and opened <= last
    ]
    if spans:
        yield (_chart(spans).mark_rect(color=_SHADE, opacity=0.45).encode(x=_x("from"), x2=alt.X2("to:T")))


def _levels(drawing: Drawing) -> Iterator[Any]:
    import altair as alt

    for mark, colour in ((drawing.fires, _FIRES), (drawing.clear, _CLEAR)):
        if mark is None:
            continue
        row = {"value": _shown(drawing, mark.value), "text": mark.text}
        base = _chart([row]).encode(y=_y("value"))
        yield base.mark_rule(color=colour, strokeDash=[5, 4], strokeWidth=1.2)
        for halo in ({"stroke": "white", "strokeWidth": 4}, {}):  # the words stay readable over the line
            words = base.mark_text(
                align="left", baseline="bottom", dx=4, dy=-3, fontSize=12, color=colour, **halo
            )
            yield words.encode(text="text:N", x=alt.value(0))


def _last(drawing: Drawing) -> Iterator[Any]:
    known = drawing.frame.drop_nulls("value").tail(1)
    if not known.height:
        return
    session, value = known.select("session", "value").row(0)
    number = _shown(drawing, value)
    text = f"{number:,.1f} %" if drawing.unit == "%" else f"{number:,.4g}"
    row = {"session": _at(session), "value": number, "text": text}
    base = _chart([row]).encode(x=_x("session"), y=_y("value"))
    yield base.mark_point(filled=True, color=_LINE, size=60, opacity=1)
    yield base.mark_text(align="left", dx=8, fontSize=13, fontWeight="bold", color=_TEXT).encode(
        text="text:N"
    )
