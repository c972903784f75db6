"""What the database takes to write and to read: fifty daily series of 25 years, twenty minute series of 500,000 bars.

    python -m tests.benchmarks.holding [--minutes 500000]

Times the bulk load, an append of 50 bars, the last 300 bars of ten series, and two whole minute series.  Bars are
labelled by sessions, so a minute of the made-up series is a date.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from monitor.bars import UTC
from monitor.storage.store import Store, open_store
from tests.benchmarks.market import SEEN, daily, frame

MINUTE_SERIES = 20
DAWN = date(600, 1, 1)
READS, APPENDS = 3, 20
TAIL = timedelta(days=440)
"""In so many days lie some 300 sessions."""


def minute(number: int, count: int) -> pl.DataFrame:
    """A long series with an interval of its own."""
    days = pl.date_range(DAWN, DAWN + timedelta(days=count - 1), eager=True)
    return frame(f"minute_{number}", days, days.cast(UTC), number, "1m")


def measured(text: str, what: Callable[[], object], times: int) -> None:
    """A line of the result: the median time of one call, and of the processor in it."""
    taken, used = [], []
    for _ in range(times):
        start, before = time.perf_counter(), time.process_time()
        what()
        taken.append(time.perf_counter() - start)
        used.append(time.process_time() - before)
    wall, processor = (statistics.median(each) * 1000 for each in (taken, used))
    sys.stdout.write(f"{text:28} {wall:12,.2f} ms, of the processor {processor:12,.2f} ms\n")
    sys.stdout.flush()


def load(store: Store, series: list[pl.DataFrame], minutes: int) -> None:
    """Keep every bar."""
    for bars in [*series, *(minute(number, minutes) for number in range(MINUTE_SERIES))]:
        store.add_bars(bars, seen_at=SEEN, source="made up")


def appending(store: Store, series: list[pl.DataFrame]) -> Callable[[], object]:
    """Each call appends the next bar of fifty series."""
    last = pl.concat([one.tail(1) for one in series])
    passed = iter(range(1, APPENDS + 1))

    def append() -> None:
        later = timedelta(days=next(passed))
        bars = last.with_columns(pl.col("session") + later, pl.col("known_at") + later)
        store.add_bars(bars, seen_at=SEEN, source="made up")

    return append


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=500_000)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="metalwatch-bench-") as folder:
        path = Path(folder) / "held.db"
        store, series = open_store(str(path)), list(daily())
        measured("bulk load", lambda: load(store, series, minutes), 1)
        sys.stdout.write(f"{path.stat().st_size / 1e6:,.0f} MB\n")
        measured("append 50 bars", appending(store, series), APPENDS)
        ten = [one["instrument"][0] for one in series[:10]]
        since = series[0]["session"][-1] - TAIL
        measured("last 300 bars of 10 series", lambda: store.bars(instruments=ten, since=since), APPENDS)
        two = ["minute_0", "minute_1"]
        measured("2 whole minute series", lambda: store.bars(instruments=two, interval="1m"), READS)
        store.close()


if __name__ == "__main__":
    main()
