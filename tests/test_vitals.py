"""When a heartbeat would be a lie, and the news that the daemon starts and stops."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.cycle import run_cycle
from monitor.delivery.outbox import LEASE
from monitor.gather import Context
from monitor.prices.files import FileSource
from monitor.routing import everything
from monitor.storage.records import GivenUp, Judged, Owed
from monitor.storage.store import Store, open_store
from monitor.vitals import HEARTBEAT, STUCK, Judging, ills, started, stopped
from tests.storage.examples import message
from tests.support.made_up import CATALOGUE, sessions
from tests.support.process import home
from tests.support.receivers import web_receiver
from tests.support.rules import pack

DAYS = sessions(60)
NOW = datetime.combine(DAYS[49], time(23), UTC)
LIVELY = Judging(up_to_date=True, looked_at=NOW, every=timedelta(minutes=15))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'vitals.db'}")
    yield opened
    opened.close()


@pytest.fixture
def context(store: Store, tmp_path: Path) -> Context:
    """A daemon's world with fifty sessions of one series, judged, and nothing owed."""
    lines = [f"{day},101" for day in DAYS[:50]]
    (tmp_path / "slv.csv").write_text("\n".join(["date,close", *lines]), encoding="utf-8")
    book = pack("low: {when: slv < 1}")
    source = FileSource(tmp_path, CATALOGUE)
    around = Context(store=store, source=source, rulebook=book, routing=everything(["mail"]))
    run_cycle(around, now=NOW)
    return around


def test_a_heartbeat_is_true_while_data_are_fresh_all_is_judged_and_messages_leave(context: Context) -> None:
    assert ills(context, LIVELY, now=NOW) == []


def test_no_heartbeat_while_a_series_is_stale(context: Context) -> None:
    later = datetime.combine(DAYS[52], time(23), UTC)

    assert ills(context, replace(LIVELY, looked_at=later), now=later) == [
        "slv is stale; the rules that need it wait"
    ]


def test_no_heartbeat_while_what_is_held_is_not_judged(context: Context) -> None:
    assert ills(context, replace(LIVELY, up_to_date=False), now=NOW) == ["what is held was not judged yet"]


def test_no_heartbeat_when_nobody_looked_for_prices_for_too_long(context: Context) -> None:
    looked_at = NOW - LIVELY.every * 2 - STUCK - timedelta(minutes=1)

    assert ills(context, replace(LIVELY, looked_at=NOW - LIVELY.every * 2), now=NOW) == []
    assert ills(context, replace(LIVELY, looked_at=looked_at), now=NOW) == [
        f"prices were looked for last at {looked_at:%Y-%m-%d %H:%M} UTC"
    ]


def test_no_heartbeat_while_a_message_does_not_leave(context: Context, store: Store) -> None:
    store.commit(Judged(messages=[message()]), now=NOW - STUCK - timedelta(minutes=1))
    found = [ills(context, LIVELY, now=NOW)]
    row = store.claim(now=NOW, lease=LEASE, channel="mail")
    assert row is not None
    store.settle_retry(row, now=NOW, next_at=NOW, error="down")
    found.append(ills(context, LIVELY, now=NOW))
    row = store.claim(now=NOW, lease=LEASE, channel="mail")
    assert row is not None
    store.settle_given_up(row, GivenUp(end=Owed.DEAD, error="down"), now=NOW)

    said = [f"a message is owed since {NOW - STUCK - timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"]
    assert found == [said, said]
    assert ills(context, LIVELY, now=NOW) == []


def test_a_message_that_waits_for_the_end_of_quiet_hours_stops_no_heartbeat(
    context: Context, store: Store
) -> None:
    deferred = replace(message(), not_before=NOW + timedelta(hours=1))
    store.commit(Judged(messages=[deferred]), now=NOW - timedelta(hours=8))

    assert ills(context, LIVELY, now=NOW) == []


def test_a_start_after_a_clean_stop_says_nothing_of_the_past_and_one_after_a_kill_says_it(
    context: Context, store: Store
) -> None:
    (first,) = started(context, ["mail"], now=NOW)
    store.set_meta(HEARTBEAT, NOW.isoformat())
    stopped(context, ["mail"], now=NOW + timedelta(seconds=30))
    (clean,) = started(context, ["mail"], now=NOW + timedelta(hours=1))
    store.set_meta(HEARTBEAT, (NOW + timedelta(hours=2)).isoformat())
    (killed,) = started(context, ["mail"], now=NOW + timedelta(hours=5))

    assert first.title == f"INFO metalwatch started, {NOW:%Y-%m-%d %H:%M} UTC"
    assert "It was not stopped" not in first.body + clean.body
    assert f"it lived last at {NOW + timedelta(hours=2):%Y-%m-%d %H:%M} UTC, 3 h ago" in killed.body


def test_nobody_is_told_of_start_and_stop_who_did_not_ask(context: Context) -> None:
    assert started(context, [], now=NOW) == stopped(context, [], now=NOW) == []


def test_a_daemon_tells_that_it_starts_and_stops_and_status_ends_with_1_while_a_message_is_dead(
    tmp_path: Path,
) -> None:
    settings = (
        "database: mw.db\npacks: [precious]\nprices: {source: sample}\nnotices: [web]\n"
        "channels: {web: env:WEB, other: env:OTHER}\nroutes: [{channels: [other]}]\n"
    )
    with web_receiver() as web, web_receiver(script=[410] * 99) as other:
        place = home(
            tmp_path, settings, WEB=web.url, OTHER=other.url, METALWATCH_CLOCK="2020-03-12T18:00-04:00"
        )
        with place.daemon() as daemon:
            assert web.received.wait_for(2)
            assert daemon.stop() == 0
        shown = place.command("status")

    titles = [post.title for post in web.received]
    assert titles[0].startswith("INFO metalwatch started, 2020-03-12 22:0")
    assert titles[-1].startswith("INFO metalwatch stopped, 2020-03-12 22:0")
    assert any(title.startswith('Not delivered on channel "other": ') for title in titles)
    assert shown.returncode == 1
    assert 'error: channel "other": 1 message given up (`metalwatch explain ' in shown.stderr
    assert "error=410" in shown.stderr
