"""The sample market: simulated daily bars that are the same on every machine, for trying things without a network.

Each close walks from one level of `sample_levels` to the next as a random bridge: exact at the levels, modest noise
between.  After the last level it walks on freely, so that whoever tries things today has prices of today.  No price
here was ever quoted, save the few known closes among the levels.  All series follow New York sessions, shares of other
exchanges too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from monitor import bars
from monitor.instruments import Instrument
from monitor.prices.files import served
from monitor.prices.rows import INTERVAL
from monitor.prices.sample_levels import COPPER, GOLD_AND_RATIO, KNOWN, OPENS, OTHERS, Levels
from monitor.prices.source import Fetched, Outcome
from monitor.sessions import local_instants

FIRST, LAST = date(2000, 8, 30), date(2026, 7, 10)
"""The sessions between levels."""
SEED = 20000830

_NEW_YORK, _SYDNEY, _LONDON = "America/New_York", "Australia/Sydney", "Europe/London"
_DRAWS = 6
_EVENT_VOLUME = 9.0

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Walk:
    """How one series moves: its daily noise, how much of another one's noise it shares, and its clock."""

    noise: float
    follows: str = ""
    beta: float = 0.0
    settle: time = time(16)
    zone: str = _NEW_YORK
    lots: float = 0.0


_WALKS = {
    "gold": _Walk(0.0, settle=time(13, 30)),
    "silver": _Walk(0.0, settle=time(13, 25)),
    "copper": _Walk(0.011, settle=time(13)),
    "platinum": _Walk(0.008, "gold", 0.8, settle=time(13, 5)),
    "palladium": _Walk(0.014, "gold", 0.6, settle=time(13)),
    "oil": _Walk(0.017, "copper", 0.4, settle=time(14, 30), lots=3e5),
    "gdx": _Walk(0.009, "gold", 1.8, lots=2e7),
    "sil": _Walk(0.009, "silver", 1.2, lots=8e5),
    "copx": _Walk(0.009, "copper", 1.0, lots=1e6),
    "mp": _Walk(0.024, lots=6e6),
    "usar": _Walk(0.026, "mp", 0.5, lots=5e6),
    "tmq": _Walk(0.024, "copper", 0.6, lots=5e5),
    "uuuu": _Walk(0.022, "mp", 0.3, lots=4e6),
    "alb": _Walk(0.018, "copper", 0.5, lots=2e6),
    "lyc": _Walk(0.018, "mp", 0.3, settle=time(16, 10), zone=_SYDNEY, lots=7e6),
    "pls": _Walk(0.022, "alb", 0.4, settle=time(16, 10), zone=_SYDNEY, lots=2e7),
    "usdcny": _Walk(0.0012, settle=time(23, 59), zone=_LONDON),
}


@dataclass(frozen=True, slots=True)
class _Fund:
    """A fund that holds metal: the metal's price times a factor that falls with the fees."""

    metal: str
    factor: float
    fee: float
    start: date
    lots: float


_FUNDS = {
    "gld": _Fund("gold", 0.1, 0.004, date(2004, 11, 18), 9e6),
    "slv": _Fund("silver", 1.0, 0.005, date(2006, 4, 28), 2e7),
    "cper": _Fund("copper", 7.0, 0.008, date(2011, 11, 15), 2e5),
}
_FUND_NOISE = 0.002

_GOLD_NOISE = {FIRST: 0.005, date(2011, 6, 1): 0.006, date(2020, 1, 15): 0.013, date(2020, 6, 1): 0.007}
_GOLD_NOISE |= {date(2025, 9, 2): 0.010}
_RATIO_NOISE = {FIRST: 0.0035, date(2020, 2, 20): 0.008, date(2020, 6, 1): 0.0035, date(2025, 12, 1): 0.008}


