"""The series of a case: their names, their notation, and columns of CSV files."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.bars import FIELDS
from monitor.errors import Fault, Place, hidden
from monitor.instruments import Instrument
from monitor.language import LegName
from monitor.ruletest.model import ColumnFile
from monitor.ruletest.notation import Cell, NotationError, Series, read_series
from monitor.yamltext import Document, did_you_mean
from monitor.yamltext import Path as Where

Around = tuple[Mapping[str, Instrument], Path]
"""What surrounds a case: the catalogue's instruments, and the folder of its file."""


def read_all(
    written: Mapping[str, str | ColumnFile], document: Document, path: Where, around: Around
) -> tuple[dict[LegName, Series], list[Fault]]:
    """Every series of a case by its leg, and what is wrong with them."""
    series: dict[LegName, Series] = {}
    faults: list[Fault] = []
    instruments, folder = around
    for key, value in written.items():
        where: Where = (*path, "series", key)
        leg = (key.partition(".")[0], key.partition(".")[2] or "close")
        wrong = _wrong_name(leg, instruments)
        if wrong is not None:
            faults.append(Fault(document.key_place(where), *wrong))
        try:
            if isinstance(value, ColumnFile):
                series[leg] = _from_file(value, folder)
            else:
                series[leg] = read_series(value)
        except NotationError as error:
            faults.extend(_placed(error, document, where))
        except (OSError, UnicodeDecodeError, ValueError) as error:
            faults.append(Fault(document.place(where), str(error)))
    return series, faults


def _wrong_name(leg: LegName, instruments: Mapping[str, Instrument]) -> tuple[str, None, str | None] | None:
    name, field = leg
    if name not in instruments:
        return f'unknown instrument "{hidden(name)}"', None, did_you_mean(name, instruments)
    if field not in FIELDS:
        hint = did_you_mean(field, FIELDS) or f"fields: {', '.join(FIELDS)}"
        return f'"{field}" is no field of a bar', None, hint
    return None


def _placed(error: NotationError, document: Document, where: Where) -> Iterator[Fault]:
    place = document.place(where)
    for fault in error.faults:
        moved = 0 if where in document.folded else fault.start + document.quoted(where)
        yield Fault(Place(place.file, place.line, place.column + moved), fault.message, hint=fault.hint)


def _from_file(written: ColumnFile, folder: Path) -> Series:
    """One column of a CSV file, a cell per row; an empty field is no bar."""
    with (folder / written.file).open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        if written.column not in (rows.fieldnames or ()):
            columns = ", ".join(rows.fieldnames or ()) or "none"
            raise ValueError(f'{written.file} has no column "{written.column}"; columns: {columns}')
        cells = tuple(_cell(row[written.column], rows.line_num, written) for row in rows)
    if not cells:
        raise ValueError(f"{written.file} has no rows")
    return Series(cells)


def _cell(text: str | None, line: int, written: ColumnFile) -> Cell:
    if not text or not text.strip():
        return Cell()
    try:
        return Cell(float(text))
    except ValueError:
        raise ValueError(f'{written.file}:{line}: "{text}" in {written.column} is no number') from None
