import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts import Kind, Severity, Transition
from monitor.delivery.channel import Channel, apprise_channel, console_channel
from monitor.delivery.outbox import LEASE, Delivered, Taken, Terms, deliver_due
from monitor.delivery.retry import TIME_LIMIT
from monitor.delivery.wording import MEANWHILE, POSSIBLE_REPEAT
from monitor.errors import StorageError
from monitor.messages import Form
from monitor.policy import Decided
from monitor.routing import QuietHours
from monitor.storage.records import Judged, Outcome, Owed
from monitor.storage.store import Store, open_store
from tests.storage.examples import NOW, message, transition
from tests.support.receivers import Step, WebReceiver, closed_port, mail_receiver, web_receiver


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "metalwatch.db"))
    yield opened
    opened.close()


def owe(store: Store, *titles: str, channel: str = "web") -> None:
    store.commit(Judged(messages=[message(channel=channel, title=title) for title in titles]), now=NOW)


def web_channel(web: WebReceiver, name: str = "web") -> Channel:
    return apprise_channel(name, web.url)


def deliver(store: Store, *channels: Channel, now: datetime = NOW, jitter: float = 1.0) -> Delivered:
    return deliver_due(store, {one.name: one for one in channels}, now=lambda: now, jitter=lambda: jitter)


def statuses(store: Store) -> list[Owed]:
    return [row.status for row in store.outbox_rows()]


def titles(web: WebReceiver) -> list[str]:
    return [post.title for post in web.received]


def test_messages_are_sent_in_order_and_once(store: Store) -> None:
    owe(store, "first", "second", "third")

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=3)
        assert deliver(store, web_channel(web)) == Delivered()

    assert titles(web) == ["first", "second", "third"]
    assert statuses(store) == [Owed.SENT] * 3


def test_a_message_goes_to_every_channel_it_is_owed_to(store: Store) -> None:
    written: list[str] = []
    for name in ("web", "mail", "console"):
        owe(store, "opened", channel=name)

    with web_receiver() as web, mail_receiver() as mail:
        channels = (
            web_channel(web),
            apprise_channel("mail", mail.url()),
            console_channel("console", written.append),
        )
        assert deliver(store, *channels) == Delivered(sent=3)

    assert titles(web) == [one.subject for one in mail.received] == ["opened"]
    assert written[0].startswith("opened\n")


def test_a_failing_message_is_tried_again_later_and_holds_back_those_behind_it(store: Store) -> None:
    owe(store, "first", "second")

    with web_receiver(script=[503, 503]) as web:
        channel = web_channel(web)
        assert deliver(store, channel) == Delivered(retried=1)
        assert deliver(store, channel) == Delivered()
        assert deliver(store, channel, now=NOW + timedelta(seconds=5)) == Delivered(retried=1)
        assert deliver(store, channel, now=NOW + timedelta(seconds=15)) == Delivered(sent=2)

    assert titles(web) == ["first", "first", "first", "second"]
    (first, _) = store.outbox_rows()
    assert [one.outcome for one in store.attempts(first.key)] == [Outcome.RETRY, Outcome.RETRY, Outcome.SENT]
    assert "error=503" in (store.attempts(first.key)[0].error or "")


def test_a_round_ends_even_when_a_message_may_be_tried_again_at_once(store: Store) -> None:
    owe(store, "first", "second")

    with web_receiver(script=[503]) as web:
        assert deliver(store, web_channel(web), jitter=0.0) == Delivered(retried=1)
        assert deliver(store, web_channel(web), jitter=0.0) == Delivered(sent=2)


@pytest.mark.parametrize("step", [503, "drop"])
def test_a_failing_channel_does_not_hold_back_another(store: Store, step: Step) -> None:
    owe(store, "first", "second")
    owe(store, "elsewhere", channel="other")

    with web_receiver(script=[step]) as web, web_receiver() as other:
        assert deliver(store, web_channel(web), web_channel(other, "other")) == Delivered(sent=1, retried=1)

    assert titles(other) == ["elsewhere"]