@lru_cache(maxsize=2)
def sample_bars(upto: date = LAST) -> pl.DataFrame:
    """The whole sample market as a bar frame, every bar final; a later end adds bars and changes none."""
    days = sample_sessions(FIRST, upto)
    lived = len(sample_sessions(FIRST, LAST))
    closes, noises = _closes(days)
    known: dict[tuple[time, str], pl.Series] = {}
    frames = []
    for name, close in closes.items():
        walk = _WALKS.get(name) or _Walk(0.0, lots=_FUNDS[name].lots)
        clock = (walk.settle, walk.zone)
        if clock not in known:
            known[clock] = local_instants(days, walk.settle, zone=walk.zone)
        frame = _bar_frame(name, days, known[clock], close, noise=float(np.std(noises[name][:lived])))
        frames.append(
            frame.with_columns(pl.col("volume") * walk.lots if walk.lots else pl.lit(None).alias("volume"))
        )
    return bars.conform(pl.concat(frames, how="vertical_relaxed"))


def _closes(days: pl.Series) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """Closes, NaN before a series begins, and the daily noise that moved them, by instrument."""
    gold_noise = _noise("gold", len(days)) * _by_day(days, _GOLD_NOISE)
    ratio_noise = _noise("ratio", len(days)) * _by_day(days, _RATIO_NOISE)
    gold_levels = {day: gold for day, (gold, _) in (GOLD_AND_RATIO | KNOWN).items()}
    ratio_levels = {day: ratio for day, (_, ratio) in GOLD_AND_RATIO.items()}
    ratio_levels |= {day: gold / silver for day, (gold, silver) in KNOWN.items()}
    gold = _bridge(days, gold_levels, gold_noise)
    closes = {"gold": gold, "silver": gold / _bridge(days, ratio_levels, ratio_noise)}
    noises = {"gold": gold_noise, "silver": gold_noise - ratio_noise}
    for name, levels in {"copper": COPPER, **OTHERS}.items():
        walk = _WALKS[name]
        shared = walk.beta * noises[walk.follows] if walk.follows else 0.0
        noises[name] = walk.noise * _noise(name, len(days)) + shared
        closes[name] = _bridge(days, levels, noises[name])
    years = (days - FIRST).dt.total_days().to_numpy() / 365.25
    for name, fund in _FUNDS.items():
        noises[name] = noises[fund.metal]
        value = (
            closes[fund.metal]
            * fund.factor
            * np.exp(-fund.fee * years + _FUND_NOISE * _noise(name, len(days)))
        )
        closes[name] = np.where((days >= fund.start).to_numpy(), value, np.nan)
    return {name: np.round(close, 4) for name, close in closes.items()}, noises


def _noise(name: str, count: int) -> Numbers:
    """Draws of mean 0 and deviation 1, never beyond 4.3, the same on every machine and for ever.

    Only the raw bits of PCG64 are promised to stay; a sum of uniform numbers needs nothing but additions.
    """
    bits = np.random.PCG64([SEED, *name.encode()]).random_raw(count * _DRAWS)
    uniform = (bits >> np.uint64(11)).astype(np.float64) / 2.0**53
    total: Numbers = uniform.reshape(count, _DRAWS).sum(axis=1) - _DRAWS / 2
    scale = float((12 / _DRAWS) ** 0.5)
    draws: Numbers = total * scale
    return draws


def _by_day(days: pl.Series, values: Mapping[date, float]) -> Numbers:
    """The value in force on each day."""
    starts = pl.Series(sorted(values), dtype=pl.Date)
    index = starts.search_sorted(days, side="right").to_numpy() - 1
    in_force: Numbers = np.array([values[start] for start in starts], dtype=np.float64)[index]
    return in_force


def _bridge(days: pl.Series, levels: Levels, steps: Numbers) -> Numbers:
    """A walk with these steps, bent so that it meets every level; NaN before the first."""
    dates = pl.Series([date.fromisoformat(day) for day in levels]).sort()
    at = days.search_sorted(dates).to_numpy()
    if not days.gather(at).equals(dates):
        raise ValueError(f"not sessions: {sorted(set(dates) - set(days))}")
    goal = np.log([levels[day.isoformat()] for day in dates])
    walk, every = np.cumsum(steps), np.arange(len(days))
    path: Numbers = np.exp(walk + np.interp(every, at, goal - walk[at]))
    bent: Numbers = np.where(every >= at[0], path, np.nan)
    return bent


