"""A heavy day: 500 instruments, 1,000 rules, and as many sessions as a trading day has minutes, one after the other.

    python -m tests.benchmarks.load [--instruments 500] [--rules 1000] [--history 300] [--sessions 390]

Rules judge sessions and no minutes, so a session stands for a minute here: 390 times a bar of every instrument arrives,
and the daemon fetches, screens, keeps, judges, commits and delivers it before the next one comes.  Only the prices are
made up; settings, rules, database, outbox and delivery are those of a daemon.  Prints bars per second, the time from a
bar to the outbox and to the channel, memory, how large the database is, and how long ten readers of the status page
wait.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import polars as pl

from monitor.bars import BARS
from monitor.clock import Clock
from monitor.config import read_configuration
from monitor.daemon import Daemon
from monitor.instruments import Instrument
from monitor.logs import log_to_stderr
from monitor.opening import make_context, open_channels
from monitor.prices.source import Fetched, Outcome
from monitor.sessions import calendar_sessions, settled_at, settled_at_column
from monitor.storage.store import open_store

ROOT = Path(__file__).parents[2]
READERS = 10
FIRST = date(2021, 1, 4)
CALENDAR = "XNYS"
TEMPLATES = (
    "{a} / {b} > 2.2",
    "zscore({a} / {b}, 60) > 2.8",
    "drawdown({a}, 250) < -35%",
    "rsi({a}, 14) < 24",
    "change({a}, 1) > 5%",
    "sma({a}, 20) > 1.25 * sma({a}, 100)",
)


@dataclass
class Market:
    """A price source of made-up shares, which shows what is settled at an instant."""

    frames: Mapping[str, pl.DataFrame]
    answered: float = 0.0
    """When it answered last."""
    name: str = "files"
    label: str = "made-up prices"
    asked: int = field(default=0)

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """The bars of the last days, or of all history, as a vendor would answer."""
        answers = []
        for one in instruments:
            frame = self.frames[one.id].filter(pl.col("known_at") <= now, interval=interval)
            if one.id in since:
                frame = frame.filter(pl.col("session") > since[one.id] - timedelta(days=5))
            answers.append(Fetched(one.id, Outcome.OK, frame))
        self.asked += len(answers)
        self.answered = time.perf_counter()
        return answers

    def close(self) -> None:
        """Nothing to give back."""


def instrument_file(count: int) -> str:
    """So many shares."""
    rows = [
        f"  i{number}: {{symbol: I{number}, name: Share {number}, kind: equity, currency: USD, unit: USD,"
        f' calendar: {CALENDAR}, settle: "16:10", zone: America/New_York, basis: share}}'
        for number in range(count)
    ]
    return "instruments:\n" + "\n".join(rows) + "\n"


def rule_file(count: int, instruments: int) -> str:
    """So many rules of six kinds, over shares in turn."""
    lines = ["pack: load", "about: Many rules.", "rules:"]
    for number in range(count):
        a, b = number % instruments, (number * 7 + 1) % instruments
        when = TEMPLATES[number % len(TEMPLATES)].format(a=f"i{a}", b=f"i{b}")
        lines.append(f"  r{number}:\n    when: {when}")
    return "\n".join(lines) + "\n"


def frames(instruments: Sequence[Instrument], sessions: pl.Series) -> dict[str, pl.DataFrame]:
    """Random walks, the same in every run."""
    random = np.random.default_rng(8)
    found = {}
    for one in instruments:
        close = 40 * np.exp(np.cumsum(random.standard_t(5, len(sessions)) * 0.012))
        known = settled_at_column(one, sessions)
        frame = pl.DataFrame({"session": sessions, "known_at": known}).with_columns(
            *(pl.Series(name, close) for name in ("open", "high", "low", "close")),
            volume=pl.lit(1e6),
            opened_at=pl.lit(None, BARS["opened_at"]),
            instrument=pl.lit(one.id),
            interval=pl.lit("1d"),
            status=pl.lit("final"),
        )
        found[one.id] = frame.select(BARS.keys())
    return found


@dataclass
class Times:
    """What was measured."""

    whole: list[float] = field(default_factory=list)
    to_end: list[float] = field(default_factory=list)
    messages: int = 0


def memory() -> float:
    """The resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def spread(values: Sequence[float]) -> str:
    """The middle, the slow end and the worst, in ms."""
    slow = quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return f"{median(values) * 1e3:,.0f} ms (median), {slow * 1e3:,.0f} ms (95 %), {max(values) * 1e3:,.0f} ms (worst)"


