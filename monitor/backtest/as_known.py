"""A backtest of what was known: stored versions of bars arrive once more, in the order in which they came.

The steps are those of a live cycle (`catchup`), so the outcome is what the daemon decided, to the byte, provided
that it judged each arrival when it came and that its rules were these.  Where a process died between keeping bars
and judging them, or rules were edited, only what came after can differ.
"""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from monitor.bars import completed, held_at
from monitor.catchup import catch_up
from monitor.judge import Memories
from monitor.policy import Decided
from monitor.rules import Rulebook
from monitor.silences import NOBODY, Hush


def as_known(
    rulebook: Rulebook, versions: pl.DataFrame, *, first_started: datetime, hush: Hush = NOBODY
) -> tuple[Decided, ...]:
    """What a daemon that first started then has decided since.

    `versions` is a bar frame of all versions with `version` and `seen_at`, as `Store.bar_versions` gives it; `hush`
    says what people asked not to hear.
    """
    memories: Memories = {}
    decided: list[Decided] = []
    before: pl.DataFrame | None = None
    for instant, bars in arrivals(versions, first_started=first_started):
        judged = completed(bars, now=instant)
        if before is not None and judged.equals(before):
            continue  # nothing that came is settled: there is nothing to judge
        before = judged
        for step in catch_up(rulebook, bars, memories, now=instant, hush=hush):
            memories = {**memories, **step.memories}
            decided += step.decided
    return tuple(decided)


def arrivals(versions: pl.DataFrame, *, first_started: datetime) -> Iterator[tuple[datetime, pl.DataFrame]]:
    """The first start and every later instant at which versions were stored, each with the bars as they were held
    then.
    """
    ordered = versions.sort("instrument", "session", "version")
    instants = versions["seen_at"].unique().sort().to_list()
    for instant in [first_started, *(one for one in instants if one > first_started)]:
        yield instant, held_at(ordered, instant)
