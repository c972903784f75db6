"""A sweep of ten thousand combinations in one process, in one for each core, and on Dask: times, and the same bytes.

    python -m tests.benchmarks.sweep_engines [--prices FOLDER] [--combinations 10000]

Without a folder of prices of gold and silver it takes made-up ones.  Ends with 1 where engines do not agree.
"""

import argparse
import hashlib
import math
import random
import sys
import time
from pathlib import Path

import polars as pl

from monitor.backtest.sweeping import Plan, Swept, sweep
from monitor.backtest.watch import unwatched
from monitor.backtest.workers import cores
from monitor.instruments import Catalogue
from monitor.packs import load_catalogue
from monitor.prices.files import read_prices
from monitor.rulefile.choosing import choices_of
from tests.support.made_up import CATALOGUE, made

PACK = """\
pack: swept
about: a ratio above a level and above its mean
metrics: {{gsr: gold / silver, far: "zscore(gsr, window)"}}
rules:
  high:
    params:
      top: {{from: 60, to: 99, step: 1, default: 80}}
      hold: [3, 1, 2, 4, 5]
      window: {{from: 50, to: {last}, step: 5, default: 50}}
    when: gsr > top and far > 0
    for: hold bars
    clear_when: gsr < top - 5
    study: silver
"""
BARS = 6_500


def main() -> int:
    """Measure every engine and compare what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--combinations", type=int, default=10_000)
    asked = parser.parse_args()
    catalogue, bars = prices(asked.prices)
    windows = max(asked.combinations // 200, 1)
    text = PACK.format(last=50 + 5 * (windows - 1))
    plan = Plan(choices=choices_of(text, file="swept.yml", catalogue=catalogue))
    found = set()
    for name, engine, processes in (
        ("one process", "local", 1),
        (f"{cores()} processes", "local", cores()),
        (f"dask, {cores()} workers", "dask", cores()),
    ):
        begun = time.perf_counter()
        done = sweep(plan, bars, engine=engine, processes=processes, watch=unwatched)
        taken = time.perf_counter() - begun
        found.add(of := hashed(done))
        sys.stdout.write(f"{name:18} {len(done.tried):,} combinations {taken:8.1f} s  {of}\n")
    return int(len(found) > 1)


def prices(folder: Path | None) -> tuple[Catalogue, pl.DataFrame]:
    """The bars of a folder, or made-up ones whose ratio wanders between fifty and a hundred."""
    if folder is not None:
        catalogue = load_catalogue()
        return catalogue, read_prices(folder, catalogue).frame
    dice, level, ratios = random.Random(1), 0.0, []
    for _ in range(BARS):
        level = 0.998 * level + dice.gauss(0.0, 0.015)
        ratios.append(75 * math.exp(level))
    return CATALOGUE, made({"gold": ratios, "silver": [1 + 0.2 * math.sin(row / 90) for row in range(BARS)]})


def hashed(done: Swept) -> str:
    """Of all that was found, to the last bit."""
    return hashlib.sha256(repr((done.tried, done.adjusted, done.steps)).encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
