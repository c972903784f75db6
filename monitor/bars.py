"""The bar frame: its columns, which bars are complete, and legs side by side by session.

A bar frame holds one row per instrument, interval and session, sorted by instrument and session.  Values
are null where unknown, never NaN.  This module does not compute metrics and does not know calendars.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import polars as pl


class Status(StrEnum):
    """How settled a bar's values are."""

    PARTIAL = "partial"
    PROVISIONAL = "provisional"
    FINAL = "final"
    QUARANTINED = "quarantined"


class ActionKind(StrEnum):
    """What a company or fund did to its own price."""

    SPLIT = "split"
    DIVIDEND = "dividend"
    CAPITAL_GAIN = "capital gain"


@dataclass(frozen=True, slots=True)
class Action:
    """A split, or a payment per share, that took effect with the open of a session.

    Closes are never changed for payments.  They are for splits: after one, all closes that a source gives are in new
    shares, those of sessions before it too; closes fetched before the split must be divided by its value.
    """

    instrument: str
    session: date
    kind: ActionKind
    value: float
    """Of a split the new shares for one old share (2.0 for 2:1), else what is paid per share."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a source says of the newest price of a series, besides its values."""

    instrument: str
    contract: str | None = None
    """Of a future the contract that is quoted, such as `Gold Dec 26`: often another than that of its history."""
    at: datetime | None = None
    """When the source says the price was made."""


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

_Bars = Mapping[str, pl.Series]
"""The bars of one instrument, a series for each column."""

FIELDS = ("open", "high", "low", "close", "volume")


def empty() -> pl.DataFrame:
    """A bar frame without rows."""
    return pl.DataFrame(schema=BARS)


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns and types of `BARS`, NaN and infinity null, sorted."""
    columns = [
        _finite(pl.col(name).cast(kind)) if name in FIELDS else pl.col(name).cast(kind)
        for name, kind in BARS.items()
    ]
    return frame.select(columns).sort("instrument", "session")


def _finite(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def completed(frame: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """The bars a close rule may judge: final, with a finite close above zero, known by `now`."""
    usable = (pl.col("status") == Status.FINAL) & (pl.col("close") > 0) & (pl.col("known_at") <= now)
    return frame.filter(usable)


def next_known(frame: pl.DataFrame, *, now: datetime) -> datetime | None:
    """When the next of the bars that are not known by `now` will be; None where there is none."""
    ahead = frame.filter(pl.col("known_at") > now)["known_at"].min()
    return ahead if isinstance(ahead, datetime) else None


def held_at(versions: pl.DataFrame, instant: datetime) -> pl.DataFrame:
    """The bars as they were held at an instant: the last version of each that was stored until then.

    `versions` is a bar frame of all versions with `version` and `seen_at`, sorted by instrument, session and version.
    """
    stored = versions.filter(pl.col("seen_at") <= instant)
    last = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in ("instrument", "session")
    )
    return stored.filter(last).select(BARS.keys())


def side_by_side(
    frame: pl.DataFrame, legs: Iterable[tuple[str, str]], *, carried: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """Legs joined by session: one row per session in which any leg has a bar, sorted by session.

    `legs` are pairs of instrument and field; the field `age` is the days since the bar that stands for a session.
    Columns: `session`, `<instrument>.<field>` for each leg, and `<instrument>.known_at` for each instrument.
    A leg without a bar in a session is null there, but for an instrument in `carried`: its last bar stands for
    up to so many days, in the sessions of the others.
    """
    fields: dict[str, list[str]] = {}
    for instrument, name in sorted(set(legs)):
        fields.setdefault(instrument, []).append(name)
    limits = carried or {}
    if set(fields) <= set(limits):
        limits = {}
    read = {name for names in fields.values() for name in names if name != "age"}
    own = _parts(frame[["instrument", "session", "known_at", *sorted(read)]], fields)
    joined = [instrument for instrument in fields if instrument not in limits]
    axis = _axis([own[one]["session"] for one in joined] or [frame["session"].clear()])
    beside = (_along(axis, own[one], one, fields[one]) for one in joined)
    wide = pl.DataFrame([axis, *(column for columns in beside for column in columns)])
    for instrument, names in fields.items():
        if instrument in limits:
            bars = own[instrument]
            columns = _leg(bars, instrument, [*names, "known_at", "session"])
            one = pl.DataFrame([bars["session"], *columns])
            wide = _carry(wide, one, instrument, days=limits[instrument])
    return wide


def _axis(sessions: Sequence[pl.Series]) -> pl.Series:
    """Every session once, in order; most instruments have the same ones."""
    first = sessions[0]
    others = [one for one in sessions[1:] if not one.equals(first)]
    return pl.concat([first, *others]).unique().sort() if others else first


def _parts(frame: pl.DataFrame, instruments: Iterable[str]) -> dict[str, _Bars]:
    """The bars of each instrument by session."""
    if not frame["instrument"].is_sorted():
        frame = frame.sort("instrument", maintain_order=True)
    wanted, names = pl.Series("wanted", list(instruments), pl.String), pl.col("instrument")
    start, stop = names.search_sorted(wanted), names.search_sorted(wanted, "right").alias("stop")
    columns = {column.name: column for column in frame.get_columns()[1:]}
    found: dict[str, _Bars] = {}
    for instrument, first, after in frame.select(wanted, start, stop).iter_rows():
        own = {name: column.slice(first, after - first) for name, column in columns.items()}
        found[instrument] = own if own["session"].is_sorted() else pl.DataFrame(own).sort("session").to_dict()
    return found


def _along(axis: pl.Series, own: _Bars, instrument: str, names: Iterable[str]) -> list[pl.Series]:
    """The columns of one leg, null in sessions in which it has no bar."""
    columns = _leg(own, instrument, [*names, "known_at"])
    if len(own["session"]) == len(axis):
        return columns
    leg = pl.DataFrame([own["session"], *columns])
    return axis.to_frame().join(leg, on="session", how="left", maintain_order="left").get_columns()[1:]


def _leg(own: _Bars, instrument: str, names: Iterable[str]) -> list[pl.Series]:
    """The bars of one instrument; they are of age 0 in their own session."""
    return [
        (pl.zeros(len(own["session"]), eager=True) if name == "age" else own[name]).alias(
            f"{instrument}.{name}"
        )
        for name in names
    ]


def _carry(wide: pl.DataFrame, one: pl.DataFrame, instrument: str, *, days: int) -> pl.DataFrame:
    """The last bar at or before each session, if it is young enough."""
    joined = wide.join_asof(one, on="session", strategy="backward", tolerance=f"{days}d")
    age = (pl.col("session") - pl.col(f"{instrument}.session")).dt.total_days().cast(pl.Float64)
    if f"{instrument}.age" in joined.columns:
        joined = joined.with_columns(age.alias(f"{instrument}.age"))
    return joined.drop(f"{instrument}.session")