def test_a_message_that_may_have_arrived_is_repeated_and_says_so(store: Store) -> None:
    owe(store, "first", "second")

    with web_receiver(script=["hang"]) as web:
        assert deliver(store, web_channel(web)) == Delivered(retried=1)
        assert deliver(store, web_channel(web), now=NOW + timedelta(minutes=1)) == Delivered(sent=2)

    original, repeat, second = (post.message for post in web.received)
    assert repeat == f"{original}\n{POSSIBLE_REPEAT}"
    assert POSSIBLE_REPEAT not in second


def test_a_refused_message_is_given_up_and_told_on_every_other_channel_once(store: Store) -> None:
    written: list[str] = []
    owe(store, "first")
    (row,) = store.outbox_rows()

    with web_receiver(script=[410]) as web, web_receiver() as other:
        channels = (web_channel(web), web_channel(other, "other"), console_channel("console", written.append))
        assert deliver(store, *channels) == Delivered(sent=2, dead=1)
        assert deliver(store, *channels) == Delivered()

    assert titles(web) == ["first"]
    assert titles(other) == ['Not delivered on channel "web": first']
    assert "Given up after 1 attempt: " in written[0]
    assert "error=410" in written[0]
    assert f"metalwatch explain {row.ref}" in written[0]


def test_a_message_is_given_up_when_its_time_is_up(store: Store) -> None:
    written: list[str] = []
    owe(store, "first")
    broken = apprise_channel("web", f"json://127.0.0.1:{closed_port()}/")
    console = console_channel("console", written.append)

    assert deliver(store, broken, console) == Delivered(retried=1)
    assert deliver(store, broken, console, now=NOW + TIME_LIMIT) == Delivered(sent=1, dead=1)

    assert statuses(store) == [Owed.EXPIRED, Owed.SENT]
    assert "Its time is up, given up after 2 attempts" in written[0]


def test_a_notice_that_is_lost_makes_no_further_notice(store: Store) -> None:
    owe(store, "first")

    with web_receiver(script=[410]) as web, web_receiver(script=[410]) as other:
        assert deliver(store, web_channel(web), web_channel(other, "other")) == Delivered(dead=2)

    assert statuses(store) == [Owed.DEAD, Owed.DEAD]


def test_a_channel_that_is_no_longer_in_the_settings_is_given_up_and_told(store: Store) -> None:
    written: list[str] = []
    owe(store, "first")

    assert deliver(store, console_channel("console", written.append)) == Delivered(sent=1, dead=1)

    (dead, _) = store.outbox_rows()
    assert dead.last_error == 'there is no channel "web" in the settings any more'
    assert "first" in written[0]


def test_a_message_written_while_others_are_sent_goes_out_in_the_same_round(store: Store) -> None:
    written: list[str] = []

    def write(text: str) -> None:
        if not written:
            owe(store, "second", channel="console")
        written.append(text)

    owe(store, "first", channel="console")

    assert deliver(store, console_channel("console", write)) == Delivered(sent=2)


def test_a_channel_that_fails_three_times_in_a_row_is_left_alone_for_a_while(store: Store) -> None:
    owe(store, "first")

    with web_receiver(script=[503, 503, 503]) as web:
        channel = web_channel(web)
        for seconds in (0, 5, 15):
            assert deliver(store, channel, now=NOW + timedelta(seconds=seconds)) == Delivered(retried=1)
        owe(store, "second")
        assert deliver(store, channel, now=NOW + timedelta(seconds=60)) == Delivered()
        assert deliver(store, channel, now=NOW + timedelta(seconds=75)) == Delivered(sent=2)

    assert len(web.received) == 5


def test_a_channel_is_sent_no_more_than_its_rate(store: Store) -> None:
    owe(store, "first", "second", "third")
    terms = {"web": Terms(rate=(2, timedelta(hours=1)))}

    with web_receiver() as web:
        channels = {"web": web_channel(web)}
        for minutes in (0, 30, 61):
            now = NOW + timedelta(minutes=minutes)
            deliver_due(store, channels, now=lambda now=now: now, jitter=lambda: 1.0, terms=terms)  # type: ignore[misc]
            if minutes == 30:
                assert titles(web) == ["first", "second"]

    assert titles(web) == ["first", "second", "third"]


ONCE = {"web": Terms(at_most_once=True)}


