"""How near a rule is to its trigger, by its own past: in steps of an ordinary day, and how often it came so far."""

from dataclasses import dataclass

import polars as pl

from monitor.engine import Track
from monitor.language import Const, Node
from monitor.standing import Bound, awaited

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


def _known(track: Track, bound: Bound) -> pl.DataFrame:
    """Columns `value` and `limit` of the sessions in which both are known."""
    metric, _, threshold = bound
    return track.frame.select(value=_column(metric), limit=_column(threshold)).drop_nulls()


def _column(node: Node) -> pl.Expr:
    return pl.lit(node.value) if isinstance(node, Const) else pl.col(node.key).cast(pl.Float64)


def _nearness(known: pl.DataFrame, bound: Bound) -> Nearness:
    if known.height <= AHEAD:
        return FAR
    gap = known["limit"] - known["value"]
    away = gap[-1]
    up = bound[1].startswith(">")
    if (away <= 0) if up else (away >= 0):
        return Nearness(0.0, None)
    step = gap.diff().tail(YEAR).std()
    return Nearness(abs(away) / step if isinstance(step, float) and step > 0 else None, _often(known, up=up))


def _often(known: pl.DataFrame, *, up: bool) -> float | None:
    """The part of sessions from which the value moved as far within `AHEAD`: by as large a part of it where values are
    prices or ratios, which double in a decade, else by as much.
    """
    scale = known["value"] / known["limit"]
    if (known["value"] > 0).all() and (known["limit"] > 0).all():
        place, needed = scale.log(), -scale.log()[-1]
    else:
        place, needed = known["value"] - known["limit"], known["limit"][-1] - known["value"][-1]
    later = (place if up else -place).reverse().rolling_max(AHEAD).reverse().shift(-1)
    moved = (later - (place if up else -place)).drop_nulls()
    return float((moved >= abs(needed)).mean()) if len(moved) else None
