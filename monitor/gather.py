"""Fetch what is due and keep what came: the first half of a live cycle.

Only instruments with a settled bar missing are asked for.  Time is an argument.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from monitor.bars import UTC, Status
from monitor.errors import UsageError
from monitor.instruments import AssetKind, Instrument
from monitor.prices.source import Fetched, Outcome, PriceSource
from monitor.rules import Rulebook
from monitor.sessions import expected_sessions, settled_at
from monitor.storage.store import Store

LONGEST_CLOSURE = timedelta(days=12)
"""No calendar pauses longer: so far back is far enough to find the session before."""
LATELY = timedelta(days=40)
"""What a daemon that runs needs to look at between two sessions."""
FIRST_STARTED = "first_started_at"
HOLDS = "holds_prices"
SIMULATED = "sample"


@dataclass(frozen=True)
class Context:
    """What every cycle of a daemon shares."""

    store: Store
    source: PriceSource
    rulebook: Rulebook
    channels: tuple[str, ...] = ()
    interval: str = "1d"
    instruments: frozenset[str] = field(default_factory=frozenset)
    """Besides those of the rules."""


def keep_apart(store: Store, source: PriceSource, *, claim: bool) -> None:
    """Simulated prices and real ones never share a database: the first source that is opened with `claim` decides."""
    kind = "simulated" if source.name == SIMULATED else "real"
    held = store.meta(HOLDS)
    if held not in (None, kind):
        raise UsageError(
            f"the database {store.name} holds {held} prices, and the settings name {kind} ones ({source.label}); "
            "name another file under `database:`"
        )
    if held is None and claim:
        store.set_meta(HOLDS, kind)


def fetch(
    context: Context, *, now: datetime, calendars: Collection[str] | None = None
) -> tuple[tuple[Fetched, ...], int]:
    """Ask the source for every instrument with a settled bar missing; keep what came.

    A manual series is nobody's to ask: it is imported.
    """
    wanted = context.rulebook.catalogue.subset(context.rulebook.instruments | context.instruments)
    held = _held_lately(context, [instrument.id for instrument in wanted], now)
    final = _last_final(held)
    due = [
        i
        for i in wanted
        if (calendars is None or i.calendar in calendars)
        and i.kind is not AssetKind.MANUAL
        and is_due(i, final.get(i.id), now)
    ]
    if not due:
        return (), 0
    answers = context.source.fetch(due, interval=context.interval, since=final, now=now)
    frames = [
        _known_when_seen(confirm(answer.bars, held), context.store, now)
        for answer in answers
        if answer.outcome is Outcome.OK
    ]
    new = sum(context.store.add_bars(frame, seen_at=now, source=context.source.name) for frame in frames)
    return tuple(answers), new


def _held_lately(context: Context, instruments: Sequence[str], now: datetime) -> pl.DataFrame:
    """The bars of the last weeks, and the whole history of an instrument that has none there."""
    store, interval = context.store, context.interval
    recent = store.bars(instruments=instruments, interval=interval, since=now.date() - LATELY)
    others = set(instruments) - set(_last_final(recent))
    if not others:
        return recent
    rest = store.bars(instruments=sorted(others), interval=interval)
    return pl.concat([recent.filter(~pl.col("instrument").is_in(list(others))), rest])


def _known_when_seen(bars: pl.DataFrame, store: Store, now: datetime) -> pl.DataFrame:
    """A bar of a session since the first start was known when it came, not already when it settled."""
    started = store.meta(FIRST_STARTED)
    if started is None:
        return bars
    since = pl.col("known_at") > datetime.fromisoformat(started)
    known = pl.when(since).then(pl.max_horizontal("known_at", pl.lit(now, UTC))).otherwise("known_at")
    return bars.with_columns(known.alias("known_at"))


def is_due(instrument: Instrument, last_final: date | None, now: datetime) -> bool:
    """Whether a session after the last final bar is over and settled."""
    if last_final is None:
        return True
    start = max(last_final + timedelta(days=1), now.date() - LONGEST_CLOSURE)
    sessions = expected_sessions(instrument, start, now.date())
    return len(sessions) > 0 and settled_at(instrument, sessions[0]) <= now


def _last_final(held: pl.DataFrame) -> dict[str, date]:
    last = held.filter(pl.col("status") == Status.FINAL).group_by("instrument").agg(pl.col("session").max())
    return dict(last.iter_rows())


def confirm(new: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """A provisional bar that an earlier poll saw with the same values is final."""
    before = held.filter(pl.col("status") == Status.PROVISIONAL).select(
        "instrument", "session", *(pl.col(name).alias(f"{name} before") for name in ("close", "status"))
    )
    joined = new.join(before, on=["instrument", "session"], how="left", maintain_order="left")
    agrees = (pl.col("status") == Status.PROVISIONAL) & (pl.col("close") == pl.col("close before"))
    status = pl.when(agrees).then(pl.lit(Status.FINAL.value)).otherwise("status").alias("status")
    return joined.with_columns(status).select(new.columns)
