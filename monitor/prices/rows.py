"""Which rows of a price file make bars, and what is said of those that do not.

A row with a close above zero makes a bar; of several for one session the last one counts.  An open, high and low
that contradict each other or the close are unknown.  What a row says is the business of `table`.
"""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from monitor import bars
from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Instrument
from monitor.sessions import settled_at_column

INTERVAL = "1d"

_RANGE = ("open", "high", "low")
_TOLERANCE = 1e-9
"""Relative: what rounding in a float may do to an open, high or low."""
_SHOWN = 3


def refuse_intraday(rows: pl.DataFrame, *, file: str) -> None:
    """Raises FaultyFileError if most sessions have rows at several times of day."""
    times = rows.group_by("session").agg(pl.col("stamp").n_unique())["stamp"]
    if 2 * (times > 1).sum() > len(times):
        raise FaultyFileError(
            [Fault(Place(file), "holds intraday bars", hint="expected one row per session")]
        )


def row_notes(rows: pl.DataFrame, instrument: Instrument) -> Iterator[str]:
    """One line for each thing that is wrong with some rows of a file."""
    total = f"of {rows.height:,} rows"
    early, priced, torn = _too_early(instrument), _priced(), _priced() & _contradictory()
    count = rows.select(
        sessions=pl.col("session").n_unique(), early=early.sum(), unpriced=(~priced).sum(), torn=torn.sum()
    ).row(0, named=True)
    if rows.is_empty():
        yield "the file has no rows"
    if count["early"]:
        yield f"{count['early']:,} {total} are before {instrument.valid_from} and left out: the symbol had another life"
    if repeated := rows.height - count["sessions"]:
        yield f"{repeated:,} {total} repeat a session; the last row of a session counts"
    if count["unpriced"]:
        yield f"{count['unpriced']:,} {total} have no close above zero and are left out: {_some(rows, ~priced)}"
    if count["torn"]:
        yield (
            f"{count['torn']:,} {total} have an open, high or low that contradicts the others or the close; "
            f"all three are unknown there: {_some(rows, torn)}"
        )


def rows_to_bars(rows: pl.DataFrame, instrument: Instrument, *, now: datetime | None) -> pl.DataFrame:
    """The rows as a bar frame, known from the settle time on; with `now`, what is not settled is provisional."""
    usable = rows.filter(_priced() & ~_too_early(instrument))
    kept = usable.unique("session", keep="last", maintain_order=True)
    known_at = settled_at_column(instrument, kept["session"]).alias("known_at")
    unsettled = pl.lit(False) if now is None else pl.col("known_at") > now
    status = pl.when(unsettled).then(pl.lit(bars.Status.PROVISIONAL)).otherwise(pl.lit(bars.Status.FINAL))
    return bars.conform(
        kept.with_columns(
            known_at,
            *(pl.when(~_contradictory()).then(pl.col(name)).alias(name) for name in _RANGE),
            instrument=pl.lit(instrument.id),
            interval=pl.lit(INTERVAL),
            opened_at=pl.lit(None, bars.UTC),
        ).with_columns(status=status)
    )


def _priced() -> pl.Expr:
    return (pl.col("close") > 0).fill_null(value=False)


def _too_early(instrument: Instrument) -> pl.Expr:
    return pl.lit(False) if instrument.valid_from is None else pl.col("session") < instrument.valid_from


def _contradictory() -> pl.Expr:
    """A price outside the range, a range upside down, a price of zero; what is missing contradicts nothing."""
    highest, lowest = pl.col("high") * (1 + _TOLERANCE), pl.col("low") * (1 - _TOLERANCE)
    outside = [(pl.col(name) > highest) | (pl.col(name) < lowest) for name in ("open", "close")]
    not_a_price = [pl.col(name) <= 0 for name in _RANGE]
    doubts = [pl.col("low") > highest, *outside, *not_a_price]
    return pl.any_horizontal(doubt.fill_null(value=False) for doubt in doubts)


def _some(rows: pl.DataFrame, wanted: pl.Expr) -> str:
    days = rows.filter(wanted)["session"].unique().sort()
    more = f" and {len(days) - _SHOWN:,} more" if len(days) > _SHOWN else ""
    return ", ".join(str(day) for day in days[:_SHOWN]) + more
