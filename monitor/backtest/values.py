"""The values of evidence: what a rule's episodes were followed by, beside what follows any session.

Fractions: 0.119 is +11.9 %.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from monitor.alerts import Severity
from monitor.backtest.chance import Interval
from monitor.backtest.figures import Figures
from monitor.backtest.forward import Unmeasured

FEW = 10
"""With fewer episodes than this a result is an anecdote."""
HEADLINE = 63
"""The horizon a verdict speaks of: chosen before any result was seen."""
DIGITS = 6
"""After the point, in what machines read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The share of random placements of the same dates that did as well: p."""

    p_higher: float
    """A mean at least as high."""
    p_lower: float
    p_two_sided: float
    """A mean at least as far from that of all placements: two-sided."""
    p_adjusted: float
    """The last one, over all tests of the run."""
    random_low: float
    """Below this mean are 2.5 of 100 placements, above the next one as many."""
    random_high: float

    @property
    def one_sided(self) -> float:
        """In the direction in which the result went."""
        return min(self.p_higher, self.p_lower)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """What a report would say that took each true session for a case of its own.  It is wrong."""

    sessions: int
    mean: float | None
    t: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The episodes of a stretch of time, and what followed any session of it."""

    name: str
    first: date
    last: date
    episodes: Figures
    baseline: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came after so many sessions."""

    horizon: int
    unmeasured: Unmeasured
    """Episodes without a known return; `episodes.count` is that of the others."""
    episodes: Figures
    baseline: Figures
    """All sessions of the span; where instances are pooled, those of each count for as much as its episodes."""
    random: Figures | None
    """As many random dates with the same spacing: the mean of each figure over many placements."""
    chance: Chance | None
    interval: Interval | None
    t: float | None
    """From episodes, against the baseline's mean."""
    naive: Naive
    effective: float
    """What so many episodes are worth where their windows overlap."""
    overlap: float
    """The share of episodes whose window overlaps that of another."""
    without_best: Figures
    halves: tuple[Part, ...]
    regimes: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What one episode was followed by after so many sessions; unknown is None."""

    horizon: int
    change: float | None
    path: float | None
    """The deepest fall below the entry on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One episode and what followed it."""

    instance: str | None
    study: str | None
    opened: date
    resolved: date | None
    sessions: int | None
    """How many passed from the open to the resolve."""
    worst: Severity
    told: bool
    entered: date | None
    """The session at whose close returns begin."""
    after: tuple[After, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """How often it was true, and how many episodes that made."""

    known: int
    """Sessions with an answer, those of all instances."""
    true: int
    crossings: int
    """So often it became true; being true when it was first known is none."""
    episodes: int
    told: int
    open: int
    """Episodes that were still open at the end."""
    a_year: float | None
    by_year: tuple[tuple[int, int], ...]
    median_length: float | None
    """Sessions from open to resolve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A neighbour's result after so many sessions."""

    horizon: int
    episodes: Figures
    p_two_sided: float | None
    p_adjusted: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The rule with one threshold moved."""

    text: str
    factor: float
    episodes: int
    glances: tuple[Glance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What history shows about one rule, its instances pooled."""

    rule: str
    when: str
    """As it is written; of a ladder, that of each level."""
    study: str | None
    """As the rule names it; None: it names none."""
    instances: tuple[str, ...]
    """The members it was asked of; more than one are pooled."""
    studies: tuple[str, ...]
    """The instruments whose returns are measured."""
    first: date | None
    last: date | None
    signals: Signals
    episodes: tuple[Followed, ...]
    outcomes: tuple[Outcome, ...]
    """One for each horizon; none where nothing can be measured."""
    neighbours: tuple[Neighbour, ...]
    anecdote: bool
    verdict: str
    sees_future: str | None = None
    """How it was seen to change with what came later; None is the good answer."""

    @property
    def pooled(self) -> bool:
        return len(self.instances) > 1

    def plain(self) -> dict[str, object]:
        """All of it in plain values, for JSON."""
        found: dict[str, object] = plain(self)
        return found

    def rows(self) -> list[dict[str, object]]:
        """All results as flat rows, with the columns of `ROWS`; for tables."""
        if not self.outcomes:
            return [self._row("all", "", None, Figures(count=self.signals.episodes))]
        rows = [row for one in self.outcomes for row in self._of(one)]
        for near in self.neighbours:
            for one in near.glances:
                chances = {"p_two_sided": one.p_two_sided, "p_adjusted": one.p_adjusted}
                rows.append(self._row("neighbour", near.text, one.horizon, one.episodes, more=chances))
        return rows

    def _of(self, one: Outcome) -> Iterator[dict[str, object]]:
        more: dict[str, float | None] = {
            "unknown": one.unmeasured.count,
            "t": one.t,
            "effective": one.effective,
            "overlap": one.overlap,
        }
        more |= {f"interval_{name}": value for name, value in _fields(one.interval)}
        more |= {f"naive_{name}": value for name, value in _fields(one.naive)}
        more |= dict(_fields(one.chance))
        yield self._row("all", "", one.horizon, one.episodes, one.baseline, more)
        if one.random is not None:
            yield self._row("random dates", "", one.horizon, one.random)
        yield self._row("without best", "", one.horizon, one.without_best, one.baseline)
        for kind, parts in (("half", one.halves), ("regime", one.regimes)):
            for part in parts:
                yield self._row(kind, part.name, one.horizon, part.episodes, part.baseline)

    def _row(
        self,
        part: str,
        name: str,
        horizon: int | None,
        own: Figures,
        baseline: Figures | None = None,
        more: Mapping[str, float | None] | None = None,
    ) -> dict[str, object]:
        told: dict[str, object] = {"rule": self.rule, "part": part, "name": name, "horizon": horizon}
        told |= dict(_fields(own)) | {f"baseline_{key}": value for key, value in _fields(baseline)}
        told |= more or {}
        return {key: plain(told.get(key)) for key in ROWS}


def _fields(value: object) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        yield from ((one.name, getattr(value, one.name)) for one in fields(value))


def plain(value: Any) -> Any:
    """A value in plain ones: mappings, lists, texts, and numbers with the same digits wherever they were computed."""
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value):
        return {name: plain(part) for name, part in _fields(value)}
    return [plain(part) for part in value] if isinstance(value, tuple) else value


_FIGURES = ("count", "mean", "median", "hit_rate", "worst", "worst_path")
ROWS: dict[str, type[str | int | float]] = {
    "rule": str,
    "part": str,
    "name": str,
    "horizon": int,
    **{name: int if name == "count" else float for name in _FIGURES},
    **{f"baseline_{name}": int if name == "count" else float for name in _FIGURES},
    "unknown": int,
    "t": float,
    "effective": float,
    "overlap": float,
    "interval_low": float,
    "interval_high": float,
    "interval_block": int,
    **{f"p_{name}": float for name in ("higher", "lower", "two_sided", "adjusted")},
    "random_low": float,
    "random_high": float,
    "naive_sessions": int,
    "naive_mean": float,
    "naive_t": float,
}
"""The columns of rows, and what is in them; unknown is null."""
