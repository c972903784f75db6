"""Evidence: what the episodes of each rule were followed by, and how much of that luck explains.

The instances of a rule are pooled.  A result stands beside what follows any session of the same span, and beside
random dates with the same spacing; see `forward` for what a return is and `chance` for p and intervals.  Every rule,
neighbour and horizon of a run is one test, and adjusted p is over all of them.

The same rules, bars, version and seed give the same evidence, to the last bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl

from monitor.backtest import chance
from monitor.backtest.episodes import Episode
from monitor.backtest.figures import Figures, of_placements
from monitor.backtest.forward import HORIZONS, Floats, Study, Unmeasured, study_of
from monitor.backtest.poison import Audit
from monitor.backtest.prepare import Prepared, Shifted, TestKey, prepare, rules_of
from monitor.backtest.run import A_DAY, Backtest
from monitor.backtest.sample import Sample, Series
from monitor.backtest.signals import sessions_of, signals
from monitor.backtest.spans import study_of_instance
from monitor.backtest.values import (
    FEW,
    After,
    Chance,
    Evidence,
    Followed,
    Glance,
    Naive,
    Neighbour,
    Outcome,
    Part,
)
from monitor.backtest.verdicts import verdict
from monitor.backtest.watch import Watch, unwatched
from monitor.rules import Level

REGIMES = (date(2011, 1, 1), date(2020, 1, 1), date(2025, 1, 1))
"""Where markets of metals changed: the peak of 2011, the pandemic, the rise of 2025."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The evidence of one run."""

    rules: tuple[Evidence, ...]
    tests: int
    """So many were made; p is adjusted over all of them."""
    seed: int
    audited: int = 0
    """So many histories were compared with one whose future was poisoned; 0: none was."""
    left_out: tuple[str, ...] = ()
    """Rules that were not measured, because somebody ended the work early."""
    unaudited: int = 0
    """So many sessions were not poisoned, for the same reason."""


@dataclass(frozen=True)
class _Run:
    """What all rules of a run share."""

    tests: Mapping[TestKey, Floats]
    adjusted: Mapping[TestKey, float]
    seed: int


def measure(
    done: Backtest, bars: pl.DataFrame, *, seed: int = chance.SEED, watch: Watch = unwatched
) -> Measured:
    """The evidence of every rule of a backtest; `bars` are those it was made of, and those that rules study.

    Ended early by whoever watches, it has that of the first rules only.
    """
    rules: list[Prepared] = []
    tests: dict[TestKey, Floats] = {}
    asked = rules_of(done)

    @cache
    def studies(instrument: str) -> Study:
        return study_of(bars, instrument, done.rulebook.catalogue, end=done.end)

    for tracks in watch(asked, "measuring"):
        rules.append(prepare(tracks, done, studies))
        tests |= rules[-1].tests()
    adjusted = dict(zip(tests, chance.stepdown(list(tests.values())), strict=True))
    run = _Run(tests, adjusted, seed)
    return Measured(
        rules=tuple(_evidence(rule, run) for rule in rules),
        tests=len(tests),
        seed=seed,
        left_out=tuple(tracks[0].instance.rule.id for tracks in asked[len(rules) :]),
    )


def audited(measured: Measured, audit: Audit) -> Measured:
    """The same with what the audit for look-ahead found."""
    seen = {rule: session for (rule, _), session in audit.seers.items()}
    rules = tuple(
        replace(one, sees_future=f"with other bars after {seen[one.rule]} what it said before changes")
        if one.rule in seen
        else one
        for one in measured.rules
    )
    return replace(measured, rules=rules, audited=audit.compared, unaudited=audit.left_out)


def _evidence(rule: Prepared, run: _Run) -> Evidence:
    instance = rule.tracks[0].instance
    members = (track.instance.member for track in rule.tracks)
    studies = (one.study.instrument for one in rule.series if one is not None)
    counted = signals(rule.judged, rule.episodes, rule.first, rule.last, rule.days)
    outcomes = tuple(_outcome(rule, horizon, run) for horizon in HORIZONS) if rule.measured else ()
    return Evidence(
        rule=rule.id,
        when=_condition(instance.levels),
        study=instance.rule.study,
        instances=tuple(member for member in members if member is not None),
        studies=tuple(dict.fromkeys(studies)),
        first=rule.first,
        last=rule.last,
        signals=counted,
        episodes=tuple(_followed(one, rule) for one in rule.episodes),
        outcomes=outcomes,
        neighbours=tuple(_neighbour(one, rule.id, run) for one in rule.shifted),
        anecdote=len(rule.episodes) < FEW,
        verdict=verdict(rule.tracks, counted, outcomes, len(run.tests), first=rule.first),
    )


def _condition(levels: Sequence[Level]) -> str:
    """The condition as it is written; of a ladder, that of each level."""
    if len(levels) == 1:
        return levels[0].when_text
    return "; ".join(f"{level.severity.value}: {level.when_text}" for level in levels)


