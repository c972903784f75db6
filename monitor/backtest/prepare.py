"""A rule before it is measured: its instances, its episodes, what they study, and its neighbours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.backtest.chance import placed_means
from monitor.backtest.episodes import Episode, episodes
from monitor.backtest.forward import HORIZONS, Floats, Study
from monitor.backtest.neighbours import Moved, neighbours
from monitor.backtest.run import Backtest
from monitor.backtest.sample import Sample, Series, samples
from monitor.backtest.signals import true_sessions
from monitor.backtest.spans import study_of_instance
from monitor.engine import Track, opens
from monitor.rules import InstanceKey

TestKey = tuple[str, str, int]
"""A rule, its neighbour ("" for the rule as it is) and a horizon."""
Samples = Mapping[int, Sample]
"""By horizon."""


@dataclass(frozen=True, eq=False)
class Shifted:
    """A neighbour of a rule, and its episodes."""

    moved: Moved
    episodes: int
    samples: Samples


@dataclass(frozen=True, eq=False)
class Prepared:
    """One rule; instances without a session are in `tracks` only."""

    id: str
    tracks: tuple[Track, ...]
    judged: tuple[Track, ...]
    episodes: tuple[Episode, ...]
    series: tuple[Series | None, ...]
    """What each judged instance studies; None where no price of it is held, or nothing is studied."""
    first: date | None
    last: date | None
    days: Mapping[InstanceKey, float]
    """Over which the episodes of each instance make a rate."""
    samples: Samples
    """Of its episodes."""
    naive: Samples
    """Of all sessions in which it was true."""
    shifted: tuple[Shifted, ...]

    @property
    def measured(self) -> bool:
        """Whether anything can be said of what followed."""
        return any(one is not None for one in self.series)

    def tests(self) -> Iterator[tuple[TestKey, Floats]]:
        """The means of all placements of each sample that has a return."""
        for text, every in [("", self.samples), *((one.moved.text, one.samples) for one in self.shifted)]:
            for horizon, own in every.items():
                if own.circles:
                    yield (self.id, text, horizon), placed_means(own.circles)


def rules_of(done: Backtest) -> list[tuple[Track, ...]]:
    """The tracks of each rule of a backtest, in the order of the rulebook."""
    rules: dict[str, list[Track]] = {}
    for track in done.tracks:
        rules.setdefault(track.instance.rule.id, []).append(track)
    return [tuple(tracks) for tracks in rules.values()]


def prepare(tracks: Sequence[Track], done: Backtest, studies: Callable[[str], Study]) -> Prepared:
    """One rule of a backtest; `tracks` are those of all its instances, `studies` the closes of an instrument."""
    rule = tracks[0].instance.rule.id
    own = tuple(episodes(one for one in done.decided if one.transition.rule == rule))
    judged = tuple(track for track in tracks if len(track.sessions))
    starts = [max(track.sessions[0], done.start or track.sessions[0]) for track in judged]
    series = tuple(_series(track, start, studies) for track, start in zip(judged, starts, strict=True))
    opened = [[one.opened for one in own if one.instance == track.instance.member] for track in judged]
    true = [true_sessions(track, start) for track, start in zip(judged, starts, strict=True)]
    measured = any(one is not None for one in series)
    return Prepared(
        id=rule,
        tracks=tuple(tracks),
        judged=judged,
        episodes=own,
        series=series,
        first=min(starts, default=None),
        last=max((track.sessions[-1] for track in judged), default=None),
        days=done.days,
        samples=samples(series, opened),
        naive=samples(series, true),
        shifted=tuple(_shifted(one, starts, series) for one in neighbours(judged)) if measured else (),
    )


def _series(track: Track, start: date, studies: Callable[[str], Study]) -> Series | None:
    instrument = study_of_instance(track.instance.rule.study, track.instance.member)
    if instrument is None:
        return None
    study = studies(instrument)
    if not len(study.sessions):
        return None
    last = track.sessions[-1]
    return Series(study, {horizon: study.field(horizon, start, last) for horizon in HORIZONS})


def _shifted(moved: Moved, starts: Sequence[date], series: Sequence[Series | None]) -> Shifted:
    opened = [
        [day for day in opens(track) if day >= start]
        for track, start in zip(moved.tracks, starts, strict=True)
    ]
    return Shifted(moved, sum(map(len, opened)), samples(series, opened))
