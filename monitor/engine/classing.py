"""The class of every session, by the conditions of a level: fire, clear, band or unknown."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

import numpy as np
import polars as pl

from monitor.alerts import Verdict
from monitor.engine.track import Track, Verdicts
from monitor.language import Node, inputs
from monitor.language.arithmetic import shape
from monitor.language.blocks import AT_ONCE, Block, Columns
from monitor.language.conditions import Asked
from monitor.metrics import threads
from monitor.metrics.threads import each
from monitor.rules import Instance, Level

_TO_FIRE = int(Verdict.BAND_KEEPING_CLEARS) - int(Verdict.FIRE)
"""From the highest class down to that of a fire, which is the lowest but unknown."""

Write = Callable[[Block, Verdicts], None]
"""Writes the classes of a block, a row for each level."""


SAME = 8
"""So many levels of the same metrics are judged together, however many sessions there are."""


def verdicts_of(levels: Sequence[Level], metrics: Mapping[str, pl.Series], rows: int) -> tuple[Verdicts, ...]:
    """The class of each session, of each level; `metrics` are what they compare, or is under it, by key."""
    order = sorted(range(len(levels)), key=lambda place: _likeness(levels[place]))
    found = np.empty((len(levels), rows), np.int8)  # at once: memory that is new is dear
    most = max(1, AT_ONCE // max(rows, 1))
    classes = _classes([levels[place] for place in order], Columns(metrics), most=most)
    at_once = _at_once(rows)

    def judge(start: int) -> None:
        block = Block(start, min(start + at_once, rows))
        for write, places in classes:
            write(block, found[places, block.start : block.stop])

    each(judge, range(0, rows, at_once), sessions=rows)
    return tuple(found[row] for _, row in sorted(zip(order, range(len(levels)), strict=True)))


def _at_once(rows: int) -> int:
    """So many sessions are judged together: where two threads work, half of them or less."""
    return AT_ONCE if rows < threads.LONG else min(threads.AT_ONCE, -(-rows // 2))


def _classes(levels: Sequence[Level], columns: Columns, *, most: int) -> list[tuple[Write, slice]]:
    """How levels are classed, those of one shape together."""
    found: list[tuple[Write, slice]] = []
    first = 0
    for alike in _together(levels, most=most):
        found.append((_class(alike, columns), slice(first, first + len(alike))))
        first += len(alike)
    return found


def _together(levels: Iterable[Level], *, most: int) -> Iterator[Sequence[Level]]:
    """Levels of one shape that follow each other; more of them the fewer sessions there are, or of the same metrics."""
    likeness, most = (_likeness, SAME) if most < SAME else (_shape, most)
    for _, alike in groupby(levels, key=likeness):
        waiting = tuple(alike)
        for start in range(0, len(waiting), most):
            yield waiting[start : start + most]


def _shape(level: Level) -> str:
    return _likeness(level)[0]


def _likeness(level: Level) -> tuple[str, str]:
    """What levels are sorted by: their shape, then what they compare."""
    return _likeness_of(level.when, level.clear_when)


@lru_cache(maxsize=4096)
def _likeness_of(when: Node, clear_when: Node | None) -> tuple[str, str]:
    shapes = shape(when), shape(clear_when) if clear_when is not None else ""
    read = [*inputs(when), *(inputs(clear_when) if clear_when is not None else ())]
    return " | ".join(shapes), " ".join(metric.key for metric in read)


def rejudged(track: Track, instance: Instance) -> Track:
    """The sessions of a track as an instance judges them that compares the same metrics in another way."""
    verdicts = verdicts_of(instance.levels, track.series, len(track.sessions))
    return replace(track, instance=instance, verdicts=verdicts)


def _class(levels: Sequence[Level], columns: Columns) -> Write:
    """What writes the classes of levels of one shape: a fire outdoes a clear, and unknown outdoes both.

    Classes are counted down by masks, since a copy by mask takes several times as long.
    """
    fire = Asked([level.when for level in levels], columns)
    ends = [level.clear_when for level in levels if level.clear_when is not None]
    clear = Asked(ends, columns) if ends else None

    def write(block: Block, verdicts: Verdicts) -> None:
        fires = fire.holds(block).view(np.int8)
        if clear is None:
            np.subtract(int(Verdict.CLEAR), fires, out=verdicts)
        else:
            _clear_or_band(clear, block, verdicts)
            np.minimum(verdicts, int(Verdict.BAND_KEEPING_CLEARS) - _TO_FIRE * fires, out=verdicts)
        if not fire.known(block):
            np.multiply(verdicts, ~fire.unknown(block), out=verdicts)

    return write


def _clear_or_band(clear: Asked, block: Block, verdicts: Verdicts) -> None:
    holds = clear.holds(block).view(np.int8)
    if clear.known(block):
        np.subtract(int(Verdict.BAND), holds, out=verdicts)
    else:
        np.subtract(int(Verdict.BAND_KEEPING_CLEARS), clear.fails(block).view(np.int8), out=verdicts)
        np.subtract(verdicts, 2 * holds, out=verdicts)
