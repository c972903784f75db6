"""A case with a channel that fails: the same bars through the store, the cycle and the outbox.

What is compared is what arrived, in the column in which it did.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from monitor.alerts import AlertState, Severity
from monitor.cycle import judge_new
from monitor.delivery.channel import Channel
from monitor.delivery.outbox import deliver_due
from monitor.errors import DeliveryError
from monitor.gather import Context
from monitor.instruments import Instrument
from monitor.judge import Memory
from monitor.messages import Form
from monitor.policy import Decided
from monitor.prices.source import Fetched, Outcome
from monitor.routing import everything
from monitor.ruletest.cases import Case
from monitor.ruletest.comparing import Arrived
from monitor.ruletest.running import Heard, Run
from monitor.storage.records import Judged, OutboxRow, Owed
from monitor.storage.store import open_store


@dataclass(frozen=True)
class MadeUpSource:
    """The source of made-up bars, which the case brings itself."""

    name: str = "rule test"
    label: str = "rule test"

    def fetch(
        self,
        instruments: Sequence[Instrument],
        *,
        interval: str,  # noqa: ARG002 - it has none of any kind
        since: Mapping[str, date],  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> list[Fetched]:
        return [Fetched(one.id, Outcome.EMPTY) for one in instruments]

    def close(self) -> None:
        """Nothing is held open."""


def delivered(case: Case, straight: Run) -> tuple[list[Arrived], Run]:
    """What every channel has, column by column, and the transitions that were stored."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'case.db'}"
        return _Delivering(case, url).run(straight)


class _Delivering:
    def __init__(self, case: Case, url: str) -> None:
        self.case, self.url = case, url
        self.store = open_store(url)
        self.rulebook = case.rulebook
        self.arrived: list[Arrived] = []
        self.seen: set[str] = set()

    def run(self, straight: Run) -> tuple[list[Arrived], Run]:
        try:
            self._begin(straight)
            for column in range(self.case.timeline.last + 1):
                self._column(column)
            return self.arrived, self._stored()
        finally:
            self.store.close()

    def _begin(self, straight: Run) -> None:
        """What was known and heard before column 0; of history nobody is told again."""
        fresh = {
            one.key: Memory(AlertState.fresh(len(one.levels)), rule_hash=one.semantic_hash)
            for one in self.case.rulebook.instances
        }
        history = [heard.decided for heard in straight.heard if heard.column < 0]
        memories = {**fresh, **straight.samples.get(-1, {})}
        if -1 in straight.samples:
            self._keep(-1)
        self.store.commit(Judged(memories=memories, decided=history), now=self.case.over(0))
        for one in self.case.silences:
            self.store.add_silence(
                one.match, reason=one.reason, author=one.author, since=one.since, until=one.until
            )

    def _column(self, column: int) -> None:
        now = self.case.over(column)
        self._keep(column)
        if column in self.case.restarts:
            self.store.close()
            self.store = open_store(self.url)
            self.rulebook = replace(self.rulebook, instances=tuple(self.case.restarted().values()))
        context = Context(self.store, MadeUpSource(), self.rulebook, routing=everything(self.case.channels))
        judge_new(context, now=now)
        channels = {name: self._channel(name, column) for name in self.case.channels}
        deliver_due(self.store, channels, now=lambda: now, jitter=lambda: 0.0)
        for row in self.store.outbox_rows(status=Owed.SENT):
            if row.key not in self.seen:
                self.seen.add(row.key)
                self.arrived.append(self._arrival(row, column))

    def _keep(self, column: int) -> None:
        self.store.add_bars(
            self.case.timeline.arriving(column), seen_at=self.case.over(column), source="rule test"
        )

    def _channel(self, name: str, column: int) -> Channel:
        down = any(
            event.channel == name and event.at <= column < event.at + (event.bars or 1)
            for event in self.case.outages
        )

        def send(
            title: str,
            body: str,
            severity: Severity,
            form: Form = Form.TEXT,  # noqa: ARG001 - only the words are compared
            picture: bytes | None = None,  # noqa: ARG001 - (as above)
        ) -> None:
            if down:
                raise DeliveryError(f"{name} is down in this rule test ({severity}, {title}, {len(body)})")

        return Channel(name, "test", send)

    def _arrival(self, row: OutboxRow, column: int) -> Arrived:
        transitions = self.store.transitions(ids=row.transitions)
        kinds = tuple(sorted(one.transition.kind for one in transitions))
        return Arrived(column, row.channel, kinds, f"{row.title}\n{row.body}")

    def _stored(self) -> Run:
        recorded = self.store.transitions()
        return Run([Heard(0, Decided(transition=one.transition, sent=one.sent)) for one in recorded])
