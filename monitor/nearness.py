"""How near a rule is to its trigger, by its own past: in steps of an ordinary day, and how often it came so far."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from monitor.engine import Track
from monitor.language import Const, Node
from monitor.standing import Bound, awaited

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

AHEAD = 21
"""Sessions in which it may come so far: a month."""
YEAR = 252
"""Sessions that say how far an ordinary day goes."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far away a trigger is."""

    steps: float | None
    """In standard deviations of a day's step over the last year; None: there are too few, or it never moves."""
    often: float | None
    """From this part of earlier sessions it went as far, in that direction, within `AHEAD` sessions."""


FAR = Nearness(None, None)


def nearness(track: Track, *, opened: bool) -> Nearness:
    """How near the last session of a track is to firing the lowest level, or of an open one to clearing it."""
    if not len(track.sessions):
        return FAR
    row = len(track.sessions) - 1
    bound = awaited(track.instance.levels[0], track.values(row), opened=opened)
    return FAR if bound is None else _nearness(_known(track, bound), bound)


def _known(track: Track, bound: Bound) -> tuple[Numbers, Numbers]:
    """The metric and its limit in the sessions in which both are known."""
    metric, _, threshold = bound
    known = track.frame.select(value=_column(metric), limit=_column(threshold)).drop_nulls()
    return known["value"].to_numpy(), known["limit"].to_numpy()


def _column(node: Node) -> pl.Expr:
    return pl.lit(node.value) if isinstance(node, Const) else pl.col(node.key).cast(pl.Float64)


def _nearness(known: tuple[Numbers, Numbers], bound: Bound) -> Nearness:
    value, limit = known
    if len(value) <= AHEAD:
        return FAR
    gap = limit - value
    away = float(gap[-1])
    up = bound[1].startswith(">")
    if (away <= 0) if up else (away >= 0):
        return Nearness(0.0, None)
    step = float(np.diff(gap)[-YEAR:].std(ddof=1))
    return Nearness(abs(away) / step if step > 0 else None, _often(value, limit, up=up))


def _often(value: Numbers, limit: Numbers, *, up: bool) -> float:
    """The part of sessions from which the value moved as far within `AHEAD`: by as large a part of it where values are
    prices or ratios, which double in a decade, else by as much.
    """
    is_scale = (value > 0).all() and (limit > 0).all()
    place = np.log(value / limit) if is_scale else value - limit
    upward = place if up else -place
    later = np.lib.stride_tricks.sliding_window_view(upward[1:], AHEAD).max(axis=1)
    return float((later - upward[:-AHEAD] >= abs(place[-1])).mean())
