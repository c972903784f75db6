"""A sweep: every combination of a rule's parameters over history, and what choosing the best of them is worth.

1. Each combination is measured on all of history and in every window (`tried`), wherever (`workers`).
2. Walk-forward: in each window the combination with the farthest score is chosen, of those that alert about as often
   as asked, and reported on the next window, which had no part in the choice.  Returns that end after a window are
   not in it.
3. Adjusted p: the pattern of episodes of every combination is turned on the circle of time by the same part, and the
   share of turns on which any combination is as far out as this one is its p, adjusted for all that were tried: the
   first step of Romano and Wolf (`chance.stepdown`), which for the best of them is the whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil

import numpy as np
import polars as pl

from monitor.backtest.chance import TINY
from monitor.backtest.run import END_OF_TIME
from monitor.backtest.spans import IT, studied
from monitor.backtest.tried import LEAST, Job, Measured, Stretch, Tried, packed
from monitor.backtest.values import FEW
from monitor.backtest.verdicts import SURE
from monitor.backtest.watch import Watch
from monitor.backtest.workers import joined, measured
from monitor.bars import completed
from monitor.errors import UsageError
from monitor.rulefile.choosing import Choices
from monitor.rulefile.values import Amount
from monitor.rules import Instance, Rulebook

WINDOWS = 6
SHORTEST = 180
NEAR = 0.25
"""An alert rate is as asked when it is off by no more than this part of it, or by half an alert in a window."""
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of history."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Step:
    """A choice in one window and its result in the next."""

    chosen_in: Window
    told_in: Window
    chosen: Tried | None
    """None: no combination had enough alerts, or a rate as asked."""
    before: Stretch | None
    after: Stretch | None
    default: Stretch | None
    """What the rule as it is did in the second window."""


@dataclass(frozen=True)
class Swept:
    """All that a sweep found."""

    choices: Choices
    study: str | None
    windows: tuple[Window, ...]
    tried: tuple[Tried, ...]
    adjusted: tuple[float | None, ...]
    """p of each combination, adjusted for all that were tried."""
    steps: tuple[Step, ...]
    target: float | None

    @property
    def unfinished(self) -> str | None:
        """What is missing, where it was ended early."""
        if len(self.tried) == self.choices.count:
            return None
        return f"{len(self.tried):,} of {self.choices.count:,} combinations were tried, p and choices are of those"

    @property
    def faulty(self) -> list[Tried]:
        return [one for one in self.tried if one.fault is not None]

    @property
    def span(self) -> Window:
        return Window(self.windows[0].first, self.windows[-1].last)

    def rate(self, one: Tried) -> float:
        """Alerts a year in which it had answers."""
        return one.whole.opens / one.whole.years if one.whole.years else 0.0

    def best(self) -> list[tuple[Tried, float]]:
        """The combinations farthest from what the same patterns on other dates give, with adjusted p."""
        found = [(one, p) for one, p in zip(self.tried, self.adjusted, strict=True) if p is not None]
        return sorted(found, key=lambda pair: -abs(pair[0].z or 0.0))[:SHOWN]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sweep is asked."""

    choices: Choices
    start: date | None = None
    end: date | None = None
    windows: int = WINDOWS
    target: float | None = None
    """Alerts a year that choices should have."""


def sweep(
    plan: Plan, bars: pl.DataFrame, *, engine: str = "local", processes: int | None = None, watch: Watch
) -> Swept:
    """Try every combination."""
    choices, book = plan.choices, plan.choices.rulebook
    own = book.find(f"{book.instances[0].rule.pack}/{choices.rule}")
    judged = completed(bars, now=END_OF_TIME)
    parts = windows_of(judged, [_legs(one, book) for one in own], plan)
    edges = (*(one.first for one in parts), parts[-1].last + timedelta(days=1))
    job = Job(choices, packed(judged, book.instruments | studied(book)), plan.start, plan.end, edges)
    found = joined(measured(job, engine=engine, processes=processes, watch=watch))
    return Swept(
        choices=choices,
        study="each member" if own[0].rule.study == IT else own[0].rule.study,
        windows=parts,
        tried=found.tried,
        adjusted=tuple(_adjusted(found)),
        steps=tuple(_steps(found.tried, choices, parts, plan.target)),
        target=plan.target,
    )


def _legs(instance: Instance, book: Rulebook) -> frozenset[str]:
    """What an instance reads, itself or through rules it asks about."""
    asked = [other for one in instance.fired.values() for other in book.find(one.rule)]
    return instance.instruments.union(*(other.instruments for other in asked))


