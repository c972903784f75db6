"""Bars made up for a test: closes on weekdays, and how quality saw them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from monitor import bars
from monitor.bars import Status

START = date(2025, 2, 18)
"""A Tuesday after a holiday; no holiday of New York follows for 40 sessions."""
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def days(count: int) -> list[date]:
    """Sessions of New York from START on; Good Friday is left out."""
    found: list[date] = []
    day = START
    while len(found) < count:
        if day.weekday() < 5 and day != date(2025, 4, 18):
            found.append(day)
        day += timedelta(days=1)
    return found


def calm(count: int, level: float = 100.0) -> list[float]:
    """Closes that go up and down by one percent."""
    return [level * (1.01 if row % 2 else 1.0) for row in range(count)]


def frame(
    name: str,
    closes: Sequence[float | None],
    *,
    status: Status = Status.FINAL,
    volumes: Sequence[float | None] | None = None,
    sessions: Sequence[date] | None = None,
) -> pl.DataFrame:
    sessions = sessions or days(len(closes))
    known = [datetime(day.year, day.month, day.day, 21, tzinfo=UTC) for day in sessions]
    values = {"close": closes, "volume": volumes or [1000.0] * len(closes)}
    columns = {"session": sessions, "known_at": known, **values}
    unknown = [pl.lit(None, pl.Float64).alias(field) for field in ("open", "high", "low")]
    return bars.conform(
        pl.DataFrame(columns, schema_overrides={"close": pl.Float64}).with_columns(
            *unknown,
            pl.lit(None, bars.UTC).alias("opened_at"),
            instrument=pl.lit(name),
            interval=pl.lit("1d"),
            status=pl.lit(status.value),
        )
    )


def statuses(found: pl.DataFrame, name: str) -> list[str]:
    return found.filter(pl.col("instrument") == name)["status"].to_list()
