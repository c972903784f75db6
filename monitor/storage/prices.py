"""Bar versions: what each bar was known to be, and since when.  Rows are added, and only what a session that goes on
looks like by now is written over what it looked like before.

A version is added when a value or the status of a bar changed against the latest one.  What counts as the
same value is told in `_news`.  Which bars are complete or may be judged is left to `monitor.bars`.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, MetaData, Select, Table, func, insert, select

from monitor.bars import BARS, FIELDS, UTC, Quote, Status, conform
from monitor.quality import Sighting
from monitor.storage import schema
from monitor.storage.times import BarDay, BarInstant, is_sqlite

SAME = 1e-5
"""Prices that differ by less than this part of them are the same price: vendors send single precision."""

KEY = ("interval", "instrument", "session")
_CHUNK = 20_000
_AT_HAND = 500

# The table without its types: many rows go through here, and polars converts a column at once.
_COLUMNS = (
    *(*KEY, "version", "opened_at", "known_at", "seen_at"),
    *(*FIELDS, "status", "source", "contract", "source_at"),
)
_BARE: Table = Table(
    "bar_version",
    MetaData(),
    *(Column(name, primary_key=name in (*KEY, "version")) for name in _COLUMNS),
)

_SAVED: dict[str, pl.DataType] = {
    **BARS,
    "version": pl.Int64(),
    "seen_at": UTC,
    "source": pl.String(),
    "contract": pl.String(),
    "source_at": UTC,
}
_NUMBERS = {
    name: pl.Int32() if kind == pl.Date else pl.Int64() if kind.is_temporal() else kind
    for name, kind in _SAVED.items()
}
"""The columns as SQLite holds them."""
_IS_LAST = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in KEY)
"""Whether a row is the last version of its bar, in a frame sorted by bar and version."""
_QUOTED = [Status.PARTIAL, Status.PROVISIONAL, Status.QUARANTINED]


class Written(NamedTuple):
    """What was written of some bars."""

    versions: int = 0
    settled: bool = False
    """Whether a bar is final now, or was: only then does a close rule see anything else than before."""


def add_bars(
    connection: Connection,
    frame: pl.DataFrame,
    *,
    seen_at: datetime,
    source: str,
    quotes: Iterable[Quote] = (),
) -> Written:
    """Write a version of each bar that is new or changed; returns what was written.

    A first version keeps the frame's `known_at`; a later one became known when it was seen.  Bars that are not
    settled are kept with what their source said of the quote.  A partial bar takes the place of the partial one before
    it: a session is looked at every minute, and what an alert was told from stands in the alert.
    """
    incoming = conform(frame).unique(subset=KEY, keep="last", maintain_order=True)
    if incoming.is_empty():
        return Written()
    news = _versions(incoming, _latest(connection, incoming), seen_at=seen_at, source=source, quotes=quotes)
    goes_on = pl.col("goes_on")
    for chunk in news.filter(~goes_on).select(_COLUMNS).iter_slices(_CHUNK):
        _insert(connection, chunk)
    if news["goes_on"].any():
        last_look = news.filter(goes_on).select(_COLUMNS)
        schema.upsert(connection, _BARE, _to_driver(connection, last_look).to_dicts())
    settled = pl.any_horizontal(pl.col("status", "status_old") == Status.FINAL).any()
    return Written(news.height, bool(news.select(settled).item()))


def _versions(
    incoming: pl.DataFrame,
    latest: pl.LazyFrame,
    *,
    seen_at: datetime,
    source: str,
    quotes: Iterable[Quote],
) -> pl.DataFrame:
    """The rows to write; `goes_on` where they take the place of the last one."""
    first = pl.col("version_old").is_null()
    known = pl.max_horizontal(pl.lit(seen_at, UTC), "known_at_old")
    goes_on = pl.all_horizontal(pl.col("status", "status_old") == Status.PARTIAL).fill_null(value=False)
    return (
        incoming.lazy()
        .join(latest, on=KEY, how="left", suffix="_old", maintain_order="left")
        .filter(_news())
        .with_columns(
            (pl.col("version_old").fill_null(0) + (~goes_on).cast(pl.Int64)).alias("version"),
            pl.when(first).then("known_at").otherwise(known).alias("known_at"),
            pl.lit(seen_at, UTC).alias("seen_at"),
            pl.lit(source).alias("source"),
            goes_on.alias("goes_on"),
        )
        .join(_quoted(quotes).lazy(), on=["instrument", "status"], how="left", maintain_order="left")
        .collect()
    )


def _quoted(quotes: Iterable[Quote]) -> pl.DataFrame:
    """The quotes, once for each status of a bar that is not settled."""
    rows = [(one.instrument, status, one.contract, one.at) for one in quotes for status in _QUOTED]
    names = ("instrument", "status", "contract", "source_at")
    return pl.DataFrame(rows, schema={name: _SAVED[name] for name in names}, orient="row")


def _insert(connection: Connection, rows: pl.DataFrame) -> None:
    """Insert rows as the driver takes them: what SQLAlchemy would look at in each is known of all."""
    saved, dialect = _to_driver(connection, rows), connection.dialect
    values: Any = saved.rows() if dialect.positional else saved.to_dicts()
    connection.exec_driver_sql(str(insert(_BARE).compile(dialect=dialect)), values)


def sightings(
    connection: Connection, instruments: Iterable[str], *, interval: str, since: date
) -> list[Sighting]:
    """Every close since a session that is or was quarantined, and when it was first seen."""
    wanted = (
        select(*(_BARE.c[name] for name in ("instrument", "session", "close", "seen_at")))
        .where(
            _BARE.c.interval == interval,
            _BARE.c.instrument.in_(list(instruments)),
            _BARE.c.session >= _day(connection, since),
            _BARE.c.status == Status.QUARANTINED.value,
        )
        .order_by(_BARE.c.seen_at)
    )
    found = _fetch(connection, wanted, ["instrument", "session", "close", "seen_at"])
    return [Sighting(**row) for row in found.drop_nulls("close").to_dicts()]


def quote(connection: Connection, instrument: str) -> Quote:
    """What the source said last of an unsettled bar."""
    wanted = (
        select(_BARE.c.contract, _BARE.c.source_at)
        .where(_BARE.c.interval == "1d", _BARE.c.instrument == instrument, _BARE.c.source_at.is_not(None))
        .order_by(_BARE.c.session.desc(), _BARE.c.version.desc())
        .limit(1)
    )
    found = _fetch(connection, wanted, ["contract", "source_at"]).rows()
    return Quote(instrument, *found[0]) if found else Quote(instrument)


def read_bars(
    connection: Connection,
    *,
    as_of: datetime | None,
    instruments: Iterable[str] | None,
    interval: str,
    since: date | None = None,
) -> pl.DataFrame:
    """The latest version of each bar that was known at `as_of`, as a bar frame; from a session on, if given."""
    limits: list[ColumnElement[bool]] = []
    if as_of is not None:
        limits.append(_BARE.c.known_at <= _instant(connection, as_of))
    if since is not None:
        limits.append(_BARE.c.session >= _day(connection, since))
    found = _read(connection, list(BARS), instruments, interval, limits)
    return found.filter(_IS_LAST)


def read_versions(
    connection: Connection, *, instruments: Iterable[str] | None, interval: str
) -> pl.DataFrame:
    """Every version of each bar, oldest first: a bar frame with `version` and `seen_at`."""
    return _read(connection, [*BARS, "version", "seen_at"], instruments, interval)


def _read(
    connection: Connection,
    columns: Sequence[str],
    instruments: Iterable[str] | None,
    interval: str,
    limits: Iterable[ColumnElement[bool]] = (),
) -> pl.DataFrame:
    """Columns of every version of each bar within the limits, oldest first."""
    names = [name for name in columns if name != "interval"]
    wanted = (
        select(*(_BARE.c[name] for name in names))
        .where(_BARE.c.interval == interval, *limits)
        .order_by(*(_BARE.c[name] for name in KEY), _BARE.c.version)
    )
    if instruments is not None:
        wanted = wanted.where(_BARE.c.instrument.in_(list(instruments)))
    found = _fetch(connection, wanted, names).with_columns(pl.lit(interval).alias("interval"))
    return found.select(columns)


def _latest(connection: Connection, incoming: pl.DataFrame) -> pl.LazyFrame:
    """The latest version of every stored bar between the first and the last session of a frame."""
    names = [*KEY, "version", "known_at", *FIELDS, "status"]
    first, last = (_day(connection, day) for day in (incoming["session"].min(), incoming["session"].max()))
    wanted = (
        select(*(_BARE.c[name] for name in names))
        .where(
            _BARE.c.instrument.in_(incoming["instrument"].unique().to_list()),
            _BARE.c.interval.in_(incoming["interval"].unique().to_list()),
            _BARE.c.session.between(first, last),
        )
        .order_by(*(_BARE.c[name] for name in KEY), _BARE.c.version)
    )
    found = _fetch(connection, wanted, names).lazy().filter(_IS_LAST)
    return found.rename({name: f"{name}_old" for name in names if name not in KEY})


def _news() -> pl.Expr:
    """Whether a bar says something that its latest version does not.

    Prices within `SAME` of each other are one value, volumes must be equal.  A final bar is never taken
    back by an older, unfinished one, nor doubted again while its values stay what they were.
    """
    changed = pl.any_horizontal(_differs(name) for name in FIELDS)
    was_final = pl.col("status_old") == Status.FINAL
    unfinished = pl.col("status").is_in([Status.PARTIAL, Status.PROVISIONAL])
    doubted_again = (pl.col("status") == Status.QUARANTINED) & ~changed
    moved = changed | (pl.col("status") != pl.col("status_old"))
    return pl.col("version_old").is_null() | (moved & ~(was_final & (unfinished | doubted_again)))


def _differs(name: str) -> pl.Expr:
    new, old = pl.col(name), pl.col(f"{name}_old")
    if name == "volume":
        return new.ne_missing(old)
    close_enough = ((new - old).abs() <= SAME * old.abs()) | (new.is_null() & old.is_null())
    return ~close_enough.fill_null(value=False)


def _fetch(connection: Connection, wanted: Select[tuple[object, ...]], names: list[str]) -> pl.DataFrame:
    """The rows as a frame, few at a time while they are taken apart, for then they are still at hand, and many while a
    frame is made of them.
    """
    cursor = connection.execute(wanted).cursor
    frames, columns = [], _columns(names)
    while cursor is not None and (rows := cursor.fetchmany(_AT_HAND)):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
        if len(columns[0]) >= _CHUNK:
            frames.append(_from_driver(connection, names, columns))
            columns = _columns(names)
    return pl.concat([*frames, _from_driver(connection, names, columns)])


def _columns(names: list[str]) -> list[list[object]]:
    return [[] for _ in names]


def _to_driver(connection: Connection, frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and instants as the driver wants them: numbers for SQLite, as `times` has them."""
    if not is_sqlite(connection.dialect):
        return frame
    return frame.with_columns(pl.col(pl.Date, pl.Datetime).to_physical())


def _day(connection: Connection, day: Any) -> Any:
    return BarDay().process_bind_param(day, connection.dialect)


def _instant(connection: Connection, instant: datetime) -> Any:
    return BarInstant().process_bind_param(instant, connection.dialect)


def _from_driver(connection: Connection, names: list[str], columns: list[list[object]]) -> pl.DataFrame:
    kinds = _NUMBERS if is_sqlite(connection.dialect) else _SAVED
    series = [pl.Series(name, values, kinds[name]) for name, values in zip(names, columns, strict=True)]
    return pl.DataFrame(series).cast({name: _SAVED[name] for name in names})


def count(connection: Connection) -> int:
    """How many bar versions are stored."""
    return connection.execute(select(func.count()).select_from(_BARE)).scalar_one()
