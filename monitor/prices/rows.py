"""Which rows of a price file make bars, and what is said of those that do not.

Which rows are to be believed is the business of `monitor.quality`, what a row says that of `table`.
"""

from datetime import datetime

import polars as pl

from monitor import bars
from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import AssetKind, Instrument
from monitor.prices.table import Table
from monitor.quality import Finding, screen, told
from monitor.sessions import settled_at_column

INTERVAL = "1d"


def refuse_intraday(rows: pl.DataFrame, *, file: str) -> None:
    """Raises FaultyFileError if most sessions have rows at several times of day."""
    if rows["session"].n_unique() == rows.height:
        return
    times = rows.group_by("session").agg(pl.col("stamp").n_unique())["stamp"]
    if 2 * (times > 1).sum() > len(times):
        raise FaultyFileError(
            [Fault(Place(file), "holds intraday bars", hint="expected one row per session")]
        )


def refuse_unit(table: Table, instrument: Instrument) -> None:
    """Raises FaultyFileError if a column `unit` says another unit than the instrument's."""
    units = table.frame.filter(pl.col("unit") != instrument.unit)
    if units.height:
        came, line = units.row(0, named=True)["unit"], int(units["line"][0])
        message = f"the unit {came!r} is not that of {instrument.id}"
        hint = f"expected {instrument.unit}: convert the values, or name another instrument"
        raise FaultyFileError([Fault(table.place(line, "unit"), message, hint=hint)])


def screened(
    rows: pl.DataFrame, instrument: Instrument, *, now: datetime | None = None
) -> tuple[pl.DataFrame, tuple[Finding, ...], list[str]]:
    """The rows of a file of which a bar can be made, what was found about the others, and a line for each kind of it.

    With `now`, rows of the future are rejected.
    """
    early = _too_early(instrument)
    usable, findings = screen(rows.filter(~early), instrument, now=now)
    left_out = int(rows.select(early.sum()).item() or 0)
    notes: list[str] = []
    if left_out:
        total = f"of {rows.height:,} rows are before {instrument.valid_from}"
        notes.append(f"{left_out:,} {total} and left out: the symbol had another life")
    if rows.is_empty():
        notes.append("the file has no rows")
    return usable, findings, [*notes, *told(findings)]


def rows_to_bars(rows: pl.DataFrame, instrument: Instrument, *, now: datetime | None) -> pl.DataFrame:
    """Screened rows as a bar frame, the last of a session counting; known from the settle time on.

    With `now`, what is not settled is provisional, but for a series that is typed in: nobody would settle it, so it
    is known from now on.
    """
    kept = rows.unique("session", keep="last", maintain_order=True)
    settled = settled_at_column(instrument, kept["session"]).alias("known_at")
    typed_in = now is not None and instrument.kind is AssetKind.MANUAL
    known_at = pl.min_horizontal(settled, pl.lit(now, bars.UTC)).alias("known_at") if typed_in else settled
    unsettled = pl.lit(False) if now is None else pl.col("known_at") > now
    status = pl.when(unsettled).then(pl.lit(bars.Status.PROVISIONAL)).otherwise(pl.lit(bars.Status.FINAL))
    return bars.conform(
        kept.with_columns(
            known_at,
            instrument=pl.lit(instrument.id),
            interval=pl.lit(INTERVAL),
            opened_at=pl.lit(None, bars.UTC),
        ).with_columns(status=status)
    )


def _too_early(instrument: Instrument) -> pl.Expr:
    return pl.lit(False) if instrument.valid_from is None else pl.col("session") < instrument.valid_from
