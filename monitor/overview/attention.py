"""What people asked not to hear: a row for each silence and acknowledgement, and what holds of one instance now."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from monitor.judge import Memory
from monitor.overview.row import Row
from monitor.routing import Match
from monitor.rules import Instance, InstanceKey
from monitor.silences import SILENCE, Acknowledged, Silence
from monitor.storage.store import Store


class SilenceRow(Row):
    """Some alerts are not told for a while."""

    number: int
    what: str
    reason: str
    author: str
    until: datetime | None
    """null: until what was open when it began is resolved."""
    ended: bool
    hidden: int
    """How many alerts it hid."""


class AcknowledgedRow(Row):
    """Somebody takes care of an open alert."""

    rule: str
    instance: str | None
    episode: int
    author: str
    note: str
    at: datetime


def silence_rows(store: Store, instances: Iterable[Instance], now: datetime) -> list[SilenceRow]:
    """A row for each silence, those that ended too."""
    causes = [one.cause for one in store.transitions() if one.cause]
    memories, known = store.memories(), tuple(instances)
    return [
        SilenceRow(
            number=one.number,
            what=_what(one.match),
            reason=one.reason,
            author=one.author,
            until=one.until,
            ended=not any(_holds(one, each, memories.get(each.key), now) for each in known)
            if one.until is None
            else one.until <= now,
            hidden=causes.count(f"{SILENCE}{one.number}"),
        )
        for one in store.silences()
    ]


def _holds(silence: Silence, instance: Instance, memory: Memory | None, now: datetime) -> bool:
    """Whether a silence may hide what an instance tells next."""
    if now < silence.since or not any(silence.match.takes(instance, one.severity) for one in instance.levels):
        return False
    if silence.until is not None:
        return now < silence.until
    return memory is None or _is_about(silence, memory)


def _is_about(silence: Silence, memory: Memory) -> bool:
    """Whether what is open is what a silence until resolved is about, or may be: its last session is not judged yet."""
    state, last = memory.state, silence.since.date()
    if state.level is None:
        return state.session is None or state.session < last
    return state.opened is not None and state.opened <= last


def _what(match: Match) -> str:
    parts = [
        *match.rule,
        *(f"pack {name}" for name in match.pack),
        *match.instrument,
        *(f"{name}={value}" for name, value in match.labels.items()),
        *sorted(match.severity),
    ]
    return ", ".join(str(part) for part in parts)


def acknowledged_rows(acknowledged: Iterable[Acknowledged]) -> list[AcknowledgedRow]:
    """A row for each acknowledgement."""
    return [
        AcknowledgedRow(
            rule=one.rule,
            instance=one.instance,
            episode=one.episode,
            author=one.author,
            note=one.note,
            at=one.at,
        )
        for one in acknowledged
    ]


def in_the_way(
    store: Store,
    instance: Instance,
    memory: Memory | None,
    memories: Mapping[InstanceKey, Memory],
    *,
    now: datetime,
) -> tuple[str, ...]:
    """What stands between an instance and people now: a cooldown, silences, an acknowledgement, rules that inhibit it."""
    if memory is None:
        return ()
    told, found = memory.told, []
    if told.last_open is not None and instance.rule.cooldown:
        until = told.last_open + timedelta(days=instance.rule.cooldown)
        found.append(f"cooldown of {instance.rule.cooldown} days: told {told.last_open}, over from {until}")
    if told.withheld:
        found.append(f"{told.withheld} withheld since the last message")
    found += [
        f"silence {one.number} by {one.author}: {one.reason}"
        for one in store.silences()
        if _holds(one, instance, memory, now)
    ]
    found += [
        f"acknowledged by {one.author}" + (f": {one.note}" if one.note else "")
        for one in store.acknowledged()
        if (one.rule, one.instance, one.episode) == (*instance.key, memory.state.episode)
        and memory.state.level is not None
    ]
    return (
        *found,
        *(
            f"inhibited by {rule}"
            for rule in instance.rule.inhibited_by
            if _is_open(rule, instance, memories)
        ),
    )


def _is_open(rule: str, instance: Instance, memories: Mapping[InstanceKey, Memory]) -> bool:
    own = [one for key, one in memories.items() if key[0] == rule and key[1] in (None, instance.member)]
    return any(one.state.level is not None for one in own)
