"""Hits and misses of `monitor.quality` on real prices: `python -m tests.quality.report [FOLDER]`.

Bad prints are made by multiplying every 45th close, one file and factor at a time; what is held is a hit.
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from monitor.instruments import Catalogue, read_catalogue
from monitor.quality import Finding, Release, judge_history
from monitor.quality.findings import MOVES
from tests.quality.real import CHOSEN_ON, SPIKES, TRIED_ON, found_in, half, load, together, truth

ROOT = Path(__file__).parents[2]
EVERY = 45
FACTORS = (0.01, 0.1, 0.5, 0.7, 0.8, 0.87, 1.15, 1.25, 1.5, 2.0, 5.83, 10.0, 100.0)


@dataclass(frozen=True)
class Trial:
    """Half of the files, judged beside all of them."""

    frames: dict[str, pl.DataFrame]
    everything: dict[str, pl.DataFrame]
    catalogue: Catalogue

    def moves(self, own: pl.DataFrame) -> list[Finding]:
        """The moves that were in doubt in one file."""
        found = judge_history(together(own, self.everything), self.catalogue).findings
        return [one for one in found if one.instrument == own["instrument"][0] and one.kind in MOVES]

    def false_quarantines(self) -> pl.DataFrame:
        """Per file: real bars, in doubt, confirmed at first sight, held until the next bar, never released."""
        rows = []
        for file, own in self.frames.items():
            real = [one for one in self.moves(own) if (one.instrument, one.session) not in SPIKES]
            late = sum(one.released_by is Release.NEXT_BAR for one in real)
            never = sum(one.held for one in real)
            rows.append((file, own.height, len(real), len(real) - late - never, late, never))
        columns = ["file", "bars", "in doubt", "at once", "next bar", "never"]
        return pl.DataFrame(rows, schema=columns, orient="row")

    def made(self, factor: float) -> tuple[int, int, int]:
        """Bad prints made, held in the end, and held at first sight."""
        made = held = first = 0
        for own in self.frames.values():
            bad = (pl.int_range(pl.len()) % EVERY == EVERY - 1) & (pl.int_range(pl.len()) < pl.len() - 1)
            close = pl.when(bad).then(pl.col("close") * factor).otherwise("close")
            days = set(own.filter(bad)["session"])
            found = [one for one in self.moves(own.with_columns(close.alias("close"))) if one.session in days]
            made += len(days)
            held += sum(one.held for one in found)
            first += sum(one.held or one.released_by is Release.NEXT_BAR for one in found)
        return made, held, first

    def large_moves(self, least: float) -> list[tuple[str, ...]]:
        """Every daily move beyond `least`, and what became of it."""
        lines: list[tuple[str, ...]] = []
        for file, own in self.frames.items():
            change = pl.col("close") / pl.col("close").shift(1) - 1
            large = own.with_columns(change=change).filter(pl.col("change").abs() > least)
            found = {one.session: one for one in self.moves(own)}
            for session, move in large.select("session", "change").iter_rows():
                one = found.get(session)
                fate = "not in doubt" if one is None else f"{one.released_by or 'HELD'}"
                lines.append((file, str(session), f"{move:+.1%}", fate))
        return lines


def show(title: str, lines: Iterable[Iterable[object]]) -> None:
    tell(f"\n{title}")
    for line in lines:
        tell("  " + "  ".join(f"{value!s:<22}" for value in line).rstrip())


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(folder: Path) -> None:
    catalogue = read_catalogue((ROOT / "rules/instruments.yml").read_text(encoding="utf-8"), file="i")
    found = found_in(folder, catalogue)
    show(
        "Known defects",
        [(one.file, one.day, one.kind, "hit" if found(one) else "MISS") for one in truth(folder)],
    )
    halves = {
        "chosen on": half(folder, CHOSEN_ON, catalogue),
        "tried on": half(folder, TRIED_ON, catalogue),
    }
    files = {file: frame for frames in halves.values() for file, frame in frames.items()}
    for title, frames in halves.items():
        trial = Trial(frames, files, catalogue)
        show(f"Moves beyond 20 % ({title})", trial.large_moves(0.2))
        table = trial.false_quarantines()
        total = table.select(pl.exclude("file").sum())
        per = total.select(pl.exclude("bars") * 10_000 / pl.col("bars")).row(0)
        last = ("of 10,000", "", *(f"{value:.2f}" for value in per))
        show(
            f"Real bars in doubt ({title})", [table.columns, *table.iter_rows(), ("all", *total.row(0)), last]
        )
        bad = [(factor, *trial.made(factor)) for factor in FACTORS]
        show(f"Bad prints made ({title})", [("factor", "made", "held", "held at first sight"), *bad])
    everything = pl.concat([*halves["chosen on"].values()])
    start = time.perf_counter()
    judge_history(everything, catalogue)
    tell(f"\n{everything.height:,} bars judged in {time.perf_counter() - start:.3f} s")
    gappy = load(folder / "defects/defect_gappy_COPX.csv", "copx", catalogue)[1]
    found_there = judge_history(gappy, catalogue).findings
    tell(f"defect_gappy_COPX (not in truth.csv): {len(found_there)} findings")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data")
