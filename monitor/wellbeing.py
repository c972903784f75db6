"""The health of what was gathered, kept and told: the second step of a live cycle.

`keep_health` comes after each look at the source, whether or not anything was asked: a series becomes stale while
nothing happens.  It writes only what changed.  `keep_check` does the same with what the nightly self-check found.
Time is an argument.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from monitor.bars import Status
from monitor.gather import LATELY, Context
from monitor.health import (
    Answer,
    Event,
    Freshness,
    Health,
    Reply,
    Seen,
    SeriesHealth,
    dependants,
    fold,
    health_message,
)
from monitor.instruments import Instrument
from monitor.messages import Message
from monitor.prices.source import Fetched, Outcome
from monitor.selfcheck import Recheck, difference
from monitor.storage.store import Store

NIGHT = timedelta(hours=3)
"""So long after midnight (UTC) every exchange of a day is closed, or has long been open."""
SELF_CHECK = "self_check"

REPLIES = {
    Outcome.OK: Reply.PRICES,
    Outcome.NOT_FOUND: Reply.NOT_FOUND,
    Outcome.SKIPPED: Reply.NOT_ASKED,
}
"""Every other outcome is a failure."""


@dataclass(frozen=True, slots=True)
class LastCheck:
    """The last self-check."""

    at: datetime
    told: str
    well: bool


def keep_health(
    context: Context, answers: Iterable[Fetched], *, now: datetime, calendars: Collection[str] | None = None
) -> list[Event]:
    """Look at the series of some calendars (None: all), remember how they are, and owe what is told of it.

    A calendar that was not asked after a pause is not looked at: its series only seem stale.
    """
    store, before = context.store, _remembered(context)
    after, events = _looked(context, before, answers, now=now, calendars=calendars)
    rows = [one for name, one in after.series.items() if one != before.series.get(name)]
    source = after.source if after.source != before.source else None
    if rows or source or events:
        store.commit_health(rows, list(health_messages(context, events, now=now)), source=source, now=now)
    return events


def is_check_due(store: Store, *, now: datetime) -> bool:
    """Whether the self-check of the last night was not done yet."""
    done = last_check(store)
    return done is None or (now - NIGHT).date() > (done.at - NIGHT).date()


def keep_check(context: Context, found: Recheck, *, now: datetime) -> None:
    """Remember what a self-check found, and owe what is told of a difference, each once."""
    store, event = context.store, difference(found)
    done = {"at": now.isoformat(), "told": str(found), "well": event is None}
    store.set_meta(SELF_CHECK, json.dumps(done))
    if event is not None:
        owe(context, event, now=now)


def owe(context: Context, event: Event, *, now: datetime) -> None:
    """Owe what is told of an event, once."""
    context.store.commit_health([], list(health_messages(context, [event], now=now)), now=now)


def last_check(store: Store) -> LastCheck | None:
    """What the last self-check found."""
    kept = store.meta(SELF_CHECK)
    if kept is None:
        return None
    plain = json.loads(kept)
    return LastCheck(at=datetime.fromisoformat(plain["at"]), told=plain["told"], well=plain["well"])


def current_health(context: Context, *, now: datetime) -> Health:
    """How every series is now; nothing is written or told."""
    return _looked(context, _remembered(context), (), now=now)[0]


def not_fresh(context: Context, *, now: datetime) -> list[str]:
    """The series that are not fresh, a line each."""
    return [
        f"{name}: {one.freshness}, last session {one.last_session}"
        for name, one in current_health(context, now=now).series.items()
        if one.freshness is not Freshness.FRESH
    ]


def _looked(
    context: Context,
    before: Health,
    answers: Iterable[Fetched],
    *,
    now: datetime,
    calendars: Collection[str] | None = None,
) -> tuple[Health, list[Event]]:
    looked = [one for one in _watched(context) if calendars is None or one.calendar in calendars]
    held = _held(context, looked, before.series, now)
    answered = {one.instrument: _answer(one) for one in answers}
    seen = [_seen(one, held.get(one.id, ()), before.series.get(one.id), answered) for one in looked]
    return fold(before, seen, limits=context.rulebook.health, now=now)


def _watched(context: Context) -> tuple[Instrument, ...]:
    return context.rulebook.catalogue.subset(context.rulebook.instruments | context.instruments)


def _remembered(context: Context) -> Health:
    """What is remembered of the source and of the series that are watched."""
    known, names = context.store.healths(), {one.id for one in _watched(context)}
    series = {name: one for name, one in known.items() if name in names}
    return Health(context.store.source_health(context.source.label), series)


def _seen(
    instrument: Instrument,
    held: Sequence[tuple[date, str]],
    before: SeriesHealth | None,
    answers: Mapping[str, Answer],
) -> Seen:
    final = [session for session, status in held if status == Status.FINAL]
    last = final[-1] if final else before.last_session if before else None
    days = tuple(session for session, _ in held if last and session <= last)
    return Seen(instrument=instrument, last=last, held=days, answer=answers.get(instrument.id))


def _answer(fetched: Fetched) -> Answer:
    quote = fetched.meta.get("source_time")
    return Answer(
        reply=REPLIES.get(fetched.outcome, Reply.FAILED),
        outcome=fetched.outcome.value,
        detail=fetched.detail,
        quote_at=quote if isinstance(quote, datetime) else None,
    )


def _held(
    context: Context, instruments: Sequence[Instrument], known: Mapping[str, SeriesHealth], now: datetime
) -> dict[str, list[tuple[date, str]]]:
    """The sessions with a bar that is final or doubted, of the last weeks.

    A series with none there is read from its last one on, and one that was away for longer from where it went.
    """
    since = now.date() - LATELY
    found = _sessions(context, [one.id for one in instruments], since)
    for one in instruments:
        before = known.get(one.id)
        outage = before.outage_after if before else None
        if one.id not in found:
            found |= _sessions(context, [one.id], before.last_session if before else None)
        elif outage is not None and outage < since:
            found |= _sessions(context, [one.id], outage)
    return found


def _sessions(
    context: Context, names: Sequence[str], since: date | None
) -> dict[str, list[tuple[date, str]]]:
    bars = context.store.bars(instruments=names, since=since)
    usable = bars.filter(pl.col("status").is_in([Status.FINAL, Status.QUARANTINED]))
    found: dict[str, list[tuple[date, str]]] = {}
    for name, session, status in usable.select("instrument", "session", "status").iter_rows():
        found.setdefault(name, []).append((session, status))
    return found


def health_messages(context: Context, events: Sequence[Event], *, now: datetime) -> Iterator[Message]:
    """A message of each event for each channel that hears of health, owed until its quiet hours are over."""
    memories = context.store.memories() if any(one.waiting for one in events) else {}
    opened = [key for key, memory in memories.items() if memory.state.level is not None]
    routing = context.routing
    for event in events:
        further = dependants(context.rulebook, event.waiting, opened).line if event.waiting else ""
        for channel in routing.health:
            message = health_message(channel, event, further=further)
            yield replace(message, not_before=routing.over(channel, now, event.severity))
