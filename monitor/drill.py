"""A drill: the real message of a rule over its real routes, marked as a drill, while nothing happened.

The numbers are those of the last session in which the rule fired; of one that never did, the newest.  No state, no
episode and no evaluation is touched: what stays is the message in the outbox.  Time is an argument.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.alerts import Kind, Transition, Verdict, transition_id
from monitor.background import background, chart
from monitor.bars import completed
from monitor.engine import Track, episodes, observe, transition
from monitor.errors import UsageError
from monitor.gather import Context
from monitor.ledger import evidence_of
from monitor.messages import Entry, Message, compose
from monitor.rules import Instance

MARK = "DRILL"


def drill(context: Context, instances: Sequence[Instance], *, now: datetime) -> list[Message]:
    """Owe the message of a rule on every channel its levels are routed to; of a group, of its first known member.

    UsageError when no session of it is held yet.
    """
    track = _judged(context, instances, now)
    entries = [_entry(context, track, level, now) for level in range(len(track.instance.levels))]
    catalogue, source = context.rulebook.catalogue, context.source.label
    messages = [
        _marked(
            context,
            compose(name, part, catalogue=catalogue, source=source, style=context.style(name), now=now),
            now,
        )
        for name, part in context.routing.by_channel(entries, {}).items()
    ]
    context.store.enqueue(messages, now=now)
    return messages


def _judged(context: Context, instances: Sequence[Instance], now: datetime) -> Track:
    """The observations of the first instance that has any."""
    held = context.store.bars(instruments=context.rulebook.instruments)
    wanted = {one.key for one in instances}
    tracks = observe(context.rulebook, completed(held, now=now))
    known = [one for one in tracks if one.instance.key in wanted and len(one.sessions)]
    if not known:
        raise UsageError(
            f"no session of {instances[0].rule.id} is held yet, so a drill has no numbers to show; "
            "`metalwatch once` fetches prices"
        )
    return known[0]


def _entry(context: Context, track: Track, level: int, now: datetime) -> Entry:
    """A made-up open of one level."""
    fired = (track.verdicts[level] == Verdict.FIRE).nonzero()[0]
    row = int(fired[-1]) if len(fired) else len(track.sessions) - 1
    made = _opened(track, row, level, now)
    return Entry(
        instance=track.instance,
        transition=made,
        notes=tuple(_notes(made, fired=bool(len(fired)))),
        background=background(track, made),
        evidence=evidence_of(context.store, context.rulebook).get(made.rule),
        chart=chart(track, made) if context.shows_pictures else None,
    )


def _opened(track: Track, row: int, level: int, now: datetime) -> Transition:
    severity = track.instance.levels[level].severity
    session = track.sessions[row]
    number = len(episodes(track.cut(upto=session)))
    made = transition(track, row, Kind.OPEN, severity, episode=number, opened=session)
    drilled = f"{MARK} {now.isoformat()}"  # each drill is another message
    return replace(made, id=transition_id(made.rule, made.instance, severity, drilled, made.session))


def _notes(made: Transition, *, fired: bool) -> Iterator[str]:
    when = ", when it held last" if fired else "; it was never true in what is held"
    yield f"This is a drill: nothing happened. The numbers are of {made.session}{when}."


def _marked(context: Context, message: Message, now: datetime) -> Message:
    """The message as a drill's: it carries no transition, and waits for the end of quiet hours like any other."""
    return replace(
        message,
        title=f"{MARK} {message.title}",
        transitions=(),
        not_before=context.routing.over(message.channel, now, message.severity),
    )
