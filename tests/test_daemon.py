"""The daemon as a process on the sample market: signals, reloading, and what it does after downtime."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import read_clock
from monitor.config import read_configuration
from monitor.daemon import Daemon
from monitor.delivery.channel import console_channel
from monitor.errors import UsageError
from monitor.opening import make_context
from monitor.prices.sample import SampleSource
from monitor.storage.store import open_store
from monitor.vitals import JUDGING, left
from tests.support.process import Home, Running, home
from tests.support.receivers import web_receiver

SETTINGS = """\
database: metalwatch.db
packs: [own.yml]
poll: 1
prices: {source: sample}
"""

PACK = """\
pack: own
about: One rule.
metrics:
  gsr: gold / silver
rules:
  stress:
    when: gsr > 100
    clear_when: gsr < 95
"""

SECOND = """\
  low:
    when: gsr < 50
"""


@pytest.fixture
def place(tmp_path: Path) -> Home:
    (tmp_path / "own.yml").write_text(PACK)
    return home(tmp_path, SETTINGS)


def logged(daemon: Running, text: str) -> None:
    daemon.wait_until(lambda: text in daemon.log.read_text())


def judged(place: Home) -> dict[str, str]:
    """The session in which each rule was judged last."""
    with closing(sqlite3.connect(place.folder / "metalwatch.db")) as database:
        return dict(database.execute("select rule, session from alert_state"))


def test_missed_sessions_are_judged_in_order_after_downtime_and_a_term_signal_ends_cleanly(
    place: Home,
) -> None:
    with place.daemon("--clock", "2020-03-10T18:00-04:00,x60") as daemon:
        logged(daemon, "cycle")
        assert daemon.stop() == 0

    with place.daemon("--clock", "2020-03-18T18:00-04:00,x60") as daemon:
        logged(daemon, "'2020-03-18']")
        assert daemon.stop() == 0

    log = daemon.log.read_text()
    assert "'2020-03-11', '2020-03-12', '2020-03-13', '2020-03-16', '2020-03-17', '2020-03-18'" in log
    assert log.count("stopped") == 2
    assert log.count("stress: gsr 104.8 > 100, 2020-03-13") == 1


def test_a_hangup_reloads_the_rules_and_a_faulty_edit_is_told_and_keeps_the_last_good_ones(
    place: Home,
) -> None:
    rules = place.folder / "own.yml"
    with place.daemon("--clock", "2020-03-10T18:00-04:00,x60") as daemon:
        logged(daemon, "cycle")
        rules.write_text(PACK + SECOND.replace("gsr", "grs"))
        daemon.process.send_signal(signal.SIGHUP)
        logged(daemon, "reload refused")
        logged(daemon, "WARNING rules: an edit was refused, 2020-03-10")
        assert "grs" in daemon.log.read_text().partition("WARNING rules")[2]

        rules.write_text(PACK + SECOND)
        daemon.process.send_signal(signal.SIGHUP)
        logged(daemon, "RESOLVED rules: read again")
        daemon.wait_until(lambda: judged(place) == {"own/stress": "2020-03-10", "own/low": "2020-03-10"})
        assert daemon.stop() == 0


def test_a_faulty_edit_is_told_and_keeps_the_last_good_rules_over_a_restart_too(place: Home) -> None:
    rules = place.folder / "own.yml"
    with place.daemon("--clock", "2020-03-10T18:00-04:00,x60") as daemon:
        logged(daemon, "cycle")
        assert daemon.stop() == 0

    rules.write_text(PACK.replace("gsr > 100", "grs > 100"))
    with place.daemon("--clock", "2020-03-11T18:00-04:00,x60") as daemon:
        logged(daemon, "WARNING rules: an edit was refused, 2020-03-11")
        daemon.wait_until(lambda: judged(place) == {"own/stress": "2020-03-11"})

        rules.write_text(PACK)
        daemon.process.send_signal(signal.SIGHUP)
        logged(daemon, "RESOLVED rules: read again")
        assert daemon.stop() == 0


def test_a_faulty_pack_that_was_never_right_starts_no_daemon(place: Home) -> None:
    (place.folder / "own.yml").write_text(PACK.replace("gsr > 100", "grs > 100"))

    with place.daemon() as daemon:
        assert daemon.process.wait(timeout=60) == 2
        assert 'own.yml:7:11: rule "stress": unknown name "grs"' in daemon.log.read_text()


def test_a_rule_that_is_added_is_judged_also_where_it_reads_prices_of_another_calendar(place: Home) -> None:
    yuan = "  yuan: {when: 'convert(gold, \"CNY/g\") > 1'}\n"
    with place.daemon("--clock", "2020-03-10T20:00-04:00,x60") as daemon:
        logged(daemon, "cycle")
        (place.folder / "own.yml").write_text(PACK + yuan)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until(lambda: judged(place).get("own/yuan") == "2020-03-10")
        assert daemon.stop() == 0


def test_a_calendar_that_no_rule_reads_any_more_need_not_be_looked_at(place: Home) -> None:
    rules = place.folder / "own.yml"
    rules.write_text(f"{PACK}  yuan: {{when: 'convert(gold, \"CNY/g\") > 1'}}\n")
    with place.daemon("--clock", "2020-03-10T20:00-04:00,x3600") as daemon:
        logged(daemon, "cycle")
        daemon.wait_until(lambda: "own/yuan" in judged(place))
        before = looked_at(place)
        rules.write_text(PACK)
        daemon.process.send_signal(signal.SIGHUP)
        logged(daemon, "reloaded")
        daemon.wait_until(lambda: looked_at(place) > before + timedelta(hours=3))
        assert daemon.stop() == 0


def test_a_clock_may_run_a_day_a_second_and_messages_leave(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text(f"{SETTINGS}channels: {{hook: env:HOOK}}\n")
    with web_receiver() as web:
        watched = Home(place.folder, {**place.environment, "HOOK": web.url})
        with watched.daemon("--clock", "2020-03-13T18:00-04:00,x86400") as daemon:
            assert web.received.wait_for(1)
            assert daemon.stop() == 0

    assert "stress: gsr 104.8 > 100" in web.received[0].title


def looked_at(place: Home) -> datetime:
    """When the calendar was looked at that was looked at longest ago, as the last sign of life has it."""
    with closing(sqlite3.connect(place.folder / "metalwatch.db")) as database:
        (kept,) = database.execute("select value from meta where key = ?", [JUDGING]).fetchone()
    at = json.loads(kept)["looked_at"]
    return datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC)


def test_edited_rules_are_judged_at_once_and_not_at_the_next_poll(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text(SETTINGS.replace("poll: 1\n", "poll: 15\n"))
    with place.daemon("--clock", "2020-03-10T18:00-04:00") as daemon:
        logged(daemon, "cycle")
        (place.folder / "own.yml").write_text(PACK + SECOND)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until(lambda: "own/low" in judged(place))
        assert daemon.stop() == 0


def test_rules_that_are_read_again_during_a_look_are_looked_at_in_it(tmp_path: Path) -> None:
    rules, settings = tmp_path / "own.yml", tmp_path / "metalwatch.yml"
    rules.write_text(PACK.replace("100", "1").replace("95", "1"))
    settings.write_text(SETTINGS)
    configuration = read_configuration(settings, {})

    def edit(_message: str) -> None:
        rules.write_text(f"{PACK}  yuan: {{when: 'convert(gold, \"CNY/g\") > 1'}}\n")
        daemon.reload()

    with closing(open_store(str(tmp_path / "metalwatch.db"))) as store:
        context = make_context(configuration, store, SampleSource())
        clock = read_clock("2020-03-10T20:00-04:00")
        daemon = Daemon(configuration, clock, context, {"console": console_channel("console", edit)})
        daemon.look()

        assert store.memories()["own/yuan", None].state.session == date(2020, 3, 10)


@contextmanager
def starting(place: Home) -> Iterator[tuple[Running, Path]]:
    """A daemon that waits for its settings, and the pipe from which it reads them."""
    pipe = place.folder / "settings"
    os.mkfifo(pipe)
    with place.daemon("--settings", "settings", "--clock", "2020-03-10T18:00-04:00") as daemon:
        yield daemon, pipe


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_that_is_told_to_end_while_it_starts_ends_cleanly(
    place: Home, number: signal.Signals
) -> None:
    with starting(place) as (daemon, pipe):
        with pipe.open("w") as settings:
            daemon.process.send_signal(number)
            settings.write(SETTINGS)
        assert daemon.process.wait(timeout=60) == 0
    assert "stopped" in daemon.log.read_text()


def test_a_daemon_that_is_told_to_read_its_rules_again_while_it_starts_does_so(place: Home) -> None:
    with starting(place) as (daemon, pipe):
        with pipe.open("w") as settings:
            daemon.process.send_signal(signal.SIGHUP)
            settings.write(SETTINGS)
        logged(daemon, "reloaded")
        assert daemon.stop() == 0


def test_what_was_judged_is_known_to_be_judged_before_the_next_heartbeat(place: Home) -> None:
    with place.daemon("--clock", "2020-03-10T18:00-04:00") as daemon:
        logged(daemon, "cycle")
        with closing(open_store(str(place.folder / "metalwatch.db"))) as store:
            _, judging = left(store)
        assert judging is not None
        assert judging.up_to_date
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2020-03-12",
        "2020-03-12T17:00",
        "2020-03-12T17:00-04:00,x0",
        "2020-03-12T17:00-04:00,xinf",
        "2020-03-12T17:00-04:00,xnan",
        "2020-03-12T17:00-04:00,x1e300",
        "9999-12-31T23:59Z",
        "0001-01-01T00:00+14:00",
    ],
)
def test_a_clock_that_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected an instant with its offset"):
        read_clock(text)


def test_a_set_clock_begins_at_its_instant_and_says_so() -> None:
    clock = read_clock("2020-03-12T17:00-04:00,x60")

    assert clock.now().isoformat().startswith("2020-03-12T21:0")
    assert clock.label == "set clock, from 2020-03-12 21:00 UTC, x60"


def test_a_heartbeat_is_called_while_all_is_well_and_a_daily_digest_is_written(place: Home) -> None:
    settings = SETTINGS + (
        "heartbeat: env:PING\ndigests: [{every: day, at: '22:10', zone: UTC, channels: [console]}]\n"
    )
    (place.folder / "metalwatch.yml").write_text(settings)
    with web_receiver() as web:
        watched = Home(place.folder, {**place.environment, "PING": web.address})
        with watched.daemon("--clock", "2020-03-12T18:00-04:00,x120") as daemon:
            logged(daemon, "Daily digest, 2020-03-12")
            assert web.received.wait_for(1)
            assert daemon.stop() == 0

    assert "s3cret" not in daemon.log.read_text()
