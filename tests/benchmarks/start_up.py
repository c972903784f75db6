"""What people wait for: commands as processes, beside what they cannot do without.

    python -m tests.benchmarks.start_up [--reps 7]

Each repetition runs everything once, in turn, so that a busy machine hits all alike; ratios are taken within a
repetition, and their median is told: of the time on the clock, and of the processor time, which others hardly disturb.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from tests.benchmarks.market import daily, home

ROOT = Path(__file__).parents[2]
TOLD = {
    "--help": ("bare", 12.0),
    "--version": ("bare", 12.0),
    "wrong option": ("bare", 12.0),
    "check of all packs": ("bare", None),
    "backtest of one pack, 25 years": ("import polars", 3.0),
    "status of 50 series, 25 years": ("imports of status", None),
}
"""Each wait, what it is measured by, and how many times that is the goal."""
IMPORTS = (
    "import monitor.clock, monitor.opening, monitor.ledger, monitor.storage.store, monitor.overview.history, "
    "monitor.overview.rules, monitor.overview.status, rich.console, rich.table"
)
HEAVY = ("yfinance", "ta", "apprise", "altair", "pandas", "exchange_calendars")


def commands(folder: Path) -> Mapping[str, list[str]]:
    """Every process by what it is called."""
    own, prices = [sys.executable, "-m", "monitor"], str(folder / "prices")
    plain = [sys.executable, "-c"]
    return {
        "bare": [*plain, "pass"],
        "import polars": [*plain, "import polars"],
        "imports of status": [*plain, IMPORTS],
        "--help": [*own, "--help"],
        "--version": [*own, "--version"],
        "wrong option": [*own, "--no-such-option"],
        "check of all packs": [*own, "check", str(ROOT / "rules")],
        "backtest of one pack, 25 years": [*own, "backtest", "precious", "--prices", prices],
        "status of 50 series, 25 years": [*own, "status"],
    }


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of a process, on the clock and of the processor; it must not be cut short by a traceback."""
    start, used = time.perf_counter(), _processor()
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, check=False)
    taken = time.perf_counter() - start, _processor() - used
    if b"Traceback" in done.stderr:
        raise RuntimeError(done.stderr.decode())
    return taken


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment(folder: Path) -> dict[str, str]:
    """The environment, with a clock at which all that is held is fresh; bytecode is kept, as an installation does."""
    clock = {"METALWATCH_CLOCK": "2026-01-03T18:00+00:00", "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, **clock}


def loaded_by_check(folder: Path) -> str:
    """Which heavy libraries a check of all packs loads."""
    look = (
        "import sys; sys.argv = ['metalwatch', 'check', sys.argv[1]]\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        f"finally: sys.stderr.write('loaded: ' + ' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    command = [sys.executable, "-c", look, str(ROOT / "rules")]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    )
    return done.stderr.rpartition("loaded:")[2].strip() or "none"


def price_files(folder: Path) -> None:
    """Price files of the metals, as a user has them."""
    for frame in daily():
        name = frame["instrument"][0]
        if name in {"gold", "silver", "copper", "gld", "slv", "gdx", "sil"}:
            columns = frame.select(pl.col("session").alias("date"), "open", "high", "low", "close", "volume")
            columns.write_csv(folder / f"{name}.csv")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=7)
    reps = parser.parse_args().reps
    with home() as folder:
        measure(folder, reps)


def measure(folder: Path, reps: int) -> None:
    """Everything once in turn, so many times, and what it took."""
    (folder / "prices").mkdir()
    price_files(folder / "prices")
    every = commands(folder)
    for command in every.values():
        timed(command, folder)  # the first run reads files that later ones find in memory
    taken = [{name: timed(command, folder) for name, command in every.items()} for _ in range(reps)]
    write = sys.stdout.write
    for name in every:
        clock, used = (statistics.median(one[name][kind] for one in taken) * 1000 for kind in (0, 1))
        write(f"{name:32} {clock:8.0f} ms, processor {used:6.0f} ms\n")
    for name, (beside, goal) in TOLD.items():
        clock, used = (
            statistics.median(one[name][kind] / one[beside][kind] for one in taken) for kind in (0, 1)
        )
        more = statistics.median(one[name][1] - one[beside][1] for one in taken) * 1000
        asked = f" (goal {goal:g})" if goal else ""
        write(
            f"{name}: {clock:.1f}, processor {used:.1f} times {beside}{asked}, {more:+.0f} ms of processor\n"
        )
    write(f"heavy libraries that check loads: {loaded_by_check(folder)}\n")


if __name__ == "__main__":
    main()