def _bar_frame(
    name: str, days: pl.Series, known_at: pl.Series, close: Numbers, *, noise: float
) -> pl.DataFrame:
    """The bars of one series; its volume is 1 on a usual day."""
    draws = [np.abs(_noise(f"{name} {what}", len(days))) for what in ("open", "high", "low", "volume")]
    side = np.where(_noise(f"{name} side", len(days)) > 0, 0.3, -0.3)
    opened = np.concatenate([close[:1], close[:-1]]) * (1 + side * noise * draws[0])
    volume = 0.6 + 0.5 * draws[3]
    for day, price in OPENS.get(name, {}).items():
        index = int(days.search_sorted(date.fromisoformat(day)))
        opened[index], volume[index] = price, _EVENT_VOLUME
    opened = np.where(np.isnan(opened), close, opened)
    high = np.maximum(opened, close) * (1 + 0.4 * noise * draws[1])
    low = np.minimum(opened, close) * (1 - 0.4 * noise * draws[2])
    columns = {"open": opened, "high": high, "low": low}
    return (
        pl.DataFrame(
            {
                "session": days,
                "known_at": known_at,
                "close": close,
                "volume": volume,
                **{column: np.round(values, 4) for column, values in columns.items()},
            }
        )
        .select(
            pl.all(),
            instrument=pl.lit(name),
            interval=pl.lit(INTERVAL),
            opened_at=pl.lit(None, bars.UTC),
            status=pl.lit(bars.Status.FINAL),
        )
        .filter(pl.col("close").is_not_nan())
    )


def sample_sessions(start: date, end: date) -> pl.Series:
    """New York sessions by simple rules, for the years of the sample market only.

    `sessions` knows them too, but takes 400 ms to import a calendar; a demonstration should begin at once.
    """
    days = pl.date_range(start, end, eager=True).alias("session")
    closed = {*_CLOSED, *(day for year in range(start.year, end.year + 1) for day in _holidays(year))}
    return days.filter((days.dt.weekday() <= 5) & ~days.is_in(list(closed)))  # noqa: PLR2004 - Friday


_CLOSED = (
    *(date(2001, 9, day) for day in (11, 12, 13, 14)),
    date(2004, 6, 11),
    date(2007, 1, 2),
    date(2012, 10, 29),
    date(2012, 10, 30),
    date(2018, 12, 5),
    date(2025, 1, 9),
)
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_JUNETEENTH_SINCE = 2022


def _holidays(year: int) -> list[date]:
    """Days of the year, weekends besides, on which New York does not trade."""
    fixed = [date(year, 7, 4), date(year, 12, 25)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    new_year = date(year, 1, 1)
    return [
        new_year + timedelta(days=int(new_year.weekday() == _SUNDAY)),  # on a Saturday it is not made up for
        *(day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0)) for day in fixed),
        _weekday(date(year, 1, 15), _MONDAY),
        _weekday(date(year, 2, 15), _MONDAY),
        _easter(year) - timedelta(days=2),
        _weekday(date(year, 5, 25), _MONDAY),
        _weekday(date(year, 9, 1), _MONDAY),
        _weekday(date(year, 11, 22), _THURSDAY),
    ]


def _weekday(day: date, weekday: int) -> date:
    """The first such weekday on or after this day."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _easter(year: int) -> date:
    """Easter Sunday by the method of Gauss, right from 1900 to 2099 but for 1954, 1981, 2049 and 2076."""
    d = (19 * (year % 19) + 24) % 30
    e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7
    return date(year, 3, 22) + timedelta(days=d + e)


@dataclass(frozen=True, slots=True)
class SampleSource:
    """The sample market as a price source."""

    name: str = "sample"
    label: str = "sample market, simulated"

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """The bars known by `now`."""
        if interval != INTERVAL:
            detail = "the sample market has daily bars only"
            return [Fetched(one.id, Outcome.EMPTY, detail=detail) for one in instruments]
        frames = sample_bars(max(LAST, now.date())).partition_by("instrument", as_dict=True)
        return [
            served(one, frames[one.id,], since=since.get(one.id), now=now)
            if (one.id,) in frames
            else Fetched(one.id, Outcome.NOT_FOUND, detail="the sample market does not have it")
            for one in instruments
        ]

    def close(self) -> None:
        """Nothing is held open."""
