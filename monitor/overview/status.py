"""How everything is, in one value: rules, data, source, outbox, and what makes it unwell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.gather import Context
from monitor.health import Health, unwell_series
from monitor.ledger import Standpoint
from monitor.nearness import Nearness
from monitor.overview.data import SeriesRow, SourceRow, data_rows, source_row, unwell_source
from monitor.overview.delivery import failures
from monitor.overview.row import Row
from monitor.overview.rules import NOT_JUDGED, RuleRow, rule_rows
from monitor.overview.words import discreet
from monitor.rules import InstanceKey
from monitor.storage.leading import leader
from monitor.storage.records import GIVEN_UP, OPEN
from monitor.storage.store import Store
from monitor.vitals import HEARTBEAT, ills, left
from monitor.wellbeing import current_health


class LeaderRow(Row):
    """The daemon that leads, where several may work on one database."""

    epoch: int
    """How often the lead was taken."""
    holder: str
    """Its machine and process."""
    since: datetime
    leads: bool
    """Whether it still leads."""


class StatusView(Row):
    """How everything is."""

    prices: str
    """Where prices come from; `sample market, simulated` where they are made up."""
    clock: str | None
    """What is said of a clock that was set; null where it is the real one."""
    rules: tuple[RuleRow, ...]
    data: tuple[SeriesRow, ...]
    source: SourceRow
    outbox: dict[str, int]
    """How many messages stand where."""
    failures: tuple[str, ...]
    """What failed: messages that were not delivered, series that rules wait for in vain."""
    notes: tuple[str, ...]
    """What is wrong with the source as a whole."""
    heartbeat: str | None
    """The last sign of life of a daemon."""
    leader: LeaderRow | None
    """null where only one daemon may work on the database."""

    @property
    def is_judged(self) -> bool:
        """Whether every rule was judged."""
        return all(row.state != NOT_JUDGED for row in self.rules)

    @property
    def owed(self) -> int:
        """How many messages are still to be sent."""
        return sum(self.outbox.get(one, 0) for one in OPEN)

    @property
    def given_up(self) -> int:
        """How many messages are not sent any more, though nobody knows that they arrived."""
        return sum(self.outbox.get(one, 0) for one in GIVEN_UP)


def read_status(
    context: Context,
    points: Sequence[Standpoint],
    near: Mapping[InstanceKey, Nearness],
    *,
    now: datetime,
    clock: str,
    health: Health | None = None,
) -> StatusView:
    """How everything is now; nothing is written.  `health` is that of now, where somebody looked at it already."""
    store, health = context.store, health or current_health(context, now=now)
    return StatusView(
        prices=context.source.label,
        clock=clock or None,
        rules=tuple(rule_rows(points, health, near)),
        data=tuple(data_rows(health, context.rulebook.catalogue, now)),
        source=source_row(health.source),
        outbox={status.value: number for status, number in store.counts().outbox.items()},
        failures=tuple(discreet(line) for line in _failing(store, health, now)),
        notes=tuple(unwell_source(health.source)),
        heartbeat=store.meta(HEARTBEAT),
        leader=_leader(store),
    )


def _failing(store: Store, health: Health, now: datetime) -> list[str]:
    """Messages that were not delivered, and series that rules wait for in vain."""
    rows = [row for status in (*OPEN, *GIVEN_UP) for row in store.outbox_rows(status=status)]
    return [*failures(rows, now=now), *unwell_series(health)]


def _leader(store: Store) -> LeaderRow | None:
    lead = leader(store)
    if lead is None:
        return None
    return LeaderRow(epoch=lead.epoch, holder=lead.holder, since=lead.since, leads=lead.leads)


def readiness(context: Context, *, now: datetime, patience: timedelta, health: Health | None) -> list[str]:
    """Why this is not to be relied on now, told by what a daemon left behind: its signs of life, data, delivery."""
    alive, judging = left(context.store)
    found = ills(context, judging, now=now, health=health)
    if alive is None:
        return ["no daemon ever worked on this database", *found]
    silent = now - alive > patience
    return [*([f"no sign of life of a daemon since {alive:%Y-%m-%d %H:%M} UTC"] if silent else []), *found]
