"""One live cycle: fetch, keep, observe, judge, commit; delivery is a step of its own.

1. `gather.fetch` asks the source for the instruments that have a settled bar missing, and keeps what came;
2. `wellbeing.keep_health` looks at how fresh every series is, and owes what people must hear of it;
3. `judge_new` takes every step that `catch_up` makes of what is held, one transaction each: states, transitions,
   evaluations and the messages they owe stand together or not at all.

Time is an argument.  The same `judge` runs in a backtest.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.alerts import Kind, Reason, Transition
from monitor.background import background, chart
from monitor.bars import ActionKind, next_known
from monitor.catchup import Step, catch_up
from monitor.engine import Track
from monitor.gather import Context, Gathered, fetch
from monitor.health import Event
from monitor.instruments import AssetKind
from monitor.ledger import evidence_of
from monitor.live import basis, close, firing, previews, traded, with_inhibitors
from monitor.messages import Entry, Message, compose, compose_away, compose_closed, template_notice
from monitor.policy import Decided
from monitor.prices.source import Fetched, Outcome
from monitor.routing import episode_of
from monitor.rules import Instance
from monitor.selfcheck import evaluations, judging
from monitor.silences import Hush, hush
from monitor.storage.records import FIRST_STARTED, Judged, Judging
from monitor.wellbeing import keep_health


@dataclass(frozen=True, slots=True)
class Result:
    """What a cycle did."""

    gathered: Gathered = field(default_factory=Gathered)
    sessions: tuple[date, ...] = ()
    """Sessions that were judged, besides first judgements."""
    decided: tuple[Decided, ...] = ()
    owed: int = 0
    """Messages that were put into the outbox, besides those about health."""
    health: tuple[Event, ...] = ()
    """What was told of the data."""
    next_known: datetime | None = None
    """When the next of the bars that are held already will be known, such as one that was imported before its close."""

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """The answers of the source."""
        return self.gathered.answers

    @property
    def new_bars(self) -> int:
        """Bars that are new, or have another value or status than before."""
        return self.gathered.new_bars

    @property
    def failed(self) -> tuple[Fetched, ...]:
        """The answers that brought no prices."""
        return tuple(answer for answer in self.gathered.answers if answer.outcome is not Outcome.OK)


def run_cycle(context: Context, *, now: datetime) -> Result:
    """Fetch what is due and judge every session that is complete."""
    gathered = fetch(context, now=now)
    health = tuple(keep_health(context, gathered.answers, now=now))
    result = _total([judge_new(context, now=now), preview(context, now=now)])
    return replace(result, gathered=gathered, health=health)


def judge_new(context: Context, *, now: datetime) -> Result:
    """Judge what is complete and was not judged, each step in one transaction."""
    store, rulebook = context.store, context.rulebook
    if not store.meta(FIRST_STARTED):
        store.set_meta(FIRST_STARTED, now.isoformat())
    bars = store.bars(instruments=rulebook.instruments)
    asked, memories = hush(store.silences(), store.acknowledged()), store.memories()
    done: list[Result] = []
    for step in catch_up(rulebook, bars, memories, now=now, hush=asked):
        noted = None if done else judging(store, rulebook, memories, now=now)
        done.append(_commit(context, step, noted, asked, now=now))
    return replace(_total(done), next_known=next_known(bars, now=now))


def preview(context: Context, *, now: datetime) -> Result:
    """Tell what live rules say of the session that goes on; of each level once a session."""
    store, rulebook = context.store, traded(context.rulebook, now=now)
    if not rulebook.instances:
        return Result()
    bars = store.bars(instruments=rulebook.instruments)
    fires = firing(rulebook, bars, store.judged(), now=now)
    rules = {name for track, _ in fires for name in with_inhibitors(track.instance)}
    asked = hush(store.silences(), store.acknowledged())
    found = list(previews(fires, store.memories(rules), store.lives(), hush=asked))
    if not found:
        return Result()
    evidence = evidence_of(context.store, context.rulebook)
    entries = [
        replace(_entry(context, track, one, evidence), notes=_live_notes(context, track.instance))
        for track, one, _ in found
    ]
    decided = tuple(one for _, one, _ in found)
    messages = _owed(context, entries, now=now)
    lives = {track.instance.key: live for track, _, live in found}
    store.commit(Judged(decided=decided, messages=messages, lives=lives), now=now)
    return Result(decided=decided, owed=len(messages))


def _live_notes(context: Context, instance: Instance) -> tuple[str, ...]:
    """How live quotes of futures stood to settled closes, and which contracts are quoted."""
    catalogue = context.rulebook.catalogue
    futures = [one for one in catalogue.subset(instance.instruments) if one.kind is AssetKind.FUTURE]
    notes: list[str] = []
    for one in futures:
        versions = context.store.bar_versions(instruments=[one.id])
        contract = context.store.quote(one.id).contract
        parts = [part for part in (contract and f"quoted is {contract}", basis(versions)) if part]
        notes.append(f"{one.id} live: {', '.join(parts)}" if parts else f"{one.id} live: basis not known yet")
    return tuple(notes)


def _commit(context: Context, step: Step, noted: Judging | None, asked: Hush, *, now: datetime) -> Result:
    closed = close(context.store.lives(), step, hush=asked)
    decided = (*step.decided, *closed.withdrawn)
    messages = _messages(context, step, decided, closed.confirmed, now=now)
    judged = Judged(
        memories=step.memories,
        decided=decided,
        messages=messages,
        lives=dict.fromkeys(closed.over),
        evaluations=list(evaluations(step)),
        judging=noted,
    )
    context.store.commit(judged, now=now)
    return Result(sessions=step.sessions, decided=decided, owed=len(messages))


def _messages(
    context: Context, step: Step, decided: Iterable[Decided], confirmed: Collection[str], *, now: datetime
) -> list[Message]:
    """What is told of a step."""
    told = [one for one in decided if one.sent]
    if not step.tracks:
        ended = [one.transition for one in told]
        heard = context.store.heard_on({episode_of(one) for one in ended})
        parts = context.routing.ended(ended, heard)
        messages = [
            compose_closed(name, part, source=context.source.label, style=context.style(name))
            for name, part in parts.items()
        ]
        return _after_quiet_hours(context, messages, now)
    tracks = {track.instance.key: track for track in step.tracks}
    evidence = evidence_of(context.store, context.rulebook) if told else {}
    entries = [
        replace(
            _entry(context, tracks[one.transition.rule, one.transition.instance], one, evidence),
            confirmed=one.transition.id in confirmed,
        )
        for one in told
    ]
    return _owed(context, entries, now=now, late=step.late)


def _entry(context: Context, track: Track, decided: Decided, evidence: Mapping[str, str]) -> Entry:
    """What is told of a transition, with how it stands in its history, and a picture where some channel shows one."""
    transition = decided.transition
    return Entry(
        instance=track.instance,
        transition=transition,
        withheld=decided.withheld,
        causes=decided.causes,
        notes=(*_told_before(context, transition), *_splits(context, track.instance, transition)),
        background=background(track, transition),
        evidence=evidence.get(transition.rule),
        chart=chart(track, transition) if context.shows_pictures else None,
    )


def _told_before(context: Context, transition: Transition) -> tuple[str, ...]:
    """What was told first of an episode that is taken back, and of the end of one that did not end."""
    wrong = {Kind.RETRACT: frozenset(Kind), Kind.REOPEN: {Kind.RESOLVE}}.get(transition.kind)
    if wrong is None:
        return ()
    rule, instance, since = transition.rule, transition.instance, transition.opened
    newest_first = context.store.transitions(rule=rule, instance=instance, since=since)
    told = [
        one.text
        for one in newest_first
        if one.sent and one.transition.episode == transition.episode and one.transition.kind in wrong
    ]
    return tuple(f"told before: {text}" for text in told[-1:])


def _splits(context: Context, instance: Instance, transition: Transition) -> Iterator[str]:
    """What a correction has to say of a split since: it was no error of prices."""
    if transition.reason is not Reason.REVISED_DATA:
        return
    for one in sorted(instance.instruments):
        for action in context.store.actions(one):
            if action.kind is ActionKind.SPLIT and action.session > transition.session:
                ratio = f"{action.value:g}:1" if action.value >= 1 else f"1:{1 / action.value:g}"
                yield f"{one} was split {ratio} on {action.session}: all its prices are in new shares now"


def _owed(context: Context, entries: list[Entry], *, now: datetime, late: bool = False) -> list[Message]:
    """One message per channel for everything that is told now."""
    if not entries:
        return []
    catalogue, source = context.rulebook.catalogue, context.source.label
    heard = context.store.heard_on({episode_of(one.transition) for one in entries})
    messages = [
        compose_away(name, part, source=source, style=context.style(name))
        if late
        else compose(name, part, catalogue=catalogue, source=source, style=context.style(name), now=now)
        for name, part in context.routing.by_channel(entries, heard).items()
    ]
    faults = dict.fromkeys(one.fault for one in messages if one.fault)
    notices = [
        template_notice(name, fault, now.date()) for fault in faults for name in context.routing.health
    ]
    return _after_quiet_hours(context, [*messages, *notices], now)


def _after_quiet_hours(context: Context, messages: Iterable[Message], now: datetime) -> list[Message]:
    """The messages, owed until the quiet hours of their channels are over."""
    return [replace(one, not_before=context.routing.over(one.channel, now, one.severity)) for one in messages]


def _total(results: Iterable[Result]) -> Result:
    parts = list(results)
    return Result(
        sessions=tuple(session for part in parts for session in part.sessions),
        decided=tuple(one for part in parts for one in part.decided),
        owed=sum(part.owed for part in parts),
    )