def test_a_message_that_may_be_sent_once_only_is_not_repeated_after_a_crash_but_told_elsewhere(
    store: Store,
) -> None:
    written: list[str] = []
    owe(store, "first")
    store.claim(now=NOW, lease=LEASE, channel="web")

    with web_receiver() as web:
        channels = {"web": web_channel(web), "console": console_channel("console", written.append)}
        done = deliver_due(store, channels, now=lambda: NOW + LEASE, jitter=lambda: 1.0, terms=ONCE)

    assert (done, statuses(store)) == (Delivered(sent=1), [Owed.UNKNOWN, Owed.SENT])
    assert web.received == []
    assert "It may have arrived, and this channel is sent to at most once" in written[0]
    assert [one.outcome for one in store.attempts(store.outbox_rows()[0].key)] == [Outcome.UNKNOWN]


def test_a_message_that_may_be_sent_once_only_is_not_repeated_when_the_channel_fell_silent(
    store: Store,
) -> None:
    owe(store, "first")

    with web_receiver(script=["drop"]) as web:
        channels = {"web": web_channel(web)}
        for minutes in (0, 60):
            now = NOW + timedelta(minutes=minutes)
            deliver_due(store, channels, now=lambda now=now: now, jitter=lambda: 1.0, terms=ONCE)  # type: ignore[misc]

    assert (titles(web), statuses(store)) == (["first"], [Owed.UNKNOWN])


def test_a_message_that_surely_did_not_arrive_is_tried_again_also_where_once_is_the_most(
    store: Store,
) -> None:
    owe(store, "first")

    with web_receiver(script=[503]) as web:
        channels = {"web": web_channel(web)}
        for _ in range(2):
            deliver_due(store, channels, now=lambda: NOW, jitter=lambda: 0.0, terms=ONCE)

    assert (titles(web), statuses(store)) == (["first", "first"], [Owed.SENT])


def test_a_channel_that_refuses_for_good_is_left_alone_at_once(store: Store) -> None:
    owe(store, "first")
    written: list[str] = []

    with web_receiver(script=[401]) as web:
        channels = (web_channel(web), console_channel("console", written.append))
        deliver(store, *channels)
        owe(store, "second")
        assert deliver(store, *channels, now=NOW + timedelta(seconds=59)) == Delivered()
        assert deliver(store, *channels, now=NOW + timedelta(seconds=60)) == Delivered(sent=1)

    assert titles(web) == ["first", "second"]


def test_very_many_messages_that_are_refused_for_good_are_given_up_as_one_and_told_once(store: Store) -> None:
    owe(store, *(f"number {number}" for number in range(1000)))
    written: list[str] = []

    with web_receiver(script=[410] * 9) as web:
        done = deliver(store, web_channel(web), console_channel("console", written.append))

    assert done == Delivered(sent=1, dead=1)
    assert len(web.received) == len(written) == 1
    assert written[0].startswith('Not delivered on channel "web": 1,000 messages\n')
    assert "and 960 older ones: metalwatch alerts" in written[0]
    assert "number 999" in written[0]
    assert statuses(store) == [Owed.DEAD] * 1000 + [Owed.SENT]


def test_what_is_owed_to_a_channel_that_vanished_is_told_elsewhere_as_one(store: Store) -> None:
    owe(store, "first", "second", "third")
    written: list[str] = []

    assert deliver(store, console_channel("console", written.append)) == Delivered(sent=1, dead=1)

    assert "there is no channel" in written[0]
    assert all(title in written[0] for title in ("first", "second", "third"))
    assert statuses(store) == [Owed.DEAD] * 3 + [Owed.SENT]


def test_what_the_only_channel_refuses_stays_owed_until_it_is_mended(store: Store) -> None:
    owe(store, "first")

    with web_receiver(script=[401]) as web:
        assert deliver(store, web_channel(web)) == Delivered(retried=1)
        assert deliver(store, web_channel(web), now=NOW + timedelta(hours=9)) == Delivered(sent=1)

    assert statuses(store) == [Owed.SENT]


def test_a_message_that_a_channel_never_takes_does_not_hold_up_those_about_other_things(store: Store) -> None:
    for name in ("mp", "slv", "gold"):
        one = transition(instance=name)
        told = message(one, channel="web", title=name)
        store.commit(Judged(decided=[Decided(transition=one, sent=True)], messages=[told]), now=NOW)

    with web_receiver(script=[500, 200, 200, 500, 500]) as web:
        for hour in range(3):
            deliver(store, web_channel(web), now=NOW + timedelta(hours=hour))

    assert titles(web)[:3] == ["mp", "slv", "gold"]


