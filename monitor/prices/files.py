"""Prices from files: which file holds which instrument, and a source that serves them.

A file is named by id or vendor symbol (`gold.csv`, `GC=F.csv`, `GC_F.parquet`), or a `prices.yml` beside the files
names them (`gold: [old.csv, new.csv]`, the later file winning where both have a session).  Only daily bars are read.
Nothing is lost in silence: a row that cannot be read is a fault, a row that makes no bar is a warning.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from monitor import bars
from monitor.errors import Fault, FaultyFileError, MonitorError, Place, UsageError, hidden
from monitor.instruments import Catalogue, Instrument
from monitor.prices.rows import INTERVAL, refuse_intraday, refuse_unit, rows_to_bars, screened
from monitor.prices.source import Fetched, Outcome
from monitor.prices.table import read_table, read_values
from monitor.quality import Elsewhere, Finding, judge_history, nowhere, told_of_each
from monitor.yamltext import did_you_mean, read_yaml

MAPPING = "prices.yml"
OVERLAP = timedelta(days=10)
"""How far before the last session held a source serves bars again, so that a revision is seen."""

_KINDS = frozenset({".csv", ".txt", ".parquet", ".pq"})
_Files = dict[str, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Prices:
    """Bars from files, what was wrong with single rows, and which files each instrument came from."""

    frame: pl.DataFrame
    warnings: tuple[str, ...] = ()
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    """What the warnings tell, bar by bar."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where the values of a series come from, by a column `source`."""


def read_prices(
    path: Path, catalogue: Catalogue, *, now: datetime | None = None, wanted: Collection[str] | None = None
) -> Prices:
    """The bars in a file, a folder or a mapping file; FaultyFileError lists every fault in all of them.

    With `wanted`, only of these instruments; those that can confirm what is doubted of them are read when it is.
    """
    files, warnings = locate(path, catalogue)
    asked = {name: paths for name, paths in files.items() if wanted is None or name in wanted}

    def elsewhere(name: str) -> pl.DataFrame:
        if name not in files:
            return bars.empty()
        return _read_instrument(catalogue.instruments[name], files[name], now=now, latest=now).frame

    read = read_files(asked, catalogue, now=now, elsewhere=elsewhere)
    return replace(read, warnings=(*warnings, *read.warnings))


def read_files(
    files: Mapping[str, Sequence[Path]],
    catalogue: Catalogue,
    *,
    now: datetime | None = None,
    elsewhere: Elsewhere = nowhere,
) -> Prices:
    """The bars in the files of each instrument; FaultyFileError lists every fault in all of them.

    With `now`, a session whose settle time is still to come is provisional, and rows of the future are left out;
    without it all are final.  What cannot be believed is quarantined; series of one family confirm each other, those
    `elsewhere` too.
    """
    parts, faults = list[_Series](), list[Fault]()
    for instrument in catalogue.subset(files):
        try:
            parts.append(_read_instrument(instrument, files[instrument.id], now=now, latest=now))
        except FaultyFileError as error:
            faults += error.faults
    if faults:
        raise FaultyFileError(faults)
    frame = bars.conform(pl.concat([bars.empty(), *(part.frame for part in parts)]))
    judged = judge_history(frame, catalogue, elsewhere=elsewhere)
    return Prices(
        judged.frame,
        (*(note for part in parts for note in part.notes), *told_of_each(judged.findings)),
        {name: tuple(paths) for name, paths in files.items()},
        (*(one for part in parts for one in part.findings), *judged.findings),
        {part.instrument: part.source for part in parts if part.source},
    )


@dataclass(frozen=True, slots=True)
class _Series:
    """One series from its files."""

    instrument: str
    frame: pl.DataFrame
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    source: str | None


def locate(path: Path, catalogue: Catalogue) -> tuple[_Files, list[str]]:
    """The files of each instrument, and what was found but names no instrument."""
    if path.is_dir():
        mapping = path / MAPPING
        files = _read_mapping(mapping, catalogue) if mapping.is_file() else {}
        return _with_named(files, path, catalogue)
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder of prices")
    if path.suffix.lower() in {".yml", ".yaml"}:
        return _read_mapping(path, catalogue), []
    instrument = _names(catalogue).get(path.stem.lower())
    if instrument is None:
        raise UsageError(
            f"{path}: the file name is neither the id nor the symbol of an instrument; "
            f"rename it (gold{path.suffix}) or name it in a {MAPPING} (gold: {path.name})"
        )
    return {instrument: (path,)}, []


def _names(catalogue: Catalogue) -> dict[str, str]:
    """Instrument ids by the file names, without ending and in lower case, that mean them."""
    names: dict[str, str] = {}
    for instrument in catalogue.instruments.values():
        symbol = instrument.symbol.lower()
        for name in (symbol, re.sub(r"[^a-z0-9]", "_", symbol), re.sub(r"[^a-z0-9.=-]", "", symbol)):
            names.setdefault(name, instrument.id)
    return names | {key: key for key in catalogue.instruments}  # an id before a symbol


def _with_named(files: _Files, folder: Path, catalogue: Catalogue) -> tuple[_Files, list[str]]:
    """Adds the folder's files that are named by id or symbol to those that the mapping names."""
    names, mapped = _names(catalogue), {file.resolve() for group in files.values() for file in group}
    found: _Files = {}
    unknown, twice = list[str](), list[str]()
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in _KINDS or file.resolve() in mapped or not file.is_file():
            continue
        instrument = names.get(file.stem.lower())
        if instrument is None:
            unknown.append(file.name)
        elif instrument in files or instrument in found:
            twice.append(f"{folder}: {file.name} is not read: {instrument} is read from another file")
        else:
            found[instrument] = (file,)
    if unknown:
        twice.append(f"{folder}: not read, being named by no instrument's id or symbol: {', '.join(unknown)}")
    return files | found, twice


