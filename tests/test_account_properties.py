"""Whatever fails, every transition that is to be told ends somewhere on each of its channels, and nothing is told twice."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cycle import judge_new
from monitor.delivery.channel import Channel
from monitor.delivery.outbox import deliver_due
from monitor.errors import DeliveryError
from monitor.gather import Context
from monitor.ledger import account
from monitor.prices.sample import SampleSource
from monitor.routing import Match, everything
from monitor.storage.records import Owed
from monitor.storage.store import open_store
from tests.support.made_up import made, sessions
from tests.support.rules import pack

BOOK = pack(
    "ladder: {levels: {warning: {when: gold > 2}, critical: {when: gold > 4}}, cooldown: 3 days}\n"
    "edge: {when: gold > 2, mode: edge}\n"
    "again: {when: gold > 2, remind: {every: 2 bars}}"
)
CHANNELS = ("mail", "phone")
DAYS = sessions(12)
Prices = st.lists(st.sampled_from([1.0, 1.0, 3.0, 5.0, None]), min_size=3, max_size=12)
Answers = st.lists(st.sampled_from(["taken", "down", "refused"]), max_size=30)
Spans = st.tuples(st.integers(0, 8), st.integers(1, 6))


@settings(max_examples=30, deadline=None)
@given(gold=Prices, answers=Answers, silence=Spans, asleep=st.integers(1, 4))
def test_every_transition_is_accounted_for_on_every_channel(
    gold: list[float | None], answers: list[str], silence: tuple[int, int], asleep: int
) -> None:
    script = iter(answers)
    taken: list[str] = []

    def send(title: str, *_: object, **__: object) -> None:
        answer = next(script, "taken")
        if answer != "taken":
            raise DeliveryError(answer, permanent=answer == "refused")
        taken.append(title)

    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'account.db'}")
        around = Context(store, SampleSource(), BOOK, routing=everything(CHANNELS))
        channels = {name: Channel(name, "test", send) for name in CHANNELS}
        begins, lasts = silence
        since = datetime.combine(DAYS[begins], time(), UTC)
        until = since + timedelta(days=lasts)
        store.add_silence(Match(rule=("ladder",)), reason="x", author="ann", since=since, until=until)
        for count in range(asleep, len(gold) + 1, asleep):
            now = datetime.combine(DAYS[count - 1], time(23), UTC)
            store.add_bars(made({"gold": gold[:count]}), seen_at=now, source="made up")
            judge_new(around, now=now)
            deliver_due(store, channels, now=lambda now=now: now, jitter=lambda: 1.0)  # type: ignore[misc]
        recorded, rows = store.transitions(), store.outbox_rows()
        store.close()

    total = account(recorded, rows)
    told = sum(one.sent for one in recorded)
    assert total.lost == ()
    assert {sum(counts.values()) for counts in total.told.values()} <= {told}
    assert len(total.told) == (len(CHANNELS) if told else 0)
    assert total.decided == told + sum(total.withheld.values())
    sent = [row for row in rows if row.status is Owed.SENT]
    assert len(taken) == len(sent)
    assert all(row.merged_into for row in rows if row.status is Owed.MERGED)
