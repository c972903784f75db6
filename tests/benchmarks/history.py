"""Work unit W1 by the real path: rule file, language, observe, episodes, forward returns.

    METALWATCH_PEERS=... python tests/benchmarks/history.py [--size 1000000] [--warm 3]

Prints rows `peer,size,seconds,peak_rss,firings_hash` as the scripts of peers do; equal hashes are the condition for
comparing times.  Timed is what a backtest does with prices that are side by side, as design asks that they are kept:
`metalwatch` from there to firings and returns, `metalwatch:rules` from the rule file to the rulebook,
`metalwatch:aligned` from a bar frame (up to 100,000 bars) to legs side by side.

How W1 is mapped:

* Its bars are minutes, so steps are labelled by instants: ten million of them are more than there are dates before
  the year 10000.  Steps without a date follow no calendar; nothing else differs.
* W1's cooldown of rule (b) delays the firing, ours the message: with us the episode opens, and what people hear waits.
  A firing of W1 is the opening of our episode if that is 20 bars after the last firing, else the first bar of the
  episode after these on which the condition holds for the third time in a row (`delayed`); an episode that ends
  before has none.
* W1's return runs from the bar of the firing, ours from the bar after the signal: W1's at bar t is ours at t - 1.
"""

import sys

from monitor.memory import ends_soon

if __name__ == "__main__":
    ends_soon()  # as every command does before it loads its libraries

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.alerts import Verdict
from monitor.backtest.forward import Study
from monitor.bars import BARS, UTC
from monitor.engine import Track, episode_rows, legs_of, observe_legs
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook

sys.path.insert(
    0, str(Path(__file__).parents[2])
)  # peers are run by the path of their script, and so is this

from tests.benchmarks import peers

RULES = Path(__file__).with_name("history.yml")
NAMES = {"ratio-crosses": "a", "ratio-stretched": "b", "silver-fallen": "c", "silver-oversold": "d"}
TURNS = {"copper-turns-up": "e+", "copper-turns-down": "e-"}
COOLDOWN = 20
MOST_ALIGNED = 100_000

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Prepared:
    """What a backtest begins with."""

    rulebook: Rulebook
    wide: pl.DataFrame


def prepare(panel: dict[str, Any], w1: Any) -> Prepared:
    """The rulebook, and the panel as legs side by side."""
    names = [name.lower() for name in w1.COLS]
    miners = tuple(name.lower() for name in w1.MINERS)
    start = time.perf_counter()
    catalogue = peers.catalogue(names, {"miners": miners})
    rulebook = read_rulebook({RULES.name: RULES.read_text(encoding="utf-8")}, catalogue)
    w1.emit("metalwatch:rules", len(panel["ts"]), time.perf_counter() - start, w1.rss_mib(), "-")
    instants = pl.Series("session", panel["ts"] // 1000).cast(UTC)
    legs = [pl.Series(f"{name.lower()}.close", panel[name]) for name in w1.COLS]
    known = [instants.alias(f"{name}.known_at") for name in names]
    if len(instants) <= MOST_ALIGNED:
        _align(rulebook, panel, instants, w1)
    return Prepared(rulebook, pl.DataFrame([instants, *legs, *known]))


def _align(rulebook: Rulebook, panel: dict[str, Any], instants: pl.Series, w1: Any) -> None:
    """Time the way from a bar frame, as prices are stored, to legs side by side."""
    frame = pl.concat(_bars(name, panel[name], instants) for name in sorted(w1.COLS))
    start = time.perf_counter()
    legs_of(rulebook, frame)
    w1.emit("metalwatch:aligned", len(instants), time.perf_counter() - start, w1.rss_mib(), "-")


def _bars(name: str, closes: npt.NDArray[np.float64], instants: pl.Series) -> pl.DataFrame:
    close = pl.Series("close", closes)
    values = [close.alias(column) for column in ("open", "high", "low", "close")]
    times = [instants, instants.alias("opened_at"), instants.alias("known_at")]
    texts = {"instrument": name.lower(), "interval": "1m", "status": "final"}
    frame = pl.DataFrame([*times, *values, pl.zeros(len(close), eager=True).alias("volume")])
    return frame.with_columns(pl.lit(value).alias(key) for key, value in texts.items()).select(BARS.keys())


def run(prepared: Prepared, w1: Any) -> tuple[Rows, Rows, npt.NDArray[np.float64]]:
    """Bars and rules that fired, and what followed."""
    studies: dict[str, Study] = {}
    bars, rules, returns = [], [], []
    for track in observe_legs(prepared.rulebook, prepared.wide):
        name = _name(track)
        fired = _fired(track, name)
        rule = w1.RID[name]
        target = w1.TARGET[rule].lower()
        if target not in studies:
            studies[target] = _study(prepared.wide, target)
        bars.append(fired)
        rules.append(np.full(len(fired), rule))
        returns.append(studies[target].ways(fired - 1, w1.HORIZONS))
    return np.concatenate(bars), np.concatenate(rules), np.concatenate(returns)


def _name(track: Track) -> str:
    """What W1 calls an instance."""
    rule, member = track.instance.rule.name, track.instance.member
    return f"f:{member.upper()}" if member else (NAMES | TURNS)[rule]


def _fired(track: Track, name: str) -> Rows:
    opened, resolved = episode_rows(track)
    return delayed(track, opened, resolved) if name == "b" else opened


def delayed(track: Track, opened: Rows, resolved: Rows) -> Rows:
    """When W1's cooldown lets an episode of ours fire."""
    verdicts, hold = track.verdicts[0].tobytes(), track.instance.dwells[0].bars
    held = bytes([Verdict.FIRE] * hold)
    ends = np.append(resolved, len(verdicts))[: len(opened)]
    found: list[int] = []
    for start, end in zip(opened.tolist(), ends.tolist(), strict=True):
        first = max(start, found[-1] + COOLDOWN) if found else start
        at = verdicts.find(held, first + 1 - hold, end)
        if at >= 0:
            found.append(at + hold - 1)
    return np.array(found, np.int64)


def _study(wide: pl.DataFrame, name: str) -> Study:
    no_holes = np.broadcast_to(np.int64(0), wide.height)
    return Study(name, wide["session"].to_numpy(), wide[f"{name}.close"].to_numpy(), no_holes)


if __name__ == "__main__":
    unit = peers.unit("w1")
    unit.main("metalwatch", lambda panel: prepare(panel, unit), lambda prepared: run(prepared, unit))