def windows_of(bars: pl.DataFrame, legs: Sequence[frozenset[str]], plan: Plan) -> tuple[Window, ...]:
    """The span of history in windows of the same length, from where the first instance has all its legs."""
    spans = bars.group_by("instrument").agg(
        pl.col("session").min().alias("a"), pl.col("session").max().alias("b")
    )
    held = {name: (first, last) for name, first, last in spans.iter_rows()}
    known = [[held[name] for name in names] for names in legs if names <= held.keys()]
    if not known:
        raise UsageError(f"no prices of {', '.join(sorted(frozenset().union(*legs) - held.keys()))}")
    first = min(max(one for one, _ in own) for own in known)
    last = max(one for own in known for _, one in own)
    first, last = max(first, plan.start or first), min(last, plan.end or last)
    days = (last - first).days + 1
    if days < plan.windows * SHORTEST:
        raise UsageError(
            f"{first} to {last} is too short for {plan.windows} windows of at least {SHORTEST} days each; "
            "take fewer --windows or more history"
        )
    edges = [first + timedelta(days=ceil(days * number / plan.windows)) for number in range(plan.windows + 1)]
    return tuple(Window(a, b - timedelta(days=1)) for a, b in pairwise(edges))


def _adjusted(found: Measured) -> Iterator[float | None]:
    for one in found.tried:
        yield None if one.z is None else float(np.mean(found.farthest >= abs(one.z) - TINY))


def _steps(
    tried: Sequence[Tried], choices: Choices, windows: Sequence[Window], target: float | None
) -> Iterator[Step]:
    default = next((one for one in tried if one.values == choices.defaults), None)
    for number, (here, there) in enumerate(pairwise(windows)):
        chosen = _chosen(tried, number, target)
        yield Step(
            chosen_in=here,
            told_in=there,
            chosen=chosen,
            before=None if chosen is None else chosen.windows[number],
            after=None if chosen is None else chosen.windows[number + 1],
            default=None if default is None or default.fault else default.windows[number + 1],
        )


def _chosen(tried: Sequence[Tried], number: int, target: float | None) -> Tried | None:
    """The farthest score in a window, the first of equals; a rate as asked goes before."""
    scored = [(one, s) for one in tried if not one.fault and (s := one.windows[number].score) is not None]
    if target is not None:
        scored = [pair for pair in scored if _as_often(pair[0].windows[number], target)]
    return max(scored, key=lambda pair: abs(pair[1]))[0] if scored else None


def _as_often(there: Stretch, target: float) -> bool:
    wanted = target * there.years
    return abs(there.opens - wanted) <= max(0.5, NEAR * wanted)


def values_text(choices: Choices, values: Sequence[Amount]) -> str:
    """`top 82.5, hold 3`."""
    return ", ".join(f"{param.name} {one}" for param, one in zip(choices.params, values, strict=True))


def out_of_sample(done: Swept) -> tuple[int, float | None]:
    """How many returns the choices had in their next windows, and their mean edge in the direction chosen."""
    told = [
        (step.after.count, step.after.edge * (1 if (step.before.edge or 0.0) >= 0 else -1))
        for step in done.steps
        if step.before is not None and step.after is not None and step.after.edge is not None
    ]
    total = sum(count for count, _ in told)
    return total, sum(count * edge for count, edge in told) / total if total else None


def sentences(done: Swept) -> Iterator[str]:
    """What it comes to, in plain words."""
    best, many = done.best(), len(done.tried) - len(done.faulty)
    if not best:
        yield (
            "no combination has an alert with a known return: only rates are told"
            if done.study
            else 'the rule names no instrument under "study": only rates are told'
        )
        return
    one, p = best[0]
    beyond = ", but this one is farther out than luck explains" if p < SURE else ""
    if one.whole.count < FEW:
        beyond = f", and this one is an anecdote of {one.whole.count}"
    yield (
        f"the best of {many:,} combinations is no evidence{beyond}: on random dates with the same spacing the best of as "
        f"many is as far out in {p:.0%} of cases (adjusted p = {p:.3f}; alone it looked like {one.p:.3f})"
    )
    count, edge = out_of_sample(done)
    if edge is None:
        asked = "" if done.target is None else " at a rate as asked"
        yield f"walk-forward had no choice to report: no window had {LEAST} known returns{asked}"
        return
    held = "in the direction it was chosen for" if edge > 0 else "against the direction it was chosen for"
    yield (
        f"chosen in one window and told in the next, {count} alerts went {abs(edge) * 100:.1f} % {held}, beyond any "
        "session"
    )
