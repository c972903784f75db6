"""What became of everything, from what is stored: the account of messages, and the facts of a digest.

The account: what was decided is told on its channels or withheld with its cause, and what is told was sent, merged,
given up, or is still owed.  Nothing is missing from it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.alerts import RECORDED_ONLY, Kind, Severity
from monitor.digest import Schedule, compose_digest, counts
from monitor.judge import Memory
from monitor.policy import SILENT_KIND
from monitor.quality import briefly
from monitor.rules import Instance, Rulebook
from monitor.standing import THERE, Standing, standing
from monitor.storage.records import FIRST_STARTED, Evaluation, OutboxRow, Recorded
from monitor.storage.store import Store

LATEST = timedelta(days=1)
"""So long after it was due a digest is still written."""
NEAREST = 5
"""So many rules that are not open are named."""

_HAPPENED: Mapping[str, frozenset[Kind]] = {
    "Opened": frozenset({Kind.OPEN}),
    "Escalated": frozenset({Kind.ESCALATE}),
    "Closed": frozenset({Kind.RESOLVE}),
    "Corrected": frozenset({Kind.RETRACT, Kind.REOPEN}),
    "Told again": frozenset({Kind.STILL_OPEN, Kind.REMIND}),
    "Previewed": frozenset({Kind.LIVE, Kind.WITHDRAW}),
}
"""What people can hear of, under the headings of a digest."""
_MESSAGES_ONLY = frozenset({Kind.STILL_OPEN, Kind.REMIND, Kind.LIVE, Kind.WITHDRAW})
"""Nothing happened where these were withheld."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where transitions that people can hear of have ended."""

    decided: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    """By cause."""
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By channel, how many transitions stand where, such as `sent` or `retry`."""
    lost: tuple[str, ...] = ()
    """Ids of transitions that are in no message, although they are to be told; there are none."""


def account(recorded: Iterable[Recorded], rows: Iterable[OutboxRow]) -> Account:
    """The account of some transitions over the messages that carry them."""
    sendable = [one for one in recorded if not _is_silent(one)]
    to_tell = {one.transition.id for one in sendable if one.sent}
    told: dict[str, Counter[str]] = {}
    found: set[str] = set()
    for row in rows:
        carried = to_tell.intersection(row.transitions)
        found |= carried
        if carried:
            told.setdefault(row.channel, Counter())[row.status.value] += len(carried)
    return Account(
        decided=len(sendable),
        withheld=Counter(one.cause or "no cause" for one in sendable if not one.sent),
        told=told,
        lost=tuple(sorted(to_tell - found)),
    )


def _is_silent(one: Recorded) -> bool:
    return one.transition.kind in RECORDED_ONLY or one.cause == SILENT_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """Where one instance stands."""

    instance: Instance
    memory: Memory | None
    evaluation: Evaluation | None
    now: Standing

    @property
    def level(self) -> Severity | None:
        """The level of its open episode."""
        state = self.memory.state if self.memory else None
        if state is None or state.level is None:
            return None
        return self.instance.levels[state.level].severity if state.level < len(self.instance.levels) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a digest tells of a span."""

    since: date
    until: date
    open: Sequence[Standpoint] = ()
    happened: Mapping[str, Sequence[Recorded]] = field(default_factory=dict)
    """By heading, each of them in its order."""
    nearest: Sequence[Standpoint] = ()
    """Instances that are not open, the one nearest to its threshold first."""
    never: Sequence[Instance] = ()
    """Those without an episode in all of the history that was judged."""
    account: Account = field(default_factory=Account)
    newest: date | None = None
    """The last session in which any instance was judged."""


def standpoints(store: Store, rulebook: Rulebook, rule: str | None = None) -> list[Standpoint]:
    """Where every instance stands, or each of one rule, in the order of the rulebook."""
    memories = store.memories(None if rule is None else [rule])
    evaluations = store.latest_evaluations(rule)
    return [
        _standpoint(one, memories.get(one.key), evaluations.get(one.key))
        for one in rulebook.instances
        if rule in (None, one.rule.id)
    ]


def _standpoint(instance: Instance, memory: Memory | None, evaluation: Evaluation | None) -> Standpoint:
    opened = memory is not None and memory.state.level is not None
    values = evaluation.values if evaluation else {}
    now = standing(instance.levels[0], values, opened=opened)
    return Standpoint(instance=instance, memory=memory, evaluation=evaluation, now=now)


