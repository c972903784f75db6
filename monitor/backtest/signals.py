"""How often a rule was true over history, and the episodes that made."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.alerts import Verdict
from monitor.backtest.episodes import Episode
from monitor.backtest.run import DAYS_A_YEAR
from monitor.backtest.values import Signals
from monitor.engine import Track
from monitor.rules import InstanceKey

Mask = npt.NDArray[np.bool_]


def signals(
    tracks: Sequence[Track],
    own: Sequence[Episode],
    first: date | None,
    last: date | None,
    days: Mapping[InstanceKey, float],
) -> Signals:
    """The counts of one rule from `first` to `last`, its instances together; without a session all are zero.

    `days` are those over which the episodes of each instance make a rate.
    """
    masks = [] if first is None else [_masks(track, first) for track in tracks]
    years = () if first is None or last is None else range(first.year, last.year + 1)
    lengths = [length for episode in own if (length := sessions_of(episode, tracks)) is not None]
    counted = Counter(episode.opened.year for episode in own)
    return Signals(
        known=sum(int(known.sum()) for known, _ in masks),
        true=sum(int(true.sum()) for _, true in masks),
        crossings=sum(_crossings(known, true) for known, true in masks),
        episodes=len(own),
        told=sum(episode.told for episode in own),
        open=sum(episode.resolved is None for episode in own),
        a_year=sum(DAYS_A_YEAR / days[one.rule, one.instance] for one in own) if years else None,
        by_year=tuple((year, counted[year]) for year in years),
        median_length=float(median(lengths)) if lengths else None,
    )


def sessions_of(episode: Episode, tracks: Iterable[Track]) -> int | None:
    """How many sessions passed from its open to its resolve."""
    if episode.resolved is None:
        return None
    track = next(one for one in tracks if one.instance.key == (episode.rule, episode.instance))
    return track.row_of(episode.resolved) - track.row_of(episode.opened)


def true_sessions(track: Track, first: date) -> pl.Series:
    """The sessions from `first` on in which some level fired."""
    _, true = _masks(track, first)
    return track.sessions[track.row_of(first) + np.flatnonzero(true)]


def _masks(track: Track, first: date) -> tuple[Mask, Mask]:
    """In which sessions from `first` on it has an answer, and in which of them it is true."""
    row = track.row_of(first)
    return track.known[row:], np.any([level[row:] == Verdict.FIRE for level in track.verdicts], axis=0)


def _crossings(known: Mask, true: Mask) -> int:
    answers = true[known]
    return int(np.count_nonzero(answers[1:] & ~answers[:-1]))
