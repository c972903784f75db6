"""What a machine does to a daemon, while its messages are on their way: is anything lost, or told twice unmarked?

    python -m tests.benchmarks.trouble [WHICH ...]

`asleep`: stopped, and eight hours later it goes on. `back`: the clock is set back by an hour. `locked`: another process
holds the database for as long as it takes to be noticed. `full`: no file may grow any more, as on a full disk.
`offline`: 10,000 messages are owed after a weekend without network.  The daemon is a real process, its receivers are
real, and the first message is held while the trouble begins.  Ends with 1 unless every message arrived on every
channel, and none came again without saying so.
"""

import os
import resource
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor.delivery.channel import apprise_channel
from monitor.delivery.outbox import deliver_due
from monitor.delivery.wording import POSSIBLE_REPEAT
from monitor.storage.records import Judged, Owed
from monitor.storage.store import open_store
from tests.benchmarks.crash import PACK, SETTINGS, Copy, Evening, World, evenings, sessions_of, write_prices
from tests.storage.examples import NOW, message
from tests.support.process import Running, home
from tests.support.receivers import mail_receiver, web_receiver

MINUTES = 60
HOURS = 60 * MINUTES
OWED = 10_000
REFUSED = 2.0
"""Seconds after which a message that is held has failed, and that would stand in the database."""


@dataclass(frozen=True)
class Scene:
    """A running daemon, its world, and the hand on its clock."""

    daemon: Running
    world: World
    clock: Path

    def move_clock(self, seconds: float) -> None:
        """Move the daemon's clock; the file is replaced as a whole."""
        now = float(self.clock.read_text(encoding="utf-8"))
        new = self.clock.with_suffix(".new")
        new.write_text(str(now + seconds), encoding="utf-8")
        new.replace(self.clock)

    def logged(self, text: str) -> None:
        """Wait until the daemon has logged something."""
        self.daemon.wait_until(lambda: text in self.daemon.log.read_text())


def asleep(scene: Scene) -> None:
    """The machine sleeps for eight hours."""
    os.kill(scene.daemon.process.pid, signal.SIGSTOP)
    scene.move_clock(8 * HOURS)
    os.kill(scene.daemon.process.pid, signal.SIGCONT)


def back(scene: Scene) -> None:
    """The clock is set back by an hour, and an hour later it is as late as it was."""
    scene.move_clock(-1 * HOURS)
    scene.logged("delivered")
    scene.move_clock(1 * HOURS)


def locked(scene: Scene) -> None:
    """Another process writes, and writes, and writes."""
    file = scene.world.home.folder / "crash.db"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
        other.execute("begin immediate")
        scene.logged("is locked by another process")
        other.execute("rollback")


def full(scene: Scene) -> None:
    """No file of the process may grow by a byte."""
    pid, unlimited = scene.daemon.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    end = time.monotonic() + REFUSED
    scene.daemon.wait_until(lambda: time.monotonic() > end)
    assert scene.world.claimed(), "the database took what it should have refused"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


TROUBLES: dict[str, Callable[[Scene], None]] = {
    "asleep": asleep,
    "back": back,
    "locked": locked,
    "full": full,
}


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    expected: frozenset[Copy]
    arrived: dict[Copy, list[str]]

    @property
    def lost(self) -> list[Copy]:
        return sorted(self.expected - self.arrived.keys())

    @property
    def repeated(self) -> int:
        return sum(len(texts) - 1 for texts in self.arrived.values())

    @property
    def unmarked(self) -> list[Copy]:
        return [c for c, texts in self.arrived.items() if any(POSSIBLE_REPEAT not in t for t in texts[1:])]


def run(folder: Path, trouble: Callable[[Scene], None]) -> Ended:
    """An evening on which a trouble begins while the first message is on its way."""
    with _world(folder) as (world, evening):
        clock = folder / "clock"
        clock.write_text("0", encoding="utf-8")
        through = ("tests.benchmarks.shifted_entry", str(clock))
        # Ten times as fast: a daemon that slept asks again after seconds of its own clock.
        with world.home.daemon("--clock", f"{evening.at.isoformat()},x10", through=through) as daemon:
            scene = Scene(daemon, world, clock)
            daemon.wait_until(lambda: len(world.web.received) > 0)
            trouble(scene)
            daemon.wait_until(lambda: _is_done(scene, evening))
            assert daemon.stop() == 0
        return Ended(evening.copies, world.arrived())


def _is_done(scene: Scene, evening: Evening) -> bool:
    """Whether all is settled; a lease that nobody settled runs out meanwhile."""
    if scene.world.is_done(evening):
        return True
    if scene.world.claimed():
        scene.move_clock(1 * MINUTES)
    return False


@contextmanager
def _world(folder: Path) -> "Iterator[tuple[World, Evening]]":
    with ExitStack() as stack:
        web, hook = stack.enter_context(web_receiver(script=["hang"])), stack.enter_context(web_receiver())
        mail = stack.enter_context(mail_receiver())
        addresses = {"WEB": web.url, "HOOK": hook.url, "MAIL": mail.url()}
        for name in ("calm", "wild"):
            (folder / name).mkdir()
            (folder / name / "crash.yml").write_text(PACK, encoding="utf-8")
        (evening,) = evenings(home(folder / "calm", SETTINGS, **addresses), sessions_of(1))
        world = World(home(folder / "wild", SETTINGS, **addresses), web, hook, mail)
        write_prices(world.home, evening.sessions)
        yield world, evening


def offline(folder: Path) -> tuple[int, float]:
    """How many messages a channel has that comes back when very many are owed, and after how many seconds."""
    store = open_store(str(folder / "owed.db"))
    for start in range(0, OWED, 500):
        owed = [message(channel="web", title=f"number {start + number}") for number in range(500)]
        store.commit(Judged(messages=owed), now=NOW)
    with web_receiver() as web:
        began = time.perf_counter()
        channels, later = {"web": apprise_channel("web", web.url)}, NOW + timedelta(days=2)
        deliver_due(store, channels, now=lambda: later, jitter=lambda: 1.0)
        seconds = time.perf_counter() - began
    told = store.counts().outbox
    store.close()
    assert told == {Owed.SENT: 1, Owed.MERGED: OWED - 1}
    return len(web.received), seconds


def main() -> None:
    """Make trouble, and tell how it ended."""
    asked, well = sys.argv[1:] or [*TROUBLES, "offline"], True
    for name in asked:
        with tempfile.TemporaryDirectory() as folder:
            if name == "offline":
                number, seconds = offline(Path(folder))
                sys.stdout.write(f"{name:<8} owed {OWED:,}, received {number}, in {seconds:.1f} s\n")
                continue
            ended = run(Path(folder), TROUBLES[name])
        copies = sum(map(len, ended.arrived.values()))
        lost, unmarked = len(ended.lost), len(ended.unmarked)
        well = well and not (lost or unmarked)
        sys.stdout.write(
            f"{name:<8} expected {len(ended.expected)}, received {copies}, repeated {ended.repeated} "
            f"(unmarked {unmarked}), lost {lost}\n"
        )
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
