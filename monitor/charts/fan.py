"""What followed episodes as a fan, over the fan of what follows any session."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.charts.drawing import Spec
from monitor.charts.parts import ANY, FAINT, LINE, SHADE, WAY, chart, finished, panel

HEIGHT = 230
SIDE = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How changes spread after so many sessions, in parts: the tenth, quarter, half, three quarters, nine tenths."""

    after: int
    low: float
    quarter: float
    middle: float
    three_quarters: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Fans:
    """What is drawn."""

    own: tuple[Band, ...]
    any: tuple[Band, ...]
    ways: tuple[tuple[tuple[int, float], ...], ...] = ()
    """Single episodes, each as pairs of sessions and change; none where they are too many to be told apart."""
    marks: tuple[int, ...] = ()
    """Where the axis has numbers."""
    shaded: bool = True
    """Whether the episodes are enough for a band of their own."""


def fan_chart(fans: Fans, *, width: int) -> Spec:
    """The Vega-Lite specification, so many pixels wide with its margins."""
    layers = [
        *_bands(fans.any, ANY, "low", "high", 0.35),
        *_bands(fans.any, ANY, "quarter", "three_quarters", 0.6),
    ]
    layers += _bands(fans.own if fans.shaded else (), SHADE, "quarter", "three_quarters", 0.5)
    layers += [*_ways(fans), _zero()]
    layers += [_middle(fans, fans.any, FAINT, [5, 4]), _middle(fans, fans.own, LINE, [])]
    return finished(panel(layers, width=width - SIDE, height=HEIGHT))


def _x(marks: Sequence[int]) -> Any:
    import altair as alt

    axis = alt.Axis(title="sessions after the entry", grid=False, values=list(marks)) if marks else alt.Axis()
    return alt.X("after:Q", scale=alt.Scale(nice=False), axis=axis)


def _y(name: str) -> Any:
    import altair as alt

    return alt.Y(f"{name}:Q", axis=alt.Axis(title=None, format="+.0%", tickCount=6))


def _rows(bands: Sequence[Band]) -> list[Mapping[str, object]]:
    names = ("after", "low", "quarter", "middle", "three_quarters", "high")
    return [{name: getattr(band, name) for name in names} for band in bands]


def _bands(bands: Sequence[Band], colour: str, low: str, high: str, opacity: float) -> Iterator[Any]:
    import altair as alt

    if bands:
        area = chart(_rows(bands)).mark_area(color=colour, opacity=opacity)
        yield area.encode(x=alt.X("after:Q"), y=_y(low), y2=alt.Y2(f"{high}:Q"))


def _ways(fans: Fans) -> Iterator[Any]:
    import altair as alt

    rows = [
        {"after": after, "change": change, "one": number}
        for number, way in enumerate(fans.ways)
        for after, change in way
    ]
    if rows:
        lines = chart(rows).mark_line(color=WAY, strokeWidth=1, opacity=0.55)
        yield lines.encode(x=alt.X("after:Q"), y=_y("change"), detail=alt.Detail("one:N"))


def _zero() -> Any:
    return chart([{"middle": 0}]).mark_rule(color=FAINT, strokeWidth=1).encode(y=_y("middle"))


def _middle(fans: Fans, bands: Sequence[Band], colour: str, dash: list[int]) -> Any:
    made = chart(_rows(bands)).mark_line(color=colour, strokeWidth=2.4, strokeDash=dash)
    return made.encode(x=_x(fans.marks), y=_y("middle"))