def test_in_quiet_hours_nothing_is_sent_that_should_have_left_before_but_what_is_loud(store: Store) -> None:
    owe(store, "low")
    loud = replace(message(channel="web", title="loud"), severity=Severity.CRITICAL)
    store.commit(Judged(messages=[loud]), now=NOW)
    hours = QuietHours(start=time(22), end=time(7), zone="UTC")

    with web_receiver() as web:
        for now in (NOW, NOW.replace(day=30, hour=7)):
            deliver_due(
                store,
                {"web": web_channel(web)},
                now=lambda now=now: now,  # type: ignore[misc]
                jitter=lambda: 1.0,
                terms={"web": Terms(quiet=hours)},
            )
            if now == NOW:
                assert titles(web) == ["loud"]

    assert titles(web) == ["loud", "low"]


NIGHT = {"web": Terms(quiet=QuietHours(start=time(22), end=time(7), zone="UTC"))}
MORNING = NOW.replace(day=30, hour=7)


def owe_critical(store: Store, *titles: str) -> None:
    loud = [replace(message(channel="web", title=title), severity=Severity.CRITICAL) for title in titles]
    store.commit(Judged(messages=loud), now=NOW)


def owe_about(store: Store, told: Transition, severity: Severity, title: str) -> None:
    one = replace(message(told, channel="web", title=title), severity=severity)
    store.commit(Judged(decided=[Decided(transition=told, sent=True)], messages=[one]), now=NOW)


def deliver_by_night(store: Store, web: WebReceiver, now: datetime = NOW) -> Delivered:
    channels = {"web": web_channel(web)}
    return deliver_due(store, channels, now=lambda: now, jitter=lambda: 1.0, terms=NIGHT)


def test_a_critical_message_at_night_comes_alone_however_many_others_wait_for_the_morning(
    store: Store,
) -> None:
    owe(store, *(f"number {number}" for number in range(22)))
    owe_critical(store, "CRITICAL crash")

    with web_receiver() as web:
        assert deliver_by_night(store, web) == Delivered(sent=1)
        assert [(post.title, "number" in post.message) for post in web.received] == [
            ("CRITICAL crash", False)
        ]
        assert deliver_by_night(store, web, MORNING) == Delivered(sent=1)

    assert titles(web) == ["CRITICAL crash", "22 messages were held up"]


def test_a_critical_message_at_night_does_not_take_along_what_a_broken_channel_left_to_retry(
    store: Store,
) -> None:
    for number in range(21):
        owe_about(store, transition(instance=f"i{number}"), Severity.WARNING, f"number {number}")
    with web_receiver(script=[503] * 21) as web:
        for minutes in range(0, 21 * 60, 60):
            deliver(store, web_channel(web), now=NOW - timedelta(days=1) + timedelta(minutes=minutes))
        failed = [row.status for row in store.outbox_rows()].count(Owed.RETRY)
        late = replace(transition(Kind.ESCALATE, instance="i3"), level=Severity.CRITICAL)
        owe_about(store, late, Severity.CRITICAL, "CRITICAL crash")

        assert deliver_by_night(store, web, NOW + timedelta(hours=2)) == Delivered(sent=1)

    assert failed == 21
    assert titles(web)[21:] == ["CRITICAL crash"]
    assert [row.status for row in store.outbox_rows()].count(Owed.RETRY) == 20  # its own open went with it


def test_a_critical_message_is_not_held_up_at_night_by_one_about_its_instance_that_may_not_be_sent(
    store: Store,
) -> None:
    owe_about(store, transition(), Severity.WARNING, "WARNING gsr-high")
    with web_receiver(script=[503]) as web:
        deliver(store, web_channel(web))
        loud = replace(transition(Kind.ESCALATE), level=Severity.CRITICAL, episode=2)
        owe_about(store, loud, Severity.CRITICAL, "CRITICAL gsr-high")

        deliver_by_night(store, web, NOW + timedelta(minutes=1))
        assert titles(web)[1:] == ["CRITICAL gsr-high"]
        deliver_by_night(store, web, MORNING)

    assert titles(web)[1:] == ["CRITICAL gsr-high", "WARNING gsr-high"]