def main() -> None:
    """Replay and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, default in (("instruments", 500), ("rules", 1000), ("history", 300), ("sessions", 390)):
        parser.add_argument(f"--{name}", type=int, default=default)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="metalwatch-") as text:
        folder = Path(text)
        (folder / "shares.yml").write_text(instrument_file(wanted.instruments))
        (folder / "load.yml").write_text(rule_file(wanted.rules, wanted.instruments))
        (folder / "metalwatch.yml").write_text(
            "database: load.db\npacks: [load.yml]\ninstruments: shares.yml\n"
        )
        _replay(folder, wanted.history, wanted.sessions)


def _replay(folder: Path, history: int, sessions: int) -> None:
    configuration = read_configuration(folder / "metalwatch.yml", {})
    days = calendar_sessions(CALENDAR, FIRST, FIRST + timedelta(days=2 * (history + sessions) + 30))
    days = days[: history + sessions]
    log_to_stderr()
    rulebook = configuration.rulebook
    shares = rulebook.catalogue.subset(rulebook.instruments)
    market = Market(frames(shares, days))
    written: list[str] = []
    with closing(open_store(configuration.database)) as store:
        context = make_context(configuration, store, market)
        daemon = Daemon(configuration, Clock(), context, open_channels(configuration, written.append))
        took = _turns(daemon, market, [settled_at(shares[0], day) for day in days.to_list()][history - 1 :])
        counts = store.counts()
    live, bars = took[1:], len(shares) * (len(took) - 1)
    size = sum(path.stat().st_size for path in folder.glob("load.db*")) / 1e6
    total = sum(whole for whole, _ in live)
    lines = [
        f"{len(shares)} instruments, {len(rulebook.instances)} rules, {history} sessions of history",
        f"first start: {took[0][0]:,.1f} s",
        f"{len(live)} sessions, {bars:,} bars in {total:,.1f} s: {bars / total:,.0f} bars a second",
        f"from the answer of the source to the end of judging and sending: {spread([late for _, late in live])}",
        f"a whole session: {spread([whole for whole, _ in live])}",
        f"transitions: {counts.transitions:,}; messages on the channel: {len(written):,}",
        f"memory at the end: {memory():,.0f} MB; database: {size:,.1f} MB for {counts.bars:,} bars",
    ]
    lines += _page(folder, settled_at(shares[0], days[-1]) + timedelta(minutes=10))
    sys.stdout.write("\n".join(lines) + "\n")


def _page(folder: Path, now: datetime) -> list[str]:
    """How long each of ten readers waits, who all ask at once and again and again."""
    command = [sys.executable, "-m", "monitor", "serve", "--port", "0", "--clock", now.isoformat()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2].rstrip("/")
        try:
            first = _asked(f"{address}/")
            with ThreadPoolExecutor(READERS) as pool:
                told = [f"status page, first asked: {first * 1e3:,.0f} ms"]
                for path in ("/", "/rules/load/r0", "/api/v1/status", "/metrics"):
                    waited = list(pool.map(_asked, [address + path] * READERS * 3))
                    told.append(f"{path} for ten readers at once: {spread(waited)}")
        finally:
            process.terminate()
    return told


def _asked(url: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=120) as answer:
        answer.read()
    return time.perf_counter() - began


def _turns(daemon: Daemon, market: Market, instants: Sequence[datetime]) -> list[tuple[float, float]]:
    """Seconds that each session took as a whole, and from the source's answer on."""
    took = []
    for instant in instants:
        daemon.clock = Clock(instant + timedelta(minutes=5))
        began = time.perf_counter()
        daemon.judge(CALENDAR)
        ended = time.perf_counter()
        took.append((ended - began, ended - market.answered))
    return took


if __name__ == "__main__":
    main()
