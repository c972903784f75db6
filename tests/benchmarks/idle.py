"""What a daemon holds and does while nothing happens.

    python -m tests.benchmarks.idle [--cycles 10000]

Over a database of fifty series and 25 years: resident memory, then with every price source, indicator and channel
library loaded, what a cycle with nothing new takes and writes, and how much memory so many of them take.  Of resident
memory a part is the process's own; the rest are pages of library files, which the system drops when it needs room.  The
database is made by another process, and memory is read after a pause: polars gives back what it no longer needs a second
later.
"""

import argparse
import gc
import hashlib
import importlib
import logging
import signal
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from monitor.clock import Clock
from monitor.config import read_configuration
from monitor.daemon import Daemon
from monitor.delivery.channel import url_faults
from monitor.memory import ends_soon, give_back, stays
from monitor.opening import make_context, open_channels, opened
from tests.benchmarks.market import home

LIBRARIES = ("pandas", "ta", "yfinance", "exchange_calendars", "apprise")
NOW = datetime(2026, 1, 3, 18, tzinfo=UTC)
"""A Saturday: every session is held, and the next one is two days away."""
WARM = 500
PAUSE = 3.0
"""Seconds."""


def resident(kind: str = "VmRSS") -> float:
    """Resident memory of this process, in MiB; `RssAnon` is what no file holds."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(kind))
    return int(line.split()[1]) / 1024


def idle() -> float:
    """Resident memory after a pause, in MiB."""
    gc.collect()
    give_back()  # as the daemon does once a minute
    time.sleep(PAUSE)
    return resident()


def written(folder: Path) -> str:
    """A fingerprint of what the database holds."""
    hashed = hashlib.sha256()
    for path in sorted(folder.glob("held.db*")):
        if not path.name.endswith("-shm"):  # a reader marks its place there
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def cycle(daemon: Daemon) -> float:
    """Look at every calendar once; the seconds of one of them."""
    catalogue = daemon.context.rulebook.catalogue
    calendars = sorted({one.calendar for one in catalogue.subset(daemon.context.rulebook.instruments)})
    start = time.perf_counter()
    for name in calendars:
        daemon.judge(name)
    return (time.perf_counter() - start) / len(calendars)


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads may have seen enough
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="one with settings and a database; else one is made")
    asked = parser.parse_args()
    if asked.folder is not None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        measure(asked.folder, asked.cycles)
        return
    with home() as folder:
        own = [sys.executable, "-m", "tests.benchmarks.idle", "--folder", str(folder)]
        sys.exit(subprocess.run([*own, "--cycles", str(asked.cycles)], check=False).returncode)


def measure(folder: Path, cycles: int) -> None:
    """A daemon over the database of a folder, so many cycles with nothing new, and what they took."""
    ends_soon()  # as every command does
    configuration = read_configuration(folder / "metalwatch.yml", environment={})
    stays()  # as `run` does
    with opened(configuration) as (store, source):
        context = make_context(configuration, store, source)
        daemon = Daemon(configuration, Clock(NOW), context, open_channels(configuration, str))
        cycle(daemon)
        say(f"after the first cycle: {idle():.0f} MiB, {resident('RssAnon'):.0f} of them its own")
        for library in LIBRARIES:
            importlib.import_module(library)
        url_faults("json://localhost")  # apprise loads all of its services for the first channel
        loaded = f"{', '.join(LIBRARIES)} and a channel"
        say(f"with {loaded}: {idle():.0f} MiB, {resident('RssAnon'):.0f} of them its own")
        for _ in range(WARM):
            cycle(daemon)
        before, held = idle(), written(folder)
        taken = [cycle(daemon) for _ in range(cycles)]
        say(f"a cycle with nothing new: median {statistics.median(taken) * 1000:.2f} ms")
        say(f"{cycles:,} cycles: {idle() - before:+.2f} MiB")
        say(f"wrote {'nothing' if written(folder) == held else 'SOMETHING'}")


def say(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
