"""A trading day of made-up shares, minute by minute: what `load` lets a daemon watch.

Minutes are random walks.  A daemon that polls sees what a vendor shows: the settled bars of the last days, and of the
session that goes on one bar so far, made of its minutes.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.bars import BARS, Status
from monitor.instruments import Instrument
from monitor.prices.source import Fetched, Outcome
from monitor.sessions import calendar_sessions, settled_at, settled_at_column

CALENDAR = "XNYS"
ZONE = "America/New_York"
OPENS = clock_time(9, 30)
FIRST = date(2021, 1, 4)
OVERLAP = 4
"""Settled bars that come with each answer."""
A_MINUTE = timedelta(minutes=1)
TEMPLATES = (
    "{a} / {b} > 2.2",
    "zscore({a} / {b}, 60) > 2.8",
    "drawdown({a}, 250) < -35%",
    "rsi({a}, 14) < 24",
    "change({a}, 1) > 5%",
    "sma({a}, 20) > 1.25 * sma({a}, 100)",
)

Values = npt.NDArray[np.float64]


def instrument_file(count: int) -> str:
    """So many shares."""
    rows = [
        f"  i{number}: {{symbol: I{number}, name: Share {number}, kind: equity, currency: USD, unit: USD,"
        f' calendar: {CALENDAR}, settle: "16:10", zone: {ZONE}, basis: share}}'
        for number in range(count)
    ]
    return "instruments:\n" + "\n".join(rows) + "\n"


def rule_file(count: int, instruments: int, *, live: int) -> str:
    """So many rules of six kinds, over shares in turn; the first `live` of them are judged live too."""
    lines = ["pack: load", "about: Many rules.", "rules:"]
    for number in range(count):
        a, b = number % instruments, (number * 7 + 1) % instruments
        when = TEMPLATES[number % len(TEMPLATES)].format(a=f"i{a}", b=f"i{b}")
        lines.append(f"  r{number}:\n    when: {when}")
        if number < live:
            lines.append("    judge: live")
    return "\n".join(lines) + "\n"


@dataclass
class Market:
    """A price source of made-up shares, which shows what can be seen at an instant."""

    settled: Mapping[str, pl.DataFrame]
    """The sessions before the day, by share."""
    day: date
    opens: datetime
    settles: datetime
    minutes: Mapping[str, Values]
    """Open, high, low, close and volume of the day so far: one array each, a row per share and a column per minute."""
    answered: float = 0.0
    """When it answered last."""
    asked: int = 0
    name: str = "files"
    label: str = "made-up prices"
    places: dict[str, int] = field(default_factory=dict)

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """The settled bars of the last days, or of all history, and the day so far, as a vendor would answer."""
        so_far = self._so_far(instruments, interval, now)
        answers = []
        for place, one in enumerate(instruments):
            before = self.settled[one.id]
            before = before.tail(OVERLAP) if one.id in since else before
            answers.append(Fetched(one.id, Outcome.OK, pl.concat([before, so_far.slice(place, 1)])))
        self.asked += len(answers)
        self.answered = time.perf_counter()
        return answers

    def close(self) -> None:
        """Nothing to give back."""

    def _so_far(self, instruments: Sequence[Instrument], interval: str, now: datetime) -> pl.DataFrame:
        """One bar of each instrument: the minutes that are over; without any, none."""
        last = self.minutes["close"].shape[1]
        over = min(int((now - self.opens) / A_MINUTE), last) - 1
        if over < 0:
            return pl.DataFrame(schema=BARS)
        rows = [self.places[one.id] for one in instruments]
        is_settled = now >= self.settles
        values = {name: minutes[rows, over] for name, minutes in self.minutes.items()}
        texts = {
            "interval": interval,
            "status": (Status.PROVISIONAL if is_settled else Status.PARTIAL).value,
        }
        return (
            pl.DataFrame({"instrument": [one.id for one in instruments], **values})
            .select(
                *("instrument", *values),
                *(pl.lit(value).alias(name) for name, value in texts.items()),
                pl.lit(self.day).alias("session"),
                pl.lit(self.opens, BARS["opened_at"]).alias("opened_at"),
                pl.lit(self.settles if is_settled else now, BARS["known_at"]).alias("known_at"),
            )
            .select(BARS.keys())
        )


def market(instruments: Sequence[Instrument], *, history: int, minutes: int) -> Market:
    """Random walks, the same in every run: so many sessions, and after them a day of so many minutes."""
    random = np.random.default_rng(8)
    days = calendar_sessions(CALENDAR, FIRST, FIRST + timedelta(days=2 * history + 30))[: history + 1]
    day: date = days[-1]
    settled, last = {}, []
    for one in instruments:
        close = 40 * np.exp(np.cumsum(random.standard_t(5, history) * 0.012))
        settled[one.id] = _settled(one, days[:history], close)
        last.append(close[-1])
    steps = random.standard_t(5, (len(instruments), minutes)) * 0.012 / np.sqrt(minutes)
    close = np.array(last)[:, None] * np.exp(np.cumsum(steps, axis=1))
    so_far = {
        "open": np.repeat(close[:, :1], minutes, axis=1),
        "high": np.maximum.accumulate(close, axis=1),
        "low": np.minimum.accumulate(close, axis=1),
        "close": close,
        "volume": np.cumsum(random.integers(1_000, 5_000, close.shape), axis=1).astype(float),
    }
    opens = datetime.combine(day, OPENS, ZoneInfo(ZONE)).astimezone(UTC)
    places = {one.id: place for place, one in enumerate(instruments)}
    return Market(settled, day, opens, settled_at(instruments[0], day), so_far, places=places)


def _settled(one: Instrument, sessions: pl.Series, close: Values) -> pl.DataFrame:
    known = settled_at_column(one, sessions)
    return (
        pl.DataFrame({"session": sessions, "known_at": known})
        .with_columns(
            *(pl.Series(name, close) for name in ("open", "high", "low", "close")),
            volume=pl.lit(1e6),
            opened_at=pl.lit(None, BARS["opened_at"]),
            instrument=pl.lit(one.id),
            interval=pl.lit("1d"),
            status=pl.lit(Status.FINAL.value),
        )
        .select(BARS.keys())
    )
