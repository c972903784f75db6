"""The thresholds with which a rule alerts about so often, found in the first part of history and told on the rest.

1. Each metric that the rule compares with numbers is calibrated alone.  All these numbers move by one factor: those
   of `when` and `clear_when`, and those of every level of a ladder, so that their proportions stay.
2. Candidates are the values that the metric had in the first part: between two of them nothing changes.
3. A threshold gives a rate when its opens in the first part are off by no more than `NEAR` of those asked for, or by
   half an open.  Neighbouring ones make a range; of each the one nearest to what was asked is told, and how often it
   opened in the rest, which had no part in the choice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from monitor.backtest.neighbours import of_members, rewritten
from monitor.backtest.run import A_DAY, Backtest, answered, years_within
from monitor.backtest.watch import Watch
from monitor.engine import Track, opens, rejudged
from monitor.errors import UsageError
from monitor.language import Const, bounds_of, written
from monitor.rules import Level

FIRST_PART = 0.6
SHORTEST = 365
NEAR = 0.1
DIGITS = 4
"""So many digits has a threshold: more say nothing of the future."""
EVEN, AT_ENDS = 200, 100
"""So many candidates are spread evenly over the values of a metric, and so many stand at each end."""


@dataclass(frozen=True, slots=True)
class Split:
    """History in two parts."""

    first: date
    middle: date
    """The first day of the second part."""
    last: date
    years: tuple[float, float]
    """In which the rule had answers; of a group the mean of its members, so that all of them together have a rate."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The rule with the numbers of one metric moved, and how often it opened in both parts."""

    factor: float
    levels: tuple[Level, ...]
    """Of the first instance."""
    opens: tuple[int, int]

    def texts(self, member: str | None) -> Iterator[tuple[str, str, str | None]]:
        """For each level its severity, `when` and `clear_when`, as the pack would write them."""
        for level in self.levels:
            clear = None if level.clear_when is None else of_members(written(level.clear_when), member)
            yield level.severity.value, of_members(written(level.when), member), clear


@dataclass(frozen=True, slots=True)
class Found:
    """Neighbouring thresholds that give the rate."""

    low: Setting
    high: Setting
    told: Setting
    """The one nearest to what was asked."""