def test_a_critical_message_goes_before_the_list_of_what_was_held_up(store: Store) -> None:
    owe(store, *(f"number {number}" for number in range(12)))
    owe_critical(store, "CRITICAL crash")
    owe(store, *(f"number {number}" for number in range(12, 25)))

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=2)

    assert titles(web) == ["CRITICAL crash", "25 messages were held up"]
    assert "CRITICAL" not in web.received[1].message


def test_very_many_critical_messages_are_told_as_one_that_says_so(store: Store) -> None:
    owe(store, "number 0")
    owe_critical(store, *(f"CRITICAL {number}" for number in range(25)))

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=2)

    assert titles(web) == ["CRITICAL: 25 messages were held up", "number 0"]


def test_what_happened_later_to_an_instance_is_not_told_in_a_list_before_its_critical_message(
    store: Store,
) -> None:
    owe_about(store, transition(), Severity.WARNING, "number 0")
    owe_about(store, replace(transition(Kind.RESOLVE), id="a"), Severity.WARNING, "number 1")
    loud = replace(transition(), level=Severity.CRITICAL, episode=2, id="b")
    owe_about(store, loud, Severity.CRITICAL, "CRITICAL gsr-high")
    owe_about(store, replace(transition(Kind.RESOLVE), id="c", episode=3), Severity.WARNING, "number 2")
    owe(store, *(f"number {number}" for number in range(3, 30)))

    with web_receiver() as web:
        deliver(store, web_channel(web))

    assert titles(web) == ["29 messages were held up", "CRITICAL gsr-high", "number 2"]


def test_messages_that_are_merged_carry_the_title_of_the_loudest(store: Store) -> None:
    owe_about(store, replace(transition(), level=Severity.CRITICAL), Severity.CRITICAL, "CRITICAL gsr-high")
    owe_about(store, transition(Kind.STILL_OPEN), Severity.WARNING, "WARNING still open gsr-high")

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=1)

    assert titles(web) == ["CRITICAL gsr-high"]
    assert "WARNING still open gsr-high" in web.received[0].message


def test_a_message_that_comes_late_says_how_late(store: Store) -> None:
    owe(store, "first", "second")

    with web_receiver() as web:
        deliver(store, web_channel(web), now=NOW + timedelta(minutes=40))

    late = ["(delayed 40 min, written 2026-01-29 22:05 UTC)" in post.message for post in web.received]
    assert late == [True, True]


def test_a_message_that_the_database_did_not_hear_of_is_not_sent_again_by_the_same_process(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(store, "first")
    unwritten: dict[str, Taken] = {}
    monkeypatch.setattr("monitor.storage.database.BUSY_SECONDS", 0)
    impatient = open_store(store.name)

    with web_receiver() as web, sqlite3.connect(store.name, isolation_level=None) as other:

        def locking(title: str, *rest: Any, **named: Any) -> None:
            apprise_channel("web", web.url).send(title, *rest, **named)
            other.execute("begin immediate")

        def go(now: datetime) -> Delivered:
            channels = {"web": Channel("web", "test", locking)}
            return deliver_due(impatient, channels, now=lambda: now, jitter=lambda: 1.0, unwritten=unwritten)

        for minutes in (0, 10):
            with pytest.raises(StorageError, match="is locked by another process"):
                go(NOW + timedelta(minutes=minutes))
        other.execute("rollback")
        assert go(NOW + timedelta(minutes=20)) == Delivered()

    impatient.close()
    assert (titles(web), unwritten, statuses(store)) == (["first"], {}, [Owed.SENT])


def test_an_open_and_its_resolve_that_waited_together_are_told_as_one(store: Store) -> None:
    for one in (transition(), transition(Kind.RESOLVE)):
        told = message(one, channel="web", title=f"{one.kind} gsr-high")
        store.commit(Judged(decided=[Decided(transition=one, sent=True)], messages=[told]), now=NOW)

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=1)

    assert titles(web) == ["resolve gsr-high"]
    assert MEANWHILE in web.received[0].message
    assert web.received[0].message.index("open gsr-high") < web.received[0].message.index("resolve gsr-high")
    assert statuses(store) == [Owed.SENT, Owed.MERGED]


