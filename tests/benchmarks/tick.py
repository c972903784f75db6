"""Work unit W2 by the live path: many rules over many instruments, one more session at a time.

    METALWATCH_PEERS=... python tests/benchmarks/tick.py

Prints rows `peer,size,seconds,peak_rss,firings_hash` as the scripts of peers do.  Timed is one tick, everything worked
out anew as the daemon does: `metalwatch-tick-RULESr-INSTRUMENTSi` from a bar frame in memory to the observations of all
rules, `metalwatch-tick-legs-...` from legs that are side by side.  Size is the number of sessions held.
"""

import hashlib
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.alerts import Verdict
from monitor.bars import BARS
from monitor.engine import Track, legs_of, observe_legs
from monitor.memory import stays
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from monitor.sessions import calendar_sessions

sys.path.insert(
    0, str(Path(__file__).parents[2])
)  # peers are run by the path of their script, and so is this

from tests.benchmarks import peers

COMBINATIONS = ((6, 25), (100, 25), (1000, 25), (1000, 500))
FIRST = date(2000, 1, 3)

Panel = npt.NDArray[np.float64]


def rule_file(rules: Iterable[tuple[int, int, int, int, float]]) -> str:
    """W2's rules as a pack: six templates, each bound to an instrument or a pair."""
    lines = ["pack: tick", "about: One rule per instrument or pair.", "rules:"]
    for number, (template, a, b, window, threshold) in enumerate(rules):
        one, other = f"i{a}", f"i{b}"
        when = (
            f"{one} / {other} > {threshold!r}",
            f"zscore({one} / {other}, {window}) > {threshold!r}",
            f"drawdown({one}) < {threshold!r}",
            f"rsi({one}, 14) < {threshold!r}",
            f"sma({one}, {window // 4}) - sma({one}, {window}) > {threshold!r}",
            f"change({one}, 1) > {threshold!r}",
        )[template]
        lines.append(f"  r{number}:\n    when: {when}")
    return "\n".join(lines)


def bars_of(panel: Panel) -> pl.DataFrame:
    """The bar frame of a panel of closes, one column per instrument."""
    count = len(panel)
    days = calendar_sessions("24/5", FIRST, date(FIRST.year + 2 + count // 250, 12, 31))[:count]
    known = days.cast(BARS["known_at"])
    session = pl.DataFrame({"session": days, "opened_at": known, "known_at": known})
    parts = [
        _bars(f"i{i}", panel[:, i], session) for i in sorted(range(panel.shape[1]), key=lambda i: f"i{i}")
    ]
    return pl.concat(parts).select(BARS.keys())


def _bars(name: str, closes: Panel, session: pl.DataFrame) -> pl.DataFrame:
    values = [pl.Series(column, closes) for column in ("open", "high", "low", "close")]
    texts = {"instrument": name, "interval": "1d", "status": "final"}
    return session.with_columns(
        *values, pl.lit(0.0).alias("volume"), *(pl.lit(value).alias(key) for key, value in texts.items())
    )


@dataclass
class Ticks:
    """What some ticks took, and what fired in them."""

    from_bars: list[float] = field(default_factory=list)
    from_legs: list[float] = field(default_factory=list)
    hashed: Any = field(default_factory=hashlib.sha256)
    before: npt.NDArray[np.bool_] | None = None

    def take(self, rulebook: Rulebook, bars: pl.DataFrame, number: int) -> None:
        """One tick."""
        start = time.perf_counter()
        wide = legs_of(rulebook, bars)
        middle = time.perf_counter()
        tracks = observe_legs(rulebook, wide)
        end = time.perf_counter()
        self.from_bars.append(end - start)
        self.from_legs.append(end - middle)
        now = _holding(tracks)
        if self.before is not None:
            for rule in np.flatnonzero(now & ~self.before):
                self.hashed.update(b"%d,%d;" % (number, rule))
        self.before = now


def _holding(tracks: Iterable[Track]) -> npt.NDArray[np.bool_]:
    return np.array([track.verdicts[0][-1] == Verdict.FIRE for track in tracks])


def measure(w1: Any, w2: Any, rules: int, instruments: int, history: int) -> None:
    """Print what a tick takes; with W2's own history the firings are hashed as W2 does."""
    panel = w2.panel(instruments)
    longer = np.vstack([panel[:1]] * (history - w2.HIST) + [panel]) if history > w2.HIST else panel
    names = [f"i{i}" for i in range(instruments)]
    text = rule_file(w2.rules(rules, instruments))
    start = time.perf_counter()
    rulebook = read_rulebook({"tick.yml": text}, peers.catalogue(names))
    w1.emit(f"metalwatch-rules-{rules}r", history, time.perf_counter() - start, w1.rss_mib(), "-")
    ticks, frame = Ticks(), bars_of(longer)
    sessions = frame["session"].unique().sort()
    stays()  # as the daemon does once its rules are read
    for number in range(w2.HIST, w2.HIST + w2.TICKS):
        last = sessions[number + history - w2.HIST]
        ticks.take(rulebook, frame.filter(pl.col("session") <= last), number)
    what, found = f"{rules}r-{instruments}i", ticks.hashed.hexdigest()[:16]
    for peer, seconds in (("metalwatch-tick", ticks.from_bars), ("metalwatch-tick-legs", ticks.from_legs)):
        w1.emit(f"{peer}-{what}", history, float(np.median(seconds)), w1.peak_rss_mib(), found)


if __name__ == "__main__":
    work, tick = peers.unit("w1"), peers.unit("w2")
    for many in COMBINATIONS:
        measure(work, tick, *many, tick.HIST)
    measure(work, tick, *COMBINATIONS[-1], 4 * tick.HIST)
