"""All that is told of one backtest, for a terminal, a page and machines alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from monitor.backtest.attention import Attention, attention
from monitor.backtest.evidence import Measured, audited, measure
from monitor.backtest.poison import look_ahead
from monitor.backtest.run import END_OF_TIME, Backtest
from monitor.backtest.spans import LegSpan, Reproduction, reproduction, spans
from monitor.backtest.watch import Watch, unwatched
from monitor.bars import completed
from monitor.routing import Routing

AUDITED_SESSIONS = 4
"""In so many sessions, and two more, the future is poisoned; `check --deep` takes more."""


@dataclass(frozen=True)
class Report:
    """A backtest, what followed its episodes, what it asked of readers, and what it was made of."""

    done: Backtest
    bars: pl.DataFrame
    """Those it was made of, and those that rules study."""
    source: str
    """What the prices are called."""
    measured: Measured
    needed: Attention
    legs: tuple[LegSpan, ...]
    made_by: Reproduction

    @property
    def unfinished(self) -> str:
        """What is missing because somebody ended the work early; empty when nothing is."""
        left, skipped = self.measured.left_out, self.measured.unaudited
        texts = [f"not measured: {', '.join(left)}"] if left else []
        texts += [f"{skipped} sessions not audited for look-ahead"] if skipped else []
        return f"stopped before the end: {'; '.join(texts)}" if texts else ""


def report_of(  # noqa: PLR0913 - what it is made of, and how it is called
    done: Backtest,
    bars: pl.DataFrame,
    *,
    source: str,
    sources: Mapping[str, str],
    routing: Routing,
    command: str,
    watch: Watch = unwatched,
) -> Report:
    """Measure a backtest; `sources` names the files of single instruments, `command` is what does the same again."""
    measured = measure(done, bars, watch=watch)
    judged = completed(bars, now=END_OF_TIME)
    audit = look_ahead(done.rulebook, judged, done.tracks, done.decided, most=AUDITED_SESSIONS, watch=watch)
    return Report(
        done=done,
        bars=bars,
        source=source,
        measured=audited(measured, audit),
        needed=attention(done, routing),
        legs=spans(done.rulebook, bars, sources, end=done.end),
        made_by=reproduction(done.rulebook, bars, command=command, seed=measured.seed, end=done.end),
    )
