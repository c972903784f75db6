"""Cases 27 to 30 of yahoo.md, section 6: what a process meets that runs for months."""

import gc
import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from monitor.packs import load_rulebook
from monitor.prices.source import Outcome
from monitor.prices.yahoo import YahooSource
from monitor.routing import everything
from tests.prices.yahoo.conftest import (
    GOLD,
    HELD,
    NEWMONT,
    SILVER,
    THURSDAY_EVENING,
    Fetch,
    MakeSource,
    Watching,
    instrument,
)
from tests.support.process import home
from tests.support.receivers import web_receiver
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_server import YahooServer

WATCHED = (GOLD, SILVER, NEWMONT)
RULE = "high:\n  when: gold > 1626.5\n  severity: warning"
SETTINGS = "database: metalwatch.db\npacks: [mine.yml]\nchannels: {web: 'env:WEB'}\n"


def test_27_a_clock_that_steps_back_or_sleeps_brings_one_catch_up_poll_and_no_alert_twice(
    watch: Watching, server: YahooServer
) -> None:
    """27: clock steps back an hour, laptop sleeps 8 h."""
    watching = watch(GOLD, rules=RULE)
    watching.at("2020-03-12T00:30-04:00", "2020-03-12T00:50-04:00", "2020-03-12T17:10-04:00")
    asked = [len(server.charts())]
    # An hour back; forward again; asleep for eight hours; awake.
    for instant in ("2020-03-12T16:10", "2020-03-12T17:12", "2020-03-13T01:12", "2020-03-13T01:27"):
        watching.at(f"{instant}-04:00")
        asked.append(len(server.charts()))

    assert max(after - before for before, after in pairwise(asked)) == 1
    assert watching.told() == ["open 2020-03-12"]
    assert len(watching.owed()) == 1
    watching.at("2020-03-13T00:10-04:00", "2020-03-13T01:30-04:00")
    assert watching.told() == ["open 2020-03-12"]


def test_27_a_clock_that_stands_still_or_steps_back_spends_no_more_than_the_budget(
    source: YahooSource, server: YahooServer
) -> None:
    """27: its other half; no burst of catch-up requests, however often one asks."""
    typo = instrument("typo", "GLOD")
    steps = [timedelta(), timedelta(hours=-1), timedelta(hours=-2)]

    for step in steps:
        source.fetch([typo] * 60, interval="1d", since={}, now=THURSDAY_EVENING + step)

    assert len(server.log()) <= 40 + 2


@pytest.mark.parametrize("end", ["bye", "reset", "html"], ids=["normally", "abnormally", "with garbage"])
def test_28_a_connection_that_ends_is_made_again_at_the_next_poll_and_there_is_no_stream_to_lose(
    fetch: Fetch, server: YahooServer, end: str
) -> None:
    """28: stream closes normally, abnormally, sends garbage.  Prices are polled; there is no stream."""
    fetch(GOLD, SILVER)
    before = server.connections
    server.fail(
        "*", Fault(end), times=4 if end == "reset" else 2
    )  # curl itself tries a broken connection again

    during = fetch(GOLD, SILVER, since=HELD)
    server.heal()
    after = fetch(GOLD, SILVER, since=HELD)

    assert [one.outcome for one in after] == [Outcome.OK, Outcome.OK]
    assert all((one.outcome == Outcome.OK) == (end == "bye") for one in during)
    assert server.connections <= before + 5
    assert {(one.method, one.path.rpartition("/")[0]) for one in server.log()} == {
        ("GET", ""),
        ("GET", "/v1/test"),
        ("GET", "/v8/finance/chart"),
    }


def test_29_many_polls_need_no_further_threads_descriptors_or_connections(
    fetch: Fetch, server: YahooServer
) -> None:
    """29: 10,000 polls; these are 15, `make soak` does the rest and looks at memory, too."""

    def held() -> tuple[int, int, int]:
        gc.collect()
        ours = [thread for thread in threading.enumerate() if thread.name.startswith("yahoo")]
        return len(ours), len(list(Path("/proc/self/fd").iterdir())), server.connections

    for minute in range(5):
        fetch(*WATCHED, since=HELD, later=timedelta(minutes=minute))
    before = held()
    polls = [fetch(*WATCHED, since=HELD, later=timedelta(minutes=minute)) for minute in range(5, 20)]

    assert all(one.outcome == Outcome.OK for poll in polls for one in poll)
    assert before[0] == 2
    assert before[2] <= 2
    assert held() == before


@pytest.mark.parametrize("path", ["chart"])
def test_30_a_message_decided_before_a_kill_is_sent_once_after_the_restart(
    watch: Watching, make_source: MakeSource, server: YahooServer, tmp_path: Path
) -> None:
    """30: kill -9 between decision and send; the real daemon, a real database, a real receiver."""
    (tmp_path / "mine.yml").write_text(
        f"pack: mine\nabout: made up\nrules:\n  {RULE.replace(chr(10), chr(10) + '  ')}\n"
    )
    seeding = watch(GOLD)
    rulebook = load_rulebook(["mine.yml"], folder=tmp_path)
    seeding.context = replace(
        seeding.context, rulebook=rulebook, instruments=frozenset(), routing=everything([])
    )
    seeding.at("2020-03-11T17:10-04:00", "2020-03-11T17:25-04:00", "2020-03-12T17:10-04:00")
    assert seeding.told() == []

    def at(url: str, **more: Any) -> Any:
        return home(tmp_path, SETTINGS, METALWATCH_YAHOO_ENDPOINT=server.url, WEB=url, **more)

    with (
        web_receiver(script=[503] * 50) as refusing,
        at(refusing.url).daemon("--clock", "2020-03-12T17:30-04:00") as daemon,
    ):
        daemon.wait_until(lambda: len(refusing.received) > 0)
        daemon.kill()
    with web_receiver() as web:
        for clock in ("2020-03-12T19:00-04:00", "2020-03-12T19:20-04:00"):
            done = at(web.url).command("once", "--clock", clock)
            assert done.returncode == 0, done.stderr

    assert seeding.told() == ["open 2020-03-12"]
    assert len(web.accepted) == 1
    assert "1,627" in web.accepted[0].title