@dataclass(frozen=True, slots=True)
class OneMetric:
    """What moving the numbers of one metric does."""

    metric: str
    """As it is written."""
    tried: tuple[Setting, ...]
    """From the smallest numbers to the largest."""
    found: tuple[Found, ...]
    """The one nearest to the rule as it is first."""
    candidates: int

    @property
    def most(self) -> Setting | None:
        """The setting that opens most often in the first part."""
        return max(self.tried, key=lambda one: one.opens[0], default=None)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A rule, and what it takes for a rate."""

    rule: str
    member: str | None
    """The first member, where it is asked of a group; then all members count together."""
    instances: int
    target: float
    split: Split
    now: Setting
    metrics: tuple[OneMetric, ...]

    @property
    def unfinished(self) -> str | None:
        tried, all_of_them = (
            sum(values) for values in zip(*((len(m.tried), m.candidates) for m in self.metrics), strict=True)
        )
        return None if tried == all_of_them else f"{tried:,} of {all_of_them:,} thresholds were tried"


def calibrate(done: Backtest, rule: str, target: float, *, watch: Watch) -> Calibrated | None:
    """The thresholds of a rule for so many opens a year; None where none could be moved.

    That is where it has no answer in any session, or compares no metric with a number but zero.
    """
    tracks = [track for track in done.tracks if track.instance.rule.id == rule and len(track.sessions)]
    metrics = _metrics(tracks[0].instance.levels) if tracks else {}
    if not metrics or not any(answered(track, done.start) for track in tracks):
        return None
    split = _split(tracks, done.start)
    found = tuple(_one_metric(tracks, key, metrics[key], split, target, watch) for key in metrics)
    return Calibrated(
        rule=rule,
        member=tracks[0].instance.member,
        instances=len(tracks),
        target=target,
        split=split,
        now=_setting(tracks, None, 1.0, split),
        metrics=found,
    )


def _split(tracks: Sequence[Track], start: date | None) -> Split:
    spans = [own for track in tracks if (own := answered(track, start)) is not None]
    first, last = min(since for since, _ in spans), max(until for _, until in spans)
    if (last - first).days < SHORTEST:
        raise UsageError(
            f"{first} to {last} is too short to calibrate on and tell the rest: at least {SHORTEST} days; take more history"
        )
    middle = first + timedelta(days=round(((last - first).days + 1) * FIRST_PART))
    years = years_within(spans, first, middle - A_DAY), years_within(spans, middle, last)
    return Split(first, middle, last, years)


def _metrics(levels: Sequence[Level]) -> dict[str, Const]:
    """The metrics that `when` compares with numbers, and the first number of each."""
    found: dict[str, Const] = {}
    for level in levels:
        for metric, _, limit in bounds_of(level.when):
            if isinstance(limit, Const) and metric.legs and limit.value:
                found.setdefault(metric.key, limit)
    return found


def _one_metric(
    tracks: Sequence[Track], metric: str, base: Const, split: Split, target: float, watch: Watch
) -> OneMetric:
    name = next(
        written(node)
        for level in tracks[0].instance.levels
        for node, _, _ in bounds_of(level.when)
        if node.key == metric
    )
    factors = _factors(tracks, metric, base, split)
    tried = tuple(
        _setting(tracks, metric, factor, split) for factor in watch(factors, f"thresholds of {name}")
    )
    member = tracks[0].instance.member
    return OneMetric(
        metric=of_members(name, member),
        tried=tried,
        found=tuple(sorted(_ranges(tried, target * split.years[0]), key=_away)),
        candidates=len(factors),
    )


def _away(one: Found) -> float:
    """How far from the rule as it is."""
    return abs(float(np.log(one.told.factor)))


def _factors(tracks: Sequence[Track], metric: str, base: Const, split: Split) -> list[float]:
    """By what the first number is multiplied to be each value that the metric had in the first part."""
    unit = 100 if base.percent else 1
    sizes: set[float] = set()
    for track in tracks:
        key = _key_of(track, metric, tracks[0])
        own = track.cut(upto=split.middle - A_DAY).frame[key].drop_nulls().to_numpy()
        sizes |= {float(f"{abs(value) * unit:.{DIGITS}g}") / unit for value in own}
    sizes.discard(0.0)
    ordered = np.array(sorted(sizes))
    if len(ordered) > EVEN + 2 * AT_ENDS:
        even = np.linspace(0, len(ordered) - 1, EVEN).round().astype(int)
        ends = np.r_[0:AT_ENDS, len(ordered) - AT_ENDS : len(ordered)]
        ordered = ordered[np.unique(np.r_[even, ends])]
    return [float(size / abs(base.value)) for size in ordered]


def _key_of(track: Track, metric: str, first: Track) -> str:
    """The metric of another member of a group that stands where one of the first member's does."""
    keys = [[node.key for node in one.instance.inputs] for one in (first, track)]
    place = keys[0].index(metric)
    return keys[1][min(place, len(keys[1]) - 1)]


def _setting(tracks: Sequence[Track], metric: str | None, factor: float, split: Split) -> Setting:
    counts = np.zeros(2, int)
    levels = tracks[0].instance.levels
    for number, track in enumerate(tracks):
        own = track.instance.levels
        if metric is not None:
            key = _key_of(track, metric, tracks[0])
            own = tuple(_moved(level, key, _sizes(track.instance.levels, key), factor) for level in own)
        levels = own if number == 0 else levels
        moved = rejudged(track, replace(track.instance, levels=own))
        days = opens(moved)
        counts += [
            sum(split.first <= day < split.middle for day in days),
            sum(day >= split.middle for day in days),
        ]
    return Setting(factor, levels, (int(counts[0]), int(counts[1])))


def _sizes(levels: Sequence[Level], metric: str) -> frozenset[float]:
    """All numbers that a metric is compared with, without their sign."""
    conditions = [node for level in levels for node in (level.when, level.clear_when) if node is not None]
    return frozenset(
        abs(limit.value)
        for condition in conditions
        for node, _, limit in bounds_of(condition)
        if node.key == metric and isinstance(limit, Const)
    )


def _moved(level: Level, metric: str, sizes: frozenset[float], factor: float) -> Level:
    when = rewritten(level.when, metric, sizes, factor, digits=DIGITS)
    clear = level.clear_when
    moved = None if clear is None else rewritten(clear, metric, sizes, factor, digits=DIGITS)
    return replace(level, when=when, clear_when=moved)


def _ranges(tried: Sequence[Setting], wanted: float) -> Iterator[Found]:
    """Neighbouring settings that open about as often as wanted."""
    run: list[Setting] = []
    for one in (*tried, None):
        if one is not None and abs(one.opens[0] - wanted) <= max(0.5, NEAR * wanted):
            run.append(one)
            continue
        if run:
            nearest = min(abs(two.opens[0] - wanted) for two in run)
            best = [two for two in run if abs(two.opens[0] - wanted) == nearest]
            yield Found(run[0], run[-1], best[len(best) // 2])
        run = []
