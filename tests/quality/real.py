"""The real series that quality is tried on, each file under the id it belongs to, and what is known to be wrong."""

import csv
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from monitor import bars
from monitor.instruments import Catalogue, Instrument
from monitor.prices.table import read_table, read_values
from monitor.quality import Finding, Kind, judge_history, revisions, screen
from monitor.quality.siblings import siblings
from monitor.sessions import settled_at_column

CHOSEN_ON = {
    "gold_GCF": "gold",
    "copper_HGF": "copper",
    "GLD": "gld",
    "close_GDX": "gdx",
    "eq_NEM": "nem",
    "eq_TMQ": "tmq",
    "DXY": "dxy",
}
"""The half of the series on which what is not given by the issue was chosen."""
TRIED_ON = {
    "silver_SIF": "silver",
    "close_SLV": "slv",
    "close_GLD": "gld",
    "SLV": "slv",
    "GDX": "gdx",
    "eq_MP": "mp",
    "eq2_MP": "mp",
    "eq2_ALB": "alb",
    "eq2_PLS.AX": "pls",
    "eq_TMQ_2025": "tmq",
    "CNYX": "usdcny",
}
"""The other half."""
DEFECTS = {
    "defect_append_SIF": "silver",
    "defect_append_GDX": "gdx",
    "defect_CNYX_weekends": "usdcny",
    "defect_dup13_NEM": "nem",
    "defect_gappy_COPX": "copx",
}
SPIKES = {("usdcny", date(2011, 7, 18))}
"""Bad prints that truth.csv names in the files above."""


@dataclass(frozen=True)
class Defect:
    """One line of truth.csv."""

    file: str
    day: str
    kind: str


def truth(folder: Path) -> list[Defect]:
    with (folder / "defects" / "truth.csv").open(encoding="utf-8") as lines:
        return [Defect(line["file"], line["date"], line["kind"]) for line in csv.DictReader(lines)]


def load(path: Path, name: str, catalogue: Catalogue) -> tuple[Instrument, pl.DataFrame, tuple[Finding, ...]]:
    """The bars of a file, all final, and what its rows said; a former life of the symbol is left in."""
    instrument = dataclasses.replace(catalogue.instruments[name], valid_from=None)
    rows, findings = screen(read_values(read_table(path), instrument), instrument)
    return instrument, to_bars(rows, instrument), findings


def to_bars(rows: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    return bars.conform(
        rows.with_columns(
            settled_at_column(instrument, rows["session"]).alias("known_at"),
            instrument=pl.lit(instrument.id),
            interval=pl.lit("1d"),
            opened_at=pl.lit(None, bars.UTC),
            status=pl.lit("final"),
        )
    )


def half(folder: Path, files: dict[str, str], catalogue: Catalogue) -> dict[str, pl.DataFrame]:
    return {file: load(folder / f"{file}.csv", name, catalogue)[1] for file, name in files.items()}


def together(own: pl.DataFrame, everything: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """A file's bars beside those of the instruments that can confirm it; longer files win."""
    name = own["instrument"][0]
    others: dict[str, pl.DataFrame] = {}
    for frame in sorted(everything.values(), key=len):
        others[frame["instrument"][0]] = frame
    return pl.concat([own, *(others[key] for key in siblings(name) if key in others)])


def found_in(folder: Path, catalogue: Catalogue) -> Callable[[Defect], bool]:
    """Whether a defect of truth.csv is found, from the file alone or beside the later download."""
    found: dict[str, set[tuple[str, str]]] = {}
    for file, name in {**DEFECTS, "CNYX": "usdcny"}.items():
        path = folder / ("defects" if file in DEFECTS else "") / f"{file}.csv"
        _, frame, findings = load(path, name, catalogue)
        findings += judge_history(frame, catalogue).findings
        findings += _against_later(folder, file, frame, catalogue)
        found[file] = {(str(one.session), one.kind) for one in findings}
        found[file] |= {(str(day), Kind.READJUSTMENT) for one in findings for day in one.steps}
        if {one.kind for one in findings} >= {Kind.DUPLICATE, Kind.CONFLICT}:
            found[file].add(("*", Kind.DUPLICATE))
    kinds = {
        "spike": (Kind.SPIKE,),
        "weekend_row": (Kind.WEEKEND_ROW,),
        "phantom_session": (Kind.PHANTOM_SESSION, Kind.WEEKEND_ROW),
        "frozen_partial_bar": (Kind.REVISION,),
        "adjustment_base_change": (Kind.READJUSTMENT,),
    }
    return lambda defect: any(
        (defect.day, kind) in found[defect.file] for kind in kinds.get(defect.kind, (Kind.DUPLICATE,))
    )


def _against_later(folder: Path, file: str, frame: pl.DataFrame, catalogue: Catalogue) -> tuple[Finding, ...]:
    later = {"defect_append_SIF": "silver_SIF", "defect_append_GDX": "close_GDX"}.get(file)
    if later is None:
        return ()
    return revisions(frame, load(folder / f"{later}.csv", DEFECTS[file], catalogue)[1])
