"""Bar versions: what each bar was known to be, and since when.  Rows are added, and only what a session that goes on
looks like by now is written over what it looked like before.

A version is added when a value or the status of a bar changed against the latest one.  What counts as the
same value is told in `_news`.  Which bars are complete or may be judged is left to `monitor.bars`.
"""

from collections.abc import Iterable
from datetime import date, datetime

import polars as pl
from sqlalchemy import Column, Connection, MetaData, Select, Table, func, insert, select

from monitor.bars import BARS, FIELDS, UTC, Quote, Status, conform
from monitor.quality import Sighting
from monitor.storage import schema

SAME = 1e-5
"""Prices that differ by less than this part of them are the same price: vendors send single precision."""

KEY = ("interval", "instrument", "session")
_CHUNK = 10_000
_INSTANT = "%Y-%m-%d %H:%M:%S%.6f"

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
_QUOTED = [Status.PARTIAL, Status.PROVISIONAL, Status.QUARANTINED]


def add_bars(
    connection: Connection,
    frame: pl.DataFrame,
    *,
    seen_at: datetime,
    source: str,
    quotes: Iterable[Quote] = (),
) -> pl.DataFrame:
    """Write a version of each bar that is new or changed; returns those that were written.

    A first version keeps the frame's `known_at`; a later one became known when it was seen.  Bars that are not
    settled are kept with what their source said of the quote.  A partial bar takes the place of the partial one before
    it: a session is looked at every minute, and what an alert was told from stands in the alert.
    """
    incoming = conform(frame).unique(subset=KEY, keep="last", maintain_order=True)
    if incoming.is_empty():
        return pl.DataFrame(schema=_SAVED).select(_COLUMNS)
    latest = _latest(connection, incoming)
    known = pl.max_horizontal(pl.lit(seen_at, UTC), "known_at_old")
    first = pl.col("version_old").is_null()
    goes_on = pl.all_horizontal(pl.col("status", "status_old") == Status.PARTIAL).fill_null(value=False)
    news = (
        incoming.join(latest, on=KEY, how="left", suffix="_old", maintain_order="left")
        .filter(_news())
        .with_columns(
            (pl.col("version_old").fill_null(0) + (~goes_on).cast(pl.Int64)).alias("version"),
            pl.when(first).then("known_at").otherwise(known).alias("known_at"),
            pl.lit(seen_at, UTC).alias("seen_at"),
            pl.lit(source).alias("source"),
        )
        .join(_quoted(quotes), on=["instrument", "status"], how="left", maintain_order="left")
    )
    added = news.filter(~goes_on).select(_COLUMNS)
    for chunk in added.iter_slices(_CHUNK):
        connection.execute(insert(_BARE), _to_driver(connection, chunk).to_dicts())
    gone_on = news.filter(goes_on).select(_COLUMNS)
    schema.upsert(connection, _BARE, _to_driver(connection, gone_on).to_dicts())
    return pl.concat([added, gone_on])


def _quoted(quotes: Iterable[Quote]) -> pl.DataFrame:
    """The quotes, once for each status of a bar that is not settled."""
    rows = [(one.instrument, one.contract, one.at) for one in quotes]
    schema = {"instrument": pl.String(), "contract": pl.String(), "source_at": UTC}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.join(pl.DataFrame({"status": _QUOTED}, schema={"status": pl.String()}), how="cross")


