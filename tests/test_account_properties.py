"""Whatever fails and whatever people ask not to hear, every transition that is to be told ends somewhere on each of its
channels, nothing is told twice, and no state is another because of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerts import RECORDED_ONLY, Kind
from monitor.catchup import catch_up
from monitor.cycle import judge_new
from monitor.delivery.channel import Channel
from monitor.delivery.outbox import deliver_due
from monitor.errors import DeliveryError
from monitor.gather import Context
from monitor.judge import Memory
from monitor.ledger import Account, account
from monitor.policy import SILENT_KIND
from monitor.prices.sample import SampleSource
from monitor.routing import Match, QuietHours, Routing, everything
from monitor.rules import InstanceKey
from monitor.silences import Acknowledged
from monitor.storage.records import OutboxRow, Owed, Recorded
from monitor.storage.store import Store, open_store
from tests.support.examples import examples
from tests.support.made_up import made, sessions
from tests.support.rules import pack

BOOK = pack(
    "ladder: {levels: {warning: {when: gold > 2}, critical: {when: gold > 4}}, cooldown: 9 days}\n"
    "edge: {when: gold > 2, mode: edge, inhibited_by: [ladder]}\n"
    "again: {when: gold > 2, remind: {every: 1 bars, max: 3}, on_first: silent}\n"
    + "\n".join(f"storm-{number}: {{when: gold > 4}}" for number in range(11))
)
CHANNELS = ("mail", "phone")
QUIET = {"phone": QuietHours(start=time(20), end=time(7), zone="Europe/Berlin")}
ROUTING = Routing(routes=everything(CHANNELS).routes, quiet=QUIET)
DAYS = sessions(12)


@dataclass(frozen=True)
class Life:
    """What happens to a daemon: prices, silences, acknowledgements, answers of channels, and how long it sleeps."""

    gold: Sequence[float | None]
    answers: Sequence[str]
    silences: Sequence[tuple[str, int, int | None]]
    """What, from which day on, for how many; None: until resolved."""
    acknowledged: Sequence[int]
    """In these sessions somebody acknowledges what is open."""
    asleep: int


LIVES = st.builds(
    Life,
    gold=st.lists(st.sampled_from([1.0, 1.0, 3.0, 5.0, None]), min_size=3, max_size=12),
    answers=st.lists(st.sampled_from(["taken", "down", "refused"]), max_size=30),
    silences=st.lists(
        st.tuples(
            st.sampled_from(["ladder", "again", "*"]),
            st.integers(0, 8),
            st.one_of(st.none(), st.integers(1, 6)),
        ),
        max_size=2,
    ),
    acknowledged=st.lists(st.integers(0, 11), max_size=2),
    asleep=st.integers(1, 4),
)


def instants(life: Life) -> Iterator[tuple[int, datetime]]:
    """How many bars there are each time it wakes, and when that is."""
    for count in range(life.asleep, len(life.gold) + 1, life.asleep):
        yield count, datetime.combine(DAYS[count - 1], time(23), UTC)


def lived(store: Store, life: Life) -> list[tuple[str, str]]:
    """Live it; what each channel took."""
    script, taken = iter(life.answers), []

    def channel(name: str) -> Channel:
        def send(title: str, *_: object, **__: object) -> None:
            answer = next(script, "taken")
            if answer != "taken":
                raise DeliveryError(answer, permanent=answer == "refused")
            taken.append((name, title))

        return Channel(name, "test", send)

    around = Context(store, SampleSource(), BOOK, routing=ROUTING)
    channels = {name: channel(name) for name in CHANNELS}
    for rule, begins, lasts in life.silences:
        since = datetime.combine(DAYS[begins], time(), UTC)
        until = None if lasts is None else since + timedelta(days=lasts)
        store.add_silence(Match(rule=(rule,)), reason="x", author="ann", since=since, until=until)
    for count, now in instants(life):
        store.add_bars(made({"gold": life.gold[:count]}), seen_at=now, source="made up")
        judge_new(around, now=now)
        if not {*range(count - life.asleep, count)}.isdisjoint(life.acknowledged):
            acknowledge(store, now)
        for later in (0, 9):  # at night, and after the quiet hours
            then = now + timedelta(hours=later)
            deliver_due(store, channels, now=lambda then=then: then, jitter=lambda: 1.0)  # type: ignore[misc]
    return taken


def acknowledge(store: Store, now: datetime) -> None:
    """Everything that is open."""
    for (rule, instance), memory in store.memories().items():
        if memory.state.level is not None:
            store.acknowledge(
                Acknowledged(
                    rule=rule, instance=instance, episode=memory.state.episode, author="ann", note="", at=now
                )
            )


def undisturbed(life: Life) -> set[str]:
    """The transitions of the same prices where nobody asked for anything."""
    memories: dict[InstanceKey, Memory] = {}
    found: set[str] = set()
    for count, now in instants(life):
        for step in catch_up(BOOK, made({"gold": life.gold[:count]}), memories, now=now):
            memories |= step.memories
            found |= {one.transition.id for one in step.decided if is_of_states(one.transition.kind)}
    return found


def is_of_states(kind: Kind) -> bool:
    """Whether it is about states; the other two are about what people were told."""
    return kind not in (Kind.STILL_OPEN, Kind.REMIND)


EVENTFUL = Life(
    gold=[1.0, 3.0, 5.0, 5.0, 1.0, 5.0, 3.0, 3.0, 5.0, 1.0, None, 3.0],
    answers=["refused", *["down"] * 12],
    silences=[("storm-1", 1, 3), ("ladder", 6, None)],
    acknowledged=[6],
    asleep=1,
)
"""A storm, a cooldown, an inhibited edge, reminders until somebody acknowledges, quiet hours, a channel that is down."""


@examples(10)
@example(EVENTFUL)
@example(replace(EVENTFUL, asleep=3))
@given(LIVES)
def test_every_transition_is_accounted_for_on_every_channel_and_no_state_is_another_for_it(
    life: Life,
) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'account.db'}")
        taken = lived(store, life)
        recorded, rows = store.transitions(), store.outbox_rows()
        store.close()

    check_account(account(recorded, rows), recorded, rows)
    check_causes(recorded, life)
    sent = [row for row in rows if row.status is Owed.SENT]
    assert len(taken) == len(sent)
    assert {one.transition.id for one in recorded if is_of_states(one.transition.kind)} == undisturbed(life)


def check_account(total: Account, recorded: Sequence[Recorded], rows: Sequence[OutboxRow]) -> None:
    """Opened = sent + merged + withheld with cause + expired + dead + still owed, on each channel."""
    told = [one for one in recorded if one.sent]
    sendable = [one for one in recorded if one.cause != SILENT_KIND]
    assert total.lost == ()
    assert total.decided == len(sendable) == len(told) + sum(total.withheld.values())
    assert {name: sum(counts.values()) for name, counts in total.told.items()} == (
        dict.fromkeys(CHANNELS, len(told)) if told else {}
    )
    for name in CHANNELS:
        carried = [one for row in rows if row.channel == name for one in row.transitions]
        assert sorted(carried) == sorted(one.transition.id for one in told)
    assert all(row.merged_into for row in rows if row.status is Owed.MERGED)


def check_causes(recorded: Sequence[Recorded], life: Life) -> None:
    """Each cause is one that there was."""
    numbers = {f"silence {number}" for number in range(1, len(life.silences) + 1)}
    known = {SILENT_KIND, "cooldown", "first judgement", "unknown", "inhibited by p/ladder", *numbers}
    known |= {"acknowledged by ann"} if life.acknowledged else set()
    for one in recorded:
        assert one.sent is (one.cause is None)
        assert one.sent or one.cause in known
        assert one.transition.kind not in RECORDED_ONLY or one.cause == SILENT_KIND
        if one.cause == "acknowledged by ann":
            assert one.transition.kind is Kind.REMIND


def test_the_eventful_life_has_all_that_is_accounted_for(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'eventful.db'}")
    lived(store, EVENTFUL)
    recorded, rows = store.transitions(), store.outbox_rows()
    store.close()

    assert {one.cause for one in recorded} == {
        *(None, SILENT_KIND, "cooldown", "inhibited by p/ladder"),
        *("silence 1", "silence 2", "acknowledged by ann"),
    }
    assert {row.status for row in rows} >= {Owed.SENT, Owed.MERGED, Owed.DEAD}
    assert any(row.deferred_until for row in rows)
    assert any(row.body.count("WARNING storm-") > 10 for row in rows)
