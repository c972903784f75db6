"""One backtest: a rulebook over a bar frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.judge import judge
from monitor.policy import Decided
from monitor.rules import InstanceKey, Rulebook

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
DAYS_A_YEAR = 365.25
A_DAY = timedelta(days=1)


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

    @cached_property
    def days(self) -> dict[InstanceKey, float]:
        """Over how many days the alerts of each instance make a rate: those from its first answer on.

        At least a year, or all of the span where that is shorter: what a few days had is no rate.
        """
        first, last = span(self.tracks)
        whole = 0 if first is None or last is None else _days(max(first, self.start or first), last)
        least = min(whole, DAYS_A_YEAR)
        return {
            track.instance.key: whole
            if (own := answered(track, self.start)) is None
            else max(_days(*own), least)
            for track in self.tracks
        }


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


def answered(track: Track, start: date | None) -> tuple[date, date] | None:
    """From when to when an instance could speak, from `start` on: its look-back has to be complete; None: it never could."""
    rows = track.known.nonzero()[0]
    if not len(rows):
        return None
    first: date = track.sessions[int(rows[0])]
    return max(first, start or first), track.sessions[-1]


def years_within(spans: Sequence[tuple[date, date]], first: date, last: date) -> float:
    """How many years of a stretch lie in these spans, one for each instance: their mean, so that all together have a rate."""
    days = [_days(max(since, first), min(until, last)) for since, until in spans]
    return sum(days) / len(days) / DAYS_A_YEAR if days else 0.0


def _days(first: date, last: date) -> int:
    return max((last - first).days + 1, 0)


def span(tracks: Sequence[Track]) -> tuple[date | None, date | None]:
    """The first and the last session that any rule was judged in."""
    sessions = [track.sessions for track in tracks if len(track.sessions)]
    if not sessions:
        return None, None
    return min(s[0] for s in sessions), max(s[-1] for s in sessions)
