"""One backtest: a rulebook over a bar frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.judge import judge
from monitor.policy import Decided
from monitor.rules import Rulebook

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Backtest:
    """What the rules would have said."""

    rulebook: Rulebook
    tracks: tuple[Track, ...]
    decided: tuple[Decided, ...]
    """In the order of sessions, within the span that was asked for."""
    start: date | None
    end: date | None

    def of(self, rule: str, instance: str | None) -> tuple[Decided, ...]:
        """What was decided about one instance."""
        key = (rule, instance)
        return tuple(one for one in self.decided if (one.transition.rule, one.transition.instance) == key)

    def track(self, rule: str, instance: str | None) -> Track:
        """The observations of one instance, over all bars held."""
        return next(track for track in self.tracks if track.instance.key == (rule, instance))


def run(
    rulebook: Rulebook,
    bars: pl.DataFrame,
    *,
    start: date | None = None,
    end: date | None = None,
    now: datetime = END_OF_TIME,
) -> Backtest:
    """Judge all of history up to `end`; what was decided before `start` counts for states but is not reported.

    A backtest sends everything: no quiet hours, silences or routes.
    """
    tracks = tuple(track.cut(upto=end) for track in observe(rulebook, completed(bars, now=now)))
    _, decided = judge(tracks, {})
    kept = tuple(one for one in decided if start is None or one.transition.session >= start)
    return Backtest(rulebook, tracks, kept, start, end)


def span(tracks: Sequence[Track]) -> tuple[date | None, date | None]:
    """The first and the last session that any rule was judged in."""
    sessions = [track.sessions for track in tracks if len(track.sessions)]
    if not sessions:
        return None, None
    return min(s[0] for s in sessions), max(s[-1] for s in sessions)
