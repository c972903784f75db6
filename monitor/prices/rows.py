"""Which rows of a price file make bars, and what is said of those that do not.

Which rows are to be believed is the business of `monitor.quality`, what a row says that of `table`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from monitor import bars
from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Instrument
from monitor.quality import Finding, Kind, screen
from monitor.quality.findings import MOVES
from monitor.sessions import settled_at_column

INTERVAL = "1d"

_SHOWN = 3


def refuse_intraday(rows: pl.DataFrame, *, file: str) -> None:
    """Raises FaultyFileError if most sessions have rows at several times of day."""
    times = rows.group_by("session").agg(pl.col("stamp").n_unique())["stamp"]
    if 2 * (times > 1).sum() > len(times):
        raise FaultyFileError(
            [Fault(Place(file), "holds intraday bars", hint="expected one row per session")]
        )


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

    With `now`, what is not settled is provisional.
    """
    kept = rows.unique("session", keep="last", maintain_order=True)
    known_at = settled_at_column(instrument, kept["session"]).alias("known_at")
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


def told(findings: Iterable[Finding]) -> Iterator[str]:
    """One line for each kind of finding, with its sessions."""
    grouped: dict[Kind, list[Finding]] = {}
    for one in findings:
        grouped.setdefault(one.kind, []).append(one)
    for kind, found in grouped.items():
        if kind in MOVES:
            held = [one for one in found if one.held]
            yield from (f"held as unconfirmed: {one.session}: {one.reason}" for one in held[:_SHOWN])
            if len(held) > _SHOWN:
                yield f"held as unconfirmed: {_some(held[_SHOWN:])}"
        elif kind in (Kind.READJUSTMENT, Kind.ANOTHER_SERIES):
            yield from (one.reason for one in found)
        else:
            yield f"{_TOLD[kind]} ({len(found):,}): {_some(found)}"


_TOLD = {
    Kind.NO_PRICE: "no close above zero, left out",
    Kind.FUTURE: "dated in the future, left out",
    Kind.RANGE: "open, high or low contradict each other or the close, all three unknown",
    Kind.DUPLICATE: "the same row several times, it counts once",
    Kind.CONFLICT: "several rows of one session, the finished one with the most volume counts, else the last",
    Kind.WEEKEND_ROW: "a bar on a weekend without a session, held",
    Kind.PHANTOM_SESSION: "a bar on a date without a session, kept as extra",
    Kind.REVISION: "a final close that is another one now",
}


def _too_early(instrument: Instrument) -> pl.Expr:
    return pl.lit(False) if instrument.valid_from is None else pl.col("session") < instrument.valid_from


def _some(found: Sequence[Finding]) -> str:
    days = sorted({one.session for one in found})
    more = f" and {len(days) - _SHOWN:,} more" if len(days) > _SHOWN else ""
    return ", ".join(str(day) for day in days[:_SHOWN]) + more
