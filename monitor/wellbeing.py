"""The health of what was gathered, kept and told: the second step of a live cycle.

`keep_health` comes after each look at the source, whether or not anything was asked: a series becomes stale while
nothing happens.  It writes only what changed.  Time is an argument.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import polars as pl

from monitor.bars import Status
from monitor.gather import LATELY, Context
from monitor.health import (
    Answer,
    Event,
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

REPLIES = {
    Outcome.OK: Reply.PRICES,
    Outcome.NOT_FOUND: Reply.NOT_FOUND,
    Outcome.SKIPPED: Reply.NOT_ASKED,
}
"""Every other outcome is a failure."""


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


def current_health(context: Context, *, now: datetime) -> Health:
    """How every series is now; nothing is written or told."""
    return _looked(context, _remembered(context), (), now=now)[0]


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
    bars = context.store.bars(instruments=names, interval=context.interval, since=since)
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
