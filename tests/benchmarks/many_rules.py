"""What more rules cost: 1 to 1,000 rules on twenty metrics of the panel of work unit W1.

    METALWATCH_PEERS=... python -m tests.benchmarks.many_rules [--size 100000] [--reps 5]

Timed is `observe` from legs side by side.  Each repetition runs every count in turn; ratios are taken within one.
"""

import argparse
import statistics
import sys
import time
from itertools import cycle, islice
from typing import Any

import polars as pl

from monitor.bars import UTC
from monitor.engine import observe_legs
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from tests.benchmarks import peers

COUNTS = (1, 10, 100, 1000, 1001)
METRICS = (
    *(f"zscore(gold / silver, {n})" for n in (20, 60, 120, 252)),
    *(f"sma(copper, {n}) / copper" for n in (10, 20, 50, 100, 200)),
    *(f"change(silver, {n})" for n in (1, 5, 20, 60)),
    *(f"drawdown({one}) + 1" for one in ("gold", "silver", "copper")),
    *(f"rsi({one}, 14) / 100" for one in ("gold", "silver", "copper")),
    "gold / silver / 100",
)


def rulebook(count: int, catalogue: Any) -> Rulebook:
    """So many rules on the same metrics, each with a threshold of its own."""
    metrics = [f"  m{number}: {text}" for number, text in enumerate(METRICS)]
    rules = [
        f"  r{number}:\n    when: {metric} > {0.5 + number / 10_000}"
        for number, metric in enumerate(islice(cycle([f"m{i}" for i in range(len(METRICS))]), count))
    ]
    text = "\n".join(["pack: many", "about: Many rules.", "metrics:", *metrics, "rules:", *rules])
    return read_rulebook({"many.yml": text}, catalogue)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--reps", type=int, default=5)
    asked = parser.parse_args()
    w1 = peers.unit("w1")
    panel = w1.load(asked.size)
    names = ("gold", "silver", "copper")
    catalogue = peers.catalogue(names)
    instants = pl.Series("session", panel["ts"] // 1000).cast(UTC)
    known = [instants.alias(f"{name}.known_at") for name in names]
    wide = pl.DataFrame([instants, *(pl.Series(f"{name}.close", panel[name]) for name in names), *known])
    start = time.process_time()
    books = {count: rulebook(count, catalogue) for count in COUNTS}
    loading = time.process_time() - start
    taken: list[dict[int, float]] = []
    for _ in range(asked.reps):
        taken.append({})
        for count, book in books.items():
            begun = time.process_time()
            observe_legs(book, wide)
            taken[-1][count] = time.process_time() - begun
    for count in COUNTS:
        _say(f"{count:,} rules", statistics.median(one[count] for one in taken) * 1000, "ms of processor")
    _say("1,000 against 100", statistics.median(one[1000] / one[100] for one in taken), "times")
    more = statistics.median((one[1000] - one[100]) / 900 for one in taken)
    _say("one more rule on a metric", more / asked.size * 1e9, "ns a bar")
    _say(f"{sum(COUNTS):,} rules read, checked and compiled", loading * 1000, "ms of processor")


def _say(text: str, value: float, unit: str) -> None:
    sys.stdout.write(f"{text:44} {value:10,.2f} {unit}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
