"""A price file as a table under our column names, and the table as values: a session and numbers per row.

Reads CSV as Yahoo, yfinance and Stooq write it, and Parquet.  Every row that cannot be read becomes a fault with its
line, so that nothing is lost in silence.  Which rows make good bars is decided in `files`.
"""

import csv
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from io import BytesIO
from pathlib import Path

import polars as pl

from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import AssetKind, Instrument
from monitor.sessions import FUTURES_DAY_BEGINS

COLUMNS = {
    "date": ("date", "datetime", "timestamp", "session", "day", "time", "data", "index level 0", ""),
    "open": ("open", "otwarcie"),
    "high": ("high", "najwyzszy"),
    "low": ("low", "najnizszy"),
    "close": ("close", "close last", "zamkniecie", "last", "price", "value"),
    "volume": ("volume", "vol", "wolumen"),
    "unit": ("unit",),
    "source": ("source",),
}
"""Our columns and the names they have elsewhere, the first match winning."""

NUMBERS = ("open", "high", "low", "close", "volume")

_NO_VALUE = ("", "null", "nan", "none", "n/a", "na", "-")
_THOUSANDS = r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$"
_SURELY_THOUSANDS = r"^[-+]?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,})$"
"""Of `1,234` alone nobody knows whether the comma is a decimal one."""
_CLOCK = r"^[T ]\s*(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$"
_MOST_FAULTS = 50
_NUMBER_HINT = "expected one such as 1234.5, or nothing where there is no value"
_COMPACT = len("20260130")
_FIRST_YEAR = 1000
"""An earlier one was written with fewer than four digits."""
_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows under our column names, not yet read; `line` counts as the file's reader would count."""

    file: str
    frame: pl.DataFrame
    lines: tuple[str, ...] = ()
    separator: str = ","

    def place(self, line: int, column: str = "") -> Place:
        """Where this column of this line stands; the beginning of the line where that is not plain to see."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        header = [_plain(name) for name in self.lines[0].split(self.separator)] if self.lines else []
        known = [header.index(name) for name in COLUMNS.get(column, ()) if name in header]
        if not known or '"' in text:
            return Place(self.file, line, 1)
        return Place(
            self.file, line, 1 + sum(len(part) + 1 for part in text.split(self.separator)[: known[0]])
        )


def read_table(path: Path) -> Table:
    """The file as a table; FaultyFileError where it has no date or close, or rows of the wrong length."""
    file = str(path)
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            frame = _named(pl.read_parquet(path, glob=False), file, first_line=1)
            if faults := list(_strange_columns(frame, file)):
                raise FaultyFileError(faults)
            return Table(file, frame)
        data = path.read_bytes()
        encoding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
        return _csv_table(file, data.decode(encoding, errors="replace"))
    except OSError as error:
        raise FaultyFileError([Fault(Place(file), f"cannot be read: {error.strerror or error}")]) from None
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise FaultyFileError([Fault(Place(file), f"cannot be read as a table: {reason}")]) from None


def _strange_columns(frame: pl.DataFrame, file: str) -> Iterator[Fault]:
    """Columns whose cells cannot be read as one date or number each."""
    for name in ("date", *NUMBERS):
        kind = frame.schema[name]
        no_number = name != "date" and kind.is_temporal()
        if kind.is_nested() or no_number or kind in (pl.Binary, pl.Boolean, pl.Duration):
            wanted = "a date" if name == "date" else "a number"
            yield Fault(Place(file), f"the column for the {name} is of type {kind}; expected {wanted} a row")


def _csv_table(file: str, text: str) -> Table:
    lines = text.splitlines()
    if not lines:
        raise FaultyFileError(
            [Fault(Place(file), "the file is empty; expected a header and a row per session")]
        )
    skipped = 0
    if lines[0].startswith("Price,") and len(lines) > 1 and lines[1].startswith("Ticker,"):
        skipped = 2 if len(lines) > 2 and lines[2].startswith("Date,") else 1  # noqa: PLR2004 - yfinance's header
        lines = ["Date" + lines[0].removeprefix("Price"), *([""] * skipped), *lines[1 + skipped :]]
    separator = max(",;\t", key=lines[0].count)
    if faults := list(_ragged(file, lines, separator, quoted='"' in text)):
        raise FaultyFileError(_shortened(faults))
    frame = pl.read_csv(BytesIO("\n".join(lines).encode()), separator=separator, infer_schema=False)
    return Table(file, _named(frame, file, first_line=2), tuple(lines), separator)


def _ragged(file: str, lines: list[str], separator: str, *, quoted: bool) -> Iterator[Fault]:
    """Rows that have more or fewer fields than the header."""
    if quoted:
        reader = csv.reader(lines, delimiter=separator)
        counts = [(reader.line_num, len(row)) for row in reader if row]
    else:
        first = lines[0].count(separator)
        found = enumerate(line.count(separator) for line in lines)
        wrong = [(row, count) for row, count in found if count != first and lines[row].strip()]
        counts = [(1, first + 1), *((row + 1, count + 1) for row, count in wrong)]
    expected = counts[0][1]
    for line, count in counts:
        if count != expected:
            yield Fault(
                Place(file, line, 1), f"the row has {count} fields; expected {expected} as in the header"
            )


def _named(frame: pl.DataFrame, file: str, *, first_line: int) -> pl.DataFrame:
    """The columns we know under our names, with the line of each row; rows without any value are left out."""
    plain: dict[str, str] = {}
    for name in frame.columns:
        plain.setdefault(_plain(name), name)
    chosen = {ours: next((plain[n] for n in names if n in plain), None) for ours, names in COLUMNS.items()}
    if lacking := [ours for ours in ("date", "close") if chosen[ours] is None]:
        found = ", ".join(repr(name) for name in frame.columns[:12])
        message = f"no column for the {' and the '.join(lacking)}; found {found}"
        hint = "expected a header such as Date,Open,High,Low,Close,Volume"
        raise FaultyFileError([Fault(Place(file, 1, 1), message, hint=hint)])
    columns = [
        pl.lit(None, pl.String).alias(ours) if theirs is None else pl.col(theirs).alias(ours)
        for ours, theirs in chosen.items()
    ]
    numbered = frame.with_row_index("__line", offset=first_line)
    rows = numbered.select(pl.col("__line").cast(pl.Int64).alias("line"), *columns)
    return rows.filter(~pl.all_horizontal(pl.exclude("line").is_null()))


def _plain(name: str) -> str:
    """A column name in lower case, without accents and signs."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join("".join(c if c.isalnum() else " " for c in ascii_only).split())


