"""The statuses of what a poll brought, judged beside what is held and what earlier polls saw."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

import polars as pl

from monitor.bars import BARS, Status
from monitor.instruments import AssetKind, Catalogue, Instrument
from monitor.quality.findings import Finding, Judged, Sighting, in_order
from monitor.quality.history import (
    any_date_will_do,
    off_calendar,
    quarantine,
    sessions_known,
    without_weekends,
)
from monitor.quality.jumps import SAME_PRICE, WINDOW, Evidence, Series, series, weigh, with_limits
from monitor.quality.revisions import SAME, compare
from monitor.quality.siblings import Closes

DELAY = timedelta(minutes=15)
"""How far quotes run behind: two polls closer to each other may have seen one and the same print."""
_TAIL = 2 * WINDOW
_LONG_AGO = timedelta(days=400)
"""More than the tail of a daily series; what is older need not be sorted."""
_KEY = ["instrument", "session"]


def judge_live(
    incoming: pl.DataFrame,
    held: pl.DataFrame,
    catalogue: Catalogue,
    *,
    now: datetime,
    sightings: Iterable[Sighting],
    delay: timedelta = DELAY,
) -> Judged:
    """The bars to keep: those that came, in doubt or not, and those held in quarantine that are believed now.

    `incoming` holds the daily bars of a poll, best of all instruments at once, so that siblings can confirm each
    other; `held` the latest versions of what is stored, of each instrument at least the last 150 bars.  Only bars that
    are new or changed, or in quarantine, are judged.  A final bar that is held stays when what came instead is in
    doubt: such a row is left out.  A finding comes again with each poll while its bar does; `Finding.key` says that
    it was told.
    """
    changes = compare(held, incoming)
    base = _overlay(held, incoming)
    closes = Closes(pl.concat([held.select(*BARS), incoming.select(*BARS)]))  # what came is the later one
    evidence = Evidence(closes, _second_poll(sightings, now=now, delay=delay))
    findings: list[Finding] = []
    for name in sorted(_worth_a_look(base, catalogue)):
        part = base.filter(pl.col("instrument") == name)
        findings += _judge_one(part, catalogue.instruments[name], evidence, rebased=changes.rebased)
    frame = pl.concat([_kept(incoming, held, findings).select(*BARS), _released(base, findings)])
    return Judged(frame.sort("instrument", "session"), in_order([*changes.findings, *findings]))


def _worth_a_look(base: pl.DataFrame, catalogue: Catalogue) -> set[str]:
    """The instruments of which a bar is off its calendar, or one that may be new moved too far; the others are fine.

    All are looked at in a few queries, for polls come every minute, and hardly any brings a doubt.
    """
    known = catalogue.subset(set(base["instrument"].unique()) & set(catalogue.instruments))
    currencies = [one.id for one in known if one.kind == AssetKind.FX]
    judged = (pl.col("came") & ~_same()) | (pl.col("was") == Status.QUARANTINED)
    far = with_limits(base, currencies=currencies).filter("large", judged.fill_null(value=True))
    strange = {name for together in _by_calendar(known) for name in _with_extra_bars(base, together)}
    return {one.id for one in known} & (strange | set(far["instrument"]))


def _by_calendar(instruments: Iterable[Instrument]) -> list[list[Instrument]]:
    """Instruments that are expected in the same sessions; those left out that may have a bar on any date."""
    found: dict[object, list[Instrument]] = {}
    for one in instruments:
        if not any_date_will_do(one):
            found.setdefault((one.calendar, one.missing, one.extra), []).append(one)
    return list(found.values())


def _with_extra_bars(base: pl.DataFrame, together: Sequence[Instrument]) -> set[str]:
    """Those of instruments that are expected in the same sessions which have a bar in another one."""
    own = base.filter(pl.col("instrument").is_in([one.id for one in together]))
    expected = sessions_known(own, together[0])
    if expected is None:
        return {one.id for one in together}
    return set(own.filter(~pl.col("session").is_in(expected.implode()))["instrument"])


def _same() -> pl.Expr:
    """Whether a bar that came says what is held."""
    return (pl.col("close") / pl.col("old") - 1).abs() <= SAME


def _overlay(held: pl.DataFrame, incoming: pl.DataFrame) -> pl.DataFrame:
    """What came over what is held, with the last bars before it; `came`, `old` (close) and `was` (status) beside."""
    wanted = incoming["instrument"].unique().implode()
    first = incoming["session"].min()
    recent = pl.col("session") >= first - _LONG_AGO if isinstance(first, date) else pl.lit(value=False)
    before = held.filter(pl.col("instrument").is_in(wanted) & (pl.col("close") > 0) & recent)
    old = before.select(*_KEY, pl.col("close").alias("old"), pl.col("status").alias("was"))
    came = incoming.filter(pl.col("close") > 0).with_columns(came=pl.lit(value=True))
    rest = before.join(came.select(_KEY), on=_KEY, how="anti").with_columns(came=pl.lit(value=False))
    both = pl.concat([rest, came]).join(old, on=_KEY, how="left").sort(_KEY)
    # The tail is longer than any look-back, so that it gives what the whole history would.
    row = pl.int_range(pl.len())
    return both.filter((row >= row.filter("came").min() - _TAIL).over("instrument"))


def _judge_one(
    part: pl.DataFrame, instrument: Instrument, evidence: Evidence, *, rebased: frozenset[tuple[str, date]]
) -> list[Finding]:
    """What is wrong with the bars that came, and with those in quarantine that are believed now."""
    unexpected = off_calendar(part, instrument)
    weekdays = without_weekends(part, unexpected, instrument)
    base = [session for name, session in rebased if name == instrument.id]
    same = _same() | pl.col("session").is_in(base)
    known = (pl.col("was") != Status.QUARANTINED) & (same | ~pl.col("came"))
    rows = weekdays.select((~known.fill_null(value=False)).arg_true()).to_series().to_list()
    findings = [*unexpected, *weigh(series(weekdays, instrument), rows, evidence)]
    came = set(part.filter("came")["session"])
    return [one for one in findings if one.session in came or one.released_by is not None]


def _second_poll(
    sightings: Iterable[Sighting], *, now: datetime, delay: timedelta
) -> Callable[[Series, int], bool]:
    """Whether a sighting that is old enough saw the price of a row."""
    seen: dict[tuple[str, date], list[float]] = {}
    for one in sightings:
        if one.seen_at <= now - delay:
            seen.setdefault((one.instrument, one.session), []).append(one.close)

    def agreed(bars: Series, row: int) -> bool:
        closes = seen.get((bars.instrument.id, bars.sessions[row]), ())
        return any(abs(bars.closes[row] / close - 1) <= SAME_PRICE for close in closes)

    return agreed


def _kept(incoming: pl.DataFrame, held: pl.DataFrame, findings: Iterable[Finding]) -> pl.DataFrame:
    """What came, with what is in doubt quarantined; rows in doubt that would replace a final bar are left out."""
    doubtful = [one for one in findings if one.unconfirmed]
    final = held.filter(pl.col("status") == Status.FINAL).select(_KEY)
    replaced = quarantine(incoming, doubtful).filter(pl.col("status") == Status.QUARANTINED)
    left_out = replaced.join(final, on=_KEY, how="semi").select(_KEY)
    return quarantine(incoming, findings).join(left_out, on=_KEY, how="anti", maintain_order="left")


def _released(base: pl.DataFrame, findings: Iterable[Finding]) -> pl.DataFrame:
    """Bars that are held in quarantine, did not come again, and are believed now."""
    released = {(one.instrument, one.session) for one in findings if one.released_by is not None}
    keys = pl.DataFrame(sorted(released), schema={"instrument": pl.String, "session": pl.Date}, orient="row")
    waiting = base.filter((pl.col("was") == Status.QUARANTINED) & ~pl.col("came"))
    return (
        waiting.join(keys, on=_KEY, how="semi")
        .with_columns(pl.lit(Status.FINAL.value).alias("status"))
        .select(*BARS)
    )
