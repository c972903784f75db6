"""What is remembered, and what is seen now -> what is remembered next, and what people hear: one pure step.

`assess` looks at one series and tells nothing.  `fold` looks at all of them: whether it is the source rather than the
series, and which of it was told already.  Folding the same facts again changes nothing and tells nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from monitor.health import events
from monitor.health.events import Event
from monitor.health.freshness import Freshness, due_sessions, gaps, standing
from monitor.health.values import Answer, Health, Reply, Seen, SeriesHealth, SourceHealth
from monitor.instruments import Instrument
from monitor.rules import FeedLimit, HealthLimits
from monitor.sessions import trading_since

LEAST = 3
"""Fewer series than these are told one by one."""
NOT_FOUND_TIMES = 3
NOT_FOUND_SPAN = timedelta(hours=24)

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Step:
    """One series before and after."""

    seen: Seen
    before: SeriesHealth
    after: SeriesHealth
    first: bool
    """Nobody looked at it before."""

    @property
    def untold(self) -> bool:
        """Whether it is worse than people heard, and that is not only because its turn has not come."""
        waits = self.seen.answer is not None and self.seen.answer.reply is Reply.NOT_ASKED
        return (
            self.after.freshness.is_down and self.after.freshness.rank > self.before.told.rank and not waits
        )

    @property
    def came_back(self) -> bool:
        """Whether it was stale or dead and is no more."""
        return self.before.freshness.is_down and not self.after.freshness.is_down


def fold(
    before: Health, seen: Sequence[Seen], *, limits: HealthLimits, now: datetime
) -> tuple[Health, list[Event]]:
    """One step; series that are remembered and not seen stay as they are."""
    steps = [_step(before, one, limits, now) for one in seen]
    series = {**before.series, **{step.seen.instrument.id: step.after for step in steps}}
    source, told = _source(before.source, steps, series, now)
    ended = before.source.since is not None and source.since is None
    for step in steps:
        after, more = _tell(step, series, incident=ended or source.since is not None, now=now)
        series[after.instrument] = after
        told += more
    if ended:
        series = {name: _told_with_the_source(one) for name, one in series.items()}
    source, more = _feed(source, series, limits.feed, now)
    return Health(source, series), [*told, *more]


def _step(before: Health, seen: Seen, limits: HealthLimits, now: datetime) -> _Step:
    known = before.series.get(seen.instrument.id)
    one = known or SeriesHealth(instrument=seen.instrument.id, watched=now.date())
    return _Step(seen, one, assess(one, seen, limits=limits, now=now), first=known is None)


def assess(before: SeriesHealth, seen: Seen, *, limits: HealthLimits, now: datetime) -> SeriesHealth:
    """What is known of one series now; what was told of it stays."""
    stands = standing(seen.instrument, seen.last, watched=before.watched, limits=limits, now=now)
    outage = before.outage_after if before.freshness.is_down else seen.last
    after = replace(
        before,
        freshness=stands.freshness,
        since=stands.since,
        last_session=seen.last,
        missing=len(stands.missing),
        gaps=() if seen.instrument.carry_days is not None else gaps(seen.instrument, seen.held),
        outage_after=outage if stands.freshness.is_down else None,
    )
    if seen.last != before.last_session:
        after = replace(after, behind=False)  # the feed moved
    return after if seen.answer is None else _answered(after, seen.instrument, seen.answer, limits.feed, now)


def _answered(
    one: SeriesHealth, instrument: Instrument, answer: Answer, limit: FeedLimit | None, now: datetime
) -> SeriesHealth:
    if answer.reply is Reply.NOT_ASKED:
        return one
    one = replace(one, outcome=answer.outcome, detail=answer.detail)
    if answer.reply is Reply.NOT_FOUND:
        return replace(one, not_found=one.not_found + 1, not_found_since=one.not_found_since or now)
    if answer.reply is Reply.FAILED:
        return one
    return replace(
        one,
        answered_at=now,
        not_found=0,
        not_found_since=None,
        not_found_told=False,
        quote_at=answer.quote_at or one.quote_at,
        behind=_behind(one, instrument, answer.quote_at, limit, now),
    )


def _behind(
    one: SeriesHealth, instrument: Instrument, quote: datetime | None, limit: FeedLimit | None, now: datetime
) -> bool:
    """Whether the newest quote is too old; before an exchange opened none could come."""
    if limit is None or quote is None:
        return False
    opened = trading_since(instrument, now)
    if opened is None:
        return one.behind
    return now - max(quote, opened) > (limit.clear if one.behind else limit.after)


# --- the source


def _source(
    before: SourceHealth, steps: Sequence[_Step], series: Mapping[str, SeriesHealth], now: datetime
) -> tuple[SourceHealth, list[Event]]:
    """Whether most series are unwell, which is one incident, and what is told of it."""
    failing = _failing([step.seen.answer for step in steps if step.seen.answer is not None])
    after = replace(before, failing=before.failing if failing is None else failing)
    stale = [name for name, one in series.items() if one.freshness.is_down]
    many = len(stale) >= LEAST and 2 * len(stale) > len(series)
    if before.since is None:
        if not failing and not (many and any(step.untold for step in steps)):
            return after, []
        answers = [step.seen.answer for step in steps if step.seen.answer is not None]
        event = events.source_down(
            before.source, failing=after.failing, since=now, stale=stale, answers=answers
        )
        return replace(after, since=now), [event]
    back = [_outage(step, now) for step in steps if step.came_back and not step.before.told.is_down]
    after = replace(
        after,
        missing=after.missing + sum(len(due) for due, _ in back),
        filled=after.filled + sum(len(due) - len(still) for due, still in back),
    )
    if after.failing or many:
        return after, []
    event = events.source_up(
        before.source, since=before.since, missing=after.missing, filled=after.filled, stale=stale
    )
    return replace(after, since=None, missing=0, filled=0), [event]


def _failing(answers: Sequence[Answer]) -> bool | None:
    """Whether most series got no prices from the source itself; None where too few answers tell."""
    replies = [answer.reply for answer in answers]
    prices, failed, waiting = (replies.count(one) for one in (Reply.PRICES, Reply.FAILED, Reply.NOT_ASKED))
    if prices and prices >= failed:
        return False
    if failed > prices and len(replies) >= LEAST and 2 * (failed + waiting) > len(replies):
        return True
    return None


def _told_with_the_source(one: SeriesHealth) -> SeriesHealth:
    """What is still stale when the source is back was named there."""
    worst = max(one.told, one.freshness, key=lambda level: level.rank)
    return replace(one, told=worst) if one.freshness.is_down else one


def _feed(
    source: SourceHealth, series: Mapping[str, SeriesHealth], limit: FeedLimit | None, now: datetime
) -> tuple[SourceHealth, list[Event]]:
    """Whether quotes stand still, of as many series as the limit asks for."""
    behind = [name for name, one in series.items() if one.behind]
    still = limit is not None and len(behind) >= limit.series
    if still and limit is not None and source.behind_since is None:
        event = events.stands_still(source.source, since=now, series=behind, limit=limit)
        return replace(source, behind_since=now), [event]
    if not still and source.behind_since is not None:
        return replace(source, behind_since=None), [
            events.moves_again(source.source, since=source.behind_since)
        ]
    return source, []


# --- series


def _tell(
    step: _Step, series: Mapping[str, SeriesHealth], *, incident: bool, now: datetime
) -> tuple[SeriesHealth, list[Event]]:
    """What is told of one series, and the series with that remembered."""
    after, instrument = step.after, step.seen.instrument
    told: list[Event] = []
    if step.untold and not incident:
        told.append(events.down(after, instrument.symbol))
        after = replace(after, told=after.freshness)
    if step.came_back:
        if after.told.is_down:
            due, still = _outage(step, now)
            told.append(events.recovered(after, missing=len(due), still=still))
        after = replace(after, told=Freshness.FRESH)
    if _is_lost(after, series, now):
        told.append(events.not_found(after, instrument.symbol))
        after = replace(after, not_found_told=True)
    return after, [*told, *_of_gaps(step)]


def _outage(step: _Step, now: datetime) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The sessions that an outage missed, and those of them that are still missing."""
    if step.seen.instrument.carry_days is not None:
        return (), ()
    after = step.before.outage_after or step.before.watched - _A_DAY
    due = due_sessions(step.seen.instrument, after, now)
    held = set(step.seen.held)
    return due, tuple(day for day in due if day not in held)


def _is_lost(one: SeriesHealth, series: Mapping[str, SeriesHealth], now: datetime) -> bool:
    """Whether a symbol was not found for long enough, while others were."""
    since = one.not_found_since
    if one.not_found_told or since is None or one.not_found < NOT_FOUND_TIMES or now - since < NOT_FOUND_SPAN:
        return False
    return any(other.answered_at is not None and other.answered_at >= since for other in series.values())


def _of_gaps(step: _Step) -> Iterator[Event]:
    """Gaps that are new or filled; those of an outage are told with its end."""
    if step.first or step.before.freshness.is_down:
        return
    name, held = step.seen.instrument.id, set(step.seen.held)
    if new := [day for day in step.after.gaps if day not in step.before.gaps]:
        yield events.gap(name, new)
    if filled := [day for day in step.before.gaps if day in held]:
        yield events.gap_filled(name, filled)
