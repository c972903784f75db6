"""One combination of a sweep, measured: its alerts and what followed them, over all of history and window by window.

A `Job` holds all that is needed, so that any process can measure any stretch of combinations, and gives the same
numbers wherever it runs.  Metrics are computed once for all combinations of a stretch that compare the same ones;
thresholds and durations are then only compared and folded again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from io import BytesIO
from itertools import islice

import numpy as np
import polars as pl

from monitor.backtest.chance import PLACEMENTS, SHOWN_PLACEMENTS, TINY, Circle, placed_means, standard
from monitor.backtest.forward import Field, Floats, Rows, Study, study_of
from monitor.backtest.run import A_DAY, answered, years_within
from monitor.backtest.spans import study_of_instance
from monitor.backtest.values import HEADLINE
from monitor.engine import Track, complete_at, legs_of, observe_legs, opens, rejudged
from monitor.errors import FaultyFileError
from monitor.rulefile.choosing import Choices, Values
from monitor.rules import Instance, Rulebook

LEAST = 3
"""A window's result needs so many known returns to be chosen by."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a combination did in a stretch of time."""

    opens: int
    years: float
    """In which it had answers; of a group the mean of its members."""
    count: int
    """Opens whose return is known and lies inside the stretch."""
    mean: float | None
    """Of these returns."""
    edge: float | None
    """The mean less that of any session."""
    score: float | None
    """The edge in standard errors of so many random sessions; None of fewer than `LEAST`."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One combination."""

    values: Values
    fault: str | None
    """Why these values make no rule."""
    whole: Stretch
    z: float | None
    """How far its mean is from that of the same pattern of episodes on other dates, in their standard deviations."""
    p: float | None
    """The share of these patterns at least as far: two-sided, of this combination alone."""
    windows: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A stretch of combinations."""

    tried: tuple[Tried, ...]
    farthest: Floats
    """For each placement the largest distance of any of them."""


@dataclass(frozen=True)
class Job:
    """All that is needed to measure any combination."""

    choices: Choices
    packed: bytes
    """The completed bars of all legs and studies, as Arrow IPC."""
    start: date | None
    end: date | None
    edges: tuple[date, ...]
    """The first session of each window, and the day after the last one."""

    def measure(self, first: int, stop: int) -> Measured:
        """The combinations from one number up to another."""
        wanted = list(islice(self.choices.all, first, stop))
        read = [_read(self.choices, values) for values in wanted]
        shown = self._observed([instances for instances, _ in read])
        farthest = np.zeros(SHOWN_PLACEMENTS)
        tried = []
        for values, (instances, fault) in zip(wanted, read, strict=True):
            tracks = [rejudged(shown[_inputs(instance)], instance) for instance in instances]
            done, distances = self._tried(values, fault, tracks)
            farthest = np.maximum(farthest, distances)
            tried.append(done)
        return Measured(tuple(tried), farthest)

    @cached_property
    def _bars(self) -> pl.DataFrame:
        return pl.read_ipc(BytesIO(self.packed))

    @cached_property
    def _legs(self) -> pl.DataFrame:
        """Side by side once; no value of a parameter reads another leg."""
        return legs_of(self.choices.rulebook, self._bars)

    @cached_property
    def _grounds(self) -> dict[tuple[str, date, date], "_Ground"]:
        return {}

    def _observed(self, rules: Iterable[Sequence[Instance]]) -> dict["_Inputs", Track]:
        """A track for each set of metrics that is compared; other rules of the pack only where one is asked about."""
        wanted = {_inputs(one): one for instances in rules for one in instances}
        unlike = [
            replace(one, shown={}, rule=replace(one.rule, name=f"{one.rule.name} {number}"))
            for number, one in enumerate(wanted.values())
        ]
        asked = any(one.fired for one in unlike)
        others = self.choices.rulebook.instances if asked else ()
        book = Rulebook(instances=(*unlike, *others), catalogue=self.choices.catalogue)
        tracks = observe_legs(book, self._legs, complete=lambda: complete_at(self._bars))[: len(unlike)]
        return dict(zip(wanted, (track.cut(upto=self.end) for track in tracks), strict=True))

    def _tried(self, values: Values, fault: str | None, tracks: Sequence[Track]) -> tuple[Tried, Floats]:
        judged = [track for track in tracks if len(track.sessions)]
        dates = [[day for day in opens(track) if self.start is None or day >= self.start] for track in judged]
        laid = [
            (ground, ground.field.places(ground.study.rows_of(days)))
            for track, days in zip(judged, dates, strict=True)
            if (ground := self._ground(track)) is not None
        ]
        flat = [day for days in dates for day in days]
        spans = [own for track in judged if (own := answered(track, self.start)) is not None]
        whole, *windows = (
            _stretch(
                number,
                sum(first <= day < stop for day in flat),
                years_within(spans, first, stop - A_DAY),
                laid,
            )
            for number, (first, stop) in enumerate(self._spans)
        )
        distances, z, p = _distances([(ground.field.returns, rows) for ground, rows in laid if len(rows)])
        return Tried(values, fault, whole, z, p, tuple(windows)), distances

    @cached_property
    def _spans(self) -> list[tuple[date, date]]:
        """All of time, then each window."""
        return [(date.min, date.max), *zip(self.edges[:-1], self.edges[1:], strict=True)]

    def _ground(self, track: Track) -> "_Ground | None":
        instrument = study_of_instance(track.instance.rule.study, track.instance.member)
        if instrument is None or instrument not in self._held:
            return None
        first, last = max(track.sessions[0], self.start or track.sessions[0]), track.sessions[-1]
        key = (instrument, first, last)
        if key not in self._grounds:
            study = study_of(self._bars, instrument, self.choices.catalogue, end=self.end)
            field = study.field(HEADLINE, first, last)
            self._grounds[key] = _Ground(study, field, tuple(_slice(field, *span) for span in self._spans))
        return self._grounds[key]

    @cached_property
    def _held(self) -> frozenset[str]:
        return frozenset(self._bars["instrument"].unique())


_Inputs = tuple[str | None, tuple[str, ...]]


def _inputs(instance: Instance) -> _Inputs:
    """What tells instances apart that compare other metrics."""
    return instance.member, tuple(node.key for node in instance.inputs)


def _read(choices: Choices, values: Values) -> tuple[tuple[Instance, ...], str | None]:
    try:
        return choices.instances(values), None
    except FaultyFileError as error:
        return (), error.faults[0].message


@dataclass(frozen=True, slots=True)
class _Slice:
    """The sessions of a field whose returns begin and end in a stretch of time."""

    low: int
    high: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class _Ground:
    """What one instance studies, and what followed any of its sessions: in all, then in each window."""

    study: Study
    field: Field
    slices: tuple[_Slice, ...]


def _slice(field: Field, first: date, stop: date) -> _Slice:
    low = int(np.searchsorted(field.sessions, np.datetime64(first), side="left"))
    high = max(int(np.searchsorted(field.left, np.datetime64(stop), side="left")), low)
    returns = field.returns[low:high]
    return (
        _Slice(low, high, float(returns.mean()), float(returns.var()))
        if high > low
        else _Slice(low, low, 0.0, 0.0)
    )


def _stretch(number: int, count: int, years: float, laid: Sequence[tuple[_Ground, Rows]]) -> Stretch:
    """One of the stretches; the baseline of each instance counts for as much as its opens."""
    parts = [(ground.slices[number], ground.field.returns, rows) for ground, rows in laid]
    inside = [(one, returns[rows[(rows >= one.low) & (rows < one.high)]]) for one, returns, rows in parts]
    known = [(one, returns) for one, returns in inside if len(returns)]
    total = sum(len(returns) for _, returns in known)
    if not total:
        return Stretch(count, years, 0, None, None, None)
    mean = sum(float(returns.sum()) for _, returns in known) / total
    usual = sum(one.mean * len(returns) for one, returns in known) / total
    spread = (sum((one.variance + (one.mean - usual) ** 2) * len(r) for one, r in known) / total) ** 0.5
    score = (mean - usual) * total**0.5 / spread if total >= LEAST and spread > TINY else None
    return Stretch(count, years, total, mean, mean - usual, score)


def _distances(circles: Sequence[Circle]) -> tuple[Floats, float | None, float | None]:
    """How far the pattern is on each of its placements, and its own z and p."""
    if not circles:
        return np.zeros(SHOWN_PLACEMENTS), None, None
    means = placed_means(circles, every=PLACEMENTS // SHOWN_PLACEMENTS)
    distances = standard(means)
    signed = float(distances[0]) * (1 if means[0] >= means.mean() else -1)
    return distances, signed, float(np.mean(distances >= distances[0] - TINY))


def packed(bars: pl.DataFrame, instruments: Iterable[str]) -> bytes:
    """The bars of some instruments as one message of bytes."""
    held = BytesIO()
    bars.filter(pl.col("instrument").is_in(sorted(instruments))).write_ipc(held)
    return held.getvalue()


def stretches(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Numbers of combinations in stretches of at most so many."""
    yield from ((first, min(first + size, count)) for first in range(0, count, size))
