"""A heavy day: 500 instruments, 1,000 rules that are judged live, and minute bars from the open to the close.

    python -m tests.benchmarks.load [--instruments 500] [--rules 1000] [--live 1000] [--history 300] [--minutes 390]

Each minute a daemon polls, at full speed and not once a minute: it fetches the bar of the session that goes on as it
stands then, screens and keeps it, asks every live rule, commits and delivers; at the close the settled bars are judged,
and what was told live is confirmed or withdrawn.  Only the prices and the clock are made up; settings, rules, database,
outbox, channel and status page are those of a daemon.  Twice, in the course of the day and when it is over, ten people
read its page for `--seconds`, each asking again as soon as the answer is there.

Prints bars a second, the time from a bar to the outbox and to the channel, the time of the daemon's processor, memory,
how large the database is, and how long readers wait.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import Engine, event

from monitor.clock import Clock
from monitor.config import read_configuration
from monitor.daemon import Daemon
from monitor.logs import log_to_stderr
from monitor.opening import make_context, open_channels
from monitor.status.beside import beside
from monitor.storage.store import Store, open_store
from tests.benchmarks.load_market import A_MINUTE, CALENDAR, Market, instrument_file, market, rule_file

ROOT = Path(__file__).parents[2]
DEFAULTS = {"instruments": 500, "rules": 1000, "live": 1000, "history": 300, "minutes": 390, "seconds": 20}
PAGES = ("/", "/rules/load/r0", "/api/v1/status", "/metrics")
EVENING_BEFORE = timedelta(hours=12)
POLLS_AFTER_CLOSE = (timedelta(minutes=2), timedelta(minutes=20))
"""The first shows what settled, and the second that it stays."""


@dataclass(frozen=True)
class Set(Clock):
    """A clock that stands where it is put."""

    hands: list[datetime] = field(default_factory=list)

    def now(self) -> datetime:
        """The instant it was put to."""
        return self.hands[-1]


@dataclass
class Poll:
    """One look at the market: seconds, from the answer of the source on where nothing else is said."""

    whole: float = 0.0
    """With the making of the answer."""
    processor: float = 0.0
    """What the process used, readers' answers too where there were some."""
    ended: float = 0.0
    outbox: float | None = None
    """Until the first message was owed, if one was."""
    channel: float | None = None
    """Until it was on the channel."""
    read: bool = False
    """Whether people read the page meanwhile."""


