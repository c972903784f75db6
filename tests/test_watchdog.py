"""Signs of life: what a service manager hears of a daemon, and when it hears nothing any more."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.watchdog import LONGEST_JOB, LONGEST_PAUSE, Pulse, notify
from tests.support.process import Home, home

SETTINGS = """\
database: metalwatch.db
packs: [own.yml]
prices: {source: sample}
"""
PACK = "pack: own\nabout: One rule.\nrules:\n  stress:\n    when: gold / silver > 100\n"


class Manager:
    """The socket of a service manager, and what it was told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(60)

    def hears(self, state: str) -> None:
        """Wait for a state."""
        while state not in self.socket.recv(4096).decode().splitlines():
            pass


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    heard = Manager(str(tmp_path / "notify"))
    yield heard
    heard.socket.close()


def test_a_daemon_says_that_it_is_ready_that_it_lives_and_that_it_stops(
    tmp_path: Path, manager: Manager
) -> None:
    (tmp_path / "own.yml").write_text(PACK)
    around = home(tmp_path, SETTINGS)
    watched = Home(tmp_path, {**around.environment, "NOTIFY_SOCKET": manager.address})
    with watched.daemon("--clock", "2020-03-10T18:00-04:00,x60") as daemon:
        manager.hears("READY=1")
        manager.hears("WATCHDOG=1")
        daemon.wait_until(lambda: "cycle" in daemon.log.read_text())
        assert daemon.stop() == 0
        manager.hears("STOPPING=1")


def test_an_abstract_socket_is_told_too(tmp_path: Path) -> None:
    heard = Manager(f"@{tmp_path}")
    notify(heard.address, "READY=1", "STATUS=watching")
    assert heard.socket.recv(100) == b"READY=1\nSTATUS=watching"
    heard.socket.close()


@pytest.mark.parametrize("address", [None, "", "/nobody/listens/here"])
def test_where_nobody_listens_nothing_happens(address: str | None) -> None:
    notify(address, "READY=1")


def test_a_job_that_hangs_and_jobs_that_never_come_are_no_life() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    assert pulse.beats
    now[0] = LONGEST_PAUSE + 1
    assert not pulse.beats
    with pulse.job():
        assert pulse.beats
        now[0] += LONGEST_PAUSE + 1
        with pulse.job():
            pass
        assert pulse.beats
        now[0] += LONGEST_JOB
        with pulse.job():
            pass
        assert not pulse.beats
    assert pulse.beats
