"""The statuses of a whole history: what is off the calendar, and what jumped and was or was not confirmed.

Nothing looks further ahead than the next bar, so a history read from a file is judged as it would have been
judged while it came, but for the polls that nobody recorded.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from monitor.bars import Status
from monitor.errors import MonitorError
from monitor.instruments import AssetKind, Catalogue, Instrument
from monitor.quality.findings import Finding, Judged, Kind, in_order
from monitor.quality.jumps import Evidence, series, weigh
from monitor.quality.siblings import Closes, Elsewhere, nowhere
from monitor.sessions import expected_sessions

_SATURDAY = 6


def judge_history(frame: pl.DataFrame, catalogue: Catalogue, *, elsewhere: Elsewhere = nowhere) -> Judged:
    """The bars with what is held quarantined, and what was found.

    The frame may hold many instruments, which confirm each other, and those `elsewhere` confirm them too.  Bars without a close, of intervals within a
    day, and of instruments that the catalogue does not have are left as they are.
    """
    findings: list[Finding] = []
    daily = frame.filter((pl.col("interval") == "1d") & (pl.col("close") > 0)).sort("session")
    parts = {str(name[0]): part for name, part in daily.partition_by("instrument", as_dict=True).items()}
    evidence = Evidence(Closes(daily, elsewhere), lambda _bars, _row: False)
    for name, part in parts.items():
        if (instrument := catalogue.instruments.get(name)) is None:
            continue
        findings += off_calendar(part, instrument)
        weekdays = without_weekends(part, findings, instrument)
        findings += weigh(series(weekdays, instrument), None, evidence)
    return Judged(quarantine(frame, findings), in_order(findings))


def off_calendar(frame: pl.DataFrame, instrument: Instrument) -> list[Finding]:
    """Bars of one instrument on dates without a session; of a series typed in by hand any date will do."""
    expected = None if any_date_will_do(instrument) else sessions_known(frame, instrument)
    if expected is None:
        return []
    found = frame.filter(~pl.col("session").is_in(expected.implode())).select("session", "close")
    return [_unexpected(instrument, *row) for row in found.iter_rows()]


def any_date_will_do(instrument: Instrument) -> bool:
    """Whether a series is typed in by hand, or stands for dates that have no bar."""
    return instrument.kind == AssetKind.MANUAL or instrument.carry_days is not None


def sessions_known(frame: pl.DataFrame, instrument: Instrument) -> pl.Series | None:
    """The sessions expected from the first to the last bar; None where nothing is known of them."""
    first, last = frame["session"].min(), frame["session"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return None
    try:
        return expected_sessions(instrument, first, last)
    except MonitorError:  # nothing is known of this exchange: no opinion
        return None


def _unexpected(instrument: Instrument, session: date, close: float) -> Finding:
    weekend = session.isoweekday() >= _SATURDAY
    told = "quarantined" if weekend else "kept as an extra bar"
    return Finding(
        instrument=instrument.id,
        session=session,
        kind=Kind.WEEKEND_ROW if weekend else Kind.PHANTOM_SESSION,
        seen=close,
        reason=f"{instrument.calendar} has no session on {session:%A}, {session}: {told}",
        held=weekend,
    )


def without_weekends(
    frame: pl.DataFrame, findings: Iterable[Finding], instrument: Instrument
) -> pl.DataFrame:
    """The bars that are not weekend rows."""
    days = [f.session for f in findings if f.kind is Kind.WEEKEND_ROW and f.instrument == instrument.id]
    return frame.filter(~pl.col("session").is_in(days)) if days else frame


def quarantine(frame: pl.DataFrame, findings: Iterable[Finding]) -> pl.DataFrame:
    """The bars, with those that a finding holds quarantined."""
    held = {(finding.instrument, finding.session) for finding in findings if finding.held}
    if not held:
        return frame
    keys = pl.DataFrame(
        sorted(held), schema={"instrument": pl.String, "session": pl.Date}, orient="row"
    ).with_columns(doubted=pl.lit(value=True))
    joined = frame.join(keys, on=["instrument", "session"], how="left", maintain_order="left")
    status = pl.when(pl.col("doubted")).then(pl.lit(Status.QUARANTINED.value)).otherwise("status")
    return joined.with_columns(status.alias("status")).select(frame.columns)