def _read_mapping(path: Path, catalogue: Catalogue) -> _Files:
    """The files that a mapping names; FaultyFileError lists unknown instruments and missing files."""
    document = read_yaml(path.read_text(encoding="utf-8", errors="replace"), file=str(path))
    if not isinstance(document.value, dict):
        hint = "expected lines such as `gold: gold.csv`"
        raise FaultyFileError([Fault(Place(str(path), 1, 1), "names no instruments", hint=hint)])
    files, faults = _Files(), list[Fault]()
    for key, value in document.value.items():
        if key not in catalogue.instruments:
            close = did_you_mean(key, catalogue.instruments) or "expected an id of the catalogue"
            faults.append(
                Fault(document.key_place((key,)), f'unknown instrument "{hidden(key)}"', hint=close)
            )
        names = value if isinstance(value, list) and value else [value]
        files[key] = tuple(path.parent / str(name) for name in names)
        for index, file in enumerate(files[key]):
            if not file.is_file():
                place = document.place((key, index) if isinstance(value, list) else (key,))
                faults.append(Fault(place, f'"{names[index]}" is not a file beside {path.name}'))
    if faults:
        raise FaultyFileError(faults)
    return files


def locate_all(paths: Iterable[Path], catalogue: Catalogue) -> tuple[_Files, list[str]]:
    """The files of each instrument in several files, folders and patterns such as `data/*.csv`, in their order."""
    files, warnings = _Files(), list[str]()
    for path in paths:
        for one in _matching(path):
            found, notes = locate(one, catalogue)
            warnings += notes
            for name, more in found.items():
                files[name] = (*files.get(name, ()), *more)
    return files, warnings


def _matching(path: Path) -> list[Path]:
    """The path, or what its pattern matches."""
    if path.exists() or not any(sign in str(path) for sign in "*?["):
        return [path]
    found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    if not found:
        raise UsageError(f"{path}: no file matches this pattern")
    return found


def _read_instrument(
    instrument: Instrument, files: Sequence[Path], *, now: datetime | None, latest: datetime | None = None
) -> _Series:
    """One series from its files, the later ones winning, and what was wrong with single rows.

    Rows later than `latest` are rejected; what is not settled by `now` is provisional.
    """
    parts, notes, faults = list[pl.DataFrame](), list[str](), list[Fault]()
    findings, sources = list[Finding](), list[str]()
    for file in files:
        try:
            table = read_table(file)
            rows = read_values(table, instrument)
            refuse_intraday(rows, file=str(file))
            refuse_unit(table, instrument)
        except FaultyFileError as error:
            faults += error.faults
            continue
        usable, found, told_of = screened(rows, instrument, now=latest)
        findings += found
        notes += [f"{instrument.id} ({file.name}): {note}" for note in told_of]
        sources += table.frame["source"].drop_nulls().cast(pl.String).unique(maintain_order=True).to_list()
        parts.append(usable)
    if faults:
        raise FaultyFileError(faults)
    frame = rows_to_bars(pl.concat(parts), instrument, now=now)
    source = ", ".join(dict.fromkeys(sources)) or None
    return _Series(instrument.id, frame, tuple(findings), tuple(notes), source)


@dataclass(frozen=True, slots=True)
class FileSource:
    """Files as a price source; they are read at each fetch, so that rows may be added while the daemon runs."""

    path: Path
    catalogue: Catalogue
    name: str = "files"

    @property
    def label(self) -> str:
        """What screens and messages call it."""
        return f"files in {self.path}" if self.path.is_dir() else f"file {self.path}"

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """The rows known by `now`, of each instrument from a few days before its last session held."""
        if interval != INTERVAL:
            return [
                Fetched(one.id, Outcome.EMPTY, detail="files hold daily bars only") for one in instruments
            ]
        try:
            files, _ = locate(self.path, self.catalogue)
        except MonitorError as error:
            return [
                Fetched(one.id, Outcome.BAD_PAYLOAD, detail=str(error).splitlines()[0]) for one in instruments
            ]
        return [
            self._fetch_one(one, files.get(one.id, ()), since=since.get(one.id), now=now)
            for one in instruments
        ]

    def close(self) -> None:
        """Nothing is held open."""

    def _fetch_one(
        self, instrument: Instrument, files: Sequence[Path], *, since: date | None, now: datetime
    ) -> Fetched:
        if not files:
            return Fetched(instrument.id, Outcome.NOT_FOUND, detail=f"no file in {self.path} is named for it")
        try:
            read = _read_instrument(instrument, files, now=now)
        except MonitorError as error:
            return Fetched(instrument.id, Outcome.BAD_PAYLOAD, detail=str(error).splitlines()[0])
        return served(instrument, read.frame, since=since, now=now, meta={"warnings": read.notes})


def served(
    instrument: Instrument,
    frame: pl.DataFrame,
    *,
    since: date | None,
    now: datetime,
    meta: Mapping[str, object] | None = None,
) -> Fetched:
    """The answer of a source that holds a whole history: its bars known by `now`, from a few days before `since`."""
    known = frame.filter(pl.col("known_at") <= now)
    if known.is_empty():
        return Fetched(instrument.id, Outcome.EMPTY, detail=f"no bar was known by {now:%Y-%m-%d %H:%M %Z}")
    first = date.min if since is None else since - OVERLAP
    wanted = known.filter(pl.col("session") >= first)
    if wanted.is_empty():
        told = f"its prices end on {known['session'].sort()[-1]}; expected some from {first} on"
        return Fetched(instrument.id, Outcome.EMPTY, detail=told)
    return Fetched(instrument.id, Outcome.OK, wanted, meta=meta or {})