def sightings(
    connection: Connection, instruments: Iterable[str], *, interval: str, since: date
) -> list[Sighting]:
    """Every close since a session that is or was quarantined, and when it was first seen."""
    first = _to_driver(connection, pl.DataFrame({"session": [since]}))
    wanted = (
        select(*(_BARE.c[name] for name in ("instrument", "session", "close", "seen_at")))
        .where(
            _BARE.c.interval == interval,
            _BARE.c.instrument.in_(list(instruments)),
            _BARE.c.session >= first.item(),
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
    names = [name for name in BARS if name != "interval"]
    wanted = (
        select(*(_BARE.c[name] for name in names))
        .where(_BARE.c.interval == interval)
        .order_by(*(_BARE.c[name] for name in KEY), _BARE.c.version)
    )
    if as_of is not None:
        instant = _to_driver(connection, pl.DataFrame({"known_at": [as_of]}, schema={"known_at": UTC}))
        wanted = wanted.where(_BARE.c.known_at <= instant.item())
    if since is not None:
        first = _to_driver(connection, pl.DataFrame({"session": [since]}))
        wanted = wanted.where(_BARE.c.session >= first.item())
    if instruments is not None:
        wanted = wanted.where(_BARE.c.instrument.in_(list(instruments)))
    found = _fetch(connection, wanted, names).with_columns(pl.lit(interval).alias("interval"))
    return _last_of_each(found).select(BARS.keys())


def read_versions(
    connection: Connection, *, instruments: Iterable[str] | None, interval: str, until: datetime | None
) -> pl.DataFrame:
    """Every version of each bar that was stored until an instant, oldest first: a bar frame with `version` and
    `seen_at`.
    """
    names = [*(name for name in BARS if name != "interval"), "version", "seen_at"]
    wanted = (
        select(*(_BARE.c[name] for name in names))
        .where(_BARE.c.interval == interval)
        .order_by(*(_BARE.c[name] for name in KEY), _BARE.c.version)
    )
    if until is not None:
        instant = _to_driver(connection, pl.DataFrame({"seen_at": [until]}, schema={"seen_at": UTC}))
        wanted = wanted.where(_BARE.c.seen_at <= instant.item())
    if instruments is not None:
        wanted = wanted.where(_BARE.c.instrument.in_(list(instruments)))
    found = _fetch(connection, wanted, names).with_columns(pl.lit(interval).alias("interval"))
    return found.select(*BARS, "version", "seen_at")


def _latest(connection: Connection, incoming: pl.DataFrame) -> pl.DataFrame:
    """The latest version of every stored bar between the first and the last session of a frame."""
    names = [*KEY, "version", "known_at", *FIELDS, "status"]
    sessions = _to_driver(connection, incoming.select(pl.col("session").sort()))["session"]
    wanted = (
        select(*(_BARE.c[name] for name in names))
        .where(
            _BARE.c.instrument.in_(incoming["instrument"].unique().to_list()),
            _BARE.c.interval.in_(incoming["interval"].unique().to_list()),
            _BARE.c.session.between(sessions[0], sessions[-1]),
        )
        .order_by(*(_BARE.c[name] for name in KEY), _BARE.c.version)
    )
    found = _last_of_each(_fetch(connection, wanted, names))
    return found.rename({name: f"{name}_old" for name in names if name not in KEY})


def _last_of_each(versions: pl.DataFrame) -> pl.DataFrame:
    """The last version of each bar, of a frame sorted by bar and version."""
    is_last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in KEY)
    return versions.filter(is_last)


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
    """The rows as a frame; in chunks, because a column at a time is quicker than a row at a time."""
    schema = {name: _SAVED[name] for name in names}
    cursor = connection.execute(wanted).cursor
    chunks = [pl.DataFrame(schema=schema)]
    while cursor is not None and (rows := cursor.fetchmany(_CHUNK)):
        columns = list(zip(*rows, strict=True))
        chunks.append(_from_driver(connection, columns, schema))
    return pl.concat(chunks)


def _to_driver(connection: Connection, frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and instants as the driver wants them: text for SQLite, as `schema.Instant` writes it."""
    if connection.dialect.name != "sqlite":
        return frame
    return frame.with_columns(
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"), pl.col(pl.Datetime).dt.to_string(_INSTANT)
    )


def _from_driver(
    connection: Connection, columns: list[tuple[object, ...]], schema: dict[str, pl.DataType]
) -> pl.DataFrame:
    if connection.dialect.name != "sqlite":
        return pl.DataFrame(columns, schema=schema, orient="col")
    times = {name: kind for name, kind in schema.items() if kind.is_temporal()}
    as_text = {name: pl.String() if name in times else kind for name, kind in schema.items()}
    return pl.DataFrame(columns, schema=as_text, orient="col").with_columns(
        pl.col(name).str.to_date("%Y-%m-%d")
        if kind == pl.Date
        else pl.col(name).str.to_datetime(_INSTANT, time_unit="us", time_zone="UTC")
        for name, kind in times.items()
    )


def count(connection: Connection) -> int:
    """How many bar versions are stored."""
    return connection.execute(select(func.count()).select_from(_BARE)).scalar_one()