def test_what_waited_for_the_morning_does_not_say_that_the_channel_was_away(store: Store) -> None:
    for one in (transition(), transition(Kind.RESOLVE)):
        owe_about(store, one, Severity.WARNING, f"{one.kind} gsr-high")

    with web_receiver() as web:
        assert deliver_by_night(store, web) == Delivered()
        assert deliver_by_night(store, web, MORNING) == Delivered(sent=1)

    assert web.received[0].message.startswith("What waited until now:\n")


def test_a_great_many_messages_that_were_held_up_are_told_as_one(store: Store) -> None:
    owe(store, *(f"number {number}" for number in range(1000)))

    with web_receiver() as web:
        assert deliver(store, web_channel(web)) == Delivered(sent=1)

    assert titles(web) == ["1,000 messages were held up"]
    assert "and 960 older ones: metalwatch alerts" in web.received[0].message
    assert "number 999" in web.received[0].message
    assert statuses(store) == [Owed.SENT] + [Owed.MERGED] * 999


def test_a_channel_that_hangs_does_not_delay_another(store: Store) -> None:
    owe(store, "first")
    owe(store, "elsewhere", channel="other")
    arrived: list[bool] = []

    with web_receiver() as other:

        def hang(
            title: str,
            body: str,
            severity: Severity,
            form: Form = Form.TEXT,
            picture: bytes | None = None,
        ) -> None:
            arrived.append(other.received.wait_for(1))

        deliver(store, Channel("web", "test", hang), web_channel(other, "other"))

    assert arrived == [True]


SENDER = """
    import sys
    from datetime import datetime
    from monitor.delivery.channel import apprise_channel
    from monitor.delivery.outbox import deliver_due
    from monitor.storage.store import open_store

    file, url, now = sys.argv[1:]
    deliver_due(
        open_store(file), {"web": apprise_channel("web", url)}, now=lambda: datetime.fromisoformat(now), jitter=lambda: 1
    )
"""


@pytest.fixture
def sender(store: Store) -> Callable[[WebReceiver], subprocess.Popen[bytes]]:
    def start(web: WebReceiver) -> subprocess.Popen[bytes]:
        url = web.url.replace("rto=0.5", "rto=30")
        arguments = [store.name, url, NOW.isoformat()]
        return subprocess.Popen([sys.executable, "-c", textwrap.dedent(SENDER), *arguments])

    return start


def test_a_process_killed_while_sending_repeats_one_message_and_loses_none(
    store: Store, sender: Callable[[WebReceiver], subprocess.Popen[bytes]]
) -> None:
    owe(store, "first", "second", "third")

    with web_receiver(script=[200, "hang"]) as web:
        with sender(web) as process:
            assert web.received.wait_for(2)
            os.kill(process.pid, signal.SIGKILL)
        assert statuses(store) == [Owed.SENT, Owed.SENDING, Owed.PENDING]
        assert deliver(store, web_channel(web)) == Delivered()
        assert deliver(store, web_channel(web), now=NOW + LEASE) == Delivered(sent=2)

    assert titles(web) == ["first", "second", "second", "third"]
    assert [POSSIBLE_REPEAT in post.message for post in web.received] == [False, False, True, False]
    assert statuses(store) == [Owed.SENT] * 3


def test_a_process_that_slept_beyond_its_lease_leaves_the_message_to_the_next_claim(store: Store) -> None:
    owe(store, "first")
    instants = iter([NOW, NOW])  # looked for what is due, and claimed

    with web_receiver() as web:
        channels = {"web": web_channel(web)}
        later = NOW + timedelta(hours=8)
        asleep = deliver_due(store, channels, now=lambda: next(instants, later), jitter=lambda: 1.0)
        assert (asleep, web.received) == (Delivered(retried=1), [])
        assert deliver(store, web_channel(web), now=later) == Delivered(sent=1)

    assert POSSIBLE_REPEAT in web.received[0].message


def test_two_processes_together_send_every_message_once(
    store: Store, sender: Callable[[WebReceiver], subprocess.Popen[bytes]]
) -> None:
    owe(store, *(str(number) for number in range(12)))

    with web_receiver() as web:
        together = [sender(web) for _ in range(2)]
        assert [process.wait() for process in together] == [0, 0]

        deliver(store, web_channel(web))

    assert titles(web) == [str(number) for number in range(12)]
