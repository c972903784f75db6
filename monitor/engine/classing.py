"""The class of every session, by the conditions of a level: fire, clear, band or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import polars as pl

from monitor.alerts import Verdict
from monitor.engine.track import Track, Verdicts
from monitor.language import inputs
from monitor.language.blocks import Block, Columns
from monitor.rules import Instance, Level


def verdicts_of(levels: Sequence[Level], metrics: Mapping[str, pl.Series], rows: int) -> tuple[Verdicts, ...]:
    """The class of each session, of each level; `metrics` are what they compare, or is under it, by key."""
    found = np.empty((len(levels), rows), np.int8)  # at once: memory that is new is dear
    alike = sorted(zip(levels, found, strict=True), key=lambda pair: _compared(pair[0]))
    for block in Columns(metrics).blocks(rows):
        for level, verdicts in alike:
            _class(level, block, verdicts[block.start : block.stop])
    return tuple(found)


@lru_cache(maxsize=4096)
def _compared(level: Level) -> tuple[str, ...]:
    return tuple(metric.key for metric in inputs(level.when))


def rejudged(track: Track, instance: Instance) -> Track:
    """The sessions of a track as an instance judges them that compares the same metrics in another way."""
    verdicts = verdicts_of(instance.levels, track.series, len(track.sessions))
    return replace(track, instance=instance, verdicts=verdicts)


def _class(level: Level, block: Block, verdicts: Verdicts) -> None:
    """Write the classes of a block; what asks for less goes last, since it decides."""
    fires, clear_when = block.holds(level.when), level.clear_when
    known = block.is_known(level.when)
    if clear_when is None and known:
        np.subtract(int(Verdict.CLEAR), fires.view(np.int8), out=verdicts)  # quicker than to choose
        return
    if clear_when is None:
        verdicts.fill(Verdict.CLEAR)
    elif block.is_known(clear_when):
        verdicts.fill(Verdict.BAND)
    else:
        verdicts.fill(Verdict.BAND_KEEPING_CLEARS)
        np.copyto(verdicts, int(Verdict.BAND), where=block.holds(clear_when, wanted=False))
    if clear_when is not None:
        np.copyto(verdicts, int(Verdict.CLEAR), where=block.holds(clear_when))
    if not known:
        np.copyto(verdicts, int(Verdict.UNKNOWN), where=block.unknown(level.when))
    np.copyto(verdicts, int(Verdict.FIRE), where=fires)