def read_values(table: Table, instrument: Instrument) -> pl.DataFrame:
    """`line, session, stamp` and the numbers of every row; FaultyFileError lists each row that cannot be read."""
    text = [name for name in NUMBERS if table.frame.schema[name] == pl.String]
    numbers = table.frame.select(pl.col(NUMBERS).cast(pl.Float64, strict=False))
    valueless = table.frame.select(pl.col(NUMBERS).is_null().sum()).row(0, named=True)
    nulls = numbers.select(pl.col(NUMBERS).fill_nan(None).is_null().sum()).row(0, named=True)
    again = [_number(table, name) for name in text if nulls[name] > valueless[name]]
    others = [pl.col(name).fill_nan(None) for name in NUMBERS if name not in text]
    frame = numbers.with_columns(*others, *again).with_row_index("row")
    frame = frame.hstack([table.frame["line"]]).hstack(_dated(table.frame["date"], instrument))
    if faults := list(_faults(table, frame)):
        raise FaultyFileError(_shortened(faults))
    return frame.select("line", "session", "stamp", *NUMBERS)


def _number(table: Table, name: str) -> pl.Expr:
    """A column of text as numbers: null where there is no value, NaN where it is no number."""
    column = pl.lit(table.frame[name])
    text = column.str.strip_chars()
    empty = text.str.to_lowercase().is_in(_NO_VALUE) | column.is_null()
    bare = text.str.strip_prefix("$")
    grouped = bare.str.contains(_THOUSANDS if table.separator == "," else _SURELY_THOUSANDS)
    bare = pl.when(grouped).then(bare.str.replace_all(",", "", literal=True)).otherwise(bare)
    read = bare.cast(pl.Float64, strict=False).fill_null(float("nan"))
    return pl.when(~empty).then(read).alias(name)


def _dated(dates: pl.Series, instrument: Instrument) -> pl.DataFrame:
    """`session`, null where the date cannot be read, and `stamp`, the time of day written beside it.

    A year of two digits is none: `24/11/26` may be of 2024 or of 2026, and is not of the year 24.
    """
    moments = _moments(dates)
    local = pl.col("instant").dt.convert_time_zone(instrument.zone)
    evening = (local.dt.time() >= FUTURES_DAY_BEGINS) & (instrument.kind == AssetKind.FUTURE)
    traded_on = local.dt.date() + pl.duration(days=evening.cast(pl.Int64))
    written_on, stamp = pl.col("moment").dt.date(), pl.col("moment").dt.time()
    # A date at midnight is a label in whatever zone it has; any other instant belongs to a day of the exchange.
    is_label = pl.col("instant").is_null() | (stamp == time(0))
    session = pl.when(is_label).then(written_on).otherwise(traded_on)
    return moments.select(
        pl.when(session.dt.year() >= _FIRST_YEAR).then(session).alias("session"), stamp.alias("stamp")
    )