@dataclass
class Watch:
    """When messages were committed to the outbox, and when they came out of the channel."""

    owed: float | None = None
    told: float | None = None
    messages: int = 0
    _inserted: bool = False

    def look_at(self, engine: Engine) -> None:
        """Note each commit with a new message in it."""
        event.listen(engine, "after_cursor_execute", self._after_statement)
        event.listen(engine, "commit", self._after_commit)

    def write(self, _text: str) -> None:
        """What the channel writes."""
        self.messages += 1
        self.told = self.told or time.perf_counter()

    def _after_statement(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self._inserted = self._inserted or statement.startswith("INSERT INTO outbox")

    def _after_commit(self, _connection: object) -> None:
        """SQLAlchemy tells it before the commit; what that takes is in the next number."""
        if self._inserted:
            self.owed, self._inserted = self.owed or time.perf_counter(), False


def main() -> None:
    """Replay and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    defaults = {
        "instruments": 500, "rules": 1000, "live": 1000, "history": 300, "minutes": 390, "seconds": 20
    }  # fmt: skip
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    wanted = parser.parse_args()
    log_to_stderr()
    with tempfile.TemporaryDirectory(prefix="metalwatch-") as text:
        folder = Path(text)
        write_files(folder, instruments=wanted.instruments, rules=wanted.rules, live=wanted.live)
        for line in replay(folder, wanted.history, wanted.minutes, wanted.seconds):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def write_files(folder: Path, *, instruments: int, rules: int, live: int) -> None:
    """Settings, shares and rules."""
    (folder / "shares.yml").write_text(instrument_file(instruments))
    (folder / "load.yml").write_text(rule_file(rules, instruments, live=live))
    (folder / "metalwatch.yml").write_text(
        f"database: load.db\npacks: [load.yml]\ninstruments: shares.yml\nstatus: {{port: {_free_port()}}}\n"
    )


def replay(folder: Path, history: int, minutes: int, seconds: int) -> Iterator[str]:
    """The day, and what was measured of it, line by line."""
    configuration = read_configuration(folder / "metalwatch.yml", {})
    rulebook = configuration.rulebook
    shown = market(rulebook.catalogue.subset(rulebook.instruments), history=history, minutes=minutes)
    watch, clock = Watch(), Set(hands=[shown.opens - EVENING_BEFORE])
    with closing(open_store(configuration.database)) as store:
        watch.look_at(store.engine)
        context = make_context(configuration, store, shown)
        daemon = Daemon(configuration, clock, context, open_channels(configuration, watch.write))
        with beside(daemon) if seconds else nullcontext():
            yield f"{len(shown.settled)} instruments, {len(rulebook.instances)} rules, {history} sessions before the day"
            first = _poll(daemon, shown, watch)
            yield f"first start: {first.whole:,.1f} s; memory: {memory():,.0f} MB; database: {_size(folder, store)}"
            address = f"http://127.0.0.1:{configuration.settings.status.port}"  # type: ignore[union-attr]
            yield from _day(daemon, shown, watch, address, seconds)
            yield f"memory at the end: {memory():,.0f} MB; database: {_size(folder, store)}"
            yield f"transitions: {store.counts().transitions:,}; messages on the channel: {watch.messages:,}"
            if seconds:
                yield "the page when the day is over:"
                yield from _read(address, seconds).communicate()[0].splitlines()


def _day(daemon: Daemon, shown: Market, watch: Watch, address: str, seconds: int) -> Iterator[str]:
    """The session minute by minute, and its close."""
    minutes = shown.minutes["close"].shape[1]
    polls: list[Poll] = []
    readers: subprocess.Popen[str] | None = None
    for minute in range(1, minutes + 1):
        if seconds and minute == max(minutes // 2, 1):
            readers = _read(address, seconds)
        daemon.clock.hands.append(shown.opens + minute * A_MINUTE)  # type: ignore[attr-defined]
        is_read = readers is not None and readers.poll() is None
        polls.append(_poll(daemon, shown, watch))
        polls[-1].read = is_read
        if minute in (1, minutes // 4, minutes // 2, minutes):
            yield f"  minute {minute}: {polls[-1].ended * 1e3:,.0f} ms; memory: {memory():,.0f} MB"
    yield from _told("polls", [one for one in polls if not one.read], len(shown.settled))
    if readers is not None:
        yield from _told(
            "polls while ten people read", [one for one in polls if one.read], len(shown.settled)
        )
        yield from readers.communicate()[0].splitlines()
    for later in POLLS_AFTER_CLOSE:
        daemon.clock.hands.append(shown.settles + later)  # type: ignore[attr-defined]
        closing_poll = _poll(daemon, shown, watch)
        yield f"the close, {later.seconds // 60} minutes after it settled: {_ms(closing_poll)}"


def _poll(daemon: Daemon, shown: Market, watch: Watch) -> Poll:
    watch.owed = watch.told = None
    began, used = time.perf_counter(), time.process_time()
    daemon.judge(CALENDAR)
    ended = time.perf_counter()
    return Poll(
        whole=ended - began,
        processor=time.process_time() - used,
        ended=ended - shown.answered,
        outbox=watch.owed and watch.owed - shown.answered,
        channel=watch.told and watch.told - shown.answered,
    )


def _told(what: str, polls: Sequence[Poll], instruments: int) -> Iterator[str]:
    if not polls:
        return
    total, bars = sum(one.whole for one in polls), len(polls) * instruments
    yield f"{len(polls)} {what}, {bars:,} bars in {total:,.1f} s: {bars / total:,.0f} bars a second"
    yield f"  from the bars to the end of judging and sending: {spread([one.ended for one in polls])}"
    if owed := [one.outbox for one in polls if one.outbox]:
        yield f"  from a bar to the outbox, {len(owed)} times: {spread(owed)}"
    if told := [one.channel for one in polls if one.channel]:
        yield f"  from a bar to the channel: {spread(told)}"
    yield f"  time of the processor: {spread([one.processor for one in polls])}"


def _ms(one: Poll) -> str:
    """One poll in words."""
    ends = {"to the outbox": one.outbox, "to the channel": one.channel, "to its end": one.ended}
    return ", ".join(f"{taken * 1e3:,.0f} ms {name}" for name, taken in ends.items() if taken)


def spread(values: Sequence[float]) -> str:
    """The middle, the slow end and the worst, in ms."""
    slow = quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return f"{median(values) * 1e3:,.0f} ms (median), {slow * 1e3:,.0f} ms (95 %), {max(values) * 1e3:,.0f} ms (worst)"


def memory() -> float:
    """The resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _size(folder: Path, store: Store) -> str:
    size = sum(path.stat().st_size for path in folder.glob("load.db*")) / 1e6
    return f"{size:,.1f} MB for {store.counts().bars:,} bars"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _read(address: str, seconds: int) -> "subprocess.Popen[str]":
    """Ten readers in a process of their own."""
    pages = [argument for page in PAGES for argument in ("--page", page)]
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.page_readers",
        address,
        "--seconds",
        str(seconds),
        *pages,
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    main()
