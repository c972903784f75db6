"""What changed when bars were downloaded again: single revisions, or a whole history on another base.

A dividend or a split multiplies all bars before it by one factor; told as what it is, that is one finding.  What
then differs from the factor is a revision: a bar that was stored unfinished, or corrected by the vendor.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from monitor.bars import Status
from monitor.quality.findings import Finding, Kind, in_order

SAME = 1e-5
"""Closes that differ by less than this part of them are the same: vendors send single precision."""
FEWEST = 3
"""Bars that must share a factor; two will do where no other final bar was compared."""
DENSE = 0.5
"""The part of the bars between the first and the last that must share it."""
MOST = 0.5
FEW = 10
"""More than half of at least ten bars revised: not revisions, but another series."""


@dataclass(frozen=True, slots=True)
class _Base:
    """Bars that changed by one factor."""

    factor: float
    first: date
    last: date
    sessions: frozenset[date]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed in one instrument, and which bars changed only with their base."""

    findings: tuple[Finding, ...]
    rebased: frozenset[tuple[str, date]]


def revisions(held: pl.DataFrame, incoming: pl.DataFrame) -> tuple[Finding, ...]:
    """What a later download says otherwise about final bars: revisions, re-adjustments, another series.

    Both are bar frames; bars of `held` that are not final, or not in `incoming`, are not compared.
    """
    return compare(held, incoming).findings


def compare(held: pl.DataFrame, incoming: pl.DataFrame) -> Comparison:
    """As `revisions`, with the bars whose change is that of their base."""
    key = ["instrument", "interval", "session"]
    final = held.filter((pl.col("status") == Status.FINAL) & (pl.col("close") > 0))
    both = (
        final.select(*key, pl.col("close").alias("old"))
        .join(incoming.filter(pl.col("close") > 0).select(*key, pl.col("close").alias("new")), on=key)
        .with_columns(factor=pl.col("new") / pl.col("old"))
        .sort("session")
    )
    findings: list[Finding] = []
    rebased: set[tuple[str, date]] = set()
    changed = both.filter(_changed())["instrument"].unique()
    of_changed = both.filter(pl.col("instrument").is_in(changed.implode()))
    for name, part in of_changed.partition_by("instrument", as_dict=True).items():
        bases = _bases(part)
        findings += _told(str(name[0]), part, bases)
        rebased |= {(str(name[0]), day) for base in bases for day in base.sessions}
    return Comparison(in_order(findings), frozenset(rebased))


def _changed() -> pl.Expr:
    return (pl.col("factor") - 1).abs() > SAME


def _bases(part: pl.DataFrame) -> list[_Base]:
    """The factors that many changed bars share, each with its bars."""
    changed = part.filter(_changed()).sort("factor")
    gap = (pl.col("factor") / pl.col("factor").shift(1) - 1).fill_null(0.0) > SAME
    clusters = changed.with_columns(cluster=gap.cast(pl.Int64).cum_sum()).partition_by("cluster")
    found = [
        _Base(
            factor=cluster.select(pl.col("factor").median()).item(),
            first=min(cluster["session"]),
            last=max(cluster["session"]),
            sessions=frozenset(cluster["session"]),
        )
        for cluster in clusters
    ]
    return sorted((base for base in found if _is_base(base, part)), key=lambda base: base.first)


def _is_base(base: _Base, part: pl.DataFrame) -> bool:
    between = part.filter(pl.col("session").is_between(base.first, base.last)).height
    if len(base.sessions) < FEWEST:
        return len(base.sessions) > 1 and len(base.sessions) == part.height
    return len(base.sessions) >= DENSE * between


def _told(instrument: str, part: pl.DataFrame, bases: list[_Base]) -> list[Finding]:
    """One finding per base, and one per bar that differs from it."""
    rows = list(part.select("session", "old", "new", "factor").iter_rows())
    single: list[Finding] = []
    for session, old, new, factor in rows:
        if any(session in base.sessions for base in bases):
            continue
        base_factor = next((base.factor for base in bases if base.first <= session <= base.last), 1.0)
        if abs(factor / base_factor - 1) > SAME:
            single.append(_revision(instrument, session, old * base_factor, new))
    if len(rows) >= FEW and len(single) > MOST * len(rows):
        single = [_another(instrument, rows, len(single))]
    days = [session for session, *_ in rows]
    return [*(_readjustment(instrument, days, base, _steps(rows, base)) for base in bases), *single]


def _revision(instrument: str, session: date, expected: float, new: float) -> Finding:
    reason = f"the final close {expected:g} is {new:g} now ({new / expected - 1:+.3%})"
    return Finding(
        instrument=instrument,
        session=session,
        kind=Kind.REVISION,
        seen=new,
        expected=expected,
        reason=reason,
    )


def _another(instrument: str, rows: list[tuple[date, float, float, float]], count: int) -> Finding:
    factors = [factor for *_, factor in rows]
    return Finding(
        instrument=instrument,
        session=rows[-1][0],
        kind=Kind.ANOTHER_SERIES,
        reason=f"{count:,} of {len(rows):,} final closes changed, by {min(factors) - 1:+.2%} to {max(factors) - 1:+.2%} "
        "and no common factor: is it the same series?",
    )


def _readjustment(instrument: str, days: list[date], base: _Base, steps: tuple[date, ...]) -> Finding:
    until = next((day for day in days if day > base.last), None)
    end = f"before {until}" if until else f"up to {base.last}"
    return Finding(
        instrument=instrument,
        session=until or base.last,
        kind=Kind.READJUSTMENT,
        seen=base.factor,
        expected=1.0,
        reason=f"{len(base.sessions):,} final closes {end} were multiplied by {base.factor:.6g}: a dividend or a split",
        steps=steps,
    )


def _steps(rows: Iterable[tuple[date, float, float, float]], base: _Base) -> tuple[date, ...]:
    """The sessions, from the first of a base to the one after its last, at which the factor changes."""
    steps: list[date] = []
    before: float | None = None
    for session, _, _, factor in rows:
        if before is not None and before and base.first < session and abs(factor / before - 1) > SAME:
            steps.append(session)
        if session > base.last:
            break
        before = factor if session >= base.first else None
    return tuple(steps)