def _outcome(rule: Prepared, horizon: int, run: _Run) -> Outcome:
    own = rule.samples[horizon]
    returns, windows, baseline = own.returns, own.windows, own.baseline
    effective, overlap = chance.overlap(*windows)
    block = max(1, round(len(returns) / effective)) if effective else 1
    return Outcome(
        horizon=horizon,
        unmeasured=_unmeasured(rule, horizon),
        episodes=own.episodes,
        baseline=baseline,
        random=_random(own),
        chance=_chance((rule.id, "", horizon), run),
        interval=chance.interval_of(returns, block=block, seed=(run.seed, horizon)),
        t=None if baseline.mean is None else chance.t_of(returns, baseline.mean),
        naive=_naive(rule.naive[horizon].returns, baseline),
        effective=effective,
        overlap=overlap,
        without_best=own.without_best(),
        halves=tuple(_parts(own, rule, _halves(rule))),
        regimes=tuple(_parts(own, rule, REGIMES)),
    )


def _unmeasured(rule: Prepared, horizon: int) -> Unmeasured:
    found = Unmeasured()
    for track, series in zip(rule.judged, rule.series, strict=True):
        opened = [one.opened for one in rule.episodes if one.instance == track.instance.member]
        if series is None:
            found = replace(found, unheld=found.unheld + len(opened))
        else:
            found += series.study.unmeasured(series.study.rows_of(opened), horizon)
    return found


def _random(own: Sample) -> Figures | None:
    if not own.circles:
        return None
    every = chance.PLACEMENTS // chance.SHOWN_PLACEMENTS
    return of_placements(
        chance.placed(own.circles, every=every), chance.placed(own.path_circles, every=every)
    )


def _chance(key: TestKey, run: _Run) -> Chance | None:
    means = run.tests.get(key)
    if means is None:
        return None
    higher, lower, farther = chance.shares(means)
    low, high = (float(one) for one in np.quantile(means, (0.025, 0.975)))
    return Chance(
        p_higher=higher,
        p_lower=lower,
        p_two_sided=farther,
        p_adjusted=run.adjusted[key],
        random_low=low,
        random_high=high,
    )


def _naive(returns: Floats, baseline: Figures) -> Naive:
    known = len(returns) and baseline.mean is not None
    return Naive(
        sessions=len(returns),
        mean=float(returns.mean()) if known else None,
        t=chance.t_of(returns, baseline.mean) if known and baseline.mean is not None else None,
    )


def _halves(rule: Prepared) -> tuple[date, ...]:
    if rule.first is None or rule.last is None:
        return ()
    return (rule.first + (rule.last - rule.first) / 2 + A_DAY,)


def _parts(own: Sample, rule: Prepared, cuts: Iterable[date]) -> Iterable[Part]:
    """The stretches between dates that the span reaches into."""
    if rule.first is None or rule.last is None:
        return
    inside = [cut for cut in cuts if rule.first < cut <= rule.last]
    edges = [rule.first, *inside, rule.last + A_DAY]
    for first, after in pairwise(edges):
        part = own.between(first, after - A_DAY)
        name = _name(first if first in inside else None, after if after in inside else None)
        yield Part(name=name, first=first, last=after - A_DAY, episodes=part.episodes, baseline=part.baseline)


def _name(since: date | None, before: date | None) -> str:
    """`before 2011-01-01`, `2011-01-01 to 2019-12-31`, `from 2025-01-01`, `all`."""
    if since is None:
        return "all" if before is None else f"before {before}"
    return f"from {since}" if before is None else f"{since} to {before - A_DAY}"


def _neighbour(one: Shifted, rule: str, run: _Run) -> Neighbour:
    glances = []
    for horizon, own in one.samples.items():
        key = (rule, one.moved.text, horizon)
        means = run.tests.get(key)
        glances.append(
            Glance(
                horizon=horizon,
                episodes=own.episodes,
                p_two_sided=None if means is None else chance.shares(means)[2],
                p_adjusted=run.adjusted.get(key),
            )
        )
    return Neighbour(
        text=one.moved.text, factor=one.moved.factor, episodes=one.episodes, glances=tuple(glances)
    )


def _followed(one: Episode, rule: Prepared) -> Followed:
    members = [track.instance.member for track in rule.judged]
    series = rule.series[members.index(one.instance)]
    entered, after = (None, _unknown()) if series is None else _after(series, one.opened)
    return Followed(
        instance=one.instance,
        study=study_of_instance(rule.tracks[0].instance.rule.study, one.instance),
        opened=one.opened,
        resolved=one.resolved,
        sessions=sessions_of(one, rule.judged),
        worst=one.worst,
        told=one.told,
        entered=entered,
        after=after,
    )


def _unknown() -> tuple[After, ...]:
    return tuple(After(horizon=horizon, change=None, path=None) for horizon in HORIZONS)


def _after(series: Series, opened: date) -> tuple[date | None, tuple[After, ...]]:
    """The session of entry, and what followed one signal."""
    rows = series.study.rows_of([opened])
    entered: date | None = None
    found = []
    for horizon, field in series.fields.items():
        change = path = None
        for place in field.places(rows):
            entered = field.entered[place].astype(object)
            change = float(field.returns[place])
            path = None if np.isnan(field.paths[place]) else float(field.paths[place])
        found.append(After(horizon=horizon, change=change, path=path))
    return entered, tuple(found)
