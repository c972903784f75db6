"""What all charts have in common: colours, type, axes, and how a session is written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.charts.drawing import Spec

LINE, FIRES, CLEAR, SHADE, TEXT, FAINT, GRID = (
    "#1f5fa8",
    "#b3261e",
    "#1a7f37",
    "#f4c7a1",
    "#1f2328",
    "#59636e",
    "#e6e8eb",
)
ANY, WAY = "#c9ced6", "#7aa5d8"
"""What follows any session, and the way of a single episode."""
DARK = {
    LINE: "#6cb0ff",
    FIRES: "#ff8078",
    CLEAR: "#56d364",
    SHADE: "#a06a35",
    TEXT: "#e6edf3",
    FAINT: "#9da7b3",
    GRID: "#262c34",
    ANY: "#6b7683",
    WAY: "#5b86b8",
    "white": "#0d1117",
}
"""What a dark page shows each colour as."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The name of the language; nothing is fetched from there."""
FONT = "Liberation Sans, DejaVu Sans, Helvetica, Arial, sans-serif"


def at(session: date) -> str:
    """A session as an instant in UTC: a chart must not shift with the zone of the machine."""
    return f"{session}T00:00:00Z"


def chart(rows: Sequence[Mapping[str, object]]) -> Any:
    """A chart of rows of plain values; as one text, because altair would look at every value many times."""
    import altair as alt

    data: Any = alt.InlineData
    return alt.Chart(data(values=json.dumps(rows), format={"type": "json"}))


def panel(layers: Iterable[Any], **more: object) -> Spec:
    """Charts upon each other.  Put together as plain values, because altair would copy every part many times."""
    return {"layer": [_part(one) for one in layers], **more}


def _part(one: Any) -> Spec:
    """A layer with its own rows; altair names them and puts them where only whole pictures may have them."""
    whole: Spec = one.to_dict(validate=False)  # by a test, for all charts at once
    (values,) = whole["datasets"].values()
    kept = {key: value for key, value in whole.items() if key not in ("$schema", "config", "datasets")}
    return {**kept, "data": {"values": values, "format": {"type": "json"}}}


def finished(spec: Spec, **config: object) -> Spec:
    """Panels as a whole picture for a page: without a background, in the type of all charts."""
    axis = {
        "labelFontSize": 12,
        "labelColor": FAINT,
        "titleColor": FAINT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    }
    look = {"font": FONT, "background": "transparent", "padding": 4, "axis": axis, "view": {"stroke": None}}
    return {"$schema": SCHEMA, **spec, "config": {**look, **config}}


@dataclass(frozen=True, slots=True)
class Ticks:
    """How the labels along the bottom are written, and how many there are."""

    count: int = 6
    format: str | None = None
    """None: each as its place on the calendar asks for."""
    labels: bool = True


PLAIN_TICKS = Ticks()
SHORT = {"year": "%Y", "quarter": "%b", "month": "%b", "week": "%b %d", "date": "%b %d"}
"""Labels by their place on the calendar; with long names October and the year after it read as one date."""
APART = 10
"""Points at least from one label to the next; of those that are nearer every other one is left out."""


def x(name: str, ticks: Ticks = PLAIN_TICKS) -> Any:
    """Sessions along the bottom, in UTC."""
    import altair as alt

    form: Any = SHORT if ticks.format is None else ticks.format
    axis = alt.Axis(
        title=None,
        grid=False,
        tickCount=ticks.count,
        labels=ticks.labels,
        format=form,
        labelSeparation=APART,
    )
    return alt.X(f"{name}:T", scale=alt.Scale(type="utc"), axis=axis)


def along(name: str) -> Any:
    """The same for a further layer, which has no say in the labels."""
    import altair as alt

    return alt.X(f"{name}:T", scale=alt.Scale(type="utc"))


def y(name: str, steps: Sequence[float] = ()) -> Any:
    """Values along the side, from the lowest to the highest; `steps` are the labels of a logarithmic scale."""
    import altair as alt

    if not steps:
        axis = alt.Axis(title=None, format=",.6~g", tickCount=6)
        return alt.Y(f"{name}:Q", scale=alt.Scale(zero=False, nice=True), axis=axis)
    axis = alt.Axis(title=None, format=",.6~g", values=list(steps))
    domain = [steps[0], steps[-1]]
    return alt.Y(f"{name}:Q", scale=alt.Scale(type="log", domain=domain, nice=False, clamp=True), axis=axis)
