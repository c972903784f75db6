"""Raw rows of one series: which have a price, which are rejected, and one row per session.

Rows are what a file or a vendor's reply says, before they are bars: `session`, `open, high, low, close, volume`,
and, where they are known, `stamp` (the time of day written beside the date) or `opened_at` (an instant).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from monitor.bars import FIELDS
from monitor.instruments import Instrument
from monitor.quality.findings import Finding, Kind, in_order

AHEAD = timedelta(minutes=2)
"""How far a vendor's clock may be ahead of ours."""
RANGE = ("open", "high", "low")
ROUNDING = 1e-6
"""Relative: what single precision may do to a price."""


def screen(
    rows: pl.DataFrame, instrument: Instrument, *, now: datetime | None = None
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """One row per session, sorted, each with a close above zero; and what was wrong with the others.

    1. Rejected: a close that is null, zero, negative or not finite; with `now`, a date or stamp in the future.
    2. Open, high and low that cannot all be true are null from here on, and so is a volume below zero.
    3. Of rows of one session the same values are one row.  Of different ones a finished row is taken before a live
       one (a stamp that the other sessions do not have), more volume before less (volume only grows while a session
       goes on), the last before the earlier ones.
    """
    finite = [
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
        for name in FIELDS
        if name in rows.columns
    ]
    rows = rows.with_columns(finite).with_row_index("row")
    late = _in_future(rows, instrument, now=now)
    priced = (pl.col("close") > 0).fill_null(value=False)
    findings = [
        *_rejected(rows.filter(~priced), instrument, Kind.NO_PRICE, "no close above zero"),
        *_rejected(rows.filter(priced & late), instrument, Kind.FUTURE, f"dated later than {now}"),
    ]
    kept, in_part = _without_nonsense(rows.filter(priced & ~late), instrument)
    findings += in_part
    chosen = kept
    if not _has_one_per_session(kept):
        chosen = _one_per_session(kept)
        findings += _repeated(kept, chosen, instrument)
    return chosen.select(name for name in rows.columns if name != "row"), in_order(findings)


def _without_nonsense(rows: pl.DataFrame, instrument: Instrument) -> tuple[pl.DataFrame, list[Finding]]:
    """The rows without an open, high, low and volume that cannot be, and what these were; their closes stay."""
    torn = contradictory() if set(RANGE) <= set(rows.columns) else pl.lit(value=False)
    negative = (_volume(rows) < 0).fill_null(value=False)
    found = [(Kind.RANGE, row, _torn(row)) for row in rows.filter(torn).iter_rows(named=True)]
    found += [(Kind.VOLUME, row, _negative(row)) for row in rows.filter(negative).iter_rows(named=True)]
    mended = {name: pl.when(~torn).then(pl.col(name)) for name in RANGE if name in rows.columns}
    findings = [
        Finding(instrument=instrument.id, session=row["session"], kind=kind, seen=row["close"], reason=reason)
        for kind, row, reason in found
    ]
    return rows.with_columns(**mended, volume=pl.when(~negative).then(_volume(rows))), findings


def contradictory() -> pl.Expr:
    """A price outside the range, a range upside down, a price of zero; what is missing contradicts nothing."""
    top, bottom = pl.col("high") * (1 + ROUNDING), pl.col("low") * (1 - ROUNDING)
    outside = [(pl.col(name) > top) | (pl.col(name) < bottom) for name in ("open", "close")]
    senseless = [pl.col(name) <= 0 for name in RANGE]
    doubts = [pl.col("low") > top, *outside, *senseless]
    return pl.any_horizontal(doubt.fill_null(value=False) for doubt in doubts)


def _in_future(rows: pl.DataFrame, instrument: Instrument, *, now: datetime | None) -> pl.Expr:
    """Later than now: by the instant where there is one, else by the date, a futures evening allowed for."""
    if now is None:
        return pl.lit(value=False)
    local = now.astimezone(ZoneInfo(instrument.zone)).date()
    by_date = pl.col("session") > local + timedelta(
        days=4
    )  # from Thursday's evening to Monday, over a holiday
    if "opened_at" not in rows.columns:
        return by_date
    return (by_date | (pl.col("opened_at") > now + AHEAD)).fill_null(value=False)


def _has_one_per_session(rows: pl.DataFrame) -> bool:
    """Whether each session has one row, in their order: as it should be, and quicker to see than to mend."""
    return rows["session"].is_sorted() and rows["session"].n_unique() == rows.height


def _one_per_session(rows: pl.DataFrame) -> pl.DataFrame:
    """The best row of each session, as the docstring of `screen` says."""
    finished = pl.lit(value=True)
    if "stamp" in rows.columns and rows["stamp"].drop_nulls().len():
        usual = rows.filter(pl.col("session") < pl.col("session").max())["stamp"].drop_nulls().mode()
        finished = pl.col("stamp").is_in(usual.implode()).fill_null(value=True) if len(usual) else finished
    ranked = rows.with_columns(finished=finished, traded=_volume(rows).fill_null(-1.0))
    worst_first = ranked.sort("session", "finished", "traded", "row")
    return worst_first.unique("session", keep="last", maintain_order=True).select(rows.columns)


def _volume(rows: pl.DataFrame) -> pl.Expr:
    return pl.col("volume") if "volume" in rows.columns else pl.lit(None, pl.Float64)


def _rejected(rows: pl.DataFrame, instrument: Instrument, kind: Kind, reason: str) -> Iterator[Finding]:
    for row in rows.iter_rows(named=True):
        yield Finding(
            instrument=instrument.id,
            session=row["session"],
            kind=kind,
            seen=row["close"],
            reason=reason,
            held=True,
        )


def _torn(row: dict[str, float]) -> str:
    values = ", ".join(f"{name} {row[name]:g}" for name in (*RANGE, "close") if row[name] is not None)
    return f"{values} cannot all be true: open, high and low are unknown"


def _negative(row: dict[str, float]) -> str:
    return f"volume {row['volume']:g} is below zero: the volume is unknown"


def _repeated(rows: pl.DataFrame, chosen: pl.DataFrame, instrument: Instrument) -> Iterable[Finding]:
    """One finding per session that has several rows."""
    spread = (pl.col("close").max() / pl.col("close").min() - 1) > ROUNDING
    other_volumes = _volume(rows).n_unique() > 1
    groups = (
        rows.group_by("session")
        .agg(count=pl.len(), different=spread | other_volumes)
        .filter(pl.col("count") > 1)
        .join(chosen.select("session", "close"), on="session")
        .select("session", "count", "different", "close")
    )
    for session, count, different, close in groups.iter_rows():
        yield Finding(
            instrument=instrument.id,
            session=session,
            kind=Kind.CONFLICT if different else Kind.DUPLICATE,
            seen=close,
            expected=close,
            reason=f"{count} rows of one session, "
            + (f"with different values: {close:g} is taken" if different else "all the same: one counts"),
        )
