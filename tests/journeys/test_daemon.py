"""The daemon on a set clock: real yfinance and curl_cffi against a Yahoo of our own, real SMTP and HTTP receivers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from shutil import copy

import pytest

from tests.support.process import Home, home
from tests.support.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver
from tests.support.yahoo_market import Clock, read_folder
from tests.support.yahoo_server import YahooServer

THURSDAY = "2020-03-12T17:00-04:00"
FRIDAY = "2020-03-13T17:00-04:00"

SINCE = date(2018, 1, 2)
"""Two years are enough for every window, and are soon fetched and judged."""

SETTINGS = """\
database: metalwatch.db
packs: [precious]
poll: 1
channels:
  mail: env:MAIL
  web: env:WEB
"""


@dataclass(frozen=True)
class World:
    """Everything around the daemon."""

    home: Home
    yahoo: YahooServer
    mail: MailReceiver
    web: WebReceiver

    def told(self) -> list[str]:
        """The titles that the HTTP receiver took."""
        return [post.title for post in self.web.accepted]

    def sessions(self) -> set[str]:
        """The sessions up to which instances are judged."""
        with sqlite3.connect(self.home.folder / "metalwatch.db") as database:
            return {row[0] for row in database.execute("select session from alert_state")}

    def settled(self, session: str) -> bool:
        """Whether everything is judged up to a session and nothing is owed."""
        path = self.home.folder / "metalwatch.db"
        if not path.exists():
            return False
        with sqlite3.connect(path) as database:
            tables = database.execute("select count(*) from sqlite_master where name = 'outbox'").fetchone()[
                0
            ]
            owed = (
                database.execute("select count(*) from outbox where status != 'sent'").fetchone()[0]
                if tables
                else 1
            )
        return owed == 0 and self.sessions() == {session}


@contextmanager
def world_at(evening: str, real_prices: Path, folder: Path) -> Iterator[World]:
    """Yahoo with the real gold and silver on an evening after the settlement."""
    series = read_folder(real_prices, "gold", "silver", since=SINCE)
    yahoo = YahooServer(series, clock=Clock(datetime.fromisoformat(evening)))
    with yahoo, mail_receiver() as mail, web_receiver() as web:
        around = home(folder, SETTINGS, METALWATCH_YAHOO_ENDPOINT=yahoo.url, MAIL=mail.url(), WEB=web.url)
        yield World(around, yahoo, mail, web)


@pytest.fixture(scope="module")
def thursday(real_prices: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """After a first start on Thursday 2020-03-12, when Thursday is judged."""
    with world_at(THURSDAY, real_prices, tmp_path_factory.mktemp("thursday")) as world:
        with world.home.daemon("--clock", f"{THURSDAY},x60") as daemon:
            daemon.wait_until(lambda: world.settled("2020-03-12"))
            assert daemon.stop() == 0
        return world


@pytest.fixture
def world(thursday: World, real_prices: Path, tmp_path: Path) -> Iterator[World]:
    """Friday evening, with what Thursday left."""
    for file in thursday.home.folder.glob("metalwatch.db*"):
        copy(file, tmp_path)
    with world_at(FRIDAY, real_prices, tmp_path) as world:
        yield world


def test_what_was_already_true_is_one_message_and_the_new_open_is_one_more_on_each_channel(
    thursday: World,
    world: World,
) -> None:
    assert len(thursday.web.received) <= 1
    assert all("already true" in title for title in thursday.told())

    with world.home.daemon("--clock", f"{FRIDAY},x60") as daemon:
        daemon.wait_until(lambda: world.settled("2020-03-13"))
        assert daemon.stop() == 0

    assert world.told() == ["CRITICAL gsr-stress: gsr 104.8 > 100, 2020-03-13"]
    assert [mail.subject for mail in world.mail.received] == world.told()
    assert "already_true" not in world.home.command("explain", "gsr-stress").stdout
    shown = world.home.command("status", "--clock", FRIDAY)
    assert "firing" in shown.stdout
    assert "104.8" in shown.stdout
    explained = world.home.command("explain", "gsr-stress").stdout
    assert "gsr 104.8 > 100: yes" in explained
    assert "session 2020-03-13" in explained


def test_a_message_committed_before_a_kill_arrives_after_the_restart_and_never_again(world: World) -> None:
    with web_receiver(script=[503] * 50) as refusing:
        broken = home(
            world.home.folder,
            SETTINGS,
            METALWATCH_YAHOO_ENDPOINT=world.yahoo.url,
            MAIL=world.mail.url(),
            WEB=refusing.url,
        )
        with broken.daemon("--clock", f"{FRIDAY},x60") as daemon:
            daemon.wait_until(lambda: len(refusing.received) > 0)
            daemon.kill()

    later = "2020-03-13T23:00-04:00"
    with world.home.daemon("--clock", f"{later},x60") as daemon:
        daemon.wait_until(lambda: world.settled("2020-03-13"))
        assert daemon.stop() == 0
    assert [title for title in world.told() if "gsr-stress" in title] == [
        "CRITICAL gsr-stress: gsr 104.8 > 100, 2020-03-13"
    ]

    count = len(world.web.received), len(world.mail.received)
    result = world.home.command("once", "--clock", "2020-03-14T12:00-04:00")
    assert result.returncode == 0, result.stderr
    assert (len(world.web.received), len(world.mail.received)) == count
