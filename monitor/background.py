"""How what is told stands in the history that is held: how rare the value is, when it was so last, and a picture."""

from datetime import date
from typing import Any

import polars as pl

from monitor.alerts import Kind, Transition
from monitor.charts import Drawing, Mark, packed
from monitor.engine import Track, episodes
from monitor.language import Const, bounds_of, written
from monitor.messages import LATELY, Background
from monitor.rules import Level
from monitor.standing import Bound, decisive, lowest

PICTURED = 504
"""Sessions in a picture: two years."""


def background(track: Track, transition: Transition) -> Background | None:
    """How a transition of an instance stands in its history; None where nothing is held of it."""
    held = track.cut(upto=transition.session)
    if not len(held.sessions):
        return None
    bound = decisive(track.instance.level(transition.level).when, transition.values)
    known = pl.Series(dtype=pl.Float64) if bound is None else held.frame[bound[0].key].drop_nulls()
    above = bound is not None and bound[1].startswith(">")
    begins = transition.opened or transition.session
    spans = episodes(held)
    earlier = [span for span in spans if span[0] < begins]
    lately = held.sessions[-min(LATELY, len(held.sessions))]
    return Background(
        since=_first_known(held, bound),
        sessions=max(len(known) - 1, 0),
        beyond=_beyond(known, above=above),
        above=above,
        before=earlier[-1] if earlier else None,
        lately=sum(opened >= lately for opened, _ in spans),
    )


def _first_known(track: Track, bound: Bound | None) -> date:
    sessions = track.sessions if bound is None else track.frame.drop_nulls(bound[0].key)["session"]
    first: date = sessions[0] if len(sessions) else track.sessions[0]
    return first


def _beyond(known: pl.Series, *, above: bool) -> float | None:
    """The part of the values before the last one that the last one is beyond."""
    if len(known) <= 1:
        return None
    before, last = known[:-1], known[-1]
    return float((before < last if above else before > last).mean())


def chart(track: Track, transition: Transition) -> dict[str, Any] | None:
    """The picture of what a transition compares, packed; None where it compares nothing that has values."""
    instance, values = track.instance, transition.values
    bound = decisive(instance.level(transition.level).when, values)
    ends = lowest(instance.upto(transition.level), values, clear=transition.kind is Kind.RESOLVE)
    made = drawing(track.cut(upto=transition.session), ends, bound, last=PICTURED)
    return None if made is None else packed(made)


def drawing(track: Track, ends: Level, bound: Bound | None, *, last: int | None = None) -> Drawing | None:
    """A picture of what a comparison compares and of what ends it, over so many last sessions or all; None where that
    has no values.
    """
    if bound is None:
        return None
    frame = track.frame.select("session", value=pl.col(bound[0].key).cast(pl.Float64))
    frame = frame if last is None else frame.tail(last)
    if not frame["value"].drop_nulls().len():
        return None
    rule, member = track.instance.rule, track.instance.member
    return Drawing(
        title=f"{rule.name}{f' {member}' if member else ''}: {written(bound[0])}",
        unit=_unit(bound),
        frame=frame,
        fires=_mark("fires", bound),
        clear=_clear(ends, bound),
        episodes=tuple(span for span in episodes(track) if span[1] is None or span[1] >= frame["session"][0]),
    )


def _unit(bound: Bound) -> str:
    metric, _, threshold = bound
    if "%" in (metric.unit, threshold.unit):
        return "%"
    return "" if metric.unit == "1" else metric.unit


def _mark(word: str, bound: Bound) -> Mark | None:
    _, symbol, threshold = bound
    return (
        Mark(threshold.value, f"{word} {symbol} {written(threshold)}")
        if isinstance(threshold, Const)
        else None
    )


def _clear(level: Level, bound: Bound) -> Mark | None:
    """The level at which it is clear again, where that is one of the same metric on the other side."""
    bounds = bounds_of(level.clear_when) if level.clear_when is not None else []
    fitting = (one for one in bounds if one[0].key == bound[0].key and one[1][0] != bound[1][0])
    return next((_mark("clear", one) for one in fitting), None)
