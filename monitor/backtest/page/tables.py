"""The tables of the page: plain values, some with a second, fainter one below."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from monitor.backtest.attention import Load
from monitor.backtest.figures import Figures
from monitor.backtest.forward import HORIZONS
from monitor.backtest.page.words import (
    NARROW,
    NONE,
    chance,
    counted,
    day,
    number,
    percent,
    share,
    without_folders,
)
from monitor.backtest.spans import LegSpan
from monitor.backtest.values import HEADLINE, Evidence, Followed, Outcome

STEPS = (1, 2, 4, 7)
"""From so many messages or episodes on a cell is darker."""
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and what stands below it to compare with."""

    text: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; the first column names the row."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: int | None = None
    """The row that the verdict speaks of."""


@dataclass(frozen=True, slots=True)
class Square:
    """A count, and how dark it is drawn."""

    count: int
    step: int


def square(count: int) -> Square:
    """A count in its step."""
    return Square(count, sum(count >= least for least in STEPS))


def _row(*texts: str | Cell) -> tuple[Cell, ...]:
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


def followed(one: Evidence) -> Table:
    """What came after, each figure above that of any session."""
    headings = ("after", "n", "mean", "median", "hits", "worst", "worst way")
    return Table(headings, tuple(map(_followed, one.outcomes)), _headline(one.outcomes))


def _followed(one: Outcome) -> tuple[Cell, ...]:
    own, any_session = one.episodes, one.baseline
    return _row(
        str(one.horizon),
        Cell(str(own.count), f"{any_session.count:,}"),
        Cell(percent(own.mean), percent(any_session.mean)),
        Cell(percent(own.median), percent(any_session.median)),
        Cell(share(own.hit_rate), share(any_session.hit_rate)),
        Cell(percent(own.worst), percent(any_session.worst)),
        Cell(percent(own.worst_path), percent(any_session.worst_path)),
    )


def luck(one: Evidence) -> Table:
    """How much of it luck explains."""
    headings = ("after", "95 % interval", "t", "p", "two-sided", "adjusted", "worth")
    return Table(headings, tuple(map(_luck, one.outcomes)), _headline(one.outcomes))


def _luck(one: Outcome) -> tuple[Cell, ...]:
    found, interval = one.chance, one.interval
    naive = f"naive {number(one.naive.t)}" if one.naive.t is not None else ""
    span = NONE if interval is None else f"{percent(interval.low)} to {percent(interval.high)}"
    return _row(
        str(one.horizon),
        span,
        Cell(number(one.t), naive),
        chance(found.one_sided if found else None),
        chance(found.p_two_sided if found else None),
        chance(found.p_adjusted if found else None),
        Cell(number(one.effective), f"{share(one.overlap)} overlap" if one.overlap else ""),
    )


def _headline(outcomes: Sequence[Outcome]) -> int | None:
    return next((row for row, one in enumerate(outcomes) if one.horizon == HEADLINE), None)


def parts(one: Evidence) -> Table | None:
    """Where it came from, at the horizon of the verdict."""
    outcome = next((o for o in one.outcomes if o.horizon == HEADLINE), None)
    if outcome is None or not outcome.episodes.count:
        return None
    rows = [_part("all episodes", outcome.episodes, outcome.baseline)]
    if outcome.random is not None:
        rows.append(_part("random dates", outcome.random, None))
    rows.append(_part("without the best", outcome.without_best, outcome.baseline))
    for kind, stretches in (("half", outcome.halves), ("regime", outcome.regimes)):
        named = [(Cell(f"{part.first:%Y-%m} to {part.last:%Y-%m}", kind), part) for part in stretches]
        rows += [_part(name, part.episodes, part.baseline) for name, part in named]
    rows += list(_neighbours(one))
    return Table((f"at {HEADLINE}", "n", "mean", "any session", "hits", "adjusted p"), tuple(rows), 0)


def _part(name: str | Cell, own: Figures, baseline: Figures | None) -> tuple[Cell, ...]:
    any_session = NONE if baseline is None else percent(baseline.mean)
    return _row(name, str(own.count), percent(own.mean), any_session, share(own.hit_rate), "")


def _neighbours(one: Evidence) -> Iterator[tuple[Cell, ...]]:
    for near in one.neighbours:
        glance = next(g for g in near.glances if g.horizon == HEADLINE)
        own = glance.episodes
        name = Cell(near.text, f"threshold × {near.factor:g}")
        yield _row(
            name, str(own.count), percent(own.mean), NONE, share(own.hit_rate), chance(glance.p_adjusted)
        )


def dates(one: Evidence) -> Table | None:
    """Every episode and what followed it."""
    if not one.episodes:
        return None
    named = ("instrument",) if one.pooled else ()
    headings = ("opened", *named, "level", *(f"+{horizon}" for horizon in HORIZONS))
    return Table(headings, tuple(_date(episode, pooled=one.pooled) for episode in one.episodes))


def _date(one: Followed, *, pooled: bool) -> tuple[Cell, ...]:
    return _row(
        Cell(day(one.opened), _lasted(one)),
        *([day(one.instance)] if pooled else []),
        one.worst.value,
        *(percent(after.change) for after in one.after),
    )


def _lasted(one: Followed) -> str:
    end = (
        f"to {one.resolved}, {counted(one.sessions, 'session')}" if one.sessions is not None else "still open"
    )
    return end if one.told else f"{end}, not told"


def legs(spans: Sequence[LegSpan]) -> Table:
    """What the backtest was made of."""
    headings = ("instrument", "from", "to", "bars", "missing", "extra", "held back", "repaired", "no price")
    rows = (
        _row(
            Cell(one.instrument, f"{without_folders(one.source)}, {one.basis}, {one.unit or 'index'}"),
            day(one.first),
            day(one.last),
            f"{one.bars:,}",
            *(
                f"{count:,}"
                for count in (one.missing, one.extra, one.quarantined, one.repaired, one.unpriced)
            ),
        )
        for one in spans
    )
    return Table(headings, tuple(rows))


def calendar(load: Load, years: Sequence[int]) -> list[tuple[int, list[Square]]]:
    """Messages of each month, a row for each year."""
    counts = dict(load.months)
    return [
        (year, [square(counts.get(f"{year}-{month:02}", 0)) for month in range(1, MONTHS + 1)])
        for year in years
    ]


def by_year(rules: Sequence[Evidence], years: Sequence[int]) -> list[tuple[str, int, list[Square]]]:
    """Episodes of each year, a row for each rule; a year outside its span is empty."""
    found = []
    for one in rules:
        counts = dict(one.signals.by_year)
        found.append((one.rule, one.signals.episodes, [square(counts.get(year, 0)) for year in years]))
    return found


def decades(years: Sequence[int]) -> list[tuple[int, int]]:
    """The first of some years in each decade, and how many of the years it has."""
    found = [list(group) for _, group in groupby(years, key=lambda year: year // 10)]
    return [(group[0], len(group)) for group in found]


def rate(load: Load) -> str:
    """`1.2 a month`."""
    return f"{load.a_month:.1f}{NARROW}a month"
