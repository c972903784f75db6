"""The bar frame: its columns, which bars are complete, and legs side by side by session.

A bar frame holds one row per instrument, interval and session, sorted by instrument and session.  Values
are null where unknown, never NaN.  This module does not compute metrics and does not know calendars.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import polars as pl


class Status(StrEnum):
    """How settled a bar's values are."""

    PARTIAL = "partial"
    PROVISIONAL = "provisional"
    FINAL = "final"
    QUARANTINED = "quarantined"


UTC = pl.Datetime("us", "UTC")

BARS: dict[str, pl.DataType] = {
    "instrument": pl.String(),
    "interval": pl.String(),
    "session": pl.Date(),
    "opened_at": UTC,
    "known_at": UTC,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "status": pl.String(),
}
"""Columns and types of a bar frame: instants in UTC, `interval` such as `1d`, `status` a `Status`."""

FIELDS = ("open", "high", "low", "close", "volume")


def empty() -> pl.DataFrame:
    """A bar frame without rows."""
    return pl.DataFrame(schema=BARS)


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns and types of `BARS`, NaN and infinity null, sorted."""
    values = [pl.col(name).cast(pl.Float64) for name in FIELDS]
    finite = [
        pl.when(value.is_finite()).then(value).alias(name) for value, name in zip(values, FIELDS, strict=True)
    ]
    return (
        frame.with_columns(finite)
        .select(pl.col(k).cast(v) for k, v in BARS.items())
        .sort("instrument", "session")
    )


def completed(frame: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """The bars a close rule may judge: final, with a finite close above zero, known by `now`."""
    usable = (pl.col("status") == Status.FINAL) & (pl.col("close") > 0) & (pl.col("known_at") <= now)
    return frame.filter(usable)


def side_by_side(frame: pl.DataFrame, legs: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """Legs joined by session: one row per session in which any leg has a bar, sorted by session.

    `legs` are pairs of instrument and field.  Columns: `session`, `<instrument>.<field>` for each leg, and
    `<instrument>.known_at` for each instrument.  A leg without a bar in a session is null there.
    """
    fields: dict[str, list[str]] = {}
    for instrument, name in sorted(set(legs)):
        fields.setdefault(instrument, []).append(name)
    wide: pl.DataFrame | None = None
    for instrument, names in fields.items():
        one = frame.filter(pl.col("instrument") == instrument).select(
            "session", *(pl.col(name).alias(f"{instrument}.{name}") for name in (*names, "known_at"))
        )
        wide = one if wide is None else wide.join(one, on="session", how="full", coalesce=True)
    if wide is None:
        return pl.DataFrame(schema={"session": pl.Date})
    return wide.sort("session")