def _moments(dates: pl.Series) -> pl.DataFrame:
    """`moment`, the date and time as written, null where it cannot be read, and `instant` where a zone is given."""
    frame = dates.alias("date").to_frame()
    no_instant = pl.lit(None, pl.Datetime("us", "UTC")).alias("instant")
    if dates.dtype == pl.Date:
        return frame.select(pl.col("date").cast(pl.Datetime("us")).alias("moment"), no_instant)
    if isinstance(dates.dtype, pl.Datetime):
        written = pl.col("date").dt.cast_time_unit("us")
        zoned = written.dt.convert_time_zone("UTC").alias("instant") if dates.dtype.time_zone else no_instant
        return frame.select(written.dt.replace_time_zone(None).alias("moment"), zoned)
    plain = frame.select(
        pl.col("date")
        .cast(pl.String, strict=False)
        .str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
        .alias("moment"),
        no_instant,
    )
    if plain["moment"].null_count() == dates.null_count():
        return plain
    return _text_moments(frame.select(pl.col("date").cast(pl.String, strict=False).str.strip_chars()))


def _text_moments(frame: pl.DataFrame) -> pl.DataFrame:
    """As `_moments`, of texts that are not all plain dates."""
    text = pl.col("date")
    day = pl.coalesce(
        text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        text.str.slice(0, 10).str.to_date("%Y/%m/%d", strict=False),
        pl.when(text.str.len_chars() == _COMPACT).then(text.str.to_date("%Y%m%d", strict=False)),
    )
    rest = pl.when(text.str.len_chars() > _COMPACT).then(text.str.slice(10)).otherwise(pl.lit(""))
    return _clock_moments(frame.select(day.alias("day"), rest.alias("rest")))


def _clock_moments(split: pl.DataFrame) -> pl.DataFrame:
    """As `_moments`, of `day` and the `rest` of the text: ` 20:00:02+00:00`."""
    clock = pl.col("rest").str.extract_groups(_CLOCK).struct
    hour, minute, second, zone = (clock.field(str(group)) for group in range(1, 5))
    seconds = hour.cast(pl.Int64) * 3600 + minute.cast(pl.Int64) * 60 + second.fill_null("0").cast(pl.Int64)
    after = pl.when(pl.col("rest") == "").then(0).otherwise(pl.when(seconds < _DAY).then(seconds))
    moment = pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=after)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    ahead = sign * (
        zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60
        + zone.str.slice(-2).cast(pl.Int64, strict=False)
    )
    ahead = pl.when(zone.is_in(["Z", "UTC"])).then(0).otherwise(ahead)
    instant = (moment - pl.duration(minutes=ahead)).dt.replace_time_zone("UTC")
    return split.select(moment.alias("moment"), instant.alias("instant"))


def _faults(table: Table, frame: pl.DataFrame) -> Iterator[Fault]:
    """Every date and number that cannot be read, as it stands in the file."""
    strange = pl.any_horizontal(~pl.col(name).is_finite() for name in NUMBERS)
    frame = frame.filter(pl.col("session").is_null() | strange)
    if frame.is_empty():
        return
    for row in frame.filter(pl.col("session").is_null()).iter_rows(named=True):
        came = table.frame["date"][row["row"]]
        message = f"the date {came!r} is not a date" if came is not None else "the row has no date"
        yield Fault(table.place(row["line"], "date"), message, hint="expected one such as 2026-01-30")
    for name in NUMBERS:
        for row in frame.filter(~pl.col(name).is_finite()).iter_rows(named=True):
            came = table.frame[name][row["row"]]
            yield Fault(
                table.place(row["line"], name), f"the {name} {came!r} is not a number", hint=_NUMBER_HINT
            )


def _shortened(faults: list[Fault]) -> list[Fault]:
    if len(faults) <= _MOST_FAULTS:
        return faults
    kept = sorted(faults, key=lambda fault: fault.place)[:_MOST_FAULTS]
    last = kept[-1].place
    return [
        *kept,
        Fault(Place(last.file, last.line + 1, 1), f"and {len(faults) - len(kept):,} more rows like these"),
    ]
