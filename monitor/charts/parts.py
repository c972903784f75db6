"""What all charts have in common: colours, type, axes, and how a session is written."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

LINE, FIRES, CLEAR, SHADE, TEXT, FAINT, GRID = (
    "#1f5fa8",
    "#b3261e",
    "#1a7f37",
    "#f4c7a1",
    "#1f2328",
    "#59636e",
    "#e6e8eb",
)
FONT = "Liberation Sans, DejaVu Sans, Helvetica, Arial, sans-serif"


def at(session: date) -> str:
    """A session as an instant in UTC: a chart must not shift with the zone of the machine."""
    return f"{session}T00:00:00Z"


def chart(rows: Sequence[Mapping[str, object]]) -> Any:
    """A chart of rows of plain values."""
    import altair as alt

    data: Any = alt.Data
    return alt.Chart(data(values=list(rows)))


def x(name: str) -> Any:
    """Sessions along the bottom, in UTC."""
    import altair as alt

    return alt.X(f"{name}:T", scale=alt.Scale(type="utc"), axis=alt.Axis(title=None, grid=False, tickCount=6))


def y(name: str) -> Any:
    """Values along the side, from the lowest to the highest."""
    import altair as alt

    axis = alt.Axis(title=None, format=",.6~g", tickCount=6)
    return alt.Y(f"{name}:Q", scale=alt.Scale(zero=False, nice=True), axis=axis)
