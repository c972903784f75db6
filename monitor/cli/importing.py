"""`prices import`: files into the store, and what is new, what is another value now, and what is not believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    import polars as pl

    from monitor.instruments import Catalogue, Instrument
    from monitor.prices.files import Prices
    from monitor.quality import Finding
    from monitor.storage.store import Store


@dataclass(frozen=True)
class _Imported:
    """What became of one series."""

    instrument: str
    bars: int
    first: object
    last: object
    new: int
    """Versions that were added, or would be."""
    held: int
    """Bars that are quarantined."""
    changes: "tuple[Finding, ...]"
    missing: tuple[date, ...]
    """Expected sessions between the first and the last row that have none, in the files or in what is held."""
    source: str


def import_prices(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, folders, patterns, prices.yml.")
    ],
    *,
    instrument: Annotated[
        str | None, typer.Option(help="Whose prices they are, where the file name does not say so.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would change.")] = False,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Import prices from CSV and Parquet files; values that are typed in by hand as well."""
    from monitor.clock import read_clock
    from monitor.opening import opened
    from monitor.prices.files import locate_all, read_files

    found = configuration(settings)
    now = read_clock(clock or found.clock).now()
    catalogue = found.catalogue
    files, warnings = _named(paths, instrument, catalogue) if instrument else locate_all(paths, catalogue)
    if not files:
        raise UsageError("\n".join([*warnings, "no file is named by the id or symbol of an instrument"]))
    with opened(found) as (store, _source):
        with working(f"reading {counted(sum(map(len, files.values())), 'file')}"):
            read = read_files(
                files, catalogue, now=now, elsewhere=lambda name: store.bars(instruments=[name])
            )
        done = list(_keep(store, read, catalogue, now=now, dry_run=dry_run))
    told = [*warnings, *read.warnings, *(_gaps(one) for one in done if one.missing)]
    for line in told:
        note(f"warning: {line}")
    if json:
        show_json({"dry_run": dry_run, "warnings": told, "series": [_plain(one) for one in done]})
    else:
        _show(done, dry_run=dry_run)


def _named(
    paths: Iterable[Path], instrument: str, catalogue: "Catalogue"
) -> "tuple[dict[str, tuple[Path, ...]], list[str]]":
    from monitor.yamltext import did_you_mean

    if instrument not in catalogue.instruments:
        hint = did_you_mean(instrument, catalogue.instruments) or "see rules/instruments.yml"
        raise UsageError(f'--instrument: unknown instrument "{instrument}"; {hint}')
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UsageError(f"--instrument takes files, and these are none: {', '.join(missing)}")
    return {instrument: tuple(paths)}, []


def _keep(
    store: "Store", read: "Prices", catalogue: "Catalogue", *, now: datetime, dry_run: bool
) -> "Iterable[_Imported]":
    """Each series, kept unless it is a dry run."""
    import polars as pl

    from monitor.bars import Status
    from monitor.quality import revisions
    from monitor.storage.records import Polled

    for name, files in read.files.items():
        own = read.frame.filter(pl.col("instrument") == name)
        held = store.bars(instruments=[name])
        changes = revisions(held, own)
        source = read.sources.get(name) or f"file {files[-1].name}"
        findings = (*changes, *(one for one in read.findings if one.instrument == name))
        new = (
            _news(held, own)
            if dry_run
            else store.keep(Polled(own, findings=findings), seen_at=now, source=source).new_bars
        )
        yield _Imported(
            instrument=name,
            bars=own.height,
            first=own["session"].min(),
            last=own["session"].max(),
            new=new,
            held=own.filter(pl.col("status") == Status.QUARANTINED).height,
            changes=changes,
            missing=_missing(catalogue.instruments[name], held, own),
            source=source,
        )


def _missing(instrument: "Instrument", held: "pl.DataFrame", own: "pl.DataFrame") -> tuple[date, ...]:
    """A series that is typed in now and then misses nothing."""
    from monitor.instruments import AssetKind
    from monitor.sessions import missing_sessions

    if instrument.kind is AssetKind.MANUAL:
        return ()
    known = set(held["session"])
    return tuple(day for day in missing_sessions(instrument, own["session"]) if day not in known)


def _gaps(one: _Imported) -> str:
    more = f" and {len(one.missing) - _NAMED:,} more" if len(one.missing) > _NAMED else ""
    days = ", ".join(str(day) for day in one.missing[:_NAMED])
    return f"{one.instrument}: no row for {counted(len(one.missing), 'expected session')}: {days}{more}"


def _news(held: "pl.DataFrame", own: "pl.DataFrame") -> int:
    """How many bars are not held with this close."""
    import polars as pl

    from monitor.quality.revisions import SAME

    before = held.select("session", old="close")
    joined = own.join(before, on="session", how="left")
    same = (pl.col("close") / pl.col("old") - 1).abs() <= SAME
    return int(joined.select((~same).fill_null(value=True).sum()).item())


def _plain(one: _Imported) -> dict[str, object]:
    return {
        "instrument": one.instrument,
        "source": one.source,
        "bars": one.bars,
        "first": one.first,
        "last": one.last,
        "new": one.new,
        "held": one.held,
        "missing": list(one.missing),
        "changes": [
            {"kind": found.kind.value, "session": found.session, "reason": found.reason}
            for found in one.changes
        ],
    }


def _show(done: list[_Imported], *, dry_run: bool) -> None:
    rows = [
        (
            one.instrument,
            one.first or "-",
            one.last or "-",
            f"{one.bars:,}",
            f"{one.new:,}",
            one.held,
            len(one.changes),
        )
        for one in done
    ]
    columns = ("instrument", "first", "last", "bars", "would be new" if dry_run else "new", "held", "changes")
    table(columns, rows, right=(3, 4, 5, 6))
    for one in done:
        for found in one.changes[:_SHOWN]:
            say(f"{one.instrument}: {found.kind.value} {found.session}: {found.reason}")
        if len(one.changes) > _SHOWN:
            say(f"{one.instrument}: and {len(one.changes) - _SHOWN:,} more; --json lists them all")


_SHOWN = 12
_NAMED = 3
