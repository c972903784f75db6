"""A price above the metric that judged it, over the same sessions: episodes, levels, opens, and dated events.

Events stand on a line above; the numbers of those that are too near to each other are told as one range.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from monitor.charts.drawing import Drawing, Spec
from monitor.charts.metric import levels, line, shades
from monitor.charts.parts import FAINT, FIRES, TEXT, Ticks, along, at, chart, finished, panel, y

PRICE_HEIGHT, METRIC_HEIGHT = 150, 130
SIDE = 62
"""Pixels left and right of the panels."""
FEW_YEARS = 5
WIDE_SPREAD = 3
"""Where the highest value is so many times the lowest, the scale is logarithmic."""
DIGIT = 7
"""Pixels that a digit takes."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A dated event, and the number it is listed by."""

    day: date
    number: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What is drawn; sessions of the price and of the metric need not be the same."""

    price: Drawing
    metric: Drawing | None
    flags: tuple[Flag, ...] = ()

    def since(self, first: date) -> "Timeline":
        """The part of it from a session on."""
        return Timeline(
            price=_since(self.price, first),
            metric=None if self.metric is None else _since(self.metric, first),
            flags=tuple(flag for flag in self.flags if flag.day >= first),
        )


def _since(drawing: Drawing, first: date) -> Drawing:
    episodes = tuple(span for span in drawing.episodes if span[1] is None or span[1] >= first)
    return replace(drawing, frame=drawing.frame.filter(pl.col("session") >= first), episodes=episodes)


def timeline_chart(shown: Timeline, *, width: int) -> Spec:
    """The Vega-Lite specification, so many pixels wide with its margins."""
    inner = width - SIDE
    title = {"fontSize": 12, "color": TEXT, "anchor": "start", "frame": "group", "offset": 8}
    panels = [_price_panel(shown, inner), *_metric_panel(shown, inner)]
    resolve = {"scale": {"x": "shared", "y": "independent"}}
    return finished({"vconcat": panels, "spacing": 14, "resolve": resolve}, title=title)


def _price_panel(shown: Timeline, width: int) -> Spec:
    price = shown.price
    steps = _steps(price.frame)
    bottom = replace(_ticks(price, width), labels=shown.metric is None)
    layers = [
        *shades(price),
        line(price, width, ticks=bottom, steps=steps),
        *_opens(price, steps),
        *_flags(shown, width),
    ]
    title = ", ".join(filter(None, [price.title, price.unit, "logarithmic" if steps else ""]))
    return panel(layers, width=width, height=PRICE_HEIGHT, title=title)


def _metric_panel(shown: Timeline, width: int) -> Iterator[Spec]:
    metric = shown.metric
    if metric is None:
        return
    layers = [*shades(metric), line(metric, width, ticks=_ticks(metric, width)), *levels(metric)]
    title = metric.title + (f", {metric.unit}" if metric.unit else "")
    yield panel(layers, width=width, height=METRIC_HEIGHT, title=title)


def _ticks(drawing: Drawing, width: int) -> Ticks:
    """Years, or months where there are few years; as many as there is space for."""
    sessions = drawing.frame["session"]
    years = (sessions[-1] - sessions[0]).days / 365.25
    return Ticks(max(width // 80, 5 if years > FEW_YEARS else 4), "%Y" if years > FEW_YEARS else "%b %Y")


def _steps(frame: pl.DataFrame) -> list[float]:
    """1, 2, 5, 10 around the values, where they spread so far that a plain scale hides the low ones; else none."""
    low, high = frame.select(pl.col("value").min().alias("low"), pl.col("value").max().alias("high")).row(0)
    if low is None or low <= 0 or high / low < WIDE_SPREAD:
        return []
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    first = max(step for step in every if step <= low)
    last = min((step for step in every if step >= high), default=every[-1])
    return [step for step in every if first <= step <= last]


def _opens(price: Drawing, steps: Sequence[float]) -> Iterator[Any]:
    """A mark at the price of each session in which an episode opened."""
    days = pl.DataFrame({"session": [opened for opened, _ in price.episodes]}, schema={"session": pl.Date})
    known = price.frame.drop_nulls("value")
    found = days.sort("session").join_asof(known, on="session", strategy="backward").drop_nulls("value")
    rows = [{"session": at(day), "value": value} for day, value in found.iter_rows()]
    if rows:
        yield (
            chart(rows)
            .mark_point(shape="triangle-down", filled=True, color=FIRES, size=46, opacity=1, yOffset=-7)
            .encode(x=along("session"), y=y("value", steps))
        )


def _flags(shown: Timeline, width: int) -> Iterator[Any]:
    import altair as alt

    top: Any = alt.YValue
    sessions = shown.price.frame["session"]
    first, last = sessions[0], sessions[-1]
    inside = [flag for flag in shown.flags if first <= flag.day <= last]
    if not inside:
        return
    rules = [{"session": at(flag.day)} for flag in inside]
    yield chart(rules).mark_rule(color=FAINT, strokeDash=[1, 3], strokeWidth=1).encode(x=along("session"))
    days = max((last - first).days, 1)
    places = [(width * (flag.day - first).days / days, flag.number) for flag in inside]
    words = [
        {"session": at(first + timedelta(days=place / width * days)), "text": text}
        for place, text in beside(places, width)
    ]
    told = chart(words).mark_text(fontSize=11, color=FAINT, baseline="bottom", dy=-2)
    yield told.encode(text=alt.Text("text:N"), x=along("session"), y=top(0))


def beside(places: Sequence[tuple[float, int]], width: float) -> list[tuple[float, str]]:
    """Numbers at their places, those that would touch told as one range `3-7`, and none beyond the edges."""
    groups = [[place] for place in sorted(places)]
    while (touching := _first_touching(groups, width)) is not None:
        groups[touching : touching + 2] = [groups[touching] + groups[touching + 1]]
    return [(_middle(group, width), _range(group)) for group in groups]


def _first_touching(groups: Sequence[Sequence[tuple[float, int]]], width: float) -> int | None:
    for index in range(len(groups) - 1):
        one, other = groups[index], groups[index + 1]
        apart = _middle(other, width) - _middle(one, width)
        if apart < (_wide(one) + _wide(other)) / 2 + DIGIT:
            return index
    return None


def _middle(group: Sequence[tuple[float, int]], width: float) -> float:
    half = _wide(group) / 2
    return min(max((group[0][0] + group[-1][0]) / 2, half), width - half)


def _wide(group: Sequence[tuple[float, int]]) -> float:
    return len(_range(group)) * DIGIT


def _range(group: Sequence[tuple[float, int]]) -> str:
    first, last = group[0][1], group[-1][1]
    return f"{first}" if first == last else f"{first}–{last}"