def read_ledger(store: Store, rulebook: Rulebook, *, since: datetime, until: datetime) -> Ledger:
    """What happened between two instants, and how things stand now."""
    points = standpoints(store, rulebook)
    recorded = [one for one in store.transitions() if since <= one.recorded_at < until]
    told = [
        one
        for one in recorded
        if not _is_silent(one) and (one.sent or one.transition.kind not in _MESSAGES_ONLY)
    ]
    away = [one for one in points if one.level is None and one.now.closeness is not None]
    return Ledger(
        since=since.date(),
        until=until.date(),
        open=[one for one in points if one.level is not None],
        happened={
            name: [one for one in told if one.transition.kind in kinds] for name, kinds in _HAPPENED.items()
        },
        nearest=sorted(away, key=lambda one: one.now.closeness or 0.0)[:NEAREST],
        never=[one.instance for one in points if one.memory and one.memory.state.episode == 0],
        account=account(recorded, store.outbox_rows()),
        newest=max((one.evaluation.session for one in points if one.evaluation), default=None),
    )


def sections(
    ledger: Ledger, *, health: Sequence[str] = (), found: Sequence[str] = ()
) -> dict[str, list[str]]:
    """A ledger in lines under headings, in the order of a digest."""
    return {
        "Open": [_open_line(one, ledger.newest) for one in ledger.open],
        **{name: [one.text for one in happened] for name, happened in ledger.happened.items()},
        "Nearest to firing": [_near_line(one, ledger.newest) for one in ledger.nearest],
        "Never fired in the history that is held": [_name(one) for one in ledger.never],
        "Data": [*health, *found],
        "Withheld": [f"{number} by {cause}" for cause, number in sorted(ledger.account.withheld.items())],
        "Delivery": [
            f"{channel}: " + ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
            for channel, counts in sorted(ledger.account.told.items())
        ],
    }


def _name(instance: Instance) -> str:
    return instance.rule.id + (f" {instance.member}" if instance.member else "")


def _valued(one: Standpoint, newest: date | None) -> str:
    """An instance with its value, and the session of that where others were judged since."""
    judged = one.evaluation.session if one.evaluation else newest
    when = "" if judged == newest else f" in {judged}"
    return f"{_name(one.instance)}: {one.now.metric} {one.now.value_shown}{when}"


def _open_line(one: Standpoint, newest: date | None) -> str:
    since = one.memory.state.opened if one.memory else None
    level = one.level.value if one.level else ""
    return f"{level} {_valued(one, newest)}, since {since}"


def _near_line(one: Standpoint, newest: date | None) -> str:
    now = one.now
    part = "" if now.distance_in_percent is None else f" ({now.distance_in_percent:+.1f} %)"
    far = now.distance_shown if now.distance_shown == THERE else f"{now.distance_shown}{part} away"
    return f"{_valued(one, newest)}, waits for {now.threshold_shown}, {far}"


def evidence_of(store: Store, rulebook: Rulebook) -> dict[str, str]:
    """What history says of the rules in force, as they are written: where it was measured, and they were ever known."""
    kept, nothing = store.evidence(), ("",)
    lines = {version[0]: kept.get(version, nothing)[0] for version in rulebook.versions.items()}
    return {rule: line for rule, line in lines.items() if line}


def digests_due(
    store: Store,
    rulebook: Rulebook,
    schedules: Iterable[Schedule],
    *,
    now: datetime,
    source: str,
    health: Sequence[str] = (),
) -> int:
    """Owe every digest that is due and was not written yet; one that was missed for a day is told with the next."""
    written, started = 0, _instant(store.meta(FIRST_STARTED))
    for schedule in schedules:
        due, mark = schedule.last_due(now), _mark(schedule)
        last = _instant(store.meta(mark))
        if last is not None and last > now:  # the clock was set back
            last = None
        if started is None or due < started or now - due > LATEST or (last is not None and due <= last):
            continue
        usual = schedule.before(due)
        missed = last if last is not None and last < usual else None
        since = last or usual
        ledger = read_ledger(store, rulebook, since=since, until=now)
        found = briefly(one for one, at in store.findings() if since <= at < now)
        longer = f"since {_local_day(missed, schedule)}, " if missed else ""
        told = longer + counts(
            {name: len(one) for name, one in ledger.happened.items()} | {"Open": len(ledger.open)}
        )
        parts = sections(ledger, health=health, found=found)
        messages = [
            compose_digest(name, schedule, due, told, parts, source=source) for name in schedule.channels
        ]
        store.enqueue(messages, now=now)
        store.set_meta(mark, now.isoformat())
        written += len(messages)
    return written


def _mark(schedule: Schedule) -> str:
    """The name under which is kept up to when the last digest told."""
    when = f"{schedule.every} {schedule.weekday} {schedule.at:%H:%M} {schedule.zone}"
    return f"digest {when} {','.join(schedule.channels)}"


def _local_day(at: datetime, schedule: Schedule) -> date:
    return at.astimezone(ZoneInfo(schedule.zone)).date()


def _instant(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)
