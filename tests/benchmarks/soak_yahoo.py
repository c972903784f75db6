"""Ten thousand polls of five symbols against a loopback Yahoo: what a process of months holds on to.

    python -m tests.benchmarks.soak_yahoo [--polls 10000] [--path chart|history] [--trouble]

The server is a process of its own, so that memory, threads and descriptors are the source's alone.  With `--trouble`
every hundredth poll meets a reset, a refusal, an unknown symbol or a page that is no chart.  Ends with 1 when memory
grew by 5 MB or more after the first thousand polls, when threads or descriptors grew at all, when connections were
not used again, or when an untroubled poll failed.
"""

import argparse
import gc
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.packs import load_catalogue
from monitor.prices.source import Outcome
from monitor.prices.yahoo import Limits, YahooSource

WATCHED = ("gold", "silver", "copper", "gld", "slv")
NOW = datetime.fromisoformat("2020-03-12T18:40-04:00")
HELD = date(2020, 3, 11)
WARM = 1000
ALLOWED_MB = 5.0
CONNECTIONS_OF_TROUBLE = 2
TROUBLES = (
    {"kind": "reset"},
    {"kind": "status", "status": 404, "body": "no"},
    {"kind": "html"},
    {"kind": "status", "status": 429, "body": "Too Many Requests"},
)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Held:
    """What the process holds at one moment."""

    polls: int
    rss: float
    threads: int
    descriptors: int
    connections: int

    def __str__(self) -> str:
        return (
            f"after {self.polls:>6,} polls: RSS {self.rss:7.1f} MB, threads {self.threads}, "
            f"descriptors {self.descriptors}, connections made {self.connections:,}"
        )


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description="Soak the Yahoo source.")
    parser.add_argument("--polls", type=int, default=10_000)
    parser.add_argument("--path", choices=["chart", "history"], default="chart")
    parser.add_argument("--trouble", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url:
        free = Limits(per_minute=math.inf, burst=math.inf, base=timedelta())
        source = YahooSource(cache_folder=Path(name) / "cache", endpoint=url, path=given.path, limits=free)
        say(f"{given.polls:,} polls of {len(WATCHED)} symbols, path {given.path}, trouble {given.trouble}")
        marks, outcomes = soak(source, url, polls=given.polls, trouble=given.trouble)
        source.close()
    say("outcomes: " + ", ".join(f"{outcome} {count:,}" for outcome, count in outcomes.most_common()))
    faults = list(judge(marks, outcomes, polls=given.polls, trouble=given.trouble))
    for fault in faults:
        say(f"FAULT: {fault}")
    return 1 if faults else 0


def soak(source: YahooSource, url: str, *, polls: int, trouble: bool) -> tuple[list[Held], Counter[Outcome]]:
    """Poll so often; what was held at the start, after a thousand polls and at the end, and how the answers ended."""
    wanted = load_catalogue().subset(WATCHED)
    since = dict.fromkeys(WATCHED, HELD)
    outcomes: Counter[Outcome] = Counter()
    marks = [held(0, url)]
    say(marks[-1])
    began = time.monotonic()
    for poll in range(1, polls + 1):
        if trouble and poll % 100 == 0:
            call(
                f"{url}/-/faults", "POST", {"target": "*", "faults": [TROUBLES[poll // 100 % len(TROUBLES)]]}
            )
        # The clock moves, so that a breaker that opened closes again.
        answers = source.fetch(wanted, interval="1d", since=since, now=NOW + poll * timedelta(minutes=1))
        outcomes.update(answer.outcome for answer in answers)
        if poll in {1, min(WARM, polls // 2), polls} or poll % 2500 == 0:
            call(f"{url}/-/log", "DELETE")
            marks.append(held(poll, url))
            say(marks[-1])
    taken = time.monotonic() - began
    say(f"{taken:.1f} s, {taken / polls / len(WATCHED) * 1000:.2f} ms a symbol")
    return marks, outcomes


def judge(marks: list[Held], outcomes: Counter[Outcome], *, polls: int, trouble: bool) -> Iterator[str]:
    """What the figures say against us."""
    warm = next(mark for mark in marks if mark.polls >= min(WARM, polls // 2))
    last = marks[-1]
    if last.rss - warm.rss >= ALLOWED_MB:
        yield f"memory grew by {last.rss - warm.rss:.1f} MB since poll {warm.polls:,}"
    if last.threads > warm.threads:
        yield f"threads grew from {warm.threads} to {last.threads}"
    if last.descriptors > warm.descriptors:
        yield f"descriptors grew from {warm.descriptors} to {last.descriptors}"
    allowed = CONNECTIONS_OF_TROUBLE + (CONNECTIONS_OF_TROUBLE * polls // 100 if trouble else 0)
    if last.connections - marks[0].connections > allowed:
        yield f"{last.connections - marks[0].connections:,} connections, of which {allowed} were needed"
    if not trouble and set(outcomes) != {Outcome.OK}:
        yield "a poll failed without trouble"


def held(polls: int, url: str) -> Held:
    """What this process holds now."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return Held(
        polls,
        rss=int(rss.split()[1]) / 1024,
        threads=threading.active_count(),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        connections=call(f"{url}/-/connections")["connections"],
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a loopback Yahoo with two months of made-up prices, as a process of its own."""
    days = [date(2020, 2, 3) + timedelta(days=day) for day in range(60)]
    rows = [
        f"{day},{n + 99},{n + 102},{n + 98},{n + 100},1000" for n, day in enumerate(days) if day.weekday() < 5
    ]
    text = "\n".join(["date,open,high,low,close,volume", *rows])
    for name in WATCHED:
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "prices.yml").write_text("".join(f"{name}: {name}.csv\n" for name in WATCHED), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "tests.support.yahoo_server",
        "--prices",
        str(folder),
        "--clock",
        NOW.isoformat(),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def call(url: str, method: str = "GET", body: object = None) -> Any:
    """A word with the server that is no request to Yahoo."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method), timeout=10) as answer:
        return json.load(answer)


def say(what: object) -> None:
    """One line, at once."""
    print(what, flush=True)  # noqa: T201  # a report on the screen is what this is for


if __name__ == "__main__":
    sys.exit(main())
